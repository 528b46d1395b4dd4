//! The table of services: when each was last heard of, how fast it sends, and how the last minute was.

use trace_model::{SECONDS, ServiceStats};

use super::super::content::{Line, Means, Piece, Role};
use super::super::{App, page};
use super::short;
use crate::format::{self, Now, service_name};

/// Columns right of the name.
const SEEN: usize = 12;
const RATE: usize = 9;
const SPANS: usize = 12;
const LOGS: usize = 9;

pub(super) fn lay_out(lines: &mut Vec<Line>, app: &App, width: usize, now: &Now) {
    page::heading(lines, "services", "senders by service.name", width);
    let Some(widths) = Widths::of(width) else {
        return;
    };
    let mut services = app.store.services().peekable();
    if services.peek().is_none() {
        lines.push(Line::from("nothing received yet".means(Role::Dim)));
        return;
    }
    let minute = format::exactly("  last minute", widths.minute);
    let header = format!(
        "{}{:>SEEN$}{:>RATE$}{minute}{:>SPANS$}{:>LOGS$}",
        format::exactly("", widths.name),
        "last seen",
        "spans/s",
        "spans",
        "logs",
    );
    lines.push(Line::from(header.means(Role::Dim)));
    lines.extend(services.map(|service| row(service, widths, now)));
}

#[derive(Clone, Copy)]
struct Widths {
    name: usize,
    minute: usize,
}

impl Widths {
    /// `None` if a table does not fit.
    fn of(width: usize) -> Option<Self> {
        let left = width.checked_sub(SEEN + RATE + SPANS + LOGS)?;
        // Half a minute, a whole one, or none of it; two columns are the space before.
        let minute = match left {
            0..26 => 0,
            26..50 => 2 + SECONDS / 5,
            _ => 2 + SECONDS / 2,
        };
        Some(Self {
            name: left - minute,
            minute,
        })
    }
}

fn row(service: &ServiceStats, widths: Widths, now: &Now) -> Line {
    let name = format::exactly(&service_name(&service.service), widths.name);
    let seen = format::ago(service.last_seen_unix_nano, now);
    let rate = service.rate(now.unix_nano);
    let rate_tone = if rate > 0 {
        Piece::default().strong().means(Role::Good)
    } else {
        Piece::default().means(Role::Dim)
    };
    let mut line = Line::from(vec![
        name.means(Role::service(&service.service)),
        format!("{seen:>SEEN$}").into(),
        rate_tone.with_text(format!("{:>RATE$}", short(rate, RATE - 1))),
    ]);
    if widths.minute > 2 {
        line.push("  ");
        line.push(spark(&service.history(now.unix_nano), widths.minute - 2).means(Role::Accent));
    }
    line.push(format!("{:>SPANS$}", short(service.spans, SPANS - 1)));
    line.push(format!("{:>LOGS$}", short(service.logs, LOGS - 1)).means(Role::Dim));
    line
}

/// Seconds as bars, several in one cell; the highest of them fills it.
fn spark(history: &[u32], cells: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let seconds = history.len().div_ceil(cells.max(1));
    let sums: Vec<u64> = history
        .chunks(seconds)
        .map(|cell| cell.iter().map(|spans| u64::from(*spans)).sum())
        .collect();
    let highest = sums.iter().copied().max().unwrap_or(0).max(1);
    // The lowest bar is nothing; a single span is more.
    let bar = |sum: u64| BARS[usize::try_from((sum * 7).div_ceil(highest)).unwrap_or(7)];
    sums.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spark_shows_a_single_span_and_nothing() {
        assert_eq!(spark(&[0, 0, 1, 0, 1_000_000, 500_000], 6), "▁▁▂▁█▅");
        assert_eq!(spark(&[1, 1, 0, 0], 2), "█▁");
        assert_eq!(spark(&[0; 60], 12), "▁".repeat(12));
        assert_eq!(spark(&[u32::MAX; 60], 1), "█");
    }
}

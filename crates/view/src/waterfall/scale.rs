//! The line above the rows: names of columns, and the labels of the time axis.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::bars::Axis;
use super::super::{cells, theme};
use super::Columns;

/// Columns between two labels, at least.
const TICK: u16 = 12;

/// The names of the columns, and offsets from the trace's start, also where only a part of it is shown.
pub(super) fn draw(frame: &mut Frame, axis: Axis, row: Rect, columns: Columns, checked: bool) {
    if row.is_empty() {
        return;
    }
    let style = Style::new().fg(theme::DIM);
    for (name, area) in columns.heads(checked) {
        let area = Rect { y: row.y, ..area }.intersection(row);
        cells::text(frame.buffer_mut(), name, style, area);
    }
    let mut free_from = 0;
    for (offset, text) in labels(axis) {
        let column = axis.column(axis.origin.saturating_add(offset));
        let text = format!("╷{text}");
        let width = width(&text);
        if column < free_from || column + width > columns.bars.width {
            continue;
        }
        free_from = column + width + 1;
        let area = Rect {
            x: columns.bars.x + column,
            width,
            ..row
        };
        cells::text(frame.buffer_mut(), &text, style, area);
    }
}

fn width(text: &str) -> u16 {
    u16::try_from(text.chars().count()).unwrap_or(u16::MAX / 2)
}

/// As many as fit: a label that tells nanoseconds after minutes is long.
fn labels(axis: Axis) -> Vec<(u64, String)> {
    let written = |every: u16| {
        let (ticks, step) = axis.ticks(every);
        let last = ticks.last().copied().unwrap_or(0);
        let label = |offset: u64| (offset, written(offset, step, last));
        ticks.into_iter().map(label).collect::<Vec<_>>()
    };
    let labels = written(TICK);
    let longest = labels.iter().map(|(_, text)| width(text) + 2).max().unwrap_or(0);
    if longest > TICK { written(longest) } else { labels }
}

/// An offset in the unit of the last one, with as many decimals as the step between two of them needs.
fn written(offset: u64, step: u64, last: u64) -> String {
    const MILLI: u64 = 1_000_000;
    const SECOND: u64 = 1_000 * MILLI;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let decimal = |nano: u64, unit: u64| {
        let (mut smallest, mut decimals) = (unit, 0);
        while !step.is_multiple_of(smallest) && smallest > 1 {
            smallest /= 10;
            decimals += 1;
        }
        let whole = nano / unit;
        if decimals == 0 {
            whole.to_string()
        } else {
            format!("{whole}.{:0decimals$}", nano % unit / smallest)
        }
    };
    let minutes = |nano: u64| {
        if step.is_multiple_of(MINUTE) {
            format!("{:02}m", nano / MINUTE)
        } else {
            format!("{:02}m {}s", nano / MINUTE, decimal(nano % MINUTE, SECOND))
        }
    };
    if offset == 0 {
        return "0".to_owned();
    }
    match last {
        ..1_000 => format!("{offset} ns"),
        1_000..MILLI => format!("{} µs", decimal(offset, 1_000)),
        MILLI..SECOND => format!("{} ms", decimal(offset, MILLI)),
        SECOND..MINUTE => format!("{} s", decimal(offset, SECOND)),
        MINUTE..HOUR => format!("{}m {}s", offset / MINUTE, decimal(offset % MINUTE, SECOND)),
        HOUR..DAY => format!("{}h {}", offset / HOUR, minutes(offset % HOUR)),
        DAY.. if step.is_multiple_of(DAY) => format!("{} d", offset / DAY),
        DAY.. if step.is_multiple_of(HOUR) => format!("{}d {:02}h", offset / DAY, offset / HOUR % 24),
        DAY.. => format!("{}d {:02}h {}", offset / DAY, offset / HOUR % 24, minutes(offset % HOUR)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;
    const SECOND: u64 = 1_000_000_000;

    fn texts(start: u64, duration: u64, cells: u16) -> Vec<String> {
        let axis = Axis {
            origin: 0,
            start,
            duration,
            cells,
            is_part: true,
        };
        labels(axis).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn labels_share_a_unit_and_say_no_more_than_they_must() {
        assert_eq!(texts(0, 182 * MILLI, 60), ["0", "50 ms", "100 ms", "150 ms"]);
        assert_eq!(texts(0, 1_500 * MILLI, 40), ["0", "0.5 s", "1.0 s", "1.5 s"]);
        assert_eq!(texts(0, 900, 40), ["0", "500 ns"]);
        assert_eq!(texts(0, 100 * SECOND, 40), ["0", "0m 30s", "1m 0s", "1m 30s"]);
        assert_eq!(texts(0, 9_000 * SECOND, 40), ["0", "1h 00m", "2h 00m"]);
        assert_eq!(texts(0, 36 * 3_600 * SECOND, 40), ["0", "0d 12h", "1d 00h", "1d 12h"]);
        assert_eq!(texts(0, 1_000 * 86_400 * SECOND, 40), ["0", "500 d", "1000 d"]);
    }

    #[test]
    fn a_deep_part_has_labels_that_differ() {
        assert_eq!(
            texts(70 * MILLI, 2_000, 60),
            ["70.0000 ms", "70.0005 ms", "70.0010 ms", "70.0015 ms", "70.0020 ms"]
        );
        let hours = texts(7_261 * SECOND + 1, 1_000, 80);
        assert_eq!(hours.first().map(String::as_str), Some("2h 01m 1.0000005s"));
        assert_eq!(hours.len(), 2);
    }
}

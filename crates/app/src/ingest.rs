//! Ingest health: what comes in, from whom, what is kept of it, and what was not taken and why.

mod files;
mod listeners;
mod sentry;
mod services;

use std::time::UNIX_EPOCH;

use ingest_state::QueryApi;
use ratatui_core::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::content::{Line, Means, Piece, Role};
use super::page::{self, Page};
use super::times::Times;
use super::{Action, App, Mode, Scroll};
use crate::format::{self, Now};
use crate::layer::{Component, Outcome, Placed};
use crate::layout::below_title;
use crate::text::shown;

/// The screen's state.
#[derive(Debug, Default)]
pub struct Ingest {
    scroll: Scroll,
    /// Laid out for the last frame's size and time.
    page: Page,
}

impl Ingest {
    /// Returns the page.
    #[must_use]
    pub const fn page(&self) -> &Page {
        &self.page
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(&self) -> usize {
        self.scroll.first()
    }
}

impl Component for Ingest {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, Rect::ZERO)
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        let page = lay_out(app, placed.area, now);
        app.ingest.scroll.fit(page.height(), below_title(placed.area).height.into());
        app.ingest.page = page;
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        app.ingest.scroll.update(action, 10);
        Outcome::Done(None)
    }

    fn count(app: &App) -> Option<u64> {
        let rejected = app.health.rejected() + app.health.throttled() + app.health.denied.count();
        Some(rejected + app.files.problems()).filter(|count| *count > 0)
    }
}

fn lay_out(app: &App, area: Rect, now: &Now) -> Page {
    Page::of(area, |width| {
        let mut first = Vec::new();
        if app.mode == Mode::Files {
            files::lay_out(&mut first, app, width);
            first.push(Line::default());
            memory(&mut first, app, width);
            return [first, Vec::new(), Vec::new()];
        }
        listeners::lay_out(&mut first, app, width);
        first.push(Line::default());
        if let Some(api) = &app.query_api {
            query_api(&mut first, api, width);
            first.push(Line::default());
        }
        memory(&mut first, app, width);
        first.push(Line::default());
        queue(&mut first, app, width);
        let mut second = Vec::new();
        services::lay_out(&mut second, app, width, now);
        second.push(Line::default());
        denials(&mut second, app, width);
        rejections(&mut second, app, width, now);
        let mut third = Vec::new();
        sentry::lay_out(&mut third, app, width);
        [first, second, third]
    })
}

/// Columns of the names of facts.
const NAMES: usize = 11;
fn memory(lines: &mut Vec<Line>, app: &App, width: usize) {
    let totals = app.store.totals();
    let several = |number: u64, noun| format::count(number, noun);
    page::heading(lines, "memory", "what is kept, up to --max-memory", width);
    let (used, budget) = (totals.bytes as u64, totals.budget as u64);
    let share = format!(
        "{}% · {} of {}",
        used * 100 / budget.max(1),
        format::bytes(used),
        format::bytes(budget)
    );
    lines.push(gauge_line("used", used, budget, share));
    let held = format!(
        "{} · {} · {} · {} metric series",
        several(totals.traces as u64, "trace"),
        several(totals.spans as u64, "span"),
        several(totals.logs as u64, "log"),
        format::grouped(app.store.metrics().series().len() as u64),
    );
    let evicted = format!(
        "{} · {} · {}",
        several(totals.evicted_traces, "trace"),
        several(totals.evicted_spans, "span"),
        several(totals.evicted_logs, "log"),
    );
    let truncated = format!(
        "{} · {}",
        several(totals.truncated_spans, "span"),
        several(totals.truncated_logs, "log")
    );
    let mut fact = |name: &str, value: String, about: &str, bad: bool| {
        let value = if bad {
            value.strong().means(Role::Warning)
        } else {
            value.into()
        };
        say(lines, name, &value, about, width);
    };
    fact("held", held, "", false);
    fact(
        "pinned",
        several(totals.pinned as u64, "trace"),
        "never evicted; * pins the selected one",
        false,
    );
    fact("evicted", evicted, "memory full, least recently active first", false);
    fact(
        "truncated",
        truncated,
        "memory full of their trace or of pinned ones",
        totals.truncated_spans + totals.truncated_logs > 0,
    );
    let dropped = app.store.metrics().dropped();
    if dropped > 0 {
        let points = several(dropped, "data point");
        fact("dropped", points, "too large, or of a metric with too large a name", true);
    }
    fact(
        "repeated",
        several(totals.repeated_spans, "span"),
        "received again: a retry, or an end after a start",
        false,
    );
}

fn query_api(lines: &mut Vec<Line>, api: &QueryApi, width: usize) {
    page::heading(lines, "query API", "for `spanfall query` and clients of Jaeger: --api", width);
    say(lines, "at", &format!("http://{}", api.address).into(), "", width);
    let answered = format!("{} answered", format::grouped(api.answered));
    let refusals = [
        (api.rejected, "rejected"),
        (api.throttled, "told to retry"),
        (api.denied, "denied"),
    ];
    let refused: Vec<_> = refusals
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", format::grouped(count)))
        .collect();
    say(lines, "requests", &answered.into(), "", width);
    if !refused.is_empty() {
        say(lines, "", &refused.join(" · ").strong().means(Role::Warning), "", width);
    }
}

fn queue(lines: &mut Vec<Line>, app: &App, width: usize) {
    let queue = app.queue;
    page::heading(
        lines,
        "in flight",
        "received, not stored yet, not part of --max-memory; when full, senders are told to retry (throttled)",
        width,
    );
    let waiting = format!("{} of {} requests", queue.waiting, queue.waiting_limit);
    lines.push(gauge_line(
        "waiting",
        queue.waiting as u64,
        queue.waiting_limit as u64,
        waiting,
    ));
    let of = |part: usize, whole: usize, what: &str| {
        let (part, whole) = (part as u64, whole as u64);
        (
            part,
            whole,
            format!("{} of {}, {what}", format::bytes(part), format::bytes(whole)),
        )
    };
    let (bytes, limit, about) = of(queue.bytes, queue.bytes_limit, "bodies, decoders, batches");
    lines.push(gauge_line("requests", bytes, limit, about));
    let (bytes, limit, about) = of(queue.connection_bytes, queue.connection_bytes_limit, "their buffers");
    lines.push(gauge_line("connections", bytes, limit, about));
}

/// A name, a bar for a part of a whole, and what it means.
fn gauge_line(name: &str, part: u64, whole: u64, about: String) -> Line {
    let (full, empty) = gauge(part, whole, GAUGE);
    Line::from(vec![
        format!("{name:<0$}", NAMES + 2).means(Role::Dim),
        full.means(Role::Accent),
        empty.means(Role::Rule),
        "  ".into(),
        about.into(),
    ])
}

/// Columns of a gauge.
const GAUGE: usize = 20;

/// A name, its value, and its meaning; below the value if its line is too short.
fn say(lines: &mut Vec<Line>, name: &str, value: &Piece, about: &str, width: usize) {
    let room = width.saturating_sub(NAMES + 2);
    let fits = value.width() + 2 + about.width() <= room;
    let beside = value.width() <= room;
    page::pair(lines, name.to_owned().means(Role::Dim), value, NAMES, width);
    let about = format!("  {about}").means(Role::Dim);
    match lines.last_mut() {
        Some(line) if fits && beside => line.push(about),
        _ => page::pair(lines, "", &about, NAMES, width),
    }
}

/// Hosts and origins that were denied, with what allows each.
fn denials(lines: &mut Vec<Line>, app: &App, width: usize) {
    let denied = &app.health.denied;
    if denied.count() == 0 {
        return;
    }
    page::heading(lines, "denied", "pages of other origins, requests to other hosts", width);
    let mut say = |count: u64, reason: String, flag: Option<&str>| {
        let count = format!("{:>DENIED$}", short(count, DENIED));
        page::pair(lines, count, &reason.means(Role::Warning), DENIED, width);
        if let Some(flag) = flag {
            page::pair(lines, "", &format!("to allow it: {flag}").into(), DENIED, width);
        }
    };
    for denial in denied.iter() {
        let reason = format!("{}, at {}", shown(&denial.reason), denial.listener);
        say(denial.count, reason, denial.flag.as_deref());
    }
    if denied.others() > 0 {
        say(denied.others(), "others before".to_owned(), None);
    }
    lines.push(Line::default());
}

/// Columns of the number of denied requests.
const DENIED: usize = 7;

fn rejections(lines: &mut Vec<Line>, app: &App, width: usize, now: &Now) {
    page::heading(lines, "rejected", "newest first, with the reason sent", width);
    if app.health.recent.is_empty() {
        lines.push(Line::from("✓ no rejections".means(Role::Good)));
    }
    let unix_nano = |rejected: &ingest_state::RecentRejection| {
        let since = rejected.time.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    };
    let times = Times::of(app.health.recent.iter().map(unix_nano));
    let left_width = usize::from(times.width()) + LISTENER;
    for rejected in app.health.recent.iter().rev() {
        let time = times.text(unix_nano(rejected), now);
        let left = format!("{time} {}", rejected.listener);
        let reason = shown(&rejected.reason);
        page::pair(lines, left.means(Role::Dim), &reason.means(Role::Warning), left_width, width);
    }
}

/// Columns of a rejection's listener, with the blank before it.
const LISTENER: usize = " OTLP/HTTP".len();

/// A number in at most `width` columns, whole if it fits.
fn short(number: u64, width: usize) -> String {
    let whole = format::grouped(number);
    if whole.len() <= width {
        whole
    } else {
        format::compact(number)
    }
}

/// A bar that is full as far as a part is of the whole, to an eighth of a cell; and what is empty of it.
fn gauge(part: u64, whole: u64, cells: usize) -> (String, String) {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(part.min(whole)) * 8 * cells as u128 / u128::from(whole.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0);
    let full = format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8]);
    let empty = "░".repeat(cells - full.width());
    (full, empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_as_full_as_it_says() {
        let gauge = |part, whole, cells| {
            let (full, empty) = gauge(part, whole, cells);
            full + &empty
        };
        assert_eq!(gauge(0, 100, 4), "░░░░");
        assert_eq!(gauge(50, 100, 4), "██░░");
        assert_eq!(gauge(33, 100, 4), "█▎░░");
        assert_eq!(gauge(500, 100, 4), "████");
        assert_eq!(gauge(1, 0, 2), "░░");
    }
}

//! Drawing: from state to cells. Nothing here changes state, does I/O or asks for the time.

pub mod layout;

mod bars;
mod details;
mod filter;
mod footer;
mod format;
mod header;
mod health;
mod help;
mod output;
mod page;
mod theme;
mod traces;
mod waterfall;

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

pub use details::SpanPage;

use crate::app::{App, Overlay};
use layout::Panes;

/// What the wall clock says when a frame is drawn.
#[derive(Clone, Debug)]
pub struct Now {
    /// Nanoseconds since the Unix epoch: where spans in flight have come to.
    pub unix_nano: u64,
    /// In which zone times of day are shown.
    pub zone: jiff::tz::TimeZone,
}

/// Draws everything. [`App::fit`] comes before it, with the same panes.
pub fn draw(frame: &mut Frame, app: &App, panes: &Panes, now: &Now) {
    header::draw(frame, app, panes.header, now);
    traces::draw(frame, app, panes.traces, now);
    waterfall::draw(frame, app, panes.waterfall, now);
    details::draw(frame, app, panes.details);
    footer::draw(frame, app, panes.footer);
    match app.overlay {
        Some(Overlay::Help(first)) => help::draw(frame, app.mode, first, panes.overlay),
        Some(Overlay::Health(first)) => health::draw(frame, app, first, panes.overlay, now),
        Some(Overlay::Output) => output::draw(frame, app, panes.overlay),
        None => {}
    }
}

/// How many lines lie over the panes, if they can be scrolled by line; `area` includes their border.
#[must_use]
pub fn overlay_lines(app: &App, area: Rect) -> usize {
    match app.overlay {
        Some(Overlay::Help(_)) => help::height(app.mode, area),
        Some(Overlay::Health(_)) => health::height(app, area),
        Some(Overlay::Output) | None => 0,
    }
}

/// Between two frames of what moves by itself.
const ANIMATION: Duration = Duration::from_millis(100);
/// Between two frames of what counts seconds.
const CLOCK: Duration = Duration::from_secs(1);

/// How long the picture stays as it is when nothing happens; `None` for ever.
#[must_use]
pub fn stays(app: &App, now: &Now) -> Option<Duration> {
    let shown = app.traces.selected().and_then(|trace_id| app.store.trace(trace_id));
    if app.waterfall.is_behind() || app.details.is_behind() || shown.is_some_and(|trace| waterfall::moves(&trace, now.unix_nano))
    {
        return Some(ANIMATION);
    }
    // A rate is over soon after the last span.
    let counts = matches!(app.overlay, Some(Overlay::Health(_))) || header::rate(app, now) > 0;
    counts.then_some(CLOCK)
}

/// A pane's title: bright when the keys go there.
fn title(text: &str, focused: bool) -> Span<'_> {
    if focused {
        Span::raw(text).bold().fg(theme::ACCENT)
    } else {
        Span::raw(text).bold()
    }
}

/// A title line, with a rule from its text to the edge.
fn ruled(frame: &mut Frame, mut line: Line, row: Rect) {
    let rest = usize::from(row.width).saturating_sub(line.width() + 1);
    line.push_span(format!(" {}", "─".repeat(rest)).fg(theme::RULE));
    frame.render_widget(line, row);
}

/// Lines that say what to do where there is nothing to show, centred.
fn hint<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> ratatui::widgets::Paragraph<'a> {
    ratatui::widgets::Paragraph::new(lines.into_iter().collect::<Vec<_>>()).centered()
}

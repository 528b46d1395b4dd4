//! Shared parts of list screens: the title, the last line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::{breadcrumb, hint, list_filter, ruled, theme};
pub(super) use app::layout::ListParts as Parts;
use app::{App, ListFilter, Mode};

/// Draws the title of the screen on top, with what it is about.
pub(super) fn title(frame: &mut Frame, app: &App, about: impl IntoIterator<Item = Span<'static>>, row: Rect) {
    let mut line = breadcrumb::of_screen(app);
    let mut about = about.into_iter().peekable();
    if about.peek().is_some() {
        line.push_span("  ");
        line.spans.extend(about);
    }
    ruled(frame, line, row);
}

/// The last line: what narrows the list, or how much there is.
pub(super) fn last(frame: &mut Frame, list: &ListFilter, left: &str, all: Line, row: Rect) {
    if list.is_open() || !list.is_empty() {
        list_filter::draw(frame, list, left, row);
    } else {
        frame.render_widget(all, row);
    }
}

/// Adds the meaning of the marks at the right end of a line: the first of these legends that has room.
pub(super) fn legend(line: &mut Line<'static>, legends: &[&'static str], row: Rect) {
    let room = usize::from(row.width).saturating_sub(line.width() + 2);
    if let Some(legend) = legends.iter().find(|legend| legend.chars().count() < room) {
        let free = usize::from(row.width) - line.width() - legend.chars().count() - 1;
        line.push_span(" ".repeat(free));
        line.push_span(legend.fg(theme::DIM));
    }
}

/// Returns the totals of the survey, and the progress of the next one.
pub(super) fn about(app: &App) -> Line<'static> {
    let mut line = Line::default();
    if let Some(survey) = app.aggregates.survey() {
        line.push_span(super::format::count(survey.traces as u64, "trace"));
        line.push_span(" · ".fg(theme::DIM));
        line.push_span(super::format::count(survey.spans, "span"));
        if survey.observed_nano() > 0 {
            line.push_span(format!(" · in {}", super::format::duration(survey.observed_nano())).fg(theme::DIM));
        }
    }
    // A short one would only flicker.
    if let Some(percent) = app
        .aggregates
        .percent()
        .filter(|percent| *percent > 0 || app.aggregates.survey().is_none())
    {
        let gap = if line.spans.is_empty() { "" } else { " · " };
        line.push_span(format!("{gap}reading {percent}%").fg(theme::WARNING));
    }
    line
}

/// Returns the line for a list of which nothing can be there yet.
pub(super) const fn nothing_received(app: &App) -> &'static str {
    match app.mode {
        Mode::Viewer => "no traces received yet · 1 lists what to set",
        Mode::Demo => "no traces received yet · r sends a password reset",
        Mode::Files => "no traces in what was read",
    }
}

/// Draws the line shown instead of rows.
pub(super) fn nothing(frame: &mut Frame, app: &App, list: &ListFilter, what: &'static str, area: Rect) {
    let text = if !list.is_empty() {
        "nothing here has all these words · Esc shows all again"
    } else if app.store.filter().is_some() && app.store.totals().traces > 0 && app.store.listed() == 0 {
        "no trace matches the filter · 1 Esc clears it"
    } else if app.store.totals().traces == 0 {
        nothing_received(app)
    } else if app.aggregates.survey().is_none() {
        "reading the traces …"
    } else {
        what
    };
    frame.render_widget(hint([Line::default(), Line::from(text.fg(theme::DIM))]), area);
}

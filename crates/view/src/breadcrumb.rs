//! Titles of screens: the way that led there.

use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::{format, owned, theme, title};
use app::text::shown;
use app::{App, Filtered, LogScreen, trace_names};
use trace_model::LogView;

/// Columns of a part, at most.
const PART_COLUMNS_MAX: usize = 32;
/// Separator of two parts.
const BETWEEN: &str = " › ";

/// The title of the screen on top: its tab, the selected trace, the screens below it, and itself.
pub(super) fn of_screen(app: &App) -> Line<'static> {
    let above = app.screens.above();
    let Some((top, below)) = above.split_last() else {
        let name = format!(" {}", app.screens.tab().name().to_uppercase());
        return Line::from(owned(title(&name, true)));
    };
    let mut parts: Vec<String> = app.screens.trail().map(str::to_owned).collect();
    if parts.is_empty() {
        parts.push(app.screens.tab().name().to_owned());
    }
    // The log records stay those of their trace if it is evicted, and another one is selected.
    let trace_id = match app.log_screen().map(LogScreen::view) {
        Some(LogView::Trace) => app.store.log_query(LogView::Trace).and_then(|query| query.trace_id),
        _ => app.waterfall.selected().map(|(trace_id, _)| trace_id),
    };
    if let Some(trace_id) = trace_id.filter(|_| app.screens.tab() == app::Tab::Traces && top.is_of_trace()) {
        let name = app
            .store
            .trace(trace_id)
            .map(|trace| trace_names(&app.store, &trace, [PART_COLUMNS_MAX]).concat())
            .unwrap_or_default();
        parts.push(format!("{name} {trace_id:.8}…"));
    }
    parts.extend(below.iter().map(|screen| screen.name().to_owned()));
    let mut line = Line::from(owned(title(" ", true)));
    for part in parts {
        line.push_span(format::at_most(&shown(&part), 2 * PART_COLUMNS_MAX).fg(theme::DIM));
        line.push_span(BETWEEN.fg(theme::DIM));
    }
    line.push_span(top.name().to_uppercase().bold().fg(theme::FOCUS));
    line
}

/// The way that led to the trace that is shown, if it was jumped to; it ends before the trace.
pub(super) fn to_trace(app: &App) -> Option<String> {
    let parts: Vec<String> = app
        .screens
        .trail()
        .map(|part| format::at_most(&shown(part), 2 * PART_COLUMNS_MAX))
        .collect();
    (!parts.is_empty()).then(|| format!("{}{BETWEEN}trace", parts.join(BETWEEN)))
}

/// Returns true if a part of the way that led to the trace is this name.
pub(super) fn names(app: &App, name: &str) -> bool {
    let mut parts = app.screens.trail().flat_map(|label| label.split(BETWEEN));
    parts.any(|part| shown(part) == name)
}

/// The scope of a screen about all traces.
pub(super) fn all_traces(app: &App) -> String {
    let all = app.store.totals().traces as u64;
    let traces = format::count(all, "trace");
    if all == 1 { traces } else { format!("all {traces}") }
}

/// Of which traces a screen about many of them is.
pub(super) fn scope(app: &App) -> Span<'static> {
    if app.store.filter().is_none() {
        return all_traces(app).into();
    }
    let all = app.store.totals().traces as u64;
    let listed = format::grouped(app.store.listed() as u64);
    let filter = format::at_most(&shown(app.filter.set_text(Filtered::Traces)), PART_COLUMNS_MAX);
    format!("{listed} of {} · {filter}", format::count(all, "trace")).fg(theme::FOUND)
}

//! How long a picture stays true.

use std::time::Duration;

use trace_model::TraceSummary;

use super::{Now, header, waterfall};
use app::{App, Screen, Tab};

/// Between two frames of what moves by itself.
const ANIMATION: Duration = Duration::from_millis(100);
/// Between two frames of what counts seconds.
const CLOCK: Duration = Duration::from_secs(1);
/// So long after its end each span of a trace is said to have reached Sentry or to be missing, and a little more; in nanoseconds.
const SETTLED: u64 = 15_000_000_000;

/// How long the picture stays as it is when nothing happens; `None` for ever.
#[must_use]
pub fn stays(app: &App, now: &Now) -> Option<Duration> {
    let shown = app.traces.selected().and_then(|trace_id| app.store.trace(trace_id));
    let listed = app.traces.rows(&app.store);
    if app.screens.value().is_some_and(app::ValueScreen::is_reading) {
        return Some(Duration::ZERO);
    }
    if app.waterfall.is_behind()
        || app.details.is_behind()
        || (app.pause().is_none() && shown.iter().chain(&listed).any(|trace| waterfall::moves(trace, app, now)))
    {
        return Some(ANIMATION);
    }
    if app.pause().is_some() {
        return None;
    }
    // A rate is over soon after the last span.
    let counts = app.screens.tab() == Tab::Ingest
        || header::rate(app, now) > 0
        || shown.is_some_and(|trace| marks_change(&trace, now) || is_counted_down(app, &trace, now));
    let clock = counts.then_some(CLOCK);
    let due = listed.iter().filter_map(|trace| falls_due(trace, now)).min();
    let sorted = app.traces.is_behind(&app.store, now.unix_nano);
    clock.into_iter().chain(due).chain(sorted).min()
}

/// How long it takes until the mark of a trace in the list becomes another.
fn falls_due(trace: &TraceSummary, now: &Now) -> Option<Duration> {
    let due = trace.sentry.due_unix_nano;
    let is_open = trace.sentry.absent() > 0 && due > now.unix_nano && due < u64::MAX;
    is_open.then(|| Duration::from_nanos(due - now.unix_nano))
}

/// Whether marks of single spans may change: each has its own time.
fn marks_change(trace: &TraceSummary, now: &Now) -> bool {
    let ended = trace.start_unix_nano.saturating_add(trace.duration_nano);
    trace.sentry.absent() > 0 && now.unix_nano.saturating_sub(ended) < SETTLED
}

/// Whether the cross-check says in how many seconds Sentry is asked.
fn is_counted_down(app: &App, trace: &TraceSummary, now: &Now) -> bool {
    let next = app.sentry.about(trace.trace_id).and_then(|said| said.next_ask_unix_nano);
    matches!(app.screens.top(), Some(Screen::CrossCheck(_))) && next.is_some_and(|next| next > now.unix_nano)
}

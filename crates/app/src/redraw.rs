//! When the screen changes without an event.

use std::time::Duration;

use trace_model::{SentryReach, TraceSummary};

use crate::format::{self, Now};
use crate::layer::Shown;
use crate::{App, CrossCheck, Mode, Tab, ValueScreen};

/// Between two frames of an animation.
const ANIMATION: Duration = Duration::from_millis(100);
/// Between two frames of a clock.
const CLOCK: Duration = Duration::from_secs(1);
/// Time after its end within which each span of a trace has reached Sentry or is missing, and a little more; in nanoseconds.
const MARKS_CHANGE_NANOS: u64 = 15_000_000_000;

impl App {
    /// Returns the time after which the screen changes if nothing happens; `None` if it does not.
    #[must_use]
    pub fn redraw_after(&self, now: &Now) -> Option<Duration> {
        if self.screens.value().is_some_and(ValueScreen::is_reading) {
            return Some(Duration::ZERO);
        }
        let shown = self.traces.selected().and_then(|trace_id| self.store.trace(trace_id));
        let listed = self.traces.in_view();
        let is_paused = self.pause().is_some();
        if self.waterfall.is_behind()
            || self.details.is_behind()
            || (!is_paused && shown.iter().chain(listed).any(|trace| self.is_running(trace, now)))
        {
            return Some(ANIMATION);
        }
        if is_paused {
            return None;
        }
        // A rate is over soon after the last span.
        let counts = self.screens.tab() == Tab::Ingest
            || self.spans_per_second(now) > 0
            || shown.is_some_and(|trace| marks_change(self, &trace, now) || counts_down(self, &trace, now));
        let clock = counts.then_some(CLOCK);
        let due = listed
            .iter()
            .filter_map(|trace| verdict_due(self.reach(trace.trace_id), now))
            .min();
        let sorted = self.traces.is_behind(&self.store, now.unix_nano);
        let counted = self.log_screen().and_then(|logs| logs.due(&self.store));
        let counted = counted.map(|due| Duration::from_nanos(due.saturating_sub(now.unix_nano)));
        clock.into_iter().chain(due).chain(sorted).chain(counted).min()
    }

    /// Returns true if spans of a trace are running, so that its picture changes with time alone.
    #[must_use]
    pub const fn is_running(&self, trace: &TraceSummary, now: &Now) -> bool {
        trace.in_flight > 0 && format::is_running(trace.start_unix_nano, now, self.mode.longest_run())
    }

    /// Returns the spans per second of all services.
    #[must_use]
    pub fn spans_per_second(&self, now: &Now) -> u64 {
        if self.mode == Mode::Files {
            return 0;
        }
        self.store.services().map(|service| service.rate(now.unix_nano)).sum()
    }
}

/// Returns the time until the verdict on a trace in the list changes.
fn verdict_due(reach: SentryReach, now: &Now) -> Option<Duration> {
    let due = reach.due_unix_nano;
    let is_open = reach.absent() > 0 && due > now.unix_nano && due < u64::MAX;
    is_open.then(|| Duration::from_nanos(due - now.unix_nano))
}

/// Returns true if marks of single spans may change: each has its own time.
fn marks_change(app: &App, trace: &TraceSummary, now: &Now) -> bool {
    let ended = trace.start_unix_nano.saturating_add(trace.duration_nano);
    app.reach(trace.trace_id).absent() > 0 && now.unix_nano.saturating_sub(ended) < MARKS_CHANGE_NANOS
}

/// Returns true if the cross-check counts the seconds until Sentry is asked.
fn counts_down(app: &App, trace: &TraceSummary, now: &Now) -> bool {
    let next = app.sentry.about(trace.trace_id).and_then(|said| said.next_ask_unix_nano);
    CrossCheck::shown(app).is_some() && next.is_some_and(|next| next > now.unix_nano)
}

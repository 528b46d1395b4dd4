//! Connects the store and the Sentry poller: which traces to poll, and what to do with results.

use tokio::sync::mpsc;
use trace_model::{Revision, TraceId};

use crate::sentry_poller::{PollResult, SentryPoller};
use app::{ASKED_TRACES_MAX, App, Event, SentryAnswer};

// The screen keeps enough for all polled traces.
const _: () = assert!(ASKED_TRACES_MAX >= sentry_api::WATCHED_MAX);

/// Traces reported at once; of more, the most recent ones.
const REPORTED_TRACES_MAX: usize = 64;

/// The Sentry poller, if enabled.
#[derive(Debug)]
pub(super) struct Polling {
    poller: Option<(SentryPoller, mpsc::Receiver<PollResult>)>,
    told: Revision,
}

impl Polling {
    pub(super) fn new(poller: Option<(SentryPoller, mpsc::Receiver<PollResult>)>) -> Self {
        Self {
            poller,
            told: Revision::default(),
        }
    }

    /// Returns the next result; never if polling is off.
    pub(super) async fn next(&mut self) -> PollResult {
        let next = match &mut self.poller {
            Some((_, events)) => events.recv().await,
            None => None,
        };
        match next {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    /// Asks for a trace at once.
    pub(super) fn ask_now(&self, trace_id: TraceId) {
        if let Some((poller, _)) = &self.poller {
            poller.ask_now(trace_id);
        }
    }

    /// Asks for a trace no more.
    pub(super) fn forget(&self, trace_id: TraceId) {
        if let Some((poller, _)) = &self.poller {
            poller.forget(trace_id);
        }
    }

    /// Reports changed traces and the selected one. Returns when they will be polled.
    pub(super) fn tell(&mut self, app: &App, now_unix_nano: u64) -> Vec<Event> {
        let Some((poller, _)) = &self.poller else {
            return Vec::new();
        };
        let changed = app.store.changed_since(self.told, REPORTED_TRACES_MAX);
        self.told = app.store.revision();
        let will_be_asked = changed
            .into_iter()
            .filter(|trace_id| poller.arrived(*trace_id, now_unix_nano));
        let planned = will_be_asked.map(|trace_id| Event::SentryPlan {
            trace_id,
            next_ask_unix_nano: poller.first_ask(now_unix_nano),
        });
        let planned = planned.collect();
        let selected = app.traces.selected().and_then(|trace_id| app.store.trace(trace_id));
        let ended = |trace: trace_model::TraceSummary| (trace.trace_id, trace.start_unix_nano + trace.duration_nano);
        poller.select(selected.map(ended));
        planned
    }
}

/// Converts a result for the app.
pub(super) fn answer(event: PollResult) -> SentryAnswer {
    SentryAnswer {
        trace_id: event.trace_id,
        asked_unix_nano: event.asked_unix_nano,
        outcome: event.outcome,
        next_ask_unix_nano: event.next_ask_unix_nano,
    }
}

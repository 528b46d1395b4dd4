//! Between the store and who asks Sentry: which traces to ask for, and what its answers mean.

use sentry_api::StoredTrace;
use tokio::sync::mpsc;
use trace_model::sentry::Stored;
use trace_model::{Revision, TraceId};

use crate::asker::{Asker, AskerEvent};
use app::{ASKED_TRACES_MAX, App};

// What the screen remembers is enough for all that are asked for.
const _: () = assert!(ASKED_TRACES_MAX >= sentry_api::WATCHED);

/// How many traces are told of at once: of a flood the last ones.
const TOLD: usize = 64;

/// Who asks Sentry, if anybody does.
#[derive(Debug)]
pub(super) struct Asking {
    asker: Option<(Asker, mpsc::Receiver<AskerEvent>)>,
    told: Revision,
}

impl Asking {
    pub(super) fn new(asker: Option<(Asker, mpsc::Receiver<AskerEvent>)>) -> Self {
        Self {
            asker,
            told: Revision::default(),
        }
    }

    /// Waits for what Sentry says; for ever where it is not asked.
    pub(super) async fn next(&mut self) -> AskerEvent {
        let next = match &mut self.asker {
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
        if let Some((asker, _)) = &self.asker {
            asker.ask_now(trace_id);
        }
    }

    /// Tells which traces something has happened to, and which one is looked at.
    pub(super) fn tell(&mut self, app: &mut App, now_unix_nano: u64) {
        let Some((asker, _)) = &self.asker else { return };
        let changed = app.store.changed_since(self.told, TOLD);
        self.told = app.store.revision();
        for trace_id in changed {
            if asker.arrived(trace_id, now_unix_nano) {
                let problem = app.sentry.about(trace_id).and_then(|said| said.problem.clone());
                app.sentry
                    .said(trace_id, problem.map_or(Ok(()), Err), asker.first_ask(now_unix_nano));
            }
        }
        let selected = app.traces.selected().and_then(|trace_id| app.store.trace(trace_id));
        let ended = |trace: trace_model::TraceSummary| (trace.trace_id, trace.start_unix_nano + trace.duration_nano);
        asker.select(selected.map(ended));
    }

    /// Takes what Sentry said.
    pub(super) fn answered(&self, app: &mut App, event: AskerEvent) {
        let AskerEvent {
            trace_id,
            asked_unix_nano,
            outcome,
            mut next_ask_unix_nano,
        } = event;
        let outcome = outcome.map(|answer| {
            let stored = |asked_again| Stored {
                asked_unix_nano,
                asked_again,
                spans: parents(&answer),
            };
            // Of an answer that is not whole, what it lacks may be in the rest.
            app.store
                .set_stored(trace_id, stored(next_ask_unix_nano.is_some() || !answer.complete));
            let reach = app.store.trace(trace_id).map(|trace| trace.sentry);
            if reach.is_none_or(|reach| reach.absent() == 0) {
                if let Some((asker, _)) = &self.asker {
                    asker.forget(trace_id);
                }
                next_ask_unix_nano = None;
                app.store.set_stored(trace_id, stored(false));
            }
        });
        app.sentry.said(trace_id, outcome, next_ask_unix_nano);
    }
}

fn parents(answer: &StoredTrace) -> Vec<(trace_model::SpanId, Option<trace_model::SpanId>)> {
    answer.spans.iter().map(|span| (span.span_id, span.parent_span_id)).collect()
}

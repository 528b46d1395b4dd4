//! Events of the screen's state, and their one entrance: [`App::apply`], the inverse of [`Effect`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use ingest_state::{HealthSnapshot, QueryApi, QueueDepth};
use trace_files::Problems;
use trace_model::sentry::{Evidence, SentryTrace};
use trace_model::{Batch, MetricsBatch, SpanId, TraceId};

use crate::format;
use crate::keymap::Key;
use crate::{App, Effect, FileState, Hits, Notice, OutputLine, Pointer, ServiceState};

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// The mouse was used. What is under the pointer is what the last frame showed there.
    Pointer(Pointer),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size: another frame is needed, and nothing else changes.
    Resized,
    /// A frame was drawn: what can be clicked in it.
    Drawn(Hits),
    /// The collector's counts have changed.
    Health(Box<HealthSnapshot>),
    /// Depth of the collector's queue.
    Queue(QueueDepth),
    /// The state of the query API; `None` if nothing answers queries.
    QueryApi(Option<QueryApi>),
    /// Spans arrived in a pause, and wait for its end.
    Held {
        /// Number of spans.
        spans: usize,
    },
    /// So many bytes wait in a pause that no more may.
    PauseFull {
        /// Number of bytes.
        bytes: usize,
    },
    /// A process of the demo is now like this.
    Service(&'static str, ServiceState),
    /// A process of the demo printed a line.
    Output(OutputLine),
    /// The file at this position has been read so far.
    File(usize, FileState),
    /// Records of a file are about to be stored.
    FileRecords {
        /// Time of the newest one, in nanoseconds since the Unix epoch.
        newest_unix_nano: u64,
    },
    /// All files have been read, with what there is to warn of.
    FilesRead(Problems),
    /// Sentry will be asked for a trace, or will not.
    SentryPlan {
        /// Which trace.
        trace_id: TraceId,
        /// When, in nanoseconds since the Unix epoch.
        next_ask_unix_nano: Option<u64>,
    },
    /// Sentry was asked for a trace.
    SentryAnswer(SentryAnswer),
    /// The program was stopped and has resumed.
    Resumed {
        /// For how long it was stopped, in nanoseconds.
        stopped_nano: u64,
    },
    /// Result of an effect.
    Notice(Notice),
}

/// Result of polling Sentry for a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentryAnswer {
    /// Which trace.
    pub trace_id: TraceId,
    /// When it was asked for, in nanoseconds since the Unix epoch: what arrived later cannot be in the answer.
    pub asked_unix_nano: u64,
    /// Sentry's spans, or the error with advice, as text for the user.
    pub outcome: Result<StoredSpans, String>,
    /// When it will be asked for again, in nanoseconds since the Unix epoch.
    pub next_ask_unix_nano: Option<u64>,
}

/// Spans of a trace that Sentry has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSpans {
    /// Each with its parent there.
    pub spans: Arc<HashMap<SpanId, Option<SpanId>>>,
    /// True if these are all spans of the trace.
    pub is_complete: bool,
}

/// Result of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventResult {
    /// Nothing has changed, not even the picture.
    Nothing,
    /// Another frame is needed, and perhaps something is to be done.
    Changed(Option<Effect>),
}

impl App {
    /// Takes what happened. What is to be done outside comes back, and is the caller's to do.
    pub fn apply(&mut self, event: Event) -> EventResult {
        match event {
            Event::Key(key) => {
                let action = self.action(key);
                return EventResult::Changed(action.and_then(|action| self.update(action)));
            }
            Event::Pointer(pointer) => return self.mouse(pointer),
            Event::Paste(text) => self.paste(&text),
            Event::Resized => {}
            Event::Drawn(hits) => {
                self.hits = hits;
                return EventResult::Nothing;
            }
            Event::Queue(queue) if self.queue == queue => return EventResult::Nothing,
            Event::Queue(queue) => self.queue = queue,
            Event::QueryApi(state) if self.query_api == state => return EventResult::Nothing,
            Event::QueryApi(state) => self.query_api = state,
            Event::Health(health) => self.set_health(*health),
            Event::Held { spans } => self.hold_in_pause(spans),
            Event::PauseFull { bytes } => self.end_full_pause(bytes),
            Event::Service(service, state) => self.services.set(service, state),
            Event::Output(line) => self.output.push(line),
            Event::File(at, state) => self.set_file(at, state),
            Event::FileRecords { newest_unix_nano } => {
                self.files.newest_unix_nano = self.files.newest_unix_nano.max(newest_unix_nano);
            }
            Event::FilesRead(warnings) => self.warn_of_files(&warnings),
            Event::SentryPlan {
                trace_id,
                next_ask_unix_nano,
            } => {
                let problem = self.sentry.about(trace_id).and_then(|said| said.problem.clone());
                self.sentry.said(trace_id, problem.map_or(Ok(()), Err), next_ask_unix_nano);
            }
            Event::SentryAnswer(answer) => return EventResult::Changed(self.take_sentry_answer(answer)),
            Event::Resumed { stopped_nano } => {
                let text = format!("resumed: ingest was stopped for {}", format::duration(stopped_nano));
                self.notice = Some(Notice { text, error: false });
            }
            Event::Notice(notice) => self.notice = Some(notice),
        }
        EventResult::Changed(None)
    }

    /// Notes what Sentry has of a trace. Where all of it is there, it need not be asked again.
    fn take_sentry_answer(&mut self, answer: SentryAnswer) -> Option<Effect> {
        let SentryAnswer {
            trace_id,
            asked_unix_nano,
            outcome,
            mut next_ask_unix_nano,
        } = answer;
        let mut effect = None;
        let outcome = outcome.map(|StoredSpans { spans, is_complete }| {
            let stored = |asked_again| SentryTrace {
                asked_unix_nano,
                asked_again,
                spans: spans.clone(),
            };
            // Of an answer that is not whole, what it lacks may be in the rest.
            self.store
                .set_stored(trace_id, stored(next_ask_unix_nano.is_some() || !is_complete));
            let is_stored = self.store.trace_revision(trace_id).is_some();
            let reach = self.cross_checks.now(&self.store, trace_id);
            if !is_stored || reach.is_some_and(|reach| reach.absent() == 0) {
                effect = Some(Effect::StopAskingSentry(trace_id));
                next_ask_unix_nano = None;
                self.store.set_stored(trace_id, stored(false));
            }
        });
        self.sentry.said(trace_id, outcome, next_ask_unix_nano);
        effect
    }
}

/// Arrivals, ingested part by part.
#[derive(Debug)]
pub enum Arrival {
    /// Spans or log records.
    Batch(Batch),
    /// Points of metrics.
    Metrics(MetricsBatch),
    /// Arrivals at the Sentry endpoint, for the cross-check.
    Evidence(VecDeque<Evidence>),
}

/// [Work](trace_model::work) on spans at once: about a thousand of them, or a part of a large one.
pub const ARRIVAL_WORK: usize = 1 << 19;
/// The same for metrics: a fraction of a millisecond.
const METRICS_WORK: u64 = 256 * 1024;
/// The same for evidence.
const EVIDENCE_WORK: u64 = 256 * 1024;

impl App {
    /// Ingests the next part of an arrival; true while more of it is left.
    pub fn ingest(&mut self, arrival: &mut Arrival) -> bool {
        match arrival {
            Arrival::Batch(batch) => self.store.add_part(batch, ARRIVAL_WORK),
            Arrival::Metrics(batch) => self.store.add_metrics_part(batch, METRICS_WORK),
            Arrival::Evidence(evidence) => self.store.add_evidence_part(evidence, EVIDENCE_WORK),
        }
    }

    /// Returns true if spans or log records are still being searched for the filters.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.store.is_searching() || self.store.is_searching_logs()
    }

    /// Looks through so many spans and log records for the filters; true while there are more.
    pub fn search(&mut self, records: usize) -> bool {
        let has_spans = self.store.search(records);
        self.store.search_logs(records) || has_spans
    }
}

#[cfg(test)]
mod tests {
    use trace_model::Store;

    use super::*;
    use crate::{FileState, Files, Mode, Settings};

    fn app() -> App {
        let nowhere = ([127, 0, 0, 1], 0).into();
        let addresses = ingest_state::Addresses::from_fn(|_| nowhere);
        App::new(Store::new(1 << 20), Mode::Viewer, addresses, fastrand::Rng::with_seed(1))
    }

    #[test]
    fn keys_come_in_and_effects_come_out() {
        let mut app = app();
        assert_eq!(app.apply(Event::Key(Key::Char('?'))), EventResult::Changed(None));
        assert_eq!(
            app.apply(Event::Key(Key::Ctrl('c'))),
            EventResult::Changed(Some(Effect::Quit))
        );
        assert_eq!(
            app.apply(Event::Queue(QueueDepth::default())),
            EventResult::Nothing,
            "as before"
        );
        app.apply(Event::Resumed {
            stopped_nano: 2_000_000_000,
        });
        let notice = app.notice.as_ref().map(|notice| &*notice.text);
        assert_eq!(notice, Some("resumed: ingest was stopped for 2.00 s"));
    }

    #[test]
    fn files_tell_of_what_was_not_read() {
        let mut app = app().with(Settings {
            files: Files::new(["a.json".to_owned()]),
            ..Settings::default()
        });
        app.apply(Event::File(0, FileState::Failed("not a trace\nmore".to_owned())));
        assert_eq!(app.notice.as_ref().map(|notice| &*notice.text), Some("not a trace"));
        assert!(app.files.all_failed());
    }
}

//! Errors of all traces: which traces got some, and the records that report them.

use std::collections::VecDeque;

use otlp_wire::{Value, fields};

use super::reader::Cursor;
use super::record::{Record, RecordId, RecordKind, Slot};
use super::trace::SeenSpans;
use super::{Revision, Store};
use crate::batch::SpanFlags;
use crate::work::{self, VISIT};
use crate::{Event, LogRecord, RawProgress, SpanKey, StatusCode, TraceId, otlp};

/// Maximum number of noted traces: the latest ones.
const NOTED_MAX: usize = 8_192;
/// Maximum number of exceptions of one span that are read.
pub const SPAN_EXCEPTIONS_MAX: usize = 100;

/// The traces to which errors arrived, in this order.
#[derive(Debug, Default)]
pub(super) struct ErrorJournal {
    /// The store's clock at the time, with the trace.
    noted: VecDeque<(u64, TraceId)>,
    /// The clock of the last one that was dropped.
    dropped: u64,
}

impl ErrorJournal {
    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        self.noted.capacity() * size_of::<(u64, TraceId)>()
    }

    fn note(&mut self, clock: u64, trace_id: TraceId) {
        // Mostly the errors of a trace arrive together.
        if let Some((noted, _)) = self.noted.back_mut().filter(|(_, known)| *known == trace_id) {
            *noted = clock;
            return;
        }
        if self.noted.len() == NOTED_MAX {
            self.dropped = self.noted.pop_front().map_or(self.dropped, |(clock, _)| clock);
        }
        self.noted.push_back((clock, trace_id));
    }
}

/// An error as it was reported.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportedError {
    /// By an exception event of a span.
    Event {
        /// The span.
        key: SpanKey,
        /// True if the span failed.
        has_failed: bool,
        /// The event.
        event: Event,
    },
    /// By a log record, or an event of Sentry.
    Record(Box<LogRecord>),
}

/// Reads the errors of a trace in steps, in no particular order.
#[derive(Debug)]
pub struct ErrorReader {
    cursor: Cursor,
}

impl ErrorReader {
    /// Starts before the first error.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        let trace = store.find_trace(trace_id).map(|slot| &store.traces[slot]);
        let kinds: &[RecordKind] = match trace.map(|trace| (trace.seen_spans.has(SeenSpans::EXCEPTION), trace.error_events > 0)) {
            Some((true, true)) => &[RecordKind::Span, RecordKind::Log],
            Some((true, false)) => &[RecordKind::Span],
            Some((false, true)) => &[RecordKind::Log],
            Some((false, false)) | None => &[],
        };
        Self {
            cursor: Cursor::new(store, trace_id, kinds),
        }
    }

    /// Returns the trace that is read.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.cursor.trace_id()
    }

    /// Passes errors to `read` until about this much [`work`] is done.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(ReportedError)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let Some(slot) = self.cursor.slot(store) else {
            return RawProgress::Left;
        };
        let is_complete = self
            .cursor
            .step(store, slot, until, |at| store.reported_errors(at, &mut read));
        if is_complete {
            RawProgress::Complete
        } else {
            RawProgress::More
        }
    }
}

impl Store {
    /// Returns the traces to which errors have arrived since a revision, each at least once, in order of arrival; `None` if there were more
    /// than can be noted, so that any trace may be one of them.
    #[must_use]
    pub fn errors_since(&self, revision: Revision) -> Option<Vec<TraceId>> {
        if self.error_journal.dropped > revision.0 {
            return None;
        }
        let noted = self.error_journal.noted.iter().rev();
        let mut noted: Vec<_> = noted
            .take_while(|(clock, _)| *clock > revision.0)
            .map(|(_, trace_id)| *trace_id)
            .collect();
        work::add(noted.len() * size_of::<TraceId>());
        noted.reverse();
        Some(noted)
    }

    /// Returns true if errors were reported in a trace.
    #[must_use]
    pub fn has_errors(&self, trace_id: TraceId) -> bool {
        work::add(VISIT);
        self.find_trace(trace_id).is_some_and(|slot| {
            let trace = &self.traces[slot];
            trace.seen_spans.has(SeenSpans::EXCEPTION) || trace.error_events > 0
        })
    }

    /// Returns the exception events of a span, in the sender's order, at most [`SPAN_EXCEPTIONS_MAX`].
    #[must_use]
    pub fn exceptions(&self, trace_id: TraceId, key: &SpanKey) -> Vec<Event> {
        let at = self.find_trace(trace_id).and_then(|slot| self.find_key(slot, key));
        at.map_or_else(Vec::new, |at| self.exceptions_of(at).collect())
    }

    fn reported_errors(&self, at: RecordId, read: &mut impl FnMut(ReportedError)) {
        let contents = &self.contents;
        let record = contents.log.get(at);
        if record.is_error_event() {
            let (raw, origin) = (contents.log.raw(at), contents.origins.get(record.origin));
            work::add(8 * VISIT + 2 * (raw.len() + origin.resource.len() + origin.scope.len()));
            if let Some(record) = otlp::decode_log(raw, origin) {
                read(ReportedError::Record(Box::new(record)));
            }
        } else if record.has_exception() {
            let Some(key) = contents.key(record) else { return };
            for event in self.exceptions_of(at) {
                let has_failed = record.status() == StatusCode::Error;
                let key = key.clone();
                read(ReportedError::Event { key, has_failed, event });
            }
        }
    }

    /// The events alone are decoded, not the rest of the span.
    fn exceptions_of(&self, at: RecordId) -> impl Iterator<Item = Event> {
        let has_exception = self.contents.log.get(at).has_exception();
        let raw = if has_exception { self.contents.log.raw(at) } else { &[] };
        let events = fields(raw).filter_map(|field| {
            work::add(VISIT / 4);
            match field.value {
                Value::Bytes(event) if field.number == 11 => Some(event),
                _ => None,
            }
        });
        events.filter_map(otlp::decode_exception).take(SPAN_EXCEPTIONS_MAX)
    }

    /// Notes an error that has been stored.
    #[cold]
    pub(super) fn note_error(&mut self, slot: Slot) {
        if let Some(trace_id) = self.traces[slot].id {
            self.error_journal.note(self.clock, trace_id);
        }
    }
}

impl Record {
    /// Returns true for a span with an exception event.
    pub(super) fn has_exception(&self) -> bool {
        self.stored_as != RecordKind::Log && self.marks().has(SpanFlags::EXCEPTION)
    }
}

//! Errors: which traces got some, which log records outside of traces report one, and the records that report them.

use std::collections::VecDeque;

use otlp_wire::{Value, fields};

use super::log_list::Listed;
use super::reader::Cursor;
use super::record::{Record, RecordId, RecordKind, Slot};
use super::search::candidate;
use super::stored::StoredLog;
use super::trace::SeenSpans;
use super::{LogId, Revision, Store};
use crate::batch::SpanFlags;
use crate::decode::{self, Parts};
use crate::work::{self, VISIT};
use crate::{Candidate, Event, LogRecord, RawProgress, SpanKey, StatusCode, TraceId};

/// Maximum number of noted traces and log records: the latest ones.
const NOTED_MAX: usize = 8_192;
/// Maximum number of exceptions of one span that are read.
pub const SPAN_EXCEPTIONS_MAX: usize = 100;

/// Trace of an error, or its log record outside of any trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorScope {
    /// A trace, whose errors are read together.
    Trace(TraceId),
    /// A log record outside of any trace.
    Record(LogId),
}

impl ErrorScope {
    /// Returns the trace; `None` for a log record outside of any.
    #[must_use]
    pub const fn trace_id(self) -> Option<TraceId> {
        match self {
            Self::Trace(trace_id) => Some(trace_id),
            Self::Record(_) => None,
        }
    }
}

/// Traces and log records with errors, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct ErrorJournal {
    /// The store's clock at the time, with what the error belongs to.
    noted: VecDeque<(u64, ErrorScope)>,
    /// The clock of the last one that was dropped.
    dropped: u64,
}

impl ErrorJournal {
    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        self.noted.capacity() * size_of::<(u64, ErrorScope)>()
    }

    fn note(&mut self, clock: u64, scope: ErrorScope) {
        // Mostly the errors of a trace arrive together.
        if let Some((noted, _)) = self.noted.back_mut().filter(|(_, known)| *known == scope) {
            *noted = clock;
            return;
        }
        if self.noted.len() == NOTED_MAX {
            self.dropped = self.noted.pop_front().map_or(self.dropped, |(clock, _)| clock);
        }
        self.noted.push_back((clock, scope));
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

/// The record that reports an error, not decoded.
#[derive(Clone, Copy, Debug)]
pub enum ErrorRecord<'a> {
    /// A span with exception events.
    Span(Candidate<'a>),
    /// A log record.
    Log(StoredLog<'a>),
}

impl ErrorRecord<'_> {
    /// Returns the start of the span, or the time of the log record, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_nano(&self) -> u64 {
        match self {
            Self::Span(span) => span.start_unix_nano,
            Self::Log(log) => log.id().time_unix_nano(),
        }
    }
}

/// Reads the errors of a trace in steps, in no particular order, or that of a log record outside of traces.
#[derive(Debug)]
pub struct ErrorReader {
    scope: ErrorScope,
    /// `None` for a log record.
    cursor: Option<Cursor>,
}

impl ErrorReader {
    /// Starts before the first error.
    #[must_use]
    pub fn new(store: &Store, scope: ErrorScope) -> Self {
        let cursor = scope
            .trace_id()
            .map(|trace_id| Cursor::new(store, trace_id, store.kinds_with_errors(trace_id)));
        Self { scope, cursor }
    }

    /// Returns what is read.
    #[must_use]
    pub const fn scope(&self) -> ErrorScope {
        self.scope
    }

    /// Passes errors to `read`, each with its record, until about this much [`work`] is done.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(ErrorRecord<'_>, ReportedError)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let is_complete = match (&mut self.cursor, self.scope) {
            (Some(cursor), _) => cursor
                .slot(store)
                .map(|slot| cursor.step(store, slot, until, |at| store.reported_errors(at, &mut read))),
            (None, ErrorScope::Record(id)) => store.logs.all().get(id).map(|listed| {
                store.reported_errors(listed.at, &mut read);
                true
            }),
            (None, ErrorScope::Trace(_)) => None,
        };
        match is_complete {
            Some(true) => RawProgress::Complete,
            Some(false) => RawProgress::More,
            None => RawProgress::Left,
        }
    }
}

impl Store {
    /// Returns the lists of a trace that have its errors.
    fn kinds_with_errors(&self, trace_id: TraceId) -> &'static [RecordKind] {
        let trace = self.find_trace(trace_id).map(|slot| &self.traces[slot]);
        match trace.map(|trace| (trace.seen_spans.has(SeenSpans::EXCEPTION), trace.error_events > 0)) {
            Some((true, true)) => &[RecordKind::Span, RecordKind::Log],
            Some((true, false)) => &[RecordKind::Span],
            Some((false, true)) => &[RecordKind::Log],
            Some((false, false)) | None => &[],
        }
    }

    /// Returns the traces and the log records outside of traces in which errors have arrived since a revision, each at least once, in order of
    /// arrival; `None` if there were more than can be noted, so that any may be one of them.
    #[must_use]
    pub fn errors_since(&self, revision: Revision) -> Option<Vec<ErrorScope>> {
        if self.error_journal.dropped > revision.0 {
            return None;
        }
        let noted = self.error_journal.noted.iter().rev();
        let mut noted: Vec<_> = noted
            .take_while(|(clock, _)| *clock > revision.0)
            .map(|(_, scope)| *scope)
            .collect();
        work::add(noted.len() * size_of::<ErrorScope>());
        noted.reverse();
        Some(noted)
    }

    /// Returns true if what an error belongs to is stored.
    #[must_use]
    pub fn has_scope(&self, scope: ErrorScope) -> bool {
        match scope {
            ErrorScope::Trace(trace_id) => self.trace_revision(trace_id).is_some(),
            ErrorScope::Record(id) => self.stored_log(id).is_some(),
        }
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

    fn reported_errors(&self, at: RecordId, read: &mut impl FnMut(ErrorRecord<'_>, ReportedError)) {
        let contents = &self.contents;
        let record = contents.log.get(at);
        if record.is_error_event() {
            let (raw, origin) = (contents.log.raw(at), contents.origins.get(record.origin));
            work::add(8 * VISIT + 2 * (raw.len() + origin.resource.len() + origin.scope.len()));
            let decoded = decode::decode_log(raw, origin, Parts::first());
            let stored = StoredLog::new(self, record.log_id(), Listed::of(at, record));
            read(ErrorRecord::Log(stored), ReportedError::Record(Box::new(decoded)));
        } else if record.has_exception() {
            let Some(key) = contents.key(record) else { return };
            let Some(span) = candidate(contents, &self.traces[record.trace], at) else {
                return;
            };
            for event in self.exceptions_of(at) {
                let has_failed = record.status() == StatusCode::Error;
                let key = key.clone();
                read(ErrorRecord::Span(span), ReportedError::Event { key, has_failed, event });
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
        events.filter_map(decode::decode_exception).take(SPAN_EXCEPTIONS_MAX)
    }

    /// Notes an error that has been stored.
    #[cold]
    pub(super) fn note_error(&mut self, slot: Slot, at: RecordId) {
        let in_trace = self.traces[slot].id.map(ErrorScope::Trace);
        let scope = in_trace.unwrap_or_else(|| ErrorScope::Record(self.contents.log.get(at).log_id()));
        self.error_journal.note(self.clock, scope);
    }
}

impl Record {
    /// Returns true for a span with an exception event.
    pub(super) fn has_exception(&self) -> bool {
        self.stored_as != RecordKind::Log && self.marks().has(SpanFlags::EXCEPTION)
    }
}

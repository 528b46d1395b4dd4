//! The spans and log records of one trace as a filter sees them, in steps.

use super::reader::Cursor;
use super::record::{RecordId, RecordKind};
use super::search::candidate;
use super::{Store, outside_of_spans};
use crate::sentry::Gravity;
use crate::work::VISIT;
use crate::{Candidate, LogRecord, RawProgress, Span, SpanKind, StatusCode, TraceId, otlp, work};

/// A span of a trace that has a row, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct StoredSpan<'a> {
    /// The span as a candidate of a filter.
    pub candidate: Candidate<'a>,
    store: &'a Store,
    at: RecordId,
}

impl StoredSpan<'_> {
    /// Decodes it whole.
    #[must_use]
    pub fn decode(&self) -> Option<Span> {
        self.store.decoded(self.at)
    }
}

/// Reads the spans of a trace that have rows, in order of arrival. Of a span that came by OTLP and in an envelope it is OTLP's.
#[derive(Debug)]
pub struct StoredReader {
    cursor: Cursor,
}

impl StoredReader {
    /// Starts before the first span.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            cursor: Cursor::new(store, trace_id, &[RecordKind::Span, RecordKind::SentrySpan]),
        }
    }

    /// Returns the trace that is read.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.cursor.trace_id()
    }

    /// Passes spans to `read` until about this much [`work`] is done.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(StoredSpan<'_>)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let Some(slot) = self.cursor.slot(store) else {
            return RawProgress::Left;
        };
        let trace = &store.traces[slot];
        let is_complete = self.cursor.step(store, slot, until, |at| {
            if store.contents.log.get(at).is_row()
                && let Some(candidate) = candidate(&store.contents, trace, at)
            {
                read(StoredSpan { candidate, store, at });
            }
        });
        if is_complete {
            RawProgress::Complete
        } else {
            RawProgress::More
        }
    }
}

/// A log record of a trace, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct StoredLog<'a> {
    store: &'a Store,
    trace_id: TraceId,
    at: RecordId,
}

impl StoredLog<'_> {
    /// Returns true for an error event with the severity of an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        let record = self.store.contents.log.get(self.at);
        record.gravity().is_some_and(|gravity| gravity != Gravity::Mild)
    }

    /// Decodes it whole.
    #[must_use]
    pub fn decode(&self) -> Option<LogRecord> {
        let contents = &self.store.contents;
        let raw = contents.log.raw(self.at);
        let origin = contents.origins.get(contents.log.get(self.at).origin);
        work::add(8 * VISIT + 2 * (raw.len() + origin.resource.len() + origin.scope.len()));
        otlp::decode_log(raw, origin)
    }

    /// Returns what a filter reads of it: as if it were a span of this name below the one in which it was written.
    #[must_use]
    pub fn candidate<'b>(&'b self, name: &'b str) -> Candidate<'b> {
        let contents = &self.store.contents;
        let record = contents.log.get(self.at);
        let origin = contents.origins.get(record.origin);
        let span_id = record.span_id().unwrap_or_else(|| outside_of_spans(self.trace_id));
        Candidate {
            trace_id: self.trace_id,
            span_id,
            parent_span_id: Some(span_id),
            name,
            service: &origin.service,
            kind: SpanKind::Unspecified,
            status: if self.is_error() {
                StatusCode::Error
            } else {
                StatusCode::Unset
            },
            start_unix_nano: record.start_unix_nano,
            end_unix_nano: record.end_unix_nano,
            raw: &[],
            resource: &origin.resource,
            scope: &origin.scope,
        }
    }
}

/// Reads the log records of a trace in order of arrival.
#[derive(Debug)]
pub struct StoredLogReader {
    cursor: Cursor,
}

impl StoredLogReader {
    /// Starts before the first record.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            cursor: Cursor::new(store, trace_id, &[RecordKind::Log]),
        }
    }

    /// Passes records to `read` until about this much [`work`] is done.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(StoredLog<'_>)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let Some(slot) = self.cursor.slot(store) else {
            return RawProgress::Left;
        };
        let trace_id = self.cursor.trace_id();
        let is_complete = self
            .cursor
            .step(store, slot, until, |at| read(StoredLog { store, trace_id, at }));
        if is_complete {
            RawProgress::Complete
        } else {
            RawProgress::More
        }
    }
}

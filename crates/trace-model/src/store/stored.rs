//! Spans and log records as a filter sees them; those of one trace in steps.

use std::sync::Arc;

use super::Store;
use super::log_list::Listed;
use super::reader::Cursor;
use super::record::{LogId, Record, RecordId, RecordKind};
use super::search::candidate;
use crate::decode::{self, Parts};
use crate::sentry::Gravity;
use crate::wire::{self, AnyValue, Leaf};
use crate::work::VISIT;
use crate::{
    Candidate, LogCandidate, LogRecord, Provenance, RawProgress, RawRecord, Severity, Span, SpanId, SpanKind, StatusCode,
    TraceId, Value, outside_of_spans, text, work,
};

/// A span of a trace that has a row, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct StoredSpan<'a> {
    /// The span as a candidate of a filter.
    pub candidate: Candidate<'a>,
    store: &'a Store,
    at: RecordId,
}

impl StoredSpan<'_> {
    /// Decodes it, with its first [`PARTS_MAX`](crate::PARTS_MAX) parts.
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

/// A log record, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct StoredLog<'a> {
    store: &'a Store,
    id: LogId,
    listed: Listed,
}

impl<'a> StoredLog<'a> {
    pub(super) const fn new(store: &'a Store, id: LogId, listed: Listed) -> Self {
        Self { store, id, listed }
    }

    /// Returns its identity, with its time.
    #[must_use]
    pub const fn id(&self) -> LogId {
        self.id
    }

    /// Returns its severity.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.listed.severity
    }

    /// Returns the trace in which it was written; `None` outside of any, or if the trace is being evicted.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.store.traces[self.record().trace].id
    }

    /// Returns the span in which it was written.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        self.record().span_id()
    }

    /// Returns `service.name` of its resource; empty when there is none.
    #[must_use]
    pub fn service(&self) -> &'a Arc<str> {
        &self.origin().service
    }

    /// Returns its gravity if it is an error event.
    #[must_use]
    pub fn gravity(&self) -> Option<Gravity> {
        self.record().gravity()
    }

    /// Returns true for an error event with the severity of an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.gravity().is_some_and(|gravity| gravity != Gravity::Mild)
    }

    /// Returns the sender's name of its severity; often empty.
    #[must_use]
    pub fn severity_text(&self) -> &'a str {
        let raw = self.store.contents.log.raw(self.listed.at);
        std::str::from_utf8(wire::text(raw, wire::number::LOG_SEVERITY_TEXT)).unwrap_or_default()
    }

    /// Returns what a row shows, at about this many bytes: the title of an error event, else the body, else the name of the event. Of a longer text it
    /// is the start, and a longer structure is not decoded: [`Value::Bytes`] of nothing. [`Value::Empty`] if there is none of these.
    #[must_use]
    pub fn message(&self, bytes_max: usize) -> Value {
        let title = self.store.contents.names.get(self.record().name);
        if !title.is_empty() {
            return Value::String(title.to_string());
        }
        let raw = self.store.contents.log.raw(self.listed.at);
        let start = |text: &[u8]| {
            let text = std::str::from_utf8(text).unwrap_or_default();
            work::add(text.len().min(bytes_max));
            Value::String(text::cut(text, bytes_max).to_owned())
        };
        let body = wire::message(raw, wire::number::LOG_BODY);
        match AnyValue::read(&body) {
            AnyValue::Leaf(Leaf::Text(text)) => start(text),
            _ if body.is_empty() => match wire::text(raw, wire::number::LOG_EVENT_NAME) {
                [] => Value::Empty,
                name => start(name),
            },
            _ if body.len() > bytes_max => Value::Bytes(Vec::new()),
            _ => decode::decode_value(&body),
        }
    }

    /// Returns its bytes with its origin.
    #[must_use]
    pub fn raw(&self) -> RawRecord<'a> {
        RawRecord {
            origin: self.origin(),
            bytes: self.store.contents.log.raw(self.listed.at),
        }
    }

    /// Decodes it, with its first [`PARTS_MAX`](crate::PARTS_MAX) parts.
    #[must_use]
    pub fn decode(&self) -> LogRecord {
        let RawRecord { origin, bytes } = self.raw();
        work::add(8 * VISIT + 2 * (bytes.len() + origin.resource.len() + origin.scope.len()));
        decode::decode_log(bytes, origin, Parts::first())
    }

    /// Returns what a filter of log records reads of it.
    #[must_use]
    pub fn candidate(&self) -> LogCandidate<'a> {
        let RawRecord { origin, bytes } = self.raw();
        LogCandidate {
            trace_id: self.trace_id(),
            span_id: self.span_id(),
            service: &origin.service,
            severity: self.listed.severity,
            time_unix_nano: self.id.time_unix_nano(),
            raw: bytes,
            resource: &origin.resource,
            scope: &origin.scope,
        }
    }

    /// Returns what a filter of spans reads of it: as if it were a span of this name below the one in which it was written. `None` outside of
    /// any trace.
    #[must_use]
    pub fn span_candidate<'b>(&'b self, name: &'b str) -> Option<Candidate<'b>> {
        let (trace_id, origin) = (self.trace_id()?, self.origin());
        let span_id = self.span_id().unwrap_or_else(|| outside_of_spans(trace_id));
        Some(Candidate {
            trace_id,
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
            start_unix_nano: self.id.time_unix_nano(),
            end_unix_nano: self.id.time_unix_nano(),
            raw: &[],
            resource: &origin.resource,
            scope: &origin.scope,
        })
    }

    fn record(&self) -> &'a Record {
        self.store.contents.log.get(self.listed.at)
    }

    fn origin(&self) -> &'a Provenance {
        self.store.contents.origins.get(self.record().origin)
    }
}

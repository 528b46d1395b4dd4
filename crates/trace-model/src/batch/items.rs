//! Spans and log records of a batch one by one, before they are decoded.

use bytes::Bytes;

use super::{Batch, ByteRange, LogHeader, SpanFlags, SpanHeader};
use crate::decode::{self, Parts};
use crate::sentry::Gravity;
use crate::{
    CallTarget, Candidate, LogCandidate, LogRecord, Provenance, RawRecord, Source, Span, SpanId, SpanKind, StatusCode, TraceId,
    outside_of_spans, work,
};

/// A span of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchSpan<'a> {
    batch: &'a Batch,
    head: &'a SpanHeader,
    origin: &'a Provenance,
}

/// A log record of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchLog<'a> {
    batch: &'a Batch,
    head: &'a LogHeader,
    origin: &'a Provenance,
}

impl Batch {
    /// Returns the time of the newest record: end or start of a span, time of a log record. In nanoseconds since the Unix epoch, 0 without records.
    #[must_use]
    pub fn newest_unix_nano(&self) -> u64 {
        let spans = self
            .each_span()
            .map(|span| span.head.start_unix_nano.max(span.head.end_unix_nano));
        let logs = self.each_log().map(|log| log.head.time_unix_nano);
        spans.chain(logs).max().unwrap_or(0)
    }

    /// The spans, in the sender's order.
    pub fn each_span(&self) -> impl Iterator<Item = BatchSpan<'_>> {
        self.spans_from(0)
    }

    /// The spans from a position on, in the sender's order.
    pub fn spans_from(&self, at: usize) -> impl Iterator<Item = BatchSpan<'_>> {
        self.spans.iter().skip(at).filter_map(|head| self.item(head))
    }

    /// Hides spans, and returns how many. A store shows a hidden span once another span of the trace has its id or is below it, or an error
    /// happened in it.
    pub fn hide_spans(&mut self, is_unwanted: impl Fn(&BatchSpan<'_>) -> bool) -> usize {
        let mut spans = std::mem::take(&mut self.spans);
        let mut hidden = 0;
        for head in &mut spans {
            if self.item(head).is_some_and(|span| is_unwanted(&span)) {
                head.is_hidden = true;
                hidden += 1;
            }
        }
        self.spans = spans;
        hidden
    }

    pub(crate) fn item<'a>(&'a self, head: &'a SpanHeader) -> Option<BatchSpan<'a>> {
        Some(BatchSpan {
            batch: self,
            head,
            origin: self.origins.get(head.origin as usize)?,
        })
    }

    /// The log records, in the sender's order.
    pub fn each_log(&self) -> impl Iterator<Item = BatchLog<'_>> {
        self.logs_from(0)
    }

    /// The log records from a position on, in the sender's order.
    pub fn logs_from(&self, at: usize) -> impl Iterator<Item = BatchLog<'_>> {
        self.logs.iter().skip(at).filter_map(|head| {
            Some(BatchLog {
                batch: self,
                head,
                origin: self.origins.get(head.origin as usize)?,
            })
        })
    }

    fn text(&self, piece: ByteRange) -> &str {
        // The walk has checked that it is UTF-8.
        std::str::from_utf8(self.bytes_at(piece)).unwrap_or_default()
    }
}

impl<'a> BatchSpan<'a> {
    /// Returns the way by which it arrived.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.origin.source
    }

    /// Returns what a filter reads of it.
    #[must_use]
    pub fn candidate(&self) -> Candidate<'a> {
        Candidate {
            trace_id: self.head.trace_id,
            span_id: self.head.span_id,
            parent_span_id: self.head.parent_span_id,
            name: self.batch.text(self.head.name),
            service: &self.origin.service,
            kind: self.head.kind,
            status: self.head.status,
            start_unix_nano: self.head.start_unix_nano,
            end_unix_nano: self.head.end_unix_nano,
            raw: self.batch.bytes_at(self.head.raw),
            resource: &self.origin.resource,
            scope: &self.origin.scope,
        }
    }

    /// Returns the span's bytes.
    #[must_use]
    pub fn raw(&self) -> RawRecord<'a> {
        RawRecord {
            origin: self.origin,
            bytes: self.batch.bytes_at(self.head.raw),
        }
    }

    /// Returns the target of its request; `None` if it is not a client span, has none, or `is_port` is false for the port.
    #[must_use]
    pub fn call_target(&self, is_port: impl Fn(u16) -> bool) -> Option<CallTarget<'a>> {
        if self.head.kind != SpanKind::Client {
            return None;
        }
        let name = self.batch.bytes_at(self.head.name);
        if !self.head.marks.has(SpanFlags::PORT) && !name.contains(&b':') {
            return None;
        }
        CallTarget::of_span(name, self.batch.bytes_at(self.head.raw), is_port)
    }

    /// Returns the ids of its trace and of itself.
    #[must_use]
    pub const fn ids(&self) -> (TraceId, SpanId) {
        (self.head.trace_id, self.head.span_id)
    }

    /// Returns true if [`Batch::hide_spans`] has hidden it.
    #[must_use]
    pub const fn is_hidden(&self) -> bool {
        self.head.is_hidden
    }

    /// Returns a copy of the span as a separate batch, not hidden.
    pub(crate) fn alone(&self) -> Batch {
        let raw = self.batch.bytes_at(self.head.raw);
        work::add(raw.len());
        let start = self.head.raw.start();
        let hash = self.batch.hash_of_long_name(self.head);
        let name = self.head.name.from(start);
        let origin = self.origin.clone();
        Batch {
            body: Bytes::copy_from_slice(raw),
            received_unix_nano: self.batch.received_unix_nano,
            origin_bytes: size_of::<Provenance>() + origin.resource.len() + origin.scope.len(),
            origins: vec![origin],
            spans: vec![SpanHeader {
                origin: 0,
                name,
                raw: self.head.raw.from(start),
                is_hidden: false,
                ..*self.head
            }],
            long_names: hash.map(|hash| (name.start(), hash)).into_iter().collect(),
            ..Batch::empty()
        }
    }

    /// Decodes it, with its first [`PARTS_MAX`](crate::PARTS_MAX) parts.
    #[must_use]
    pub fn decode(&self) -> Option<Span> {
        decode::decode_span(self.batch.bytes_at(self.head.raw), self.origin, Parts::first())
    }

    /// Decodes it whole, which may take many times its bytes.
    #[must_use]
    pub fn decode_whole(&self) -> Option<Span> {
        decode::decode_span(self.batch.bytes_at(self.head.raw), self.origin, Parts::all())
    }
}

impl<'a> BatchLog<'a> {
    /// Returns the way by which it arrived.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.origin.source
    }

    /// Returns true for an error event.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.head.gravity, Some(Gravity::Handled | Gravity::Error))
    }

    /// Returns the ids of the span on whose row it is shown; `None` if it is not an error event.
    #[must_use]
    pub fn error_span(&self) -> Option<(TraceId, SpanId)> {
        Some((self.head.trace_id?, self.head.span_id?)).filter(|_| self.head.gravity.is_some())
    }

    /// Returns what a filter of log records reads of it.
    #[must_use]
    pub fn candidate(&self) -> LogCandidate<'a> {
        LogCandidate {
            trace_id: self.head.trace_id,
            span_id: self.head.span_id,
            service: &self.origin.service,
            severity: self.head.severity,
            time_unix_nano: self.head.time_unix_nano,
            raw: self.batch.bytes_at(self.head.raw),
            resource: &self.origin.resource,
            scope: &self.origin.scope,
        }
    }

    /// Returns what a filter of spans reads of it: as the store does, as if it were a span of this name below the one in which it was written.
    /// `None` outside of any trace.
    #[must_use]
    pub fn span_candidate<'b>(&'b self, name: &'b str) -> Option<Candidate<'b>> {
        let trace_id = self.head.trace_id?;
        let span_id = self.head.span_id.unwrap_or_else(|| outside_of_spans(trace_id));
        Some(Candidate {
            trace_id,
            span_id,
            parent_span_id: Some(span_id),
            name,
            service: &self.origin.service,
            kind: SpanKind::Unspecified,
            status: if self.is_error() {
                StatusCode::Error
            } else {
                StatusCode::Unset
            },
            start_unix_nano: self.head.time_unix_nano,
            end_unix_nano: self.head.time_unix_nano,
            raw: &[],
            resource: &self.origin.resource,
            scope: &self.origin.scope,
        })
    }

    /// Returns the record's bytes.
    #[must_use]
    pub fn raw(&self) -> RawRecord<'a> {
        RawRecord {
            origin: self.origin,
            bytes: self.batch.bytes_at(self.head.raw),
        }
    }

    /// Decodes it, with its first [`PARTS_MAX`](crate::PARTS_MAX) parts.
    #[must_use]
    pub fn decode(&self) -> LogRecord {
        decode::decode_log(self.batch.bytes_at(self.head.raw), self.origin, Parts::first())
    }

    /// Decodes it whole, which may take many times its bytes.
    #[must_use]
    pub fn decode_whole(&self) -> LogRecord {
        decode::decode_log(self.batch.bytes_at(self.head.raw), self.origin, Parts::all())
    }
}

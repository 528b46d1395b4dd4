//! Spans and log records as the bytes that they came in, for who hands them on.

use super::Store;
use super::record::At;
use crate::{Origin, TraceId};

/// A span or a log record, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Resource, scope, and how it came here.
    pub origin: &'a Origin,
    /// The OTLP `Span` or `LogRecord` message.
    pub bytes: &'a [u8],
}

impl Store {
    /// The spans of a trace that are rows, in order of arrival. Of a span that came both ways this is OTLP's.
    pub fn raw_spans(&self, trace_id: TraceId) -> impl Iterator<Item = Raw<'_>> {
        let trace = self.find_trace(trace_id).map(|slot| &self.traces[slot]);
        let spans = trace.into_iter().flat_map(|trace| {
            let spans = self.contents.records(trace.spans);
            spans.chain(self.contents.records(trace.sentry))
        });
        spans.filter(|at| self.contents.log.get(*at).is_row()).map(|at| self.raw(at))
    }

    /// The log records of a trace, in order of arrival.
    pub fn raw_logs(&self, trace_id: TraceId) -> impl Iterator<Item = Raw<'_>> {
        let trace = self.find_trace(trace_id).map(|slot| &self.traces[slot]);
        let logs = trace.into_iter().flat_map(|trace| self.contents.records(trace.logs));
        logs.map(|at| self.raw(at))
    }

    fn raw(&self, at: At) -> Raw<'_> {
        Raw {
            origin: self.contents.origins.get(self.contents.log.get(at).origin),
            bytes: self.contents.log.raw(at),
        }
    }
}

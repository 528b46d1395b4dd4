//! What can be asked of the store.

use std::hash::BuildHasher;
use std::ops::Range;

use super::by_arrival::ByArrival;
use super::record::{At, Slot};
use super::summary::{self, TraceSummary};
use super::trace::Trace;
use super::{Node, Revision, ServiceStats, Store};
use crate::{Line, Log, Span, SpanId, SpanKey, TraceId, otlp};

impl Store {
    /// The last change of one trace; `None` when it is not there.
    #[must_use]
    pub fn trace_revision(&self, trace_id: TraceId) -> Option<Revision> {
        let slot = self.find_trace(trace_id)?;
        Some(Revision(self.traces[slot].activity))
    }

    /// How many traces [`Store::traces`] lists: all, or those that the filter has found.
    #[must_use]
    pub fn listed(&self) -> usize {
        self.list().len()
    }

    /// The traces at these positions, newest first; fewer where there are fewer. With a filter, only those that it has found.
    #[must_use]
    pub fn traces(&self, positions: Range<usize>) -> Vec<TraceSummary> {
        let slots = self.list().newest(positions);
        slots.into_iter().filter_map(|slot| self.summary(slot)).collect()
    }

    /// One trace, if it has spans.
    #[must_use]
    pub fn trace(&self, trace_id: TraceId) -> Option<TraceSummary> {
        self.summary(self.find_trace(trace_id)?)
    }

    /// Where a trace stands in [`Store::traces`].
    #[must_use]
    pub fn position(&self, trace_id: TraceId) -> Option<usize> {
        let slot = self.find_trace(trace_id)?;
        self.list().position(self.traces[slot].arrival)
    }

    /// One span, decoded whole; `None` when it is not there.
    #[must_use]
    pub fn span(&self, trace_id: TraceId, key: &SpanKey) -> Option<Span> {
        let at = self.find_key(trace_id, key)?;
        let origin = self.contents.origins.get(self.contents.log.get(at).origin);
        otlp::decode_span(self.contents.log.raw(at), origin)
    }

    /// The log records of a trace, or those of one of its spans, by time; at most `limit` of them, the first ones.
    #[must_use]
    pub fn logs(&self, trace_id: TraceId, span_id: Option<SpanId>, limit: usize) -> Vec<Log> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Vec::new();
        };
        let log = &self.contents.log;
        let records = self.contents.records(self.traces[slot].logs);
        let wanted = records.filter(|at| span_id.is_none_or(|span_id| log.get(*at).has_span_id(span_id)));
        let mut wanted: Vec<_> = wanted.collect();
        // Of two at the same time the bytes decide, so that the order of arrival does not.
        wanted.sort_by(|one, other| {
            let rank = |at: At| (log.get(at).start_unix_nano, log.raw(at));
            rank(*one).cmp(&rank(*other))
        });
        let decoded = wanted.into_iter().take(limit);
        decoded
            .filter_map(|at| otlp::decode_log(log.raw(at), self.contents.origins.get(log.get(at).origin)))
            .collect()
    }

    /// What came from each service, by name.
    pub fn services(&self) -> impl Iterator<Item = &ServiceStats> {
        self.services.iter()
    }

    /// For [`crate::Outline`]: the spans of a trace, in no particular order.
    pub(crate) fn nodes(&self, trace_id: TraceId) -> Vec<Node> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Vec::new();
        };
        let records = self.contents.records(self.traces[slot].spans);
        let node = |at| {
            let record = self.contents.log.get(at);
            Some(Node {
                key: self.contents.key(record)?,
                parent_span_id: record.parent_span_id(),
                start_unix_nano: record.start_unix_nano,
                kind: record.kind(),
            })
        };
        records.filter_map(node).collect()
    }

    /// For [`crate::Outline`]: what a row says of a span.
    pub(crate) fn line(&self, trace_id: TraceId, key: &SpanKey) -> Option<Line> {
        let record = self.contents.log.get(self.find_key(trace_id, key)?);
        Some(Line {
            service: key.service.clone(),
            name: self.contents.names.get(record.name).clone(),
            kind: record.kind(),
            status: record.status(),
            start_unix_nano: record.start_unix_nano,
            end_unix_nano: (!record.in_flight()).then_some(record.end_unix_nano),
            queued_unix_nano: None,
            reached_sentry: self.traces[record.trace].reached_sentry(key.span_id),
            found: self.search.is_some() && record.found_by == self.searches,
        })
    }

    fn list(&self) -> &ByArrival {
        self.search.as_ref().map_or(&self.by_arrival, |search| search.found())
    }

    fn summary(&self, slot: Slot) -> Option<TraceSummary> {
        let trace = &self.traces[slot];
        let trace_id = trace.id.filter(|_| trace.spans.count > 0)?;
        let summary = trace
            .summary
            .get_or_init(|| Box::new(summary::summarise(self, trace, trace_id)));
        Some(summary.as_ref().clone())
    }

    pub(super) fn find_trace(&self, trace_id: TraceId) -> Option<Slot> {
        let is_it = |slot: &Slot| self.traces[*slot].id == Some(trace_id);
        // Mostly the spans of a trace come one after the other.
        if let Some(newest) = self.newest.get().filter(is_it) {
            return Some(newest);
        }
        self.by_id.find(self.hasher.hash_one(trace_id), is_it).copied()
    }

    fn find_key(&self, trace_id: TraceId, key: &SpanKey) -> Option<At> {
        self.find_span(self.find_trace(trace_id)?, key.span_id, &key.service)
    }

    pub(super) fn find_span(&self, slot: Slot, span_id: SpanId, service: &str) -> Option<At> {
        let trace = &self.traces[slot];
        if trace.seen & Trace::bit(span_id) == 0 {
            return None;
        }
        let is_it = |at: &At| self.contents.is(*at, span_id, service);
        match trace.rare.as_ref().and_then(|rare| rare.index.as_ref()) {
            Some(index) => index.find(self.hasher.hash_one(span_id), is_it).copied(),
            None => self.contents.records(trace.spans).find(is_it),
        }
    }
}

//! Queries of the store.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use super::marks::Found;
use super::record::{RecordId, RecordPlace, Slot};
use super::sorted::Sorted;
use super::summary::TraceSummary;
use super::trace::Trace;
use super::{Revision, ServiceStats, Store};
use crate::call::{self, CallId};
use crate::decode::{self, Parts};
use crate::hash::State;
use crate::work::{self, VISIT};
use crate::{
    LogRecord, RepeatedLimits, RowSpan, Severity, Span, SpanId, SpanKey, SpanNode, SpanSubject, TraceId, outside_of_spans,
};

/// A position in the list of traces that is stable while others arrive and leave; the default is before the newest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListPlace(Option<u64>);

/// Location of the records of a span. Records do not change, so a span with the same location is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanPlaces(Option<(u64, usize)>, Option<(u64, usize)>);

/// The calls of one trace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls<'a> {
    store: &'a Store,
    slot: Slot,
}

impl Calls<'_> {
    /// Returns the identity of a span's call; `place` is where the span was read.
    pub(crate) fn id(self, node: &SpanNode, place: RecordPlace, hasher: &State) -> Option<CallId> {
        if node.kind.receives() {
            return None;
        }
        let Self { store, slot } = self;
        let at = store.still_at(slot, &node.key, place);
        let at = at.or_else(|| store.find_key(slot, &node.key))?;
        let raw = store.contents.log.raw(at);
        work::add(VISIT + raw.len());
        call::call_id(hasher, &node.key.service, &node.name, node.kind, raw)
    }
}

impl Store {
    /// The last change of one trace; `None` when it is not there.
    #[must_use]
    pub fn trace_revision(&self, trace_id: TraceId) -> Option<Revision> {
        let slot = self.find_trace(trace_id)?;
        Some(Revision(self.traces[slot].activity))
    }

    /// The traces to which something has happened since a revision, pinned ones before the others and of these the last one first; at most
    /// `limit`.
    #[must_use]
    pub fn changed_since(&self, revision: Revision, limit: usize) -> Vec<TraceId> {
        let has_changed = |trace: &&Trace| trace.activity > revision.0;
        let pinned = self.pinned.iter().map(|slot| &self.traces[*slot]).filter(has_changed);
        let by_activity = std::iter::successors(self.newest.get(), |slot| self.traces[*slot].older.get());
        let changed = by_activity.map(|slot| &self.traces[slot]).take_while(has_changed);
        pinned.chain(changed).filter_map(|trace| trace.id).take(limit).collect()
    }

    /// Returns the number of traces that [`Store::traces`] lists: all, or those that the filter matches.
    #[must_use]
    pub fn listed(&self) -> usize {
        self.list().len()
    }

    /// The traces at these positions, newest first; fewer where there are fewer. With a filter, only those that it has found.
    #[must_use]
    pub fn traces(&self, positions: Range<usize>) -> Vec<TraceSummary> {
        let slots = self.list().range_from_end(positions);
        let summaries = slots.filter_map(|(_, slot)| self.summary(slot));
        summaries.map(|cached| cached.summary.clone()).collect()
    }

    /// Returns the traces after a position of the list, newest first, at most `limit`, and the next position. From the default on
    /// until none is left this returns each stored trace once, whatever arrives and leaves meanwhile.
    #[must_use]
    pub fn listed_after(&self, place: ListPlace, limit: usize) -> (Vec<TraceId>, ListPlace) {
        self.after(self.list(), place, limit)
    }

    /// The same over all traces, whatever the filter has found.
    #[must_use]
    pub fn arrived_after(&self, place: ListPlace, limit: usize) -> (Vec<TraceId>, ListPlace) {
        self.after(&self.by_arrival, place, limit)
    }

    fn after(&self, traces: &Sorted<u64, Slot>, place: ListPlace, limit: usize) -> (Vec<TraceId>, ListPlace) {
        let found: Vec<_> = traces.before(place.0.unwrap_or(u64::MAX)).take(limit).collect();
        let last = found.last().map_or(place.0, |(arrival, _)| Some(*arrival));
        let ids = found.into_iter().filter_map(|(_, slot)| self.traces[slot].id);
        (ids.collect(), ListPlace(last))
    }

    /// Returns one trace, if it has spans.
    #[must_use]
    pub fn trace(&self, trace_id: TraceId) -> Option<TraceSummary> {
        Some(self.summary(self.find_trace(trace_id)?)?.summary.clone())
    }

    /// Returns a trace's position in [`Store::traces`].
    #[must_use]
    pub fn position(&self, trace_id: TraceId) -> Option<usize> {
        let slot = self.find_trace(trace_id)?;
        self.list().position_from_end(self.traces[slot].arrival)
    }

    /// Returns one decoded span, with its first [`PARTS_MAX`](crate::PARTS_MAX) parts; `None` if it is not stored.
    #[must_use]
    pub fn span(&self, trace_id: TraceId, key: &SpanKey) -> Option<Span> {
        self.decoded(self.find_key(self.find_trace(trace_id)?, key)?)
    }

    /// Returns the key of a span by its id; of several with the id one of them, `None` if there is none.
    #[must_use]
    pub fn key_of(&self, trace_id: TraceId, span_id: SpanId) -> Option<SpanKey> {
        let slot = self.find_trace(trace_id)?;
        let Some(service) = self.services_of(slot, span_id).first().copied() else {
            return self.contents.key(self.contents.log.get(self.find_sentry(slot, span_id)?));
        };
        Some(SpanKey {
            span_id,
            service: self.contents.origins.service(service).clone(),
            duplicate: 0,
        })
    }

    /// Returns spans, times and severities of log records of a trace that were written in a span and are not error events: at most `limit` records
    /// are looked at, in order of arrival.
    #[must_use]
    pub fn log_marks(&self, trace_id: TraceId, limit: usize) -> Vec<(SpanId, u64, Severity)> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Vec::new();
        };
        let records = self.contents.records(self.traces[slot].logs).take(limit);
        let records = records
            .map(|at| self.contents.log.get(at))
            .filter(|record| !record.is_error_event());
        records
            .filter_map(|record| Some((record.span_id()?, record.start_unix_nano, record.severity())))
            .collect()
    }

    /// Returns where the record of a span is, and that of its copy in an envelope.
    #[must_use]
    pub fn span_places(&self, trace_id: TraceId, key: &SpanKey) -> SpanPlaces {
        let slot = self.find_trace(trace_id);
        let place = |at: Option<RecordId>| at.map(|at| self.contents.log.place(at));
        SpanPlaces(
            place(slot.and_then(|slot| self.find_key(slot, key))),
            place(slot.and_then(|slot| self.find_sentry(slot, key.span_id))),
        )
    }

    /// A span as an envelope has it, decoded like [`Store::span`]; `None` for one that was in none.
    #[must_use]
    pub fn sentry_span(&self, trace_id: TraceId, span_id: SpanId) -> Option<Span> {
        self.decoded(self.find_sentry(self.find_trace(trace_id)?, span_id)?)
    }

    pub(super) fn decoded(&self, at: RecordId) -> Option<Span> {
        let origin = self.contents.origins.get(self.contents.log.get(at).origin);
        let raw = self.contents.log.raw(at);
        // Each of its texts is copied.
        work::add(8 * VISIT + 2 * (raw.len() + origin.resource.len() + origin.scope.len()));
        decode::decode_span(raw, origin, Parts::first())
    }

    /// The log records of a trace, or those of one of its spans, by time; at most `limit` of them, the first ones.
    #[must_use]
    pub fn logs(&self, trace_id: TraceId, span_id: Option<SpanId>, limit: usize) -> Vec<LogRecord> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Vec::new();
        };
        let log = &self.contents.log;
        let records = self.contents.records(self.traces[slot].logs);
        let wanted = records.filter(|at| span_id.is_none_or(|span_id| log.get(*at).has_span_id(span_id)));
        self.decoded_logs(wanted.collect(), limit)
    }

    /// The error events of a span, by time, at most `limit` of them; of the row of those outside of any span ([`outside_of_spans`]),
    /// these.
    #[must_use]
    pub fn error_events(&self, trace_id: TraceId, span_id: SpanId, limit: usize) -> Vec<LogRecord> {
        let Some(slot) = self.find_trace(trace_id).filter(|slot| self.traces[*slot].error_events > 0) else {
            return Vec::new();
        };
        let records = self.contents.records(self.traces[slot].logs);
        let wanted = records.filter(|at| {
            let record = self.contents.log.get(*at);
            record.is_error_event() && record.span_id().unwrap_or_else(|| outside_of_spans(trace_id)) == span_id
        });
        self.decoded_logs(wanted.collect(), limit)
    }

    fn decoded_logs(&self, mut wanted: Vec<RecordId>, limit: usize) -> Vec<LogRecord> {
        let log = &self.contents.log;
        // Of two at the same time the bytes decide, so that the order of arrival does not.
        wanted.sort_by(|one, other| {
            let rank = |at: RecordId| (log.get(at).start_unix_nano, log.raw(at));
            rank(*one).cmp(&rank(*other))
        });
        let decoded = wanted.into_iter().take(limit);
        decoded
            .map(|at| decode::decode_log(log.raw(at), self.contents.origins.get(log.get(at).origin), Parts::first()))
            .collect()
    }

    /// Returns the arrivals of each service, by name.
    pub fn services(&self) -> impl Iterator<Item = &ServiceStats> {
        self.services.iter()
    }

    /// Returns the limits of repeated calls, for the trees of its traces.
    pub(crate) const fn repeated_limits(&self) -> RepeatedLimits {
        self.repeated_limits
    }

    /// Returns the calls of a trace, for [`crate::SpanTree`]; `None` if it is not stored.
    pub(crate) fn calls(&self, trace_id: TraceId) -> Option<Calls<'_>> {
        let slot = self.find_trace(trace_id)?;
        Some(Calls { store: self, slot })
    }

    /// Returns the record of a span if it is where it was read. Mostly it is, which takes no search.
    fn still_at(&self, slot: Slot, key: &SpanKey, place: RecordPlace) -> Option<RecordId> {
        let record = self.contents.log.try_get(place.0)?;
        let is_it = record.trace == slot
            && record.has_span_id(key.span_id)
            && !record.is_dead()
            && !record.is_duplicate()
            && record.is_row()
            && Arc::ptr_eq(&self.contents.origins.get(record.origin).service, &key.service);
        is_it.then_some(place.0)
    }

    /// Returns a row's data of a span, for [`crate::Outline`].
    pub(crate) fn row(&self, trace_id: TraceId, key: &SpanKey) -> Option<Found> {
        let slot = self.find_trace(trace_id)?;
        let others = self.linking(trace_id, key.span_id).count();
        let Some(at) = self.find_key(slot, key) else {
            return Some(Found {
                links: others,
                ..Found::default()
            });
        };
        let record = self.contents.log.get(at);
        let line = RowSpan {
            service: key.service.clone(),
            name: self.contents.names.get(record.name).clone(),
            subject: self.subject_of(at),
            kind: record.kind(),
            status: record.status(),
            start_unix_nano: record.start_unix_nano,
            end_unix_nano: (!record.in_flight()).then_some(record.end_unix_nano),
            queued_unix_nano: None,
            source: self.contents.origins.get(record.origin).source,
            in_envelope: self.find_sentry(record.trace, key.span_id).is_some(),
            found: self.search.is_some() && record.found_by == self.searches,
        };
        Some(Found {
            line: Some(line),
            events: self.event_marks(at),
            links: others + self.count_first_links(at),
        })
    }

    /// Returns a span's subject, if its name does not tell it; `None` if it is not stored.
    #[must_use]
    pub fn subject(&self, trace_id: TraceId, key: &SpanKey) -> Option<SpanSubject> {
        let at = self.find_key(self.find_trace(trace_id)?, key)?;
        Some(self.subject_of(at))
    }

    /// Returns the name of a span's operation: the span's own without the ids of a path and the literals of a statement.
    #[must_use]
    pub fn operation_name(node: &SpanNode) -> Arc<str> {
        work::add(node.name.len());
        SpanSubject::operation_name(&node.name).map_or_else(|| node.name.clone(), Arc::from)
    }

    /// Returns the subject of a span's operation, if its name does not tell it: the same for all spans of a route or a template.
    /// Empty for a span that is not stored.
    #[must_use]
    pub fn operation_subject(&self, trace_id: TraceId, node: &SpanNode) -> Box<str> {
        if !node.arrived || !SpanSubject::may_add_to(&node.name) {
            return Box::default();
        }
        let at = self.find_trace(trace_id).and_then(|slot| self.find_key(slot, &node.key));
        at.map_or_else(Box::default, |at| {
            let raw = self.contents.log.raw(at);
            work::add(VISIT + raw.len());
            SpanSubject::of_operation(&node.name, node.kind, raw)
        })
    }

    fn subject_of(&self, at: RecordId) -> SpanSubject {
        let record = self.contents.log.get(at);
        SpanSubject::of_span(self.contents.names.get(record.name), record.kind(), self.contents.log.raw(at))
    }

    pub(super) fn list(&self) -> &Sorted<u64, Slot> {
        self.search.as_ref().map_or(&self.by_arrival, |search| search.found())
    }

    pub(super) fn find_trace(&self, trace_id: TraceId) -> Option<Slot> {
        let is_it = |slot: &Slot| self.traces[*slot].id == Some(trace_id);
        // Mostly the spans of a trace are adjacent.
        if let Some(newest) = self.newest.get().filter(is_it) {
            return Some(newest);
        }
        self.by_id.find(self.hasher.hash_one(trace_id), is_it).copied()
    }

    /// The span of a row. One that was a row by its envelope alone is found by OTLP's too, whatever that calls the service.
    pub(super) fn find_key(&self, slot: Slot, key: &SpanKey) -> Option<RecordId> {
        work::add(VISIT);
        let service = self.contents.origins.service_number(&key.service)?;
        let span = self.find_span(slot, key.span_id, service);
        let span = span.and_then(|at| self.duplicate_of(slot, at, key.duplicate));
        span.or_else(|| {
            let at = self.find_sentry(slot, key.span_id)?;
            self.contents.is(at, key.span_id, service).then_some(at)
        })
    }

    /// The span as an envelope had it.
    pub(super) fn find_sentry(&self, slot: Slot, span_id: SpanId) -> Option<RecordId> {
        if self.traces[slot].sentry.count == 0 {
            return None;
        }
        let log = &self.contents.log;
        let is_it = |at: &RecordId| log.get(*at).trace == slot && log.get(*at).has_span_id(span_id);
        self.sentry_spans.find(self.hasher.hash_one((slot, span_id)), is_it).copied()
    }

    /// Returns the services whose spans with this id arrived by OTLP, by number: mostly one.
    pub(super) fn services_of(&self, slot: Slot, span_id: SpanId) -> Vec<u32> {
        let trace = &self.traces[slot];
        if trace.seen & Trace::bit(span_id) == 0 {
            return Vec::new();
        }
        let log = &self.contents.log;
        let service = |at: RecordId| self.contents.service_number(log.get(at));
        let is_it = |at: &RecordId| log.get(*at).has_span_id(span_id);
        let rare = trace.rare.as_ref();
        let Some((rare, index)) = rare.and_then(|rare| Some((rare, rare.index.as_ref()?))) else {
            return self.contents.records(trace.spans).filter(is_it).map(service).collect();
        };
        let first = index.find(self.hasher.hash_one(span_id), is_it).map(|at| service(*at));
        let others = rare.shared.get(&span_id).into_iter().flatten().copied();
        first.into_iter().chain(others).collect()
    }

    /// Returns a span of a service, by number, that arrived by OTLP. One of its [duplicates](Store::duplicate_of) where it has such.
    pub(super) fn find_span(&self, slot: Slot, span_id: SpanId, service: u32) -> Option<RecordId> {
        let trace = &self.traces[slot];
        if trace.seen & Trace::bit(span_id) == 0 {
            return None;
        }
        let is_it = |at: &RecordId| self.contents.is(*at, span_id, service);
        match trace.rare.as_ref().and_then(|rare| rare.index.as_ref()) {
            Some(index) => {
                let first = index.find(self.hasher.hash_one(span_id), |at| self.contents.is_first(*at, span_id));
                // Mostly an id is one service's.
                if first.is_none_or(&is_it) {
                    return first.copied();
                }
                index.find(self.hasher.hash_one((span_id, service)), is_it).copied()
            }
            None => self.contents.records(trace.spans).find(is_it),
        }
    }
}

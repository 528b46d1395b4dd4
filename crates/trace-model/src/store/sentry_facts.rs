//! Evidence about a trace's way to Sentry, for the cross-check.

use std::sync::Arc;

use super::evidence::{Expectation, TraceEvidence};
use super::reader::Cursor;
use super::record::{Record, RecordId, RecordKind, Slot};
use super::trace::SeenSpans;
use super::{ClientReport, Store};
use crate::batch::SpanFlags;
use crate::{Source, SpanId, SpanKey, SpanKind, TraceId};

/// A stored trace, as the cross-check reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SentryFacts<'a> {
    store: &'a Store,
    slot: Slot,
}

/// One of its spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CheckedSpan<'a> {
    store: &'a Store,
    at: RecordId,
}

/// Everything that the cross-check of a trace depends on: two equal ones have the same findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentryRevision {
    arrival: u64,
    activity: u64,
    has_evidence: bool,
    /// Time and completeness of Sentry's answer.
    answer: Option<(u64, bool)>,
    epoch: u64,
    strays: u64,
}

impl SentryRevision {
    /// Returns true if findings of this revision hold at another; if `misses` is false, whatever happened to other traces.
    pub(crate) fn holds_at(self, now: Self, misses: bool) -> bool {
        let strays = if misses { self.strays } else { now.strays };
        Self { strays, ..self } == now
    }
}

/// Reads the spans of a trace that have rows, in steps.
#[derive(Debug)]
pub(crate) struct RowReader(Cursor);

impl RowReader {
    pub(crate) fn new(store: &Store, trace_id: TraceId) -> Self {
        Self(Cursor::new(store, trace_id, &[RecordKind::Span, RecordKind::SentrySpan]))
    }

    /// Returns the trace; `None` if it was evicted.
    pub(crate) fn trace<'a>(&self, store: &'a Store) -> Option<SentryFacts<'a>> {
        let slot = self.0.slot(store)?;
        Some(SentryFacts { store, slot })
    }

    /// Reads on until [`crate::work::done`] is `until`; true when all have been read.
    pub(crate) fn step<'a>(&mut self, trace: SentryFacts<'a>, until: u64, mut read: impl FnMut(CheckedSpan<'a>)) -> bool {
        self.0.step(trace.store, trace.slot, until, |at| {
            if trace.store.contents.log.get(at).is_row() {
                read(trace.span(at));
            }
        })
    }
}

impl Store {
    pub(crate) fn sentry_facts(&self, trace_id: TraceId) -> Option<SentryFacts<'_>> {
        Some(SentryFacts {
            store: self,
            slot: self.find_trace(trace_id)?,
        })
    }
}

impl<'a> SentryFacts<'a> {
    const fn span(self, at: RecordId) -> CheckedSpan<'a> {
        CheckedSpan { store: self.store, at }
    }

    pub(crate) fn find(self, key: &SpanKey) -> Option<CheckedSpan<'a>> {
        Some(self.span(self.store.find_key(self.slot, key)?))
    }

    pub(crate) fn trace_id(self) -> Option<TraceId> {
        self.store.traces[self.slot].id
    }

    pub(crate) fn revision(self) -> SentryRevision {
        let trace = &self.store.traces[self.slot];
        let stored = self.evidence().and_then(|evidence| evidence.stored.as_ref());
        SentryRevision {
            arrival: trace.arrival,
            activity: trace.activity,
            has_evidence: self.evidence().is_some(),
            answer: stored.map(|answer| (answer.asked_unix_nano, answer.asked_again)),
            epoch: self.store.sentry.epoch,
            strays: self.store.sentry.strays,
        }
    }

    /// Returns the latest moment that its spans report.
    pub(crate) fn ends(self) -> u64 {
        let summary = self.store.summary(self.slot);
        summary.map_or(0, |trace| trace.summary.start_unix_nano + trace.summary.duration_nano)
    }

    /// Returns the number of spans that arrived by OTLP.
    pub(crate) fn spans(self) -> u32 {
        self.store.traces[self.slot].spans.count
    }

    /// Returns the number of spans with rows.
    pub(crate) fn rows(self) -> usize {
        self.store.traces[self.slot].rows() as usize
    }

    pub(crate) fn evidence(self) -> Option<&'a TraceEvidence> {
        self.store.evidence(self.slot)
    }

    /// Returns true if anything about it arrived in envelopes or by Sentry's OTLP route.
    pub(crate) fn has_reached_sentry(self) -> bool {
        let trace = &self.store.traces[self.slot];
        self.evidence().is_some() || trace.sentry.count > 0 || trace.seen_spans.has(SeenSpans::SENTRY_OTLP)
    }

    /// Returns true if no span of any trace arrived in an envelope.
    pub(crate) fn is_without_envelopes(self) -> bool {
        self.store.has_no_sentry_data()
    }

    pub(crate) const fn expectation(self) -> Expectation {
        self.store.sentry.expectation
    }

    /// Returns true if a span of this service arrived both ways.
    pub(crate) fn is_sent_both_ways(self, service: &str) -> bool {
        self.store.sentry.talking.contains(service)
    }

    /// Returns true if anything of this service arrived in an envelope or by Sentry's OTLP route.
    pub(crate) fn has_sent_to_sentry(self, service: &str) -> bool {
        self.store.has_sent_to_sentry(service)
    }

    /// Returns the last lines of client reports, newest last.
    pub(crate) fn client_reports(self) -> impl DoubleEndedIterator<Item = &'a ClientReport> {
        self.store.client_reports()
    }

    /// Returns a span as an envelope had it; `None` if it came in none.
    pub(crate) fn in_envelope(self, span_id: SpanId) -> Option<CheckedSpan<'a>> {
        Some(self.span(self.store.find_sentry(self.slot, span_id)?))
    }

    /// Returns the span above a span that its own service sent.
    pub(crate) fn parent_of(self, span: CheckedSpan<'a>) -> Option<CheckedSpan<'a>> {
        self.span_of(span.parent_span_id()?, self.service_number(span))
    }

    /// Returns the first span with this id of a service, by number.
    pub(crate) fn span_of(self, span_id: SpanId, service: u32) -> Option<CheckedSpan<'a>> {
        let found = self.store.find_span(self.slot, span_id, service)?;
        Some(self.span(self.store.first_duplicate_of(self.slot, found)))
    }

    pub(crate) fn service_number(self, span: CheckedSpan<'a>) -> u32 {
        self.store.contents.service_number(span.record())
    }

    /// Returns the other trace under which a span arrived in an envelope.
    pub(crate) fn other_trace(self, span_id: SpanId) -> Option<TraceId> {
        let first = TraceId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).ok()?;
        // A span that arrived both ways there belongs to that trace, and is not among these.
        let alone = self.store.sentry_alone.range((span_id, first)..);
        let with_id = alone
            .take_while(|(known, _)| *known == span_id)
            .map(|(_, trace_id)| *trace_id);
        with_id.take(2).find(|trace_id| Some(*trace_id) != self.trace_id())
    }
}

impl PartialEq for CheckedSpan<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for CheckedSpan<'_> {}

impl<'a> CheckedSpan<'a> {
    fn record(self) -> &'a Record {
        self.store.contents.log.get(self.at)
    }

    pub(crate) fn span_id(self) -> Option<SpanId> {
        self.record().span_id()
    }

    pub(crate) fn parent_span_id(self) -> Option<SpanId> {
        self.record().parent_span_id()
    }

    pub(crate) fn source(self) -> Source {
        self.store.contents.origins.get(self.record().origin).source
    }

    pub(crate) fn service(self) -> &'a str {
        self.store.contents.service(self.record())
    }

    pub(crate) fn name(self) -> &'a Arc<str> {
        self.store.contents.names.get(self.record().name)
    }

    pub(crate) fn kind(self) -> SpanKind {
        self.record().kind()
    }

    pub(crate) fn start_unix_nano(self) -> u64 {
        self.record().start_unix_nano
    }

    pub(crate) fn end_unix_nano(self) -> u64 {
        self.record().end_unix_nano
    }

    pub(crate) fn in_flight(self) -> bool {
        self.record().in_flight()
    }

    /// Returns true if it arrived in an envelope only.
    pub(crate) fn is_only_in_envelope(self) -> bool {
        self.record().stored_as == RecordKind::SentrySpan
    }

    /// Returns true if it arrived by Sentry's OTLP route.
    pub(crate) fn is_sentry_otlp(self) -> bool {
        self.record().is_sentry_otlp()
    }

    pub(crate) fn has_events(self) -> bool {
        self.record().marks().has(SpanFlags::EVENTS)
    }
}

//! Where spans are kept, within a budget of bytes.
//!
//! There is one writer, the owner of the [`Store`]; nothing here locks. Whole traces leave when the budget is full, oldest
//! activity first: half of a trace would be a lie. Only a trace that alone exceeds the budget is cut, and says so.

mod trace;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use trace::Put;
pub(crate) use trace::Trace;
pub use trace::{Root, SentryReach, TraceSummary};

use crate::{Batch, Origin, Span, SpanId, SpanKey, SpanRecord, TraceId, otlp};

/// Grows with every change of the store; two equal revisions mean that nothing happened in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(u64);

/// What the store holds and what it could not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Traces that hold at least one span.
    pub traces: usize,
    /// Spans held.
    pub spans: usize,
    /// Bytes of memory that the content stands for.
    pub bytes: usize,
    /// How many bytes there may be.
    pub budget: usize,
    /// Traces that left because the budget was full.
    pub evicted_traces: u64,
    /// Their spans.
    pub evicted_spans: u64,
    /// Spans that were not taken because their trace alone fills the budget.
    pub truncated_spans: u64,
    /// Records of a span that was already there: retries, or its end.
    pub repeated_spans: u64,
}

/// All spans that the viewer knows, by trace.
#[derive(Debug)]
pub struct Store {
    traces: HashMap<TraceId, Trace>,
    /// Newest last. Only traces that have spans.
    by_arrival: BTreeMap<u64, TraceId>,
    /// Longest quiet first.
    by_activity: BTreeMap<u64, TraceId>,
    origins: HashSet<Arc<Origin>>,
    totals: Totals,
    /// Counts changes; also the clock of arrival and activity, so that no two are equal.
    clock: u64,
}

impl Store {
    /// An empty store that keeps at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self {
            traces: HashMap::new(),
            by_arrival: BTreeMap::new(),
            by_activity: BTreeMap::new(),
            origins: HashSet::new(),
            totals: Totals {
                budget,
                ..Totals::default()
            },
            clock: 0,
        }
    }

    /// Takes the spans of one request.
    ///
    /// A span that is already there is one span still: the record with the later end stays, so one in flight gives way to its
    /// end whatever the order of arrival.
    pub fn add(&mut self, batch: Batch) {
        for mut span in batch.spans {
            self.intern(&mut span);
            self.add_span(span);
        }
    }

    /// Notes that these spans of one trace reached Sentry (or the viewer's endpoint in its place).
    pub fn add_sentry(&mut self, trace_id: TraceId, spans: impl IntoIterator<Item = SpanId>) {
        self.touch(trace_id);
        self.change(trace_id, |trace| trace.add_sentry(spans));
        self.make_room(trace_id);
        if self.totals.bytes > self.totals.budget {
            // More marks than there is memory: no SDK does that.
            self.change(trace_id, Trace::forget_sentry);
        }
    }

    /// Which state this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        Revision(self.clock)
    }

    /// The last change of one trace; `None` when it is not there.
    #[must_use]
    pub fn trace_revision(&self, trace_id: TraceId) -> Option<Revision> {
        self.traces.get(&trace_id).map(|trace| Revision(trace.activity))
    }

    /// What the store holds.
    #[must_use]
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    /// The traces at these positions, newest first; fewer where there are fewer.
    #[must_use]
    pub fn traces(&self, positions: Range<usize>) -> Vec<TraceSummary> {
        let newest_first = self.by_arrival.values().rev();
        let wanted = newest_first.skip(positions.start).take(positions.len());
        wanted.filter_map(|id| self.trace(*id)).collect()
    }

    /// One trace.
    #[must_use]
    pub fn trace(&self, trace_id: TraceId) -> Option<TraceSummary> {
        self.spans_of(trace_id).map(Trace::summary)
    }

    /// Where a trace stands in [`Store::traces`].
    #[must_use]
    pub fn position(&self, trace_id: TraceId) -> Option<usize> {
        let arrival = self.spans_of(trace_id)?.arrival;
        Some(self.by_arrival.range(arrival + 1..).count())
    }

    /// One span, decoded whole; `None` when it is not there.
    #[must_use]
    pub fn span(&self, trace_id: TraceId, key: &SpanKey) -> Option<Span> {
        otlp::decode(self.traces.get(&trace_id)?.get(key)?).ok()
    }

    /// For [`crate::Outline`]: a trace that has spans.
    pub(crate) fn spans_of(&self, trace_id: TraceId) -> Option<&Trace> {
        self.traces.get(&trace_id).filter(|trace| !trace.spans().is_empty())
    }

    fn add_span(&mut self, span: SpanRecord) {
        let trace_id = span.trace_id;
        let origin = span.origin.clone();
        self.touch(trace_id);
        let mut put = Put::Known;
        self.change(trace_id, |trace| put = trace.put(span));
        self.make_room(trace_id);
        let new = matches!(put, Put::New);
        self.totals.repeated_spans += u64::from(!new);
        if self.totals.bytes > self.totals.budget {
            // All others have left and it still does not fit: the trace goes on without it.
            self.change(trace_id, |trace| trace.undo(put));
            self.totals.truncated_spans += u64::from(new);
            return self.release(origin);
        }
        match put {
            Put::New => self.count_new_span(trace_id),
            Put::Replaced(_, before) => self.release(before.origin),
            Put::Known => self.release(origin),
        }
    }

    /// Changes a trace and keeps the account of its bytes.
    fn change(&mut self, trace_id: TraceId, change: impl FnOnce(&mut Trace)) {
        let Some(trace) = self.traces.get_mut(&trace_id) else { return };
        let bytes = trace.bytes();
        change(trace);
        self.totals.bytes = self.totals.bytes + trace.bytes() - bytes;
    }

    fn count_new_span(&mut self, trace_id: TraceId) {
        let Some(trace) = self.traces.get(&trace_id) else { return };
        self.totals.spans += 1;
        if trace.spans().len() == 1 {
            self.by_arrival.insert(trace.arrival, trace_id);
            self.totals.traces += 1;
        }
    }

    /// Makes sure that the trace exists and marks it as the last one that something happened to.
    fn touch(&mut self, trace_id: TraceId) {
        self.clock += 1;
        let now = self.clock;
        let bytes = &mut self.totals.bytes;
        let trace = self.traces.entry(trace_id).or_insert_with(|| {
            let trace = Trace::new(trace_id, now);
            *bytes += trace.bytes();
            trace
        });
        self.by_activity.remove(&trace.activity);
        trace.activity = now;
        self.by_activity.insert(now, trace_id);
    }

    /// Origins repeat in every request of a service; one copy is kept.
    fn intern(&mut self, span: &mut SpanRecord) {
        if let Some(known) = self.origins.get(&span.origin) {
            span.origin = known.clone();
        } else {
            self.totals.bytes += span.origin.bytes();
            self.origins.insert(span.origin.clone());
        }
    }

    /// Lets the longest quiet traces go until the rest fits; never the one that room is made for, and none if that alone is too
    /// large.
    fn make_room(&mut self, trace_id: TraceId) {
        if self
            .traces
            .get(&trace_id)
            .is_some_and(|trace| trace.bytes() > self.totals.budget)
        {
            return;
        }
        while self.totals.bytes > self.totals.budget {
            let Some(oldest) = self.by_activity.values().copied().find(|id| *id != trace_id) else {
                return;
            };
            self.evict(oldest);
        }
    }

    fn evict(&mut self, trace_id: TraceId) {
        let Some(trace) = self.traces.remove(&trace_id) else { return };
        self.by_activity.remove(&trace.activity);
        self.clock += 1;
        self.totals.bytes -= trace.bytes();
        if self.by_arrival.remove(&trace.arrival).is_some() {
            self.totals.traces -= 1;
            self.totals.spans -= trace.spans().len();
            self.totals.evicted_traces += 1;
            self.totals.evicted_spans += trace.spans().len() as u64;
        }
        let origins: HashSet<Arc<Origin>> = trace.spans().iter().map(|span| span.origin.clone()).collect();
        drop(trace);
        for origin in origins {
            self.release(origin);
        }
    }

    /// Forgets an origin if the caller was the last to hold on to it.
    fn release(&mut self, origin: Arc<Origin>) {
        self.origins.remove(&origin);
        if Arc::strong_count(&origin) > 1 {
            self.origins.insert(origin);
        } else {
            self.totals.bytes -= origin.bytes();
        }
    }
}

#[cfg(test)]
mod tests;

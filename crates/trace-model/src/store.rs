//! Where spans and log records are kept, within a budget of bytes.
//!
//! There is one writer, the owner of the [`Store`]; nothing here locks. The bytes of each span are appended to a log of chunks
//! together with a record of 64 bytes; records of one trace are linked. Names, and what the spans of a scope share, are kept once.
//! Nothing is decoded before somebody looks at it.
//!
//! Whole traces leave when the budget is full, oldest activity first: half of a trace would be a lie. Pinned ones stay. Only a trace
//! for which there is no room at all is cut, and says so.

mod by_arrival;
mod interner;
mod log;
mod record;
mod room;
mod search;
mod services;
mod slab;
mod summary;
mod trace;

use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::batch::{LogHead, Origin, SpanHead};
use crate::metrics::Metrics;
use crate::{Batch, MetricsBatch, Span, SpanId, SpanKey, SpanKind, TraceId, otlp};
use by_arrival::ByArrival;
use interner::Interner;
use log::Log;
use record::{At, Record, Signal, Slot};
use search::Search;
pub use search::SearchProgress;
pub use services::{SECONDS, ServiceStats};
use slab::Slab;
pub use summary::{Root, SentryReach, TraceSummary};
use trace::{List, Rare, Trace};

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
    /// Log records held.
    pub logs: usize,
    /// Traces that stay whatever comes.
    pub pinned: usize,
    /// Bytes of memory in use.
    pub bytes: usize,
    /// How many bytes there may be.
    pub budget: usize,
    /// Traces that left because the budget was full.
    pub evicted_traces: u64,
    /// Their spans.
    pub evicted_spans: u64,
    /// Log records that left, with their traces or as old as they.
    pub evicted_logs: u64,
    /// Spans that were not taken because there was no room left for them: their trace alone fills the budget, or pinned ones do.
    pub truncated_spans: u64,
    /// Log records that were not taken for the same reason.
    pub truncated_logs: u64,
    /// Records of a span that was already there: retries, or its end.
    pub repeated_spans: u64,
}

/// Bytes, and what is kept once because it repeats.
#[derive(Debug)]
struct Contents {
    log: Log,
    names: Interner<str>,
    origins: Interner<Origin>,
}

impl Contents {
    /// The records of a list, in order of arrival.
    fn records(&self, list: List) -> impl Iterator<Item = At> {
        std::iter::successors(list.first.get(), |at| self.log.get(*at).next.get())
    }

    fn service(&self, record: &Record) -> &str {
        &self.origins.get(record.origin).service
    }

    fn key(&self, record: &Record) -> Option<SpanKey> {
        Some(SpanKey {
            span_id: record.span_id()?,
            service: self.origins.get(record.origin).service.clone(),
        })
    }

    fn is(&self, at: At, span_id: SpanId, service: &str) -> bool {
        let record = self.log.get(at);
        record.has_span_id(span_id) && self.service(record) == service
    }
}

/// What an [`crate::Outline`] needs of a span.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) key: SpanKey,
    pub(crate) parent_span_id: Option<SpanId>,
    pub(crate) start_unix_nano: u64,
    pub(crate) kind: SpanKind,
}

/// All spans and log records that the viewer knows, by trace.
#[derive(Debug)]
pub struct Store {
    contents: Contents,
    traces: Slab<Trace>,
    by_id: HashTable<Slot>,
    /// Only traces that have spans.
    by_arrival: ByArrival,
    /// The ends of the list by activity, in which pinned traces are not.
    oldest: Slot,
    newest: Slot,
    services: services::Services,
    search: Option<Box<Search>>,
    /// Which search this is; 0 before the first one.
    searches: u8,
    metrics: Metrics,
    rare_bytes: usize,
    totals: Totals,
    /// Counts changes; also the clock of arrival and activity, so that no two are equal.
    clock: u64,
    hasher: DefaultHashBuilder,
}

impl Store {
    /// An empty store that keeps at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self {
            contents: Contents {
                log: Log::new(budget),
                names: Interner::new(),
                origins: Interner::new(),
            },
            traces: Slab::new(),
            by_id: HashTable::new(),
            by_arrival: ByArrival::default(),
            oldest: Slot::NONE,
            newest: Slot::NONE,
            services: services::Services::default(),
            search: None,
            searches: 0,
            metrics: Metrics::default(),
            rare_bytes: 0,
            totals: Totals {
                budget,
                ..Totals::default()
            },
            clock: 0,
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Takes everything in a batch.
    ///
    /// A span that is already there is one span still: the record with the later end stays (0, in flight, is the earliest), and of
    /// two with the same end the one whose bytes sort last. Any rule would do, as long as the order of arrival does not matter.
    pub fn add(&mut self, mut batch: Batch) {
        while self.add_part(&mut batch, usize::MAX) {}
    }

    /// Takes the next `items` spans and log records of a batch; true while more are left. For who must not be busy for long.
    pub fn add_part(&mut self, batch: &mut Batch, items: usize) -> bool {
        let total = batch.spans.len() + batch.logs.len();
        let part = batch.taken..total.min(batch.taken.saturating_add(items));
        batch.taken = part.end;
        let mut run = Run::default();
        let mut without_trace = None;
        for at in part {
            let item = batch.spans.get(at).ok_or_else(|| batch.logs[at - batch.spans.len()]);
            let wanted = item.map_or_else(|log| log.origin, |span| span.origin);
            if run.origin != Some(wanted) {
                self.end_run(&run, batch.received_unix_nano);
                run = Run {
                    origin: Some(wanted),
                    number: self.intern_origin(&batch.origins[wanted as usize]),
                    ..Run::default()
                };
            }
            match item {
                Ok(span) => {
                    run.spans += 1;
                    self.add_span(span, run.number, batch);
                }
                Err(log) => {
                    run.logs += 1;
                    self.add_log(&log, run.number, batch, &mut without_trace);
                }
            }
        }
        self.end_run(&run, batch.received_unix_nano);
        self.settle();
        batch.taken < total
    }

    /// Takes the points of a request, each into its series.
    pub fn add_metrics(&mut self, batch: &MetricsBatch) {
        self.clock += 1;
        self.metrics.add(batch, self.totals.budget);
        self.settle();
    }

    /// All series of metrics.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Notes that these spans of one trace reached Sentry (or the viewer's endpoint in its place).
    pub fn add_sentry(&mut self, trace_id: TraceId, spans: impl IntoIterator<Item = SpanId>) {
        let slot = self.slot_of(trace_id);
        self.touch(slot);
        self.change_rare(slot, |rare| rare.sentry.extend(spans));
        self.settle_for(slot);
        if self.used() > self.totals.budget {
            // More marks than there is memory: no SDK does that.
            self.change_rare(slot, |rare| rare.sentry = std::collections::HashSet::new());
        }
    }

    /// Makes a trace stay whatever comes, or lets it go its way again. A trace that is not there is not pinned.
    pub fn pin(&mut self, trace_id: TraceId, pinned: bool) {
        let Some(slot) = self.find_trace(trace_id) else { return };
        if self.traces[slot].pinned == pinned {
            return;
        }
        if pinned {
            self.unlink(slot);
            self.totals.pinned += 1;
        } else {
            self.link_newest(slot);
            self.totals.pinned -= 1;
        }
        self.clock += 1;
        let trace = &mut self.traces[slot];
        trace.pinned = pinned;
        trace.activity = self.clock;
        trace.summary.take();
    }

    /// Which state this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        Revision(self.clock)
    }

    /// The last change of one trace; `None` when it is not there.
    #[must_use]
    pub fn trace_revision(&self, trace_id: TraceId) -> Option<Revision> {
        let slot = self.find_trace(trace_id)?;
        Some(Revision(self.traces[slot].activity))
    }

    /// What the store holds.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            traces: self.by_arrival.len(),
            bytes: self.used(),
            ..self.totals
        }
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
    pub fn logs(&self, trace_id: TraceId, span_id: Option<SpanId>, limit: usize) -> Vec<crate::Log> {
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
    pub(crate) fn line(&self, trace_id: TraceId, key: &SpanKey) -> Option<crate::Line> {
        let record = self.contents.log.get(self.find_key(trace_id, key)?);
        Some(crate::Line {
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

    fn find_trace(&self, trace_id: TraceId) -> Option<Slot> {
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

    fn find_span(&self, slot: Slot, span_id: SpanId, service: &str) -> Option<At> {
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

    fn add_span(&mut self, head: &SpanHead, origin: u32, batch: &Batch) {
        let slot = self.slot_of(head.trace_id);
        self.touch(slot);
        let raw = batch.piece(head.raw);
        let known = self.find_span(slot, head.span_id, &self.contents.origins.get(origin).service);
        if let Some(at) = known {
            self.totals.repeated_spans += 1;
            let log = &self.contents.log;
            if (head.end_unix_nano, raw) <= (log.get(at).end_unix_nano, log.raw(at)) {
                return;
            }
        }
        if !self.make_place(raw.len(), slot) {
            if known.is_none() {
                self.traces[slot].truncated += 1;
                self.totals.truncated_spans += 1;
            }
            return;
        }
        let name = std::str::from_utf8(batch.piece(head.name)).unwrap_or_default();
        let mut record = Record::of_span(head);
        record.trace = slot;
        record.name = self
            .contents
            .names
            .number(name, |name| (name.into(), name.len() + 2 * size_of::<usize>()));
        record.origin = origin;
        self.contents.origins.again(origin);
        // Room may have been made by copying the known one forward.
        let known = known.and_then(|_| self.find_span(slot, head.span_id, &self.contents.origins.get(origin).service));
        match known {
            Some(before) => {
                let old = *self.contents.log.get(before);
                (record.previous, record.next) = (old.previous, old.next);
                let at = self.contents.log.append(record, raw);
                self.moved(before, at);
                self.bury(before);
            }
            None => self.append_span(slot, record, raw),
        }
        if self.contents.log.needs_own(raw.len()) {
            self.look_at_last(slot);
        }
    }

    fn append_span(&mut self, slot: Slot, mut record: Record, raw: &[u8]) {
        let list = self.traces[slot].spans;
        record.previous = list.last;
        let span_id = record.span_id();
        let at = self.contents.log.append(record, raw);
        if let Some(last) = list.last.get() {
            self.contents.log.get_mut(last).next = at;
        }
        let trace = &mut self.traces[slot];
        trace.spans = List {
            first: list.first.get().unwrap_or(at),
            last: at,
            count: list.count + 1,
        };
        trace.seen |= span_id.map_or(0, Trace::bit);
        self.totals.spans += 1;
        if list.count == 0 {
            self.by_arrival.insert(trace.arrival, slot);
        }
        if let Some(span_id) = span_id.filter(|_| list.count >= MANY) {
            self.index(slot, span_id, at);
        }
    }

    fn add_log(&mut self, head: &LogHead, origin: u32, batch: &Batch, without_trace: &mut Option<(Slot, u64)>) {
        let slot = match head.trace_id {
            Some(trace_id) => self.slot_of(trace_id),
            None => self.slot_without_trace(without_trace),
        };
        self.touch(slot);
        let raw = batch.piece(head.raw);
        if !self.make_place(raw.len(), slot) {
            self.totals.truncated_logs += 1;
            return;
        }
        let list = self.traces[slot].logs;
        let mut record = Record::of_log(head);
        record.trace = slot;
        record.name = self.contents.names.number("", |name| (name.into(), 0));
        record.origin = origin;
        record.previous = list.last;
        self.contents.origins.again(origin);
        let at = self.contents.log.append(record, raw);
        if let Some(last) = list.last.get() {
            self.contents.log.get_mut(last).next = at;
        }
        self.traces[slot].logs = List {
            first: list.first.get().unwrap_or(at),
            last: at,
            count: list.count + 1,
        };
        self.totals.logs += 1;
    }

    /// Adds a span to its trace's index, which is made when looking through all of them would take too long.
    fn index(&mut self, slot: Slot, span_id: SpanId, at: At) {
        let hash = |span_id: Option<SpanId>| span_id.map_or(0, |span_id| self.hasher.hash_one(span_id));
        let contents = &self.contents;
        let trace = &mut self.traces[slot];
        let before = trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        let rare = trace.rare.get_or_insert_default();
        let rehash = |at: &At| hash(contents.log.get(*at).span_id());
        if let Some(index) = &mut rare.index {
            index.insert_unique(hash(Some(span_id)), at, rehash);
        } else {
            let mut index = HashTable::with_capacity(2 * MANY as usize);
            for at in contents.records(trace.spans) {
                index.insert_unique(hash(contents.log.get(at).span_id()), at, rehash);
            }
            rare.index = Some(index);
        }
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
    }

    /// What refers to a record refers to its new place from now on.
    fn moved(&mut self, from: At, to: At) {
        let log = &mut self.contents.log;
        let record = *log.get(to);
        let trace = &mut self.traces[record.trace];
        let list = match record.signal {
            Signal::Span => &mut trace.spans,
            Signal::Log => &mut trace.logs,
        };
        match record.previous.get() {
            Some(previous) => log.get_mut(previous).next = to,
            None => list.first = to,
        }
        match record.next.get() {
            Some(next) => log.get_mut(next).previous = to,
            None => list.last = to,
        }
        let index = trace.rare.as_mut().and_then(|rare| rare.index.as_mut());
        if let (Some(index), Signal::Span, Some(span_id)) = (index, record.signal, record.span_id())
            && let Some(known) = index.find_mut(self.hasher.hash_one(span_id), |known| *known == from)
        {
            *known = to;
        }
    }

    /// Ends a record that nothing refers to any more.
    fn bury(&mut self, at: At) {
        let record = *self.contents.log.get(at);
        self.lost(&record);
        self.contents.names.release(record.name);
        self.contents.origins.release(record.origin);
        self.contents.log.kill(at);
    }

    /// The place of a trace, which is made if there is none.
    fn slot_of(&mut self, trace_id: TraceId) -> Slot {
        if let Some(slot) = self.find_trace(trace_id) {
            return slot;
        }
        let slot = self.new_trace(Some(trace_id));
        let (traces, hasher) = (&self.traces, &self.hasher);
        self.by_id.insert_unique(hasher.hash_one(trace_id), slot, |slot| {
            traces[*slot].id.map_or(0, |id| hasher.hash_one(id))
        });
        slot
    }

    /// Log records of one request that belong to no trace come and go together.
    fn slot_without_trace(&mut self, known: &mut Option<(Slot, u64)>) -> Slot {
        let is_there = |&(slot, arrival): &(Slot, u64)| self.traces.get(slot).is_some_and(|trace| trace.arrival == arrival);
        if let Some((slot, _)) = (*known).filter(is_there) {
            return slot;
        }
        let slot = self.new_trace(None);
        *known = Some((slot, self.traces[slot].arrival));
        slot
    }

    fn new_trace(&mut self, id: Option<TraceId>) -> Slot {
        self.clock += 1;
        let slot = self.traces.insert(Trace::new(id, self.clock));
        self.link_newest(slot);
        slot
    }

    /// Something happened to this trace.
    fn touch(&mut self, slot: Slot) {
        self.clock += 1;
        let trace = &mut self.traces[slot];
        trace.activity = self.clock;
        trace.summary.take();
        if !trace.pinned && self.newest != slot {
            self.unlink(slot);
            self.link_newest(slot);
        }
    }

    fn link_newest(&mut self, slot: Slot) {
        let before = std::mem::replace(&mut self.newest, slot);
        let trace = &mut self.traces[slot];
        (trace.older, trace.newer) = (before, Slot::NONE);
        match before.get() {
            Some(before) => self.traces[before].newer = slot,
            None => self.oldest = slot,
        }
    }

    fn unlink(&mut self, slot: Slot) {
        let (older, newer) = (self.traces[slot].older, self.traces[slot].newer);
        match older.get() {
            Some(older) => self.traces[older].newer = newer,
            None => self.oldest = newer,
        }
        match newer.get() {
            Some(newer) => self.traces[newer].older = older,
            None => self.newest = older,
        }
    }

    fn change_rare(&mut self, slot: Slot, change: impl FnOnce(&mut Rare)) {
        let trace = &mut self.traces[slot];
        let before = trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        let rare = trace.rare.get_or_insert_default();
        change(rare);
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
        trace.summary.take();
    }

    fn intern_origin(&mut self, origin: &Origin) -> u32 {
        self.contents
            .origins
            .number(origin, |origin| (origin.clone().into(), origin.bytes()))
    }

    fn end_run(&mut self, run: &Run, received_unix_nano: u64) {
        if run.origin.is_some() {
            let service = &self.contents.origins.get(run.number).service;
            self.services.count(service, run.spans, run.logs, received_unix_nano);
            self.contents.origins.release(run.number);
        }
    }
}

/// Spans and log records of a batch that share their origin, one after the other.
#[derive(Default)]
struct Run {
    /// Position in the batch.
    origin: Option<u32>,
    /// Interned, and used by the run itself.
    number: u32,
    spans: u32,
    logs: u32,
}

/// How many spans a trace has before they are indexed.
const MANY: u32 = 32;

#[cfg(test)]
mod tests;

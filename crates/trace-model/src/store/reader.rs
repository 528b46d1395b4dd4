//! Reading the records of one trace in steps, while the store changes.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::marks::Hosts;
use super::record::{Record, RecordId, RecordKind, RecordPlace, Slot};
use super::{Contents, Store};
use crate::batch::SpanFlags;
use crate::sentry::Gravity;
use crate::work::{self, VISIT};
use crate::{ErrorMark, Source, SpanId, SpanNode, TraceId, outside_of_spans};

/// Positions of the readers: the record that each has read last. When the log moves that record, the position moves with it.
#[derive(Debug, Default)]
pub(super) struct Cursors(RefCell<Vec<Arc<AtomicU32>>>);

impl Cursors {
    fn begin(&self) -> Arc<AtomicU32> {
        let mut cursors = self.0.borrow_mut();
        // Those of dropped readers are referenced only here.
        cursors.retain(|cursor| Arc::strong_count(cursor) > 1);
        let cursor = Arc::new(AtomicU32::new(RecordId::NONE.to_bits()));
        cursors.push(cursor.clone());
        cursor
    }

    /// A record has another place in the log.
    #[inline]
    pub(super) fn relocate(&mut self, from: RecordId, to: RecordId) {
        for cursor in self.0.get_mut() {
            if cursor.load(Ordering::Relaxed) == from.to_bits() {
                cursor.store(to.to_bits(), Ordering::Relaxed);
            }
        }
    }
}

/// Position of a reader in a trace's records.
///
/// Records are appended to a list, replaced and moved, but none leaves it before the whole trace does. So the records after the
/// one read last are the unread ones, whatever happens between two steps.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    trace_id: TraceId,
    /// Tells the trace apart from a later one with its id.
    arrival: u64,
    /// The lists that are left to read.
    record_kinds: &'static [RecordKind],
    /// The record of the first of these that was read last.
    last: Arc<AtomicU32>,
}

impl Cursor {
    pub(super) fn new(store: &Store, trace_id: TraceId, record_kinds: &'static [RecordKind]) -> Self {
        let slot = store.find_trace(trace_id);
        Self {
            trace_id,
            arrival: slot.map_or(u64::MAX, |slot| store.traces[slot].arrival),
            record_kinds,
            last: store.cursors.begin(),
        }
    }

    pub(super) const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Returns the trace's slot; `None` if it was evicted.
    pub(super) fn slot(&self, store: &Store) -> Option<Slot> {
        let slot = store.find_trace(self.trace_id)?;
        (store.traces[slot].arrival == self.arrival).then_some(slot)
    }

    /// Returns true if there are unread records.
    pub(super) fn has_more(&self, store: &Store, slot: Slot) -> bool {
        let (trace, log) = (&store.traces[slot], &store.contents.log);
        let last = RecordId::from_bits(self.last.load(Ordering::Relaxed));
        let [current, later @ ..] = self.record_kinds else {
            return false;
        };
        let next = last.get().map_or(trace.list(*current).first, |last| log.get(last).next);
        next.get().is_some() || later.iter().any(|kind| trace.list(*kind).count > 0)
    }

    /// Reads on until [`work::done`] is `until`, at least one record; true when all have been read.
    pub(super) fn step(&mut self, store: &Store, slot: Slot, until: u64, mut read: impl FnMut(RecordId)) -> bool {
        let (trace, log) = (&store.traces[slot], &store.contents.log);
        let mut last = RecordId::from_bits(self.last.load(Ordering::Relaxed));
        let mut is_over = false;
        while let [stored_as, rest @ ..] = self.record_kinds {
            let first = trace.list(*stored_as).first;
            while let Some(at) = last.get().map_or(first, |last| log.get(last).next).get().filter(|_| !is_over) {
                last = at;
                work::add(VISIT);
                read(at);
                is_over = work::done() >= until;
            }
            if is_over {
                break;
            }
            if rest.is_empty() {
                // What arrives from now on is read by the next call.
                break;
            }
            (self.record_kinds, last) = (rest, RecordId::NONE);
        }
        self.last.store(last.to_bits(), Ordering::Relaxed);
        !is_over
    }
}

/// Reads the spans of a trace, in no particular order, and its error events by the row that they are on, for [`crate::SpanTree`].
#[derive(Debug)]
pub(crate) struct RecordReader {
    cursor: Cursor,
    pub(crate) spans: Vec<SpanNode>,
    /// By span.
    pub(crate) places: Vec<RecordPlace>,
    pub(crate) marks: Vec<(SpanId, ErrorMark)>,
    hosts: Hosts,
}

impl RecordReader {
    pub(crate) fn new(store: &Store, trace_id: TraceId) -> Self {
        let has_errors = store
            .find_trace(trace_id)
            .is_some_and(|slot| store.traces[slot].error_events > 0);
        let record_kinds: &[RecordKind] = if has_errors {
            &[RecordKind::Span, RecordKind::SentrySpan, RecordKind::Log]
        } else {
            &[RecordKind::Span, RecordKind::SentrySpan]
        };
        Self {
            cursor: Cursor::new(store, trace_id, record_kinds),
            spans: Vec::new(),
            places: Vec::new(),
            marks: Vec::new(),
            hosts: Hosts::default(),
        }
    }

    /// Reads on until [`work::done`] is `until`; true when more is left. An evicted trace has nothing left.
    pub(crate) fn step(&mut self, store: &Store, until: u64) -> bool {
        let Some(slot) = self.cursor.slot(store) else {
            self.spans.clear();
            self.places.clear();
            self.marks.clear();
            return false;
        };
        let (contents, trace_id) = (&store.contents, self.cursor.trace_id);
        if self.spans.is_empty() {
            let rows = store.traces[slot].rows() as usize;
            self.spans.reserve(rows);
            self.places.reserve(rows);
        }
        let (spans, places) = (&mut self.spans, &mut self.places);
        let (marks, hosts) = (&mut self.marks, &mut self.hosts);
        !self.cursor.step(store, slot, until, |at| {
            let record = contents.log.get(at);
            if record.is_error_event() {
                let span_id = record.span_id().unwrap_or_else(|| outside_of_spans(trace_id));
                marks.push((span_id, contents.error_mark(record)));
            } else if record.is_row() {
                // Its node takes two more cache lines.
                work::add(VISIT);
                if let Some(node) = contents.node(record, hosts) {
                    spans.push(node);
                    places.push(RecordPlace(at));
                }
            }
        })
    }
}

impl Contents {
    /// Returns a span's node, which has no place in the tree yet.
    fn node(&self, record: &Record, hosts: &mut Hosts) -> Option<SpanNode> {
        let marks = record.marks();
        Some(SpanNode {
            parent_span_id: record.parent_span_id(),
            kind: record.kind(),
            status: record.status(),
            start_unix_nano: record.start_unix_nano,
            end_unix_nano: (!record.in_flight()).then_some(record.end_unix_nano),
            has_exception: marks.has(SpanFlags::EXCEPTION),
            has_links: marks.has(SpanFlags::LINKS),
            flags: marks.flags(),
            is_saved: self.origins.get(record.origin).source == Source::File,
            host: hosts.intern(record.origin, self.origins.kept(record.origin)),
            ..SpanNode::new(self.key(record)?, self.names.get(record.name).clone())
        })
    }

    fn error_mark(&self, record: &Record) -> ErrorMark {
        ErrorMark {
            time_unix_nano: record.start_unix_nano,
            title: self.names.get(record.name).clone(),
            service: self.origins.get(record.origin).service.clone(),
            gravity: record.gravity().unwrap_or(Gravity::Error),
        }
    }
}

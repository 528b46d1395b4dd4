//! Traces, and their order by activity.

use std::hash::BuildHasher;

use super::Store;
use super::record::Slot;
use super::trace::Trace;
use crate::TraceId;

impl Store {
    /// Returns the entry of a trace, which is added if it is missing.
    pub(super) fn slot_of(&mut self, trace_id: TraceId) -> Slot {
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

    /// Returns the trace of the log records of one request that belong to no trace: they are stored and evicted together.
    pub(super) fn slot_without_trace(&mut self, known: &mut Option<(u32, u64)>) -> Slot {
        let is_there = |&(slot, arrival): &(u32, u64)| self.traces.get(Slot(slot)).is_some_and(|trace| trace.arrival == arrival);
        if let Some((slot, _)) = (*known).filter(is_there) {
            return Slot(slot);
        }
        let slot = self.new_trace(None);
        *known = Some((slot.0, self.traces[slot].arrival));
        slot
    }

    fn new_trace(&mut self, id: Option<TraceId>) -> Slot {
        self.clock += 1;
        let slot = self.traces.insert(Trace::new(id, self.clock));
        self.link_newest(slot);
        slot
    }

    /// Something happened to this trace.
    pub(super) fn mark_active(&mut self, slot: Slot) {
        self.clock += 1;
        let trace = &mut self.traces[slot];
        trace.activity = self.clock;
        trace.summary.forget();
        if !trace.pinned && self.newest != slot {
            self.unlink(slot);
            self.link_newest(slot);
        }
    }

    pub(super) fn link_newest(&mut self, slot: Slot) {
        let before = std::mem::replace(&mut self.newest, slot);
        let trace = &mut self.traces[slot];
        (trace.older, trace.newer) = (before, Slot::NONE);
        match before.get() {
            Some(before) => self.traces[before].newer = slot,
            None => self.oldest = slot,
        }
    }

    pub(super) fn unlink(&mut self, slot: Slot) {
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
}

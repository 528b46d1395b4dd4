//! Eviction and compaction.
//!
//! Traces are evicted by activity. Mostly that empties the oldest chunk, which is then filled again. Where traces live at very
//! different speeds it leaves chunks with few live records: these are copied forward, and the chunk is free.

use std::hash::BuildHasher;

use super::Store;
use super::hashes::{hash_of_error, hash_of_sentry};
use super::record::{Record, RecordId, RecordKind, Slot};
use super::trace::{List, Trace};
use crate::work::{self, VISIT};
use crate::{SpanId, TraceId};

/// Chunks are emptied by copying when more than this part of the budget is dead.
const COMPACT_DEAD_RATIO: usize = 16;

/// Result of a request for memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    Made,
    None,
    /// [More is to be done](Store::is_over) before it is known.
    Later,
}

/// A trace that nothing finds any more, while its records are ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    slot: Slot,
    id: Option<TraceId>,
}

/// About what an entry of a B-tree takes, in bytes.
const TREE_ENTRY: usize = 2 * size_of::<(SpanId, TraceId)>();

impl Store {
    /// Bytes of memory in use.
    pub(super) fn used(&self) -> usize {
        self.contents.log.allocated()
            + self.contents.names.bytes()
            + self.contents.origins.bytes()
            + self.traces.bytes()
            + self.by_id.allocation_size()
            + self.by_arrival.bytes()
            + self.metrics.bytes()
            + self.rare_bytes
            + self.sentry_spans.allocation_size()
            + self.sentry_alone.len() * TREE_ENTRY
            + self.error_events.allocation_size()
            + self.error_journal.bytes()
            + self.links.allocation_size()
            + self.links_bytes
            + self.hidden.bytes()
            + self.logs.bytes()
            + self.search.as_ref().map_or(0, |search| search.bytes())
    }

    /// Makes sure that a record of this trace with so many bytes can be appended. [`Room::None`] if that is impossible, even with
    /// all other traces evicted that may be.
    pub(super) fn make_place(&mut self, length: usize, keep: Slot) -> Room {
        let size = self.contents.log.chunk_size(length);
        // One chunk stays in reserve for copying forward, and one for what grows outside of the log.
        let budget = self.totals.budget.saturating_sub(2 * self.contents.log.chunk_size(0));
        if size > budget {
            return Room::None;
        }
        let needs_own = self.contents.log.needs_own(length);
        // A separate chunk gets its memory with its record only, which may come later and be another one than it was opened for.
        while !self.contents.log.fits(length) || (needs_own && self.used() + size > budget) {
            let used = self.used();
            // A free chunk has memory enough, unless the record needs one that is larger than all others.
            let reuses = self.contents.log.has_free() && !needs_own;
            if (reuses && used <= budget) || used + size <= budget {
                if !self.contents.log.open(length) {
                    return Room::None;
                }
            } else if !self.contents.log.release_free() {
                match self.free_a_chunk(keep) {
                    Room::Made => {}
                    other => return other,
                }
            }
        }
        Room::Made
    }

    /// Brings growth outside of the log back into the budget; returns false when [more is to be done](Store::is_over).
    pub(super) fn enforce_budget(&mut self) -> bool {
        self.enforce_budget_except(Slot::NONE)
    }

    /// The same, without this trace leaving.
    pub(super) fn enforce_budget_except(&mut self, keep: Slot) -> bool {
        while self.used() > self.totals.budget {
            if self.contents.log.release_free() {
                continue;
            }
            match self.free_a_chunk(keep) {
                Room::Made => {}
                Room::None => break,
                Room::Later => return false,
            }
        }
        self.free_leaving().is_some()
    }

    /// Frees a chunk, or at least something. [`Room::None`] when nothing can be freed.
    fn free_a_chunk(&mut self, keep: Slot) -> Room {
        if self.free_leaving().is_none() {
            return Room::Later;
        }
        let enough = self.contents.log.chunk_size(0);
        // Spans of always active traces keep chunks from which all others were evicted.
        if self.contents.log.dead() > self.totals.budget / COMPACT_DEAD_RATIO && self.copy_forward(4) {
            return Room::Made;
        }
        let before = self.used();
        let mut evicted = 0;
        loop {
            if self.contents.log.has_free() {
                return Room::Made;
            }
            let Some(oldest) = self.oldest_besides(keep) else {
                // No trace is left to evict: only dead records in the chunks of the others can be freed.
                let is_freed = self.used() < before || self.copy_forward(8);
                return if is_freed { Room::Made } else { Room::None };
            };
            self.evict(oldest);
            let Some(bytes) = self.free_leaving() else {
                return Room::Later;
            };
            evicted += bytes;
            if evicted >= enough {
                evicted = 0;
                if self.copy_forward(2) {
                    return Room::Made;
                }
            }
        }
    }

    fn oldest_besides(&self, keep: Slot) -> Option<Slot> {
        let oldest = self.oldest.get()?;
        if oldest == keep {
            self.traces[oldest].newer.get()
        } else {
            Some(oldest)
        }
    }

    /// Empties the chunk of which most is dead, if that is at least a `part`-th of a chunk. Takes one chunk more for a moment.
    ///
    /// Dead records are gone then, and copying kills no record that is not freed with its chunk: so this terminates.
    fn copy_forward(&mut self, part: usize) -> bool {
        let Some(chunk) = self.contents.log.most_dead(part) else {
            return false;
        };
        for at in self.contents.log.living(chunk) {
            work::add(2 * VISIT);
            let length = self.contents.log.get(at).length as usize;
            // The budget may be exceeded for a moment, until the other chunk is free: the tables grow in leaps.
            let limit = self.totals.budget + self.totals.budget / COMPACT_DEAD_RATIO;
            let has_room = self.contents.log.fits(length) || (self.used() <= limit && self.contents.log.open(length));
            if !has_room {
                return false;
            }
            let copy = self.contents.log.copy(at);
            self.relocate(at, copy);
            self.contents.log.mark_dead(at);
        }
        true
    }

    /// Lets a trace go: nothing finds it from now on, and [`Store::free_leaving`] ends its records.
    fn evict(&mut self, slot: Slot) {
        self.unlink(slot);
        self.clock += 1;
        let trace = &mut self.traces[slot];
        let id = trace.id.take();
        let arrival = std::mem::take(&mut trace.arrival);
        let rare = trace.rare.take();
        let (found, found_by) = (std::mem::take(&mut trace.found), trace.found_by);
        let (rows, logs) = (trace.rows(), trace.logs.count);
        let is_listed = id.is_some() && trace.spans.count + trace.sentry.count + logs > 0;
        self.leaving = Some(Leaving { slot, id });
        if let Some(id) = id {
            let (traces, hasher) = (&self.traces, &self.hasher);
            let hash_of = |slot: &Slot| traces[*slot].id.map_or(0, |id| hasher.hash_one(id));
            self.by_id.remove(hasher.hash_one(id), |known| *known == slot, hash_of);
        }
        if is_listed {
            self.by_arrival.remove(arrival);
            self.totals.evicted_traces += 1;
            self.forget_found(found, found_by, arrival);
        }
        self.rare_bytes -= rare.map_or(0, |rare| rare.bytes());
        self.totals.spans -= rows as usize;
        self.totals.logs -= logs as usize;
        self.totals.evicted_spans += u64::from(rows);
        self.totals.evicted_logs += u64::from(logs);
    }

    /// Ends the records of the trace that is leaving, and returns how many bytes of the log those were; `None` when [more is to be
    /// done](Store::is_over).
    fn free_leaving(&mut self) -> Option<usize> {
        let Some(leaving) = self.leaving else { return Some(0) };
        let mut bytes = 0;
        let lists: [fn(&mut Trace) -> &mut List; 3] =
            [|trace| &mut trace.spans, |trace| &mut trace.logs, |trace| &mut trace.sentry];
        for list in lists {
            let mut next = list(&mut self.traces[leaving.slot]).first;
            while let Some(at) = next.get() {
                let record = *self.contents.log.get(at);
                next = record.next;
                bytes += record.bytes();
                work::add(2 * VISIT);
                if record.has_links() {
                    self.forget_links(at);
                }
                self.forget_keyed(leaving, at, &record);
                self.contents.names.release(record.name);
                self.contents.origins.release(record.origin);
                self.contents.log.mark_dead(at);
                if self.is_over() {
                    list(&mut self.traces[leaving.slot]).first = next;
                    return None;
                }
            }
            list(&mut self.traces[leaving.slot]).first = RecordId::NONE;
        }
        self.leaving = None;
        self.traces.remove(leaving.slot);
        Some(bytes)
    }

    /// Takes a record out of the tables of all traces.
    #[inline]
    fn forget_keyed(&mut self, leaving: Leaving, at: RecordId, record: &Record) {
        if record.stored_as == RecordKind::Log {
            self.logs.remove(record);
        }
        if record.is_error_event() {
            let hash = hash_of_error(leaving.slot, self.contents.log.raw(at));
            self.error_events.remove(hash, |(_, known)| *known == at, |(hash, _)| *hash);
        }
        if record.stored_as != RecordKind::SentrySpan {
            return;
        }
        let hash = hash_of_sentry(&self.hasher, record);
        let (hasher, log) = (&self.hasher, &self.contents.log);
        let hash_of = |at: &RecordId| hash_of_sentry(hasher, log.get(*at));
        self.sentry_spans.remove(hash, |known| *known == at, hash_of);
        if let (Some(span_id), Some(trace_id), false) = (record.span_id(), leaving.id, record.is_shadow()) {
            self.sentry_alone.remove(&(span_id, trace_id));
        }
    }
}

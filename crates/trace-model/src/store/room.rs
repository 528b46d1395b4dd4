//! Making room: who leaves when the budget is full.
//!
//! Traces leave by activity. Mostly that empties the oldest chunk, which is then filled anew. Where traces live at very different
//! speeds it leaves chunks of which little is alive: that little is copied forward, and the chunk is free.

use super::record::{At, Slot};
use super::{Store, Trace};

/// Chunks are emptied by copying when more than this part of the budget is dead.
const DEAD: usize = 16;

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
            + self.links.allocation_size()
            + self.search.as_ref().map_or(0, |search| search.bytes())
    }

    /// Makes sure that a record of this trace with so many bytes can be appended. False when there is no room, even if all others
    /// that may leave have left.
    pub(super) fn make_place(&mut self, length: usize, keep: Slot) -> bool {
        let size = self.contents.log.chunk_size(length);
        // One chunk stays in reserve for copying forward, and one for what grows besides the log.
        let budget = self.totals.budget.saturating_sub(2 * self.contents.log.chunk_size(0));
        if size > budget {
            return false;
        }
        while !self.contents.log.fits(length) {
            let used = self.used();
            // A free chunk has memory enough, unless the record needs one that is larger than all others.
            let reuses = self.contents.log.has_free() && !self.contents.log.needs_own(length);
            if (reuses && used <= budget) || used + size <= budget {
                if !self.contents.log.open(length) {
                    return false;
                }
            } else if !self.contents.log.release_free() && !self.free_a_chunk(keep) {
                return false;
            }
        }
        true
    }

    /// Brings what has grown besides the log back into the budget.
    pub(super) fn settle(&mut self) {
        self.settle_for(Slot::NONE);
    }

    /// The same, without this trace leaving.
    pub(super) fn settle_for(&mut self, keep: Slot) {
        while self.used() > self.totals.budget && (self.contents.log.release_free() || self.free_a_chunk(keep)) {}
    }

    /// Frees a chunk, or at least something. False when nothing can be freed.
    fn free_a_chunk(&mut self, keep: Slot) -> bool {
        let enough = self.contents.log.chunk_size(0);
        // Spans of those who speak all the time hold on to chunks of which all others have left.
        if self.contents.log.dead() > self.totals.budget / DEAD && self.copy_forward(4) {
            return true;
        }
        let before = self.used();
        let mut evicted = 0;
        loop {
            if self.contents.log.has_free() {
                return true;
            }
            let Some(oldest) = self.oldest_besides(keep) else {
                // Nobody is left who may leave: what died in the chunks of those who stay is all there is.
                return self.used() < before || self.copy_forward(8);
            };
            evicted += self.evict(oldest);
            if evicted >= enough {
                evicted = 0;
                if self.copy_forward(2) {
                    return true;
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
    /// What is dead is gone then, and copying makes nothing dead that is not freed with its chunk: so this comes to an end.
    fn copy_forward(&mut self, part: usize) -> bool {
        let Some(chunk) = self.contents.log.most_dead(part) else {
            return false;
        };
        for at in self.contents.log.living(chunk) {
            let length = self.contents.log.get(at).length as usize;
            // The budget may be exceeded for a moment, until the other chunk is free: the tables grow in leaps.
            let limit = self.totals.budget + self.totals.budget / DEAD;
            let has_room = self.contents.log.fits(length) || (self.used() <= limit && self.contents.log.open(length));
            if !has_room {
                return false;
            }
            let copy = self.contents.log.copy(at);
            self.moved(at, copy);
            self.contents.log.kill(at);
        }
        true
    }

    /// Lets a trace go, with all that belongs to it; tells how many bytes of the log that were.
    fn evict(&mut self, slot: Slot) -> usize {
        self.unlink(slot);
        self.clock += 1;
        let Some(trace) = self.traces.remove(slot) else { return 0 };
        if let Some(id) = trace.id {
            let hash = std::hash::BuildHasher::hash_one(&self.hasher, id);
            if let Ok(found) = self.by_id.find_entry(hash, |known| *known == slot) {
                found.remove();
            }
        }
        if trace.is_listed() {
            self.by_arrival.remove(trace.arrival);
            self.totals.evicted_traces += 1;
            self.forget_found(&trace);
        }
        self.rare_bytes -= trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        self.forget_sentry_spans(&trace);
        let bytes = self.bury_all(trace.spans.first) + self.bury_all(trace.logs.first) + self.bury_all(trace.sentry.first);
        self.count_evicted(&trace);
        bytes
    }

    fn forget_sentry_spans(&mut self, trace: &Trace) {
        let mut next = trace.sentry.first.get();
        while let Some(at) = next {
            let record = self.contents.log.get(at);
            next = record.next.get();
            let hash = std::hash::BuildHasher::hash_one(&self.hasher, record.span_id());
            if let Ok(found) = self.sentry_spans.find_entry(hash, |known| *known == at) {
                found.remove();
            }
        }
    }

    fn bury_all(&mut self, first: At) -> usize {
        let mut bytes = 0;
        let mut next = first.get();
        while let Some(at) = next {
            let record = *self.contents.log.get(at);
            next = record.next.get();
            bytes += record.bytes();
            self.forget_links(at);
            self.contents.names.release(record.name);
            self.contents.origins.release(record.origin);
            self.contents.log.kill(at);
        }
        bytes
    }

    fn count_evicted(&mut self, trace: &Trace) {
        let (spans, logs) = (trace.rows(), trace.logs.count);
        self.totals.spans -= spans as usize;
        self.totals.logs -= logs as usize;
        self.totals.evicted_spans += u64::from(spans);
        self.totals.evicted_logs += u64::from(logs);
    }
}

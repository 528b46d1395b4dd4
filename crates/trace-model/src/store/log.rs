//! The log: chunks of span bytes with the records that belong to them, filled one after the other.
//!
//! A chunk's memory is never freed while the budget has room for it: the kernel clears every fresh page, which costs more than
//! all the rest of a span's way. When everything in a chunk is dead it is filled again. Bytes and records of a chunk are
//! allocated together, so that a mix of long and of short spans cannot leave one of them holding memory that the other needs. The
//! division of a chunk between them is guessed from the previous chunk, and corrected when it turns out to be wrong.

use std::borrow::Cow;

use super::record::{Record, RecordId};
use crate::work::{self, VISIT};

/// A chunk, unless the budget is small: large enough that opening one costs nothing, small enough to be one of many.
const CHUNK_BYTES_MAX: usize = 1 << 20;
/// Below this the bookkeeping would be larger than what is kept.
const CHUNK_BYTES_MIN: usize = 1 << 10;
/// Chunks of a budget, at least.
const CHUNKS_MIN: usize = 64;
/// Bytes of a span, before the first chunk has shown it.
const SPAN_BYTES_TYPICAL: usize = 340;

#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    records: Vec<Record>,
    /// Bytes of its live records.
    live: usize,
    /// Number of this filling: grows with time.
    sequence: u64,
    /// True for the chunk of one record that is too long for any other.
    own: bool,
}

impl Chunk {
    const fn capacity(&self) -> usize {
        self.bytes.capacity() + self.records.capacity() * size_of::<Record>()
    }

    /// Returns the bytes of its records, dead or alive.
    const fn used(&self) -> usize {
        self.bytes.len() + self.records.len() * size_of::<Record>()
    }

    /// Returns the bytes of its dead records.
    const fn dead(&self) -> usize {
        self.used() - self.live
    }

    const fn has_place(&self, length: usize) -> bool {
        self.bytes.len() + length <= self.bytes.capacity() && self.records.len() < self.records.capacity()
    }

    /// Returns true if a span of this length fits a chunk that must become no larger than `size`.
    const fn fits(&self, length: usize, size: usize) -> bool {
        // Not for the last few: dividing the memory again copies all of it.
        let can_be_divided = self.used() + length + size_of::<Record>() + size / 32 <= size;
        self.records.len() < RecordId::PER_CHUNK && (self.has_place(length) || can_be_divided)
    }

    /// Divides the memory again between bytes and records, for a span of this length and more like the present ones.
    fn divide(&mut self, length: usize, size: usize) {
        let left = size - self.used();
        let usual = (self.bytes.len() + length) / (self.records.len() + 1);
        let more = (left / (usual + size_of::<Record>())).max(1);
        let bytes = self.bytes.len() + (left - more * size_of::<Record>()).max(length);
        self.records.shrink_to(self.records.len() + more);
        self.records.reserve_exact(more);
        self.bytes.shrink_to(bytes);
        self.bytes.reserve_exact(bytes - self.bytes.len());
    }
}

#[derive(Debug)]
pub(super) struct SegmentLog {
    chunks: Vec<Chunk>,
    active: Option<usize>,
    /// A separate chunk for the next record.
    own: Option<usize>,
    /// Chunks with dead records only, to be filled again.
    free: Vec<usize>,
    /// Without memory.
    vacant: Vec<usize>,
    sequence: u64,
    allocated: usize,
    /// Bytes of dead records in all chunks.
    dead: usize,
    size: usize,
    /// Average bytes of a span in the chunk filled last.
    usual: usize,
}

impl SegmentLog {
    /// Creates a log for a budget of so many bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self {
            chunks: Vec::new(),
            active: None,
            own: None,
            free: Vec::new(),
            vacant: Vec::new(),
            sequence: 0,
            allocated: 0,
            dead: 0,
            size: (budget / CHUNKS_MIN).clamp(CHUNK_BYTES_MIN, CHUNK_BYTES_MAX),
            usual: SPAN_BYTES_TYPICAL,
        }
    }

    /// Bytes of memory it has.
    pub(super) const fn allocated(&self) -> usize {
        self.allocated + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// Returns the bytes of dead records in all chunks.
    pub(super) const fn dead(&self) -> usize {
        self.dead
    }

    /// Returns the size of a chunk for a span of this length.
    pub(super) fn chunk_size(&self, length: usize) -> usize {
        self.size.max(length + size_of::<Record>())
    }

    /// Returns true if a span of this length can be appended now.
    pub(super) fn fits(&self, length: usize) -> bool {
        if self.needs_own(length) {
            return self.own.is_some();
        }
        self.active.is_some_and(|chunk| self.chunks[chunk].fits(length, self.size))
    }

    /// Returns true if a span of this length gets a separate chunk. A search does not visit it with the others.
    pub(super) const fn needs_own(&self, length: usize) -> bool {
        length + size_of::<Record>() > self.size
    }

    /// Appends a record with its bytes. The caller must have checked [`SegmentLog::fits`].
    pub(super) fn append(&mut self, mut record: Record, raw: Cow<'_, [u8]>) -> RecordId {
        let own = if self.needs_own(raw.len()) { self.own.take() } else { None };
        let at = own.or(self.active).unwrap_or_default();
        let chunk = &mut self.chunks[at];
        record.offset = u32::try_from(chunk.bytes.len()).unwrap_or(u32::MAX);
        record.length = u32::try_from(raw.len()).unwrap_or(u32::MAX);
        if own.is_some() {
            work::add(2 * VISIT);
            // A long record has been copied step by step: it becomes the chunk.
            self.allocated -= chunk.capacity();
            chunk.bytes = raw.into_owned();
            self.allocated += chunk.capacity();
        } else {
            if !chunk.has_place(raw.len()) {
                self.allocated -= chunk.capacity();
                chunk.divide(raw.len(), self.size);
                self.allocated += chunk.capacity();
            }
            work::add(raw.len() + 2 * VISIT);
            chunk.bytes.extend_from_slice(&raw);
        }
        chunk.live += record.bytes();
        chunk.records.push(record);
        RecordId::new(at, chunk.records.len() - 1)
    }

    #[inline]
    pub(super) fn get(&self, at: RecordId) -> &Record {
        &self.chunks[at.chunk()].records[at.position()]
    }

    /// Returns a record; `None` if none is there.
    #[inline]
    pub(super) fn try_get(&self, at: RecordId) -> Option<&Record> {
        self.chunks.get(at.chunk())?.records.get(at.position())
    }

    /// Returns a number for the place of a record that no other record has had or will have.
    pub(super) fn place(&self, at: RecordId) -> (u64, usize) {
        (self.chunks[at.chunk()].sequence, at.position())
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: RecordId) -> &mut Record {
        &mut self.chunks[at.chunk()].records[at.position()]
    }

    pub(super) fn raw(&self, at: RecordId) -> &[u8] {
        let chunk = &self.chunks[at.chunk()];
        let record = &chunk.records[at.position()];
        let from = record.offset as usize;
        chunk.bytes.get(from..from + record.length as usize).unwrap_or_default()
    }

    /// Marks an unreferenced record as dead.
    pub(super) fn mark_dead(&mut self, at: RecordId) {
        let chunk = &mut self.chunks[at.chunk()];
        let record = &mut chunk.records[at.position()];
        record.set_dead();
        chunk.live -= record.bytes();
        self.dead += record.bytes();
        if chunk.live == 0 && self.active != Some(at.chunk()) {
            self.free.push(at.chunk());
        }
    }

    /// Returns true if a chunk can be filled again without an allocation.
    pub(super) const fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    /// Begins a chunk that takes a span of this length: a free one if there is, else one of new memory.
    ///
    /// False when there are more chunks than can be numbered.
    pub(super) fn open(&mut self, length: usize) -> bool {
        let own = self.needs_own(length);
        if !own {
            self.seal();
        }
        let Some(at) = self.free.pop().or_else(|| self.without_memory()) else {
            return false;
        };
        let records = if own {
            1
        } else {
            (self.size / (self.usual + size_of::<Record>())).clamp(1, RecordId::PER_CHUNK)
        };
        // One for a long record gets its bytes with that.
        let bytes = if own {
            0
        } else {
            (self.size.saturating_sub(records * size_of::<Record>())).max(length)
        };
        self.sequence += 1;
        let chunk = &mut self.chunks[at];
        self.allocated -= chunk.capacity();
        self.dead -= chunk.dead();
        chunk.bytes.clear();
        chunk.records.clear();
        chunk.sequence = self.sequence;
        chunk.own = own;
        // Memory of another shape is given back, unless the shapes are alike.
        if own || chunk.records.capacity().abs_diff(records) > records / 4 || chunk.bytes.capacity() < length {
            chunk.bytes = Vec::new();
            chunk.records = Vec::new();
            chunk.bytes.reserve_exact(bytes);
            chunk.records.reserve_exact(records);
        }
        self.allocated += chunk.capacity();
        *(if own { &mut self.own } else { &mut self.active }) = Some(at);
        true
    }

    /// A number for a chunk that has no memory yet.
    fn without_memory(&mut self) -> Option<usize> {
        if let Some(vacant) = self.vacant.pop() {
            return Some(vacant);
        }
        if self.chunks.len() == RecordId::CHUNKS {
            return None;
        }
        self.chunks.push(Chunk {
            bytes: Vec::new(),
            records: Vec::new(),
            live: 0,
            sequence: 0,
            own: false,
        });
        Some(self.chunks.len() - 1)
    }

    /// Frees the memory of a free chunk; false without one.
    pub(super) fn release_free(&mut self) -> bool {
        let Some(at) = self.free.pop() else { return false };
        let chunk = &mut self.chunks[at];
        self.allocated -= chunk.capacity();
        self.dead -= chunk.dead();
        chunk.bytes = Vec::new();
        chunk.records = Vec::new();
        self.vacant.push(at);
        true
    }

    /// Returns the chunk with most dead bytes, except the one that is being filled, if these are at least a `part`-th of a chunk.
    pub(super) fn most_dead(&self, part: usize) -> Option<usize> {
        let sealed = self.chunks.iter().enumerate().filter(|(at, _)| self.active != Some(*at));
        let alive = sealed.filter(|(_, chunk)| chunk.live > 0);
        let (at, chunk) = alive.max_by_key(|(_, chunk)| chunk.dead())?;
        (chunk.dead() >= self.size / part).then_some(at)
    }

    /// The living records of a chunk.
    pub(super) fn living(&self, chunk: usize) -> Vec<RecordId> {
        let records = self.chunks[chunk].records.iter().enumerate();
        records
            .filter(|(_, record)| !record.is_dead())
            .map(|(position, _)| RecordId::new(chunk, position))
            .collect()
    }

    /// Appends a copy of a record; the caller must update all references. It must have checked [`SegmentLog::fits`].
    pub(super) fn copy(&mut self, at: RecordId) -> RecordId {
        let record = *self.get(at);
        let active = self.active.unwrap_or_default();
        if active == at.chunk() {
            return at;
        }
        // Two chunks at once: the one that is read is taken out for a moment.
        let bytes = std::mem::take(&mut self.chunks[at.chunk()].bytes);
        let from = record.offset as usize;
        let raw = bytes.get(from..from + record.length as usize).unwrap_or_default();
        let copied = self.append(record, Cow::Borrowed(raw));
        self.chunks[at.chunk()].bytes = bytes;
        copied
    }

    /// Returns all chunks with records, oldest filling first, with the number of that filling.
    pub(super) fn fillings(&self) -> Vec<(usize, u64)> {
        let mut fillings: Vec<_> = self
            .chunks
            .iter()
            .enumerate()
            .map(|(at, chunk)| (at, chunk.sequence))
            .collect();
        fillings.sort_unstable_by_key(|(_, sequence)| *sequence);
        fillings
    }

    /// The chunk that is being filled, with the number of its filling and how many records it has.
    pub(super) fn head(&self) -> Option<(usize, u64, usize)> {
        let active = self.active?;
        let chunk = &self.chunks[active];
        Some((active, chunk.sequence, chunk.records.len()))
    }

    /// Returns the number of a chunk's records, dead ones included; 0 when it has been filled again since that filling.
    pub(super) fn records_in(&self, chunk: usize, sequence: u64) -> usize {
        let chunk = self.chunks.get(chunk).filter(|chunk| chunk.sequence == sequence);
        chunk.map_or(0, |chunk| chunk.records.len())
    }

    /// The next filling after one, if it has records.
    pub(super) fn filling_after(&self, sequence: u64) -> Option<(usize, u64)> {
        let later = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.sequence > sequence);
        let filled = later.filter(|(_, chunk)| !chunk.own && !chunk.records.is_empty());
        filled
            .map(|(at, chunk)| (at, chunk.sequence))
            .min_by_key(|(_, sequence)| *sequence)
    }

    /// No search has found anything.
    pub(super) fn forget_found(&mut self) {
        for record in self.chunks.iter_mut().flat_map(|chunk| &mut chunk.records) {
            record.found_by = 0;
        }
    }

    /// Returns the bytes of live records by chunk.
    #[cfg(test)]
    pub(super) fn live(&self) -> std::collections::HashMap<usize, usize> {
        let chunks = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.live > 0);
        chunks.map(|(at, chunk)| (at, chunk.live)).collect()
    }

    fn seal(&mut self) {
        let Some(active) = self.active.take() else { return };
        let chunk = &self.chunks[active];
        if let Some(usual) = chunk.bytes.len().checked_div(chunk.records.len()) {
            self.usual = usual;
        }
        if chunk.live == 0 {
            self.free.push(active);
        }
    }
}

//! The one limit on what messages take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a message costs besides its bytes, about, in bytes: its entry in the queue or among the unacknowledged (in a B-tree, which is
/// half full in the worst case), the heads of its allocations, and the name of the consumer that holds it.
pub(crate) const BOOKKEEPING: u64 = 640;

/// What all messages together may take, in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    free: Arc<AtomicU64>,
}

impl Memory {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            free: Arc::new(AtomicU64::new(bytes)),
        }
    }

    /// Takes room for a message of so many bytes; `None` when there isn't as much.
    pub(crate) fn reserve(&self, bytes: u64) -> Option<Reservation> {
        let bytes = bytes.checked_add(BOOKKEEPING)?;
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes))
            .ok()?;
        Some(Reservation {
            bytes,
            free: self.free.clone(),
        })
    }
}

/// Room that is taken, given back when dropped: with the message, whatever becomes of that.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: u64,
    free: Arc<AtomicU64>,
}

impl Reservation {
    /// Takes more for the same message; says whether there was as much.
    pub(crate) fn extend(&mut self, bytes: u64) -> bool {
        let taken = self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes));
        self.bytes += if taken.is_ok() { bytes } else { 0 };
        taken.is_ok()
    }

    /// Takes more for what has grown already, where there is no way to refuse it: as much of it as there is.
    pub(crate) fn grow(&mut self, bytes: u64) {
        let taken = |free: u64| free.saturating_sub(bytes);
        if let Ok(free) = self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| Some(taken(free)))
        {
            self.bytes += free - taken(free);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.free.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again() {
        let memory = Memory::new(3 * BOOKKEEPING);
        let mut held = memory.reserve(BOOKKEEPING).unwrap();
        assert!(memory.reserve(BOOKKEEPING).is_none());
        assert!(held.extend(BOOKKEEPING) && !held.extend(1));
        // What cannot be refused takes what there is, and gives back no more than that.
        held.grow(1);
        drop(held);
        assert!(memory.reserve(2 * BOOKKEEPING).is_some());
        assert!(memory.reserve(u64::MAX).is_none());
    }
}

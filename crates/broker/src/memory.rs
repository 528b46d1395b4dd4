//! The memory budget of all messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The approximate overhead of a message in bytes: its entry in the queue or among the unacknowledged (in a B-tree, which is
/// half full in the worst case), allocator headers, and the consumer tag.
pub(crate) const MESSAGE_OVERHEAD: u64 = 640;

/// The shared budget of all messages, in bytes.
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

    /// Reserves memory for a message of `bytes`; returns `None` if the budget is exhausted.
    pub(crate) fn reserve(&self, bytes: u64) -> Option<Reservation> {
        let bytes = bytes.checked_add(MESSAGE_OVERHEAD)?;
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes))
            .ok()?;
        Some(Reservation {
            bytes,
            free: self.free.clone(),
        })
    }
}

/// Reserved memory, released on drop together with its message.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: u64,
    free: Arc<AtomicU64>,
}

impl Reservation {
    /// Extends the reservation; returns `false` if the budget is exhausted.
    pub(crate) fn extend(&mut self, bytes: u64) -> bool {
        let taken = self
            .free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(bytes));
        self.bytes += if taken.is_ok() { bytes } else { 0 };
        taken.is_ok()
    }

    /// Extends the reservation for a message that has already grown and cannot be rejected, as far as the budget allows.
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
    fn reservation_releases_its_bytes_on_drop() {
        let memory = Memory::new(3 * MESSAGE_OVERHEAD);
        let mut held = memory.reserve(MESSAGE_OVERHEAD).unwrap();
        assert!(memory.reserve(MESSAGE_OVERHEAD).is_none());
        assert!(held.extend(MESSAGE_OVERHEAD) && !held.extend(1));
        // A forced extension takes what is left and releases no more than that.
        held.grow(1);
        drop(held);
        assert!(memory.reserve(2 * MESSAGE_OVERHEAD).is_some());
        assert!(memory.reserve(u64::MAX).is_none());
    }
}

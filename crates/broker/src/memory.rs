//! The one limit on what messages take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a message costs beside its bytes, about: its entry in the queue, its place among the unacknowledged.
const BOOKKEEPING: u64 = 256;

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
        let memory = Memory::new(1000);
        let held = memory.reserve(600);
        assert!(held.is_some());
        assert!(memory.reserve(600).is_none());
        drop(held);
        assert!(memory.reserve(600).is_some());
        assert!(memory.reserve(u64::MAX).is_none());
    }
}

//! Memory for bodies, used again and again.
//!
//! A body of the usual 170 KB that is allocated and given back for each request costs more in the kernel, which hands out cleared
//! pages, than it costs to fill it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::budget::NoRoom;

/// Buffers kept.
const KEPT: usize = 64;
/// Bytes of a buffer from which on it is not kept.
pub(crate) const LARGEST: usize = 1024 * 1024;
/// Bytes of all kept buffers.
const KEPT_BYTES: usize = 16 * 1024 * 1024;
/// Bytes from which on an allocation has pages of its own, which are unmapped when it is freed: glibc's
/// `DEFAULT_MMAP_THRESHOLD_MAX`. Smaller ones leave holes in its heaps, of which there is one for each thread.
pub(crate) const MAPPED: usize = 32 * 1024 * 1024;

/// Pool of free buffers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// Used last, taken first: its pages are likely to be in the processor's cache.
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Pool {
    /// An empty buffer with room for as many bytes, at least.
    pub(crate) fn take(&self, capacity: usize) -> Buffer {
        let kept = self.kept(|kept| {
            let buffer = kept.buffers.pop()?;
            kept.bytes -= buffer.capacity();
            Some(buffer)
        });
        let mut bytes = kept.unwrap_or_default();
        bytes.reserve(capacity);
        Buffer {
            bytes,
            pool: self.clone(),
        }
    }

    fn put(&self, mut buffer: Vec<u8>) {
        let capacity = buffer.capacity();
        if capacity == 0 || capacity > LARGEST {
            return;
        }
        buffer.clear();
        self.kept(|kept| {
            if kept.buffers.len() < KEPT && kept.bytes + capacity <= KEPT_BYTES {
                kept.bytes += capacity;
                kept.buffers.push(buffer);
            }
        });
    }

    fn kept<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> T {
        // Nothing in here can fail half way.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A buffer of a pool, to which it returns.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    pool: Pool,
}

impl Buffer {
    /// Makes room for more bytes, of at most `most` in all. A buffer that has become large moves once, to where there is room for all
    /// of it: what is never written there takes addresses, not memory.
    pub(crate) fn reserve(&mut self, more: usize, most: usize) -> Result<(), NoRoom> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length + more;
        if needed <= capacity {
            return Ok(());
        }
        let wanted = if needed <= LARGEST {
            needed.max(2 * capacity).min(LARGEST)
        } else {
            needed.max(most).max(MAPPED + 1)
        };
        // It fails on a system that does not overcommit.
        self.bytes.try_reserve_exact(wanted - length).map_err(|_| NoRoom::Exhausted)
    }

    /// Makes it shareable; it returns when the last part is dropped.
    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.put(mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_returns_with_its_last_part_and_is_empty() {
        let pool = Pool::default();
        let mut buffer = pool.take(100);
        buffer.bytes.extend_from_slice(b"abc");
        let at = buffer.bytes.as_ptr();
        let whole = buffer.freeze();
        let part = whole.slice(1..);
        drop(whole);
        assert_ne!(pool.take(100).bytes.as_ptr(), at, "a part is still held");
        assert_eq!(&*part, b"bc");
        drop(part);
        let again = pool.take(100);
        assert_eq!((again.bytes.as_ptr(), again.bytes.len()), (at, 0));
    }

    #[test]
    fn buffer_that_has_become_large_moves_once() {
        let mut buffer = Pool::default().take(100);
        let (mut moves, mut at) = (0, buffer.bytes.as_ptr());
        while buffer.bytes.len() < 64 * LARGEST {
            buffer.reserve(LARGEST, 64 * LARGEST).expect("memory");
            buffer.bytes.resize(buffer.bytes.len() + LARGEST, 0);
            moves += usize::from(buffer.bytes.as_ptr() != at);
            at = buffer.bytes.as_ptr();
        }
        assert!(moves <= 2, "{moves}");
        assert_eq!(buffer.bytes.capacity(), 64 * LARGEST);
    }

    #[test]
    fn kept_buffers_are_bounded() {
        let pool = Pool::default();
        for capacity in [1, LARGEST / 2, LARGEST, LARGEST + 1] {
            let taken: Vec<_> = (0..1000).map(|_| pool.take(capacity)).collect();
            drop(taken);
            let (buffers, bytes) = pool.kept(|kept| (kept.buffers.len(), kept.bytes));
            let sum: usize = pool.kept(|kept| kept.buffers.iter().map(Vec::capacity).sum());
            assert_eq!(bytes, sum);
            assert!(buffers <= KEPT && bytes <= KEPT_BYTES, "{buffers} buffers, {bytes} bytes");
        }
    }
}

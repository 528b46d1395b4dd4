//! Memory for bodies, used again and again.
//!
//! A body of the usual 170 KB that is allocated and given back for each request costs more in the kernel, which hands out cleared
//! pages, than it costs to fill it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How many buffers are kept.
const KEPT: usize = 64;
/// How large a buffer may be to be kept, in bytes.
const LARGEST: usize = 1024 * 1024;
/// How many bytes all that are kept may have.
const KEPT_BYTES: usize = 16 * 1024 * 1024;

/// Buffers that nobody uses at the moment.
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
    fn a_buffer_returns_with_its_last_part_and_is_empty() {
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
    fn what_is_kept_is_bounded() {
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

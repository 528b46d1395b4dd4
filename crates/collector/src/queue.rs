//! What of the requests is in memory until the reader has taken it: bodies being read, and batches that wait. All listeners draw on
//! one account, so that no mix of senders can take more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::intake::Busy;

/// How many arrivals may wait for the reader.
pub(crate) const WAITING: usize = 64;
/// How many bytes bodies and waiting arrivals may take: a reader that takes 100 MB a second has this done before a sender gives up.
const BYTES: usize = 64 * 1024 * 1024;

/// What has been read and not been taken by the reader yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct QueueDepth {
    /// Arrivals that wait.
    pub waiting: usize,
    /// How many may wait before senders are asked to try again.
    pub waiting_limit: usize,
    /// Bytes of those, and of bodies being read.
    pub bytes: usize,
    /// How many bytes there may be before senders are asked to try again.
    pub bytes_limit: usize,
}

/// The account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Queue(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicUsize,
    bytes: AtomicUsize,
}

impl Queue {
    pub(crate) fn depth(&self) -> QueueDepth {
        QueueDepth {
            waiting: self.0.waiting.load(Ordering::Relaxed),
            waiting_limit: WAITING,
            bytes: self.0.bytes.load(Ordering::Relaxed),
            bytes_limit: BYTES,
        }
    }

    /// Opens an empty lease.
    pub(crate) fn lease(&self) -> Lease {
        Lease {
            queue: self.clone(),
            bytes: 0,
            waits: false,
        }
    }
}

/// Bytes that are drawn from the account. They go back when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    queue: Queue,
    bytes: usize,
    waits: bool,
}

impl Lease {
    /// Draws more.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), Busy> {
        let fits = |used: usize| used.checked_add(more).filter(|used| *used <= BYTES);
        let counts = &self.queue.0;
        match counts.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(_) => Err(Busy),
        }
    }

    /// Holds so many from now on.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), Busy> {
        if let Some(more) = bytes.checked_sub(self.bytes) {
            return self.grow(more);
        }
        self.queue.0.bytes.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        self.bytes = bytes;
        Ok(())
    }

    /// Says that what they are for waits for the reader from now on.
    pub(crate) fn wait(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            self.queue.0.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.queue.0.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.queue.0.waiting.fetch_sub(usize::from(self.waits), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_leased_comes_back_and_never_exceeds_the_limit() {
        let queue = Queue::default();
        let (mut one, mut other) = (queue.lease(), queue.lease());
        one.grow(BYTES - 10).expect("there is room");
        assert_eq!(other.grow(11), Err(Busy));
        assert_eq!(other.grow(usize::MAX), Err(Busy));
        other.grow(10).expect("exactly that is left");
        other.wait();
        other.wait();
        assert_eq!((queue.depth().bytes, queue.depth().waiting), (BYTES, 1));
        one.resize(5).expect("less is always possible");
        one.resize(6).expect("there is room");
        assert_eq!(queue.depth().bytes, 16);
        drop((one, other));
        assert_eq!((queue.depth().bytes, queue.depth().waiting), (0, 0));
    }
}

//! The in-flight account: the memory of requests until the store has taken them. Bodies in all their forms, decoders, and batches that
//! wait draw on it before they take memory. All listeners share it, so that no mix of senders can take more.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use ingest_state::QueueDepth;

/// Arrivals that the consumer has not received yet.
pub(crate) const QUEUED_ARRIVALS_MAX: usize = 64;

/// Shared budget of bytes.
#[derive(Clone, Debug)]
pub(crate) struct MemoryBudget(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    limit: usize,
    /// Requests that wait for bytes to be freed.
    in_need: AtomicUsize,
    given_back: Notify,
}

impl Counts {
    fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::SeqCst);
        if self.in_need.load(Ordering::SeqCst) > 0 {
            self.given_back.notify_waiters();
        }
    }
}

/// Memory that was not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Others hold it: the same request may fit later.
    Exhausted,
    /// The request needs more than there is.
    TooLarge {
        /// Bytes in all.
        limit: usize,
    },
}

impl MemoryBudget {
    /// An account of `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self(Arc::new(Counts {
            waiting: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            limit,
            in_need: AtomicUsize::new(0),
            given_back: Notify::new(),
        }))
    }

    /// Returns what is in flight, without the connections.
    pub(crate) fn depth(&self) -> QueueDepth {
        QueueDepth {
            waiting: self.0.waiting.load(Ordering::Relaxed),
            waiting_limit: QUEUED_ARRIVALS_MAX,
            bytes: self.0.bytes.load(Ordering::Relaxed),
            bytes_limit: self.0.limit,
            ..QueueDepth::default()
        }
    }

    /// Opens an empty reservation.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation {
            budget: self.clone(),
            bytes: 0,
            waits: false,
        }
    }
}

/// Bytes that are drawn from the account. They go back when it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: MemoryBudget,
    bytes: usize,
    waits: bool,
}

impl Reservation {
    /// Draws more.
    pub(crate) fn grow(&mut self, more: usize) -> Result<(), NoRoom> {
        let counts = &self.budget.0;
        let limit = counts.limit;
        if more > limit.saturating_sub(self.bytes) {
            return Err(NoRoom::TooLarge { limit });
        }
        let fits = |used: usize| used.checked_add(more).filter(|used| *used <= limit);
        match counts.bytes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits) {
            Ok(_) => {
                self.bytes += more;
                Ok(())
            }
            Err(_) => Err(NoRoom::Exhausted),
        }
    }

    /// Draws more, which others may have to give back first.
    pub(crate) async fn grow_within(&mut self, more: usize, wait: Duration) -> Result<(), NoRoom> {
        let at_once = self.grow(more);
        if at_once != Err(NoRoom::Exhausted) || wait.is_zero() {
            return at_once;
        }
        let until = Instant::now() + wait;
        let budget = self.budget.clone();
        let _in_need = InNeed::new(&budget.0.in_need);
        loop {
            let mut given_back = pin!(budget.0.given_back.notified());
            // Before the next check, so that no bytes freed meanwhile are missed.
            given_back.as_mut().enable();
            let grown = self.grow(more);
            if grown != Err(NoRoom::Exhausted) || timeout_at(until, given_back).await.is_err() {
                return grown;
            }
        }
    }

    /// Gives some back.
    pub(crate) fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.budget.0.give_back(less);
    }

    /// Holds so many from now on.
    pub(crate) fn resize(&mut self, bytes: usize) -> Result<(), NoRoom> {
        if let Some(more) = bytes.checked_sub(self.bytes) {
            return self.grow(more);
        }
        self.shrink(self.bytes - bytes);
        Ok(())
    }

    /// Splits off so many bytes, at most all.
    pub(crate) fn split(&mut self, bytes: usize) -> Self {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Self {
            budget: self.budget.clone(),
            bytes,
            waits: false,
        }
    }

    /// Takes over what another reservation holds.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Marks its arrival as queued.
    pub(crate) fn wait(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            self.budget.0.waiting.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A request that waits for bytes, until it is dropped.
struct InNeed<'a>(&'a AtomicUsize);

impl<'a> InNeed<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for InNeed<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The part of the in-flight account that a queued arrival holds. It is freed on drop.
#[derive(Debug)]
pub struct Share {
    _lease: Reservation,
}

impl Share {
    /// Creates the share of an arrival that has left the queue.
    pub(crate) fn new(mut reservation: Reservation) -> Self {
        if std::mem::take(&mut reservation.waits) {
            reservation.budget.0.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        Self { _lease: reservation }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.0.give_back(self.bytes);
        self.budget.0.waiting.fetch_sub(usize::from(self.waits), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1000;

    #[test]
    fn account_is_never_exceeded_and_gets_everything_back() {
        let budget = MemoryBudget::new(LIMIT);
        let (mut one, mut other) = (budget.reservation(), budget.reservation());
        one.grow(LIMIT - 10).expect("there is room");
        assert_eq!(other.grow(11), Err(NoRoom::Exhausted));
        other.grow(10).expect("exactly that is left");
        other.wait();
        other.wait();
        assert_eq!((budget.depth().bytes, budget.depth().waiting), (LIMIT, 1));
        one.resize(5).expect("less is always possible");
        one.resize(6).expect("there is room");
        let part = one.split(4);
        assert_eq!((one.bytes(), part.bytes(), budget.depth().bytes), (2, 4, 16));
        other.absorb(one);
        assert_eq!((other.bytes(), budget.depth().bytes), (12, 16));
        drop(other);
        assert_eq!((budget.depth().bytes, budget.depth().waiting), (4, 0));
        drop(part);
        assert_eq!(budget.depth().bytes, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn account_is_waited_for_as_long_as_others_hold_it() {
        const WAIT: Duration = Duration::from_secs(1);
        let budget = MemoryBudget::new(LIMIT);
        let (mut one, mut other) = (budget.reservation(), budget.reservation());
        one.grow(LIMIT).expect("there is room");
        assert_eq!(other.grow_within(1, WAIT).await, Err(NoRoom::Exhausted));
        let never = Err(NoRoom::TooLarge { limit: LIMIT });
        assert_eq!(other.grow_within(LIMIT + 1, WAIT).await, never);
        let (grown, ()) = tokio::join!(other.grow_within(2, WAIT), async {
            one.shrink(1);
            tokio::task::yield_now().await;
            one.shrink(1);
        });
        assert_eq!((grown, one.bytes(), other.bytes()), (Ok(()), LIMIT - 2, 2));
        let (grown, ()) = tokio::join!(other.grow_within(LIMIT - 2, WAIT), async { drop(one) });
        assert_eq!((grown, budget.depth().bytes), (Ok(()), LIMIT));
    }

    #[test]
    fn account_tells_a_request_that_never_fits_from_one_that_may_fit_later() {
        let budget = MemoryBudget::new(LIMIT);
        let (mut one, mut other) = (budget.reservation(), budget.reservation());
        one.grow(1).expect("there is room");
        assert_eq!(other.grow(LIMIT), Err(NoRoom::Exhausted));
        let never = Err(NoRoom::TooLarge { limit: LIMIT });
        assert_eq!(other.grow(LIMIT + 1), never);
        assert_eq!(other.grow(usize::MAX), never);
        assert_eq!(one.grow(LIMIT), never);
        assert_eq!(budget.depth().bytes, 1);
    }
}

//! Admission of large requests: as many bodies as fit whole, and one at a time to be read, in order of arrival.
//!
//! Without it, many large requests at once fill all memory with parts of bodies, and none can be completed. A request that waits
//! here holds no memory (a body of known length), or its body alone.
//!
//! Small requests, which are all that exporters usually send, are never delayed by it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::budget::NoRoom;
use crate::limits::BodyLimit;

/// Bodies up to this length need no admission, in bytes.
pub(crate) const LARGE: usize = 1024 * 1024;
/// A compressed body that has more bytes than this when it is decompressed is read when it is its turn.
pub(crate) const LARGE_INFLATED: usize = 4 * 1024 * 1024;
/// Time that a body waits for its admission. Exporters give up after ten seconds by default.
const ADMISSION_WAIT: Duration = Duration::from_secs(5);
/// Time that a received body waits for its turn to be read.
const TURN_WAIT: Duration = Duration::from_secs(10);
/// Time that a large request being received or read waits for memory that others free.
pub(crate) const ROOM_WAIT: Duration = Duration::from_secs(5);
/// Small requests decompressed at the same time; others wait for their turn. They are bound by the processor, so more would take
/// memory and gain nothing.
const DECODERS: usize = 4;
/// Bytes of a body per permit: a semaphore counts in 32 bits.
const UNIT: usize = 1024;

#[derive(Clone, Debug)]
pub(crate) struct Admission(Arc<Turns>);

#[derive(Debug)]
struct Turns {
    /// Bytes, in units, of large bodies being received or waiting for their turn.
    bodies: Arc<Semaphore>,
    units: u32,
    /// Permit of the one large request that is being read.
    reading: Arc<Semaphore>,
    decoders: Semaphore,
}

/// Admission of a large request; it ends on drop.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    body: Option<OwnedSemaphorePermit>,
    turn: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// Creates an admission for bodies that together may be as long as the longest one, so that this is always admitted.
    pub(crate) fn new(otlp: BodyLimit) -> Self {
        let longest = otlp.sent.max(BodyLimit::ENVELOPE.sent);
        let units = units(longest);
        Self(Arc::new(Turns {
            bodies: Arc::new(Semaphore::new(units as usize)),
            units,
            reading: Arc::new(Semaphore::new(1)),
            decoders: Semaphore::new(DECODERS),
        }))
    }

    /// Waits until a body of so many bytes may be received, unless it is small.
    pub(crate) async fn body(&self, bytes: usize, admitted: &mut Admitted) -> Result<(), NoRoom> {
        if bytes > LARGE && admitted.body.is_none() {
            let permits = units(bytes).min(self.0.units);
            let permit = self.0.bodies.clone().acquire_many_owned(permits);
            admitted.body = Some(in_time(ADMISSION_WAIT, permit).await?);
        }
        Ok(())
    }

    /// Waits until a large request may be read.
    pub(crate) async fn turn(&self, admitted: &mut Admitted) -> Result<(), NoRoom> {
        if admitted.turn.is_none() {
            admitted.turn = Some(in_time(TURN_WAIT, self.0.reading.clone().acquire_owned()).await?);
        }
        Ok(())
    }

    /// Waits until a small request may be decompressed.
    pub(crate) async fn decoder(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.0.decoders.acquire().await.ok()
    }
}

impl Admitted {
    /// Returns true if it is a large request's turn to be read.
    pub(crate) const fn has_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// Returns the time that its reading may wait for memory. Only one request may wait, or each could hold what the other waits
    /// for.
    pub(crate) const fn room_wait(&self) -> Duration {
        if self.has_turn() { ROOM_WAIT } else { Duration::ZERO }
    }
}

async fn in_time<T, E>(wait: Duration, permit: impl Future<Output = Result<T, E>>) -> Result<T, NoRoom> {
    timeout(wait, permit).await.ok().and_then(Result::ok).ok_or(NoRoom::Exhausted)
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[tokio::test(start_paused = true)]
    async fn bodies_are_admitted_as_they_fit_whole_in_their_order() {
        let admission = Admission::new(BodyLimit::otlp(64 * MIB));
        let admit = async |bytes| {
            let mut admitted = Admitted::default();
            admission.body(bytes, &mut admitted).await.map(|()| admitted)
        };
        let large = admit(60 * MIB).await.expect("nothing else is there");
        assert_eq!(admit(5 * MIB).await.map(drop), Err(NoRoom::Exhausted), "not whole");
        let small = admit(LARGE).await.expect("small ones do not wait");
        let (first, second) = tokio::join!(admit(64 * MIB), async {
            tokio::task::yield_now().await;
            let second = admit(4 * MIB);
            drop(large);
            second.await
        });
        assert!(first.is_ok(), "the first to wait is the first");
        assert_eq!(
            second.map(drop),
            Err(NoRoom::Exhausted),
            "though there was room for it before"
        );
        drop(small);
    }

    #[tokio::test(start_paused = true)]
    async fn large_requests_are_read_one_at_a_time() {
        let admission = Admission::new(BodyLimit::otlp(MIB));
        let (mut one, mut other) = (Admitted::default(), Admitted::default());
        admission.turn(&mut one).await.expect("nothing is being read");
        admission.turn(&mut one).await.expect("it has its turn");
        assert_eq!(admission.turn(&mut other).await, Err(NoRoom::Exhausted));
        let (next, ()) = tokio::join!(admission.turn(&mut other), async { drop(one) });
        assert_eq!((next, other.has_turn()), (Ok(()), true));
    }
}

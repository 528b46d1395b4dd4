//! The last arrivals, for clients that follow them.
//!
//! The owner of the store hands each batch over once it is stored, and never waits: batches are kept up to [`BACKLOG_BYTES`], and a reader
//! that is behind the oldest is dropped and told. Nothing is kept before the first reader and [`KEPT`] after the last one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;
use trace_model::{Batch, Revision};

/// Bytes of batches that are kept, unless it is a single one.
const BACKLOG_BYTES: usize = 32 << 20;
/// Time for which batches are kept without a reader: one that lost its connection continues where it was.
const KEPT: Duration = Duration::from_secs(30);

/// The owner's end. Clones are the same feed; when all are dropped, the readers' streams end.
#[derive(Clone, Debug, Default)]
pub struct Feed(Option<Arc<Owner>>);

#[derive(Debug)]
struct Owner {
    backlog: Arc<Backlog>,
    /// Number of the next batch.
    next: watch::Sender<u64>,
    revision: watch::Sender<u64>,
}

/// The listener's end.
#[derive(Clone, Debug)]
pub(crate) struct Followers {
    backlog: Arc<Backlog>,
    next: watch::Receiver<u64>,
    revision: watch::Receiver<u64>,
}

#[derive(Debug)]
struct Backlog {
    /// False without readers: the owner then skips its part.
    is_kept: AtomicBool,
    batches: Mutex<Batches>,
}

#[derive(Debug)]
struct Batches {
    /// Number of the oldest batch. Grows also when batches may have been left out.
    first: u64,
    kept: VecDeque<Arc<Batch>>,
    bytes: usize,
    readers: usize,
    /// Time at which the last reader left.
    left: Option<Instant>,
}

impl Batches {
    fn next(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    /// Removes the oldest.
    fn pop(&mut self) -> Option<Arc<Batch>> {
        let batch = self.kept.pop_front()?;
        self.first += 1;
        self.bytes -= batch.bytes();
        Some(batch)
    }
}

/// Makes the two ends.
pub(crate) fn new() -> (Feed, Followers) {
    // Numbers of another run are before all of this one.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let first = u64::try_from(since.as_micros()).unwrap_or_default();
    let backlog = Arc::new(Backlog {
        is_kept: AtomicBool::new(false),
        batches: Mutex::new(Batches {
            first,
            kept: VecDeque::new(),
            bytes: 0,
            readers: 0,
            left: None,
        }),
    });
    let (next, next_seen) = watch::channel(first);
    let (revision, revision_seen) = watch::channel(0);
    let feed = Feed(Some(Arc::new(Owner {
        backlog: backlog.clone(),
        next,
        revision,
    })));
    let followers = Followers {
        backlog,
        next: next_seen,
        revision: revision_seen,
    };
    (feed, followers)
}

impl Feed {
    /// Hands over a batch that is stored.
    pub fn stored(&self, batch: Batch) {
        let Some(owner) = &self.0 else { return };
        if !owner.backlog.is_kept.load(Ordering::Relaxed) {
            return;
        }
        // Memory is given back after the lock.
        let mut leaving = Vec::new();
        let mut batches = owner.backlog.lock();
        let is_over = batches.readers == 0 && batches.left.is_none_or(|left| left.elapsed() > KEPT);
        if is_over {
            owner.backlog.is_kept.store(false, Ordering::Relaxed);
            leaving.extend(std::iter::from_fn(|| batches.pop()));
            return;
        }
        batches.bytes += batch.bytes();
        batches.kept.push_back(Arc::new(batch));
        while batches.bytes > BACKLOG_BYTES && batches.kept.len() > 1 {
            leaving.extend(batches.pop());
        }
        owner.next.send_replace(batches.next());
    }

    /// Says that the store has changed.
    pub fn changed(&self, revision: Revision) {
        let Some(owner) = &self.0 else { return };
        owner.revision.send_if_modified(|known| {
            let is_new = *known != revision.number();
            *known = revision.number();
            is_new
        });
    }
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Batches> {
        self.batches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Position in the backlog: a batch, and how many of its records were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BacklogPosition {
    pub(crate) batch: u64,
    pub(crate) record: usize,
}

/// A reader of the backlog, among those for whom it is kept until it is dropped.
#[derive(Debug)]
pub(crate) struct Reader {
    backlog: Arc<Backlog>,
    next: watch::Receiver<u64>,
    pub(crate) place: BacklogPosition,
}

/// The batch at a reader's place.
#[derive(Debug)]
pub(crate) enum Found {
    Batch(Arc<Batch>),
    /// All was read.
    Nothing,
    /// It was dropped before it was read.
    Dropped,
}

impl Followers {
    /// Starts to read at a place, or with what arrives next.
    pub(crate) fn reader(&self, from: Option<BacklogPosition>) -> Reader {
        let mut batches = self.backlog.lock();
        if !self.backlog.is_kept.swap(true, Ordering::Relaxed) {
            // What arrived in between is in no batch: places before are before the first.
            batches.first += 1;
        }
        batches.readers += 1;
        let place = from.unwrap_or(BacklogPosition {
            batch: batches.next(),
            record: 0,
        });
        Reader {
            backlog: self.backlog.clone(),
            next: self.next.clone(),
            place,
        }
    }

    /// Returns the revisions of the store.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.clone()
    }
}

impl Reader {
    /// Looks at its place. The batch is not to be kept.
    pub(crate) fn find(&mut self) -> Found {
        self.next.mark_unchanged();
        let batches = self.backlog.lock();
        let at = self
            .place
            .batch
            .checked_sub(batches.first)
            .and_then(|at| usize::try_from(at).ok());
        match at {
            Some(at) if at < batches.kept.len() => Found::Batch(batches.kept[at].clone()),
            Some(at) if at == batches.kept.len() => Found::Nothing,
            _ => Found::Dropped,
        }
    }

    /// Waits until something arrives after [`Reader::find`]; false if nothing will.
    pub(crate) async fn arrived(&mut self) -> bool {
        self.next.changed().await.is_ok()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut batches = self.backlog.lock();
        batches.readers -= 1;
        batches.left = Some(Instant::now());
    }
}

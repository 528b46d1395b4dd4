//! Open connections: how many there are, and which one is evicted when another needs its place.

mod activity;

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinSet;

pub(crate) use self::activity::{Activity, Protocol, UnderWay};
use self::activity::{PermitState, State};

/// The open connections of a listener and their tasks. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Pool {
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Permits: connections that may make requests.
    places: usize,
    /// Orders events.
    clock: AtomicU64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: HashMap<u64, Arc<Activity>>,
    /// Open connections that hold a permit.
    placed: usize,
}

impl Open {
    /// Evicts the idle connection for which `age` is least. Without an age it stays.
    fn evict<A: Ord>(&mut self, age: impl Fn(State) -> Option<A>) -> bool {
        let idle = self.connections.values().filter_map(|activity| {
            let state = activity.state();
            let is_idle = !state.is_busy() && !state.closing;
            Some((age(state).filter(|_| is_idle)?, activity))
        });
        let Some((_, activity)) = idle.min_by(|(one, _), (other, _)| one.cmp(other)) else {
            return false;
        };
        activity.change(|state| {
            state.closing = true;
            if state.permit == PermitState::Held {
                state.permit = PermitState::None;
                self.placed -= 1;
            }
        });
        activity.close.notify_one();
        true
    }
}

impl Pool {
    /// Connections that make requests share `places`.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            tasks: JoinSet::new(),
            shared: Arc::new(Shared {
                places,
                clock: AtomicU64::new(0),
                open: Mutex::default(),
            }),
        }
    }

    /// Returns the number of open connections.
    pub(crate) fn len(&self) -> usize {
        self.shared.open().connections.len()
    }

    /// Returns the number of connections without a permit: they have made no request yet, got no permit, or are closing.
    pub(crate) fn unplaced(&self) -> usize {
        let open = self.shared.open();
        open.connections.len() - open.placed
    }

    /// Adds a connection, served by the task that `serve` makes.
    pub(crate) fn spawn<F>(&mut self, serve: impl FnOnce(Arc<Activity>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let activity = Arc::new(Activity::new(self.shared.clone()));
        let mut open = self.shared.open();
        let key = open.next;
        open.next += 1;
        open.connections.insert(key, activity.clone());
        drop(open);
        let entry = Entry {
            shared: self.shared.clone(),
            key,
        };
        let serving = serve(activity);
        self.tasks.spawn(async move {
            let _entry = entry;
            serving.await;
        });
    }

    /// Evicts the oldest connection without a permit that is idle and whose socket has been polled: everything its client has
    /// sent by then has been read. Returns true if there is one, or one is closing since an earlier call.
    pub(crate) fn evict_unplaced(&self) -> bool {
        let mut open = self.shared.open();
        open.connections.values().any(|activity| activity.state().closing)
            || open.evict(|state| (state.permit != PermitState::Held && state.has_waited).then_some(state.last))
    }

    /// Evicts an idle connection, one without a place if there is one.
    pub(crate) fn evict(&self) -> bool {
        let mut open = self.shared.open();
        open.evict(|state| Some((state.permit == PermitState::Held, state.last)))
    }

    /// Waits until a connection has ended; forever without one.
    pub(crate) async fn ended(&mut self) {
        match self.tasks.join_next().await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::error!(%error, "the task of a connection failed"),
            None => std::future::pending().await,
        }
    }

    /// Waits until all connections have ended.
    pub(crate) async fn drain(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a connection a place when it makes its first request: a free one, or that of the connection that has been idle for longest.
    fn permit(&self, activity: &Activity) {
        let mut open = self.open();
        let is_free = open.placed < self.places || open.evict(|state| (state.permit == PermitState::Held).then_some(state.last));
        open.placed += usize::from(is_free);
        activity.change(|state| state.permit = if is_free { PermitState::Held } else { PermitState::Rejected });
    }
}

/// A connection among the open ones, until it is dropped.
#[derive(Debug)]
struct Entry {
    shared: Arc<Shared>,
    key: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        let ended = open.connections.remove(&self.key);
        open.placed -= usize::from(ended.is_some_and(|activity| activity.state().permit == PermitState::Held));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::{HEAD_TIMEOUT, IDLE_TIMEOUT, STALL_TIMEOUT};

    /// A pool of connections that stay open until they are evicted, with what is known of each.
    fn pool(places: usize, connections: usize) -> (Pool, Vec<Arc<Activity>>) {
        let mut pool = Pool::new(places);
        let mut activities = Vec::new();
        for _ in 0..connections {
            pool.spawn(|activity| {
                activities.push(activity.clone());
                async move { activity.evicted().await }
            });
        }
        (pool, activities)
    }

    fn is_closing(activity: &Arc<Activity>) -> bool {
        activity.state().closing
    }

    #[tokio::test]
    async fn first_request_takes_the_place_of_the_longest_idle() {
        let (mut pool, activities) = pool(3, 6);
        let [busy, recent, old, silent, one, other] = &activities[..] else {
            panic!("six connections");
        };
        let under_way = busy.begin(Protocol::Http1);
        drop(old.begin(Protocol::Http1));
        drop(recent.begin(Protocol::Http1));
        assert_eq!((pool.len(), pool.unplaced()), (6, 3));
        let first = one.begin(Protocol::Http1);
        assert!(is_closing(old) && !first.is_rejected());
        let second = other.begin(Protocol::Http1);
        assert!(is_closing(recent) && !second.is_rejected());
        assert!(
            silent.begin(Protocol::Http1).is_rejected(),
            "requests are in flight on all connections"
        );
        pool.ended().await;
        pool.ended().await;
        assert_eq!((pool.len(), pool.unplaced()), (4, 1));
        assert!(!is_closing(busy));
        drop(under_way);
    }

    /// A client that has just connected has had no time to send its request, or the server none to read it.
    #[tokio::test]
    async fn eviction_takes_the_oldest_that_had_nothing_to_read() {
        let (mut pool, activities) = pool(1, 4);
        let [unread, placed, old, young] = &activities[..] else {
            panic!("four connections");
        };
        drop(placed.begin(Protocol::Http1));
        assert!(!pool.evict_unplaced(), "none has been polled");
        for activity in [placed, old, young] {
            activity.waits();
        }
        for expected in [old, young] {
            assert!(pool.evict_unplaced() && pool.evict_unplaced(), "one at a time");
            assert!(is_closing(expected));
            pool.ended().await;
        }
        assert!(!pool.evict_unplaced());
        assert!(!is_closing(unread) && !is_closing(placed));
        assert!(pool.evict(), "without file descriptors any idle one");
        assert!(is_closing(unread));
    }

    /// The next request on an idle connection may arrive in two parts, between which the pool needs a permit.
    #[tokio::test]
    async fn eviction_spares_a_head_being_read() {
        let (_pool, activities) = pool(2, 3);
        for activity in &activities[..2] {
            drop(activity.begin(Protocol::Http1));
        }
        activities[0].read(1);
        assert!(!activities[2].begin(Protocol::Http1).is_rejected());
        assert!(!activities[0].state().closing && activities[1].state().closing);
    }

    #[tokio::test]
    async fn eviction_spares_a_response_being_written() {
        let (pool, activities) = pool(1, 1);
        let mut under_way = activities[0].begin(Protocol::Http1);
        under_way.answered();
        assert!(!pool.evict());
        // The body has been passed on whole, and the client does not read.
        activities[0].blocked();
        drop(under_way);
        assert!(!pool.evict());
        activities[0].wrote();
        assert!(pool.evict());
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_follows_from_what_is_waited_for() {
        let (_pool, activities) = pool(1, 1);
        let activity = &activities[0];
        let opened = Instant::now();
        let later = || tokio::time::advance(HEAD_TIMEOUT / 2);
        later().await;
        activity.read(1);
        assert_eq!(activity.deadline(), Some(opened + HEAD_TIMEOUT), "bytes do not extend it");
        let mut under_way = activity.begin(Protocol::Http1);
        assert_eq!(activity.deadline(), None, "for the handler to bound");
        under_way.answered();
        later().await;
        activity.wrote();
        assert_eq!(activity.deadline(), Some(Instant::now() + STALL_TIMEOUT));
        drop(under_way);
        assert_eq!(activity.deadline(), Some(Instant::now() + IDLE_TIMEOUT));
        activity.read(1);
        let head = Instant::now();
        later().await;
        activity.read(1);
        assert_eq!(activity.deadline(), Some(head + HEAD_TIMEOUT), "bytes do not extend it");
        drop(activity.begin(Protocol::Http2));
        activity.read(1);
        assert_eq!(activity.deadline(), None, "frames of HTTP/2 need not be a request");
    }
}

//! Open connections: how many there are, and which one is evicted when another needs its place.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

use crate::{HEAD_TIMEOUT, IDLE_TIMEOUT, STALL_TIMEOUT};

/// The open connections of a listener and their tasks. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Pool {
    limit: usize,
    open: HashMap<Id, Arc<Activity>>,
    tasks: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Orders events.
    clock: AtomicU64,
    /// A connection has become idle.
    idle: Notify,
}

impl Pool {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            open: HashMap::new(),
            tasks: JoinSet::new(),
            shared: Arc::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.open.len() < self.limit
    }

    /// Adds a connection, served by the task that `serve` makes.
    pub(crate) fn spawn<F>(&mut self, serve: impl FnOnce(Arc<Activity>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let activity = Arc::new(Activity::new(self.shared.clone()));
        let task = self.tasks.spawn(serve(activity.clone())).id();
        self.open.insert(task, activity);
    }

    /// Evicts an idle connection: one that never made a request, else the one that has been idle for longest. Returns whether one is
    /// closing, now or since an earlier call.
    pub(crate) fn evict(&self) -> bool {
        let mut oldest: Option<(State, &Arc<Activity>)> = None;
        for activity in self.open.values() {
            let state = activity.state();
            if state.is_busy() {
                continue;
            }
            if state.closing {
                return true;
            }
            let age = |state: State| (state.protocol.is_some(), state.last);
            if oldest.is_none_or(|(known, _)| age(state) < age(known)) {
                oldest = Some((state, activity));
            }
        }
        if let Some((_, activity)) = oldest {
            activity.change(|state| state.closing = true);
            activity.close.notify_one();
        }
        oldest.is_some()
    }

    /// Waits until a connection has become idle since the last call.
    pub(crate) fn idle(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = self.shared.clone();
        async move { shared.idle.notified().await }
    }

    /// Waits until a connection has ended; forever when there is none.
    pub(crate) async fn ended(&mut self) {
        let ended = match self.tasks.join_next_with_id().await {
            Some(Ok((task, ()))) => task,
            Some(Err(error)) => {
                tracing::error!(%error, "the task of a connection failed");
                error.id()
            }
            None => return std::future::pending().await,
        };
        self.open.remove(&ended);
    }

    /// Waits until all connections have ended.
    pub(crate) async fn drain(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    shared: Arc<Shared>,
    opened: Instant,
    state: Mutex<State>,
    /// It has been evicted.
    close: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// That of the last request; `None` before the first.
    protocol: Option<Protocol>,
    /// Requests whose response has not been written yet.
    requests: usize,
    /// Of those, the ones that are with their handler.
    handled: usize,
    /// The client does not read: what is left of a response waits to be written.
    is_blocked: bool,
    /// The first byte of a head that is not complete (HTTP/1.1, after the first request).
    head_since: Option<Instant>,
    /// The last progress: opened, read, written, begun or ended a request.
    last_progress: Instant,
    /// The same, in the order of all connections.
    last: u64,
    closing: bool,
}

impl State {
    /// Whether requests are under way.
    const fn is_busy(self) -> bool {
        self.requests > 0 || self.is_blocked
    }
}

impl Activity {
    fn new(shared: Arc<Shared>) -> Self {
        let state = State {
            protocol: None,
            requests: 0,
            handled: 0,
            is_blocked: false,
            head_since: None,
            last_progress: Instant::now(),
            last: shared.clock.fetch_add(1, Ordering::Relaxed),
            closing: false,
        };
        Self {
            shared,
            opened: state.last_progress,
            state: Mutex::new(state),
            close: Notify::new(),
        }
    }

    /// Notes a request. It is under way until its guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, protocol: Protocol) -> UnderWay {
        self.change(|state| {
            state.protocol = Some(protocol);
            state.requests += 1;
            state.handled += 1;
            state.head_since = None;
        });
        UnderWay {
            activity: self.clone(),
            is_handled: true,
        }
    }

    /// Notes that bytes have been read.
    pub(crate) fn read(&self) {
        self.change(|state| {
            if state.protocol == Some(Protocol::Http1) && state.requests == 0 && state.head_since.is_none() {
                state.head_since = Some(Instant::now());
            }
        });
    }

    /// Notes that bytes have been written.
    pub(crate) fn wrote(&self) {
        let mut was_blocked = false;
        self.change(|state| was_blocked = std::mem::take(&mut state.is_blocked));
        if was_blocked {
            self.shared.idle.notify_one();
        }
    }

    /// Notes that nothing can be written now.
    pub(crate) fn blocked(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_blocked = true;
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.state().protocol.is_some()
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.state().is_busy()
    }

    /// When the connection is to be closed unless the client does something. Handlers have limits of their own, and an idle HTTP/2
    /// client is asked by a ping.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state.handled > 0 {
            None
        } else if state.is_busy() {
            Some(state.last_progress + STALL_TIMEOUT)
        } else if state.protocol.is_none() {
            Some(self.opened + HEAD_TIMEOUT)
        } else if state.protocol == Some(Protocol::Http2) {
            None
        } else if let Some(since) = state.head_since {
            Some(since + HEAD_TIMEOUT)
        } else {
            Some(state.last_progress + IDLE_TIMEOUT)
        }
    }

    /// Waits until the connection has been evicted.
    pub(crate) async fn evicted(&self) {
        self.close.notified().await;
    }

    fn state(&self) -> State {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.last_progress = Instant::now();
        state.last = self.shared.clock.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request under way.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    is_handled: bool,
}

impl UnderWay {
    /// Notes that the handler has answered: what is left is to write the response.
    pub(crate) fn answered(&mut self) {
        if std::mem::take(&mut self.is_handled) {
            self.activity.change(|state| state.handled -= 1);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.answered();
        self.activity.change(|state| state.requests -= 1);
        self.activity.shared.idle.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool of connections that stay open until they are evicted, with what is known of each.
    fn pool(connections: usize) -> (Pool, Vec<Arc<Activity>>) {
        let mut pool = Pool::new(connections);
        let mut activities = Vec::new();
        for _ in 0..connections {
            pool.spawn(|activity| {
                activities.push(activity.clone());
                async move { activity.evicted().await }
            });
        }
        (pool, activities)
    }

    #[tokio::test]
    async fn eviction_takes_those_without_request_first_then_the_longest_idle() {
        let (mut pool, activities) = pool(4);
        let [busy, recent, old, silent] = &activities[..] else {
            panic!("four connections");
        };
        let under_way = busy.begin(Protocol::Http1);
        drop(old.begin(Protocol::Http1));
        drop(recent.begin(Protocol::Http1));
        // Bytes of a head make no request.
        silent.read();
        for expected in [silent, old, recent] {
            assert!(pool.evict() && pool.evict(), "one at a time");
            assert!(expected.state().closing);
            let closing = activities.iter().filter(|activity| activity.state().closing).count();
            pool.ended().await;
            assert_eq!(pool.len(), 4 - closing);
        }
        assert!(!pool.evict(), "a request is under way");
        drop(under_way);
        pool.idle().await;
        assert!(pool.evict());
    }

    /// The next request on an idle connection may come in two parts, between which the pool needs a place.
    #[tokio::test]
    async fn eviction_spares_a_head_being_read() {
        let (pool, activities) = pool(2);
        for activity in &activities {
            drop(activity.begin(Protocol::Http1));
        }
        activities[0].read();
        assert!(pool.evict());
        assert!(!activities[0].state().closing && activities[1].state().closing);
    }

    #[tokio::test]
    async fn eviction_spares_a_response_being_written() {
        let (pool, activities) = pool(1);
        let mut under_way = activities[0].begin(Protocol::Http1);
        under_way.answered();
        assert!(!pool.evict());
        // The body has been handed over whole, and the client does not read.
        activities[0].blocked();
        drop(under_way);
        assert!(!pool.evict());
        activities[0].wrote();
        pool.idle().await;
        assert!(pool.evict());
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_follows_from_what_is_waited_for() {
        let (_pool, activities) = pool(1);
        let activity = &activities[0];
        let opened = Instant::now();
        let later = || tokio::time::advance(HEAD_TIMEOUT / 2);
        later().await;
        activity.read();
        assert_eq!(activity.deadline(), Some(opened + HEAD_TIMEOUT), "bytes do not extend it");
        let mut under_way = activity.begin(Protocol::Http1);
        assert_eq!(activity.deadline(), None, "for the handler to bound");
        under_way.answered();
        later().await;
        activity.wrote();
        assert_eq!(activity.deadline(), Some(Instant::now() + STALL_TIMEOUT));
        drop(under_way);
        assert_eq!(activity.deadline(), Some(Instant::now() + IDLE_TIMEOUT));
        activity.read();
        let head = Instant::now();
        later().await;
        activity.read();
        assert_eq!(activity.deadline(), Some(head + HEAD_TIMEOUT), "bytes do not extend it");
        drop(activity.begin(Protocol::Http2));
        activity.read();
        assert_eq!(activity.deadline(), None, "frames of HTTP/2 need not be a request");
    }
}

//! The connection limit, and eviction of idle connections when it is reached.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::HEARTBEAT_SECS;
use crate::core::ConnectionId;

/// The silence, without even a heartbeat, after which a consumer counts as idle.
const CONSUMER_IDLE_AFTER: Duration = Duration::from_secs(2 * HEARTBEAT_SECS as u64);

/// A connection's entry in the [`ConnectionRegistry`].
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    id: ConnectionId,
    state: Mutex<State>,
    evicted: Notify,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// The time of its last frame.
    heard: Instant,
    /// The time of its last frame other than a heartbeat.
    active: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    LoggingIn,
    Open,
    Evicted,
}

/// All connections, in the order of accept.
#[derive(Debug, Default)]
pub(crate) struct ConnectionRegistry(Mutex<Vec<Weak<ConnectionSlot>>>);

impl ConnectionSlot {
    /// Records a received frame.
    pub(crate) fn heard(&self, is_heartbeat: bool) {
        let mut state = self.state();
        state.heard = Instant::now();
        if !is_heartbeat {
            state.active = state.heard;
        }
    }

    /// Waits until this connection is evicted.
    pub(crate) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    fn evict(&self) {
        self.state().stage = Stage::Evicted;
        self.evicted.notify_one();
    }

    fn is(&self, stage: Stage) -> bool {
        self.state().stage == stage
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionRegistry {
    /// Registers a new connection; if `max_logins` have not logged in yet, the oldest of them is evicted.
    pub(crate) fn enter(&self, id: ConnectionId, max_logins: usize) -> Arc<ConnectionSlot> {
        let mut all = self.all();
        all.retain(|presence| presence.strong_count() > 0);
        let logging_in: Vec<_> = present(&all, Stage::LoggingIn).collect();
        if logging_in.len() >= max_logins.max(1)
            && let Some(oldest) = logging_in.first()
        {
            tracing::warn!(
                connection = oldest.id.0,
                "connection closed: not logged in, and the login limit is reached"
            );
            oldest.evict();
        }
        let now = Instant::now();
        let presence = Arc::new(ConnectionSlot {
            id,
            state: Mutex::new(State {
                stage: Stage::LoggingIn,
                heard: now,
                active: now,
            }),
            evicted: Notify::new(),
        });
        all.push(Arc::downgrade(&presence));
        presence
    }

    /// Records a login. If `max` connections are logged in, the one idle for longest is evicted; returns
    /// `false` if none is idle. `holds_nothing`: the connection has neither consumers nor unsettled messages.
    pub(crate) fn admit(&self, new: &ConnectionSlot, max: usize, holds_nothing: impl Fn(ConnectionId) -> bool) -> bool {
        let all = self.all();
        let open: Vec<_> = present(&all, Stage::Open).collect();
        if open.len() >= max {
            let now = Instant::now();
            let rank = |presence: &Arc<ConnectionSlot>| {
                let (heard, active) = {
                    let state = presence.state();
                    (state.heard, state.active)
                };
                match (holds_nothing(presence.id), now.duration_since(heard) > CONSUMER_IDLE_AFTER) {
                    (true, _) => Some((0, active)),
                    (false, true) => Some((1, heard)),
                    (false, false) => None,
                }
            };
            let ranked = open.iter().filter_map(|presence| Some((rank(presence)?, presence)));
            let Some((_, idle)) = ranked.min_by_key(|(rank, _)| *rank) else {
                return false;
            };
            tracing::warn!(connection = idle.id.0, "idle connection closed: connection limit reached");
            idle.evict();
        }
        new.state().stage = Stage::Open;
        true
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<ConnectionSlot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn present(all: &[Weak<ConnectionSlot>], stage: Stage) -> impl Iterator<Item = Arc<ConnectionSlot>> {
    all.iter()
        .filter_map(Weak::upgrade)
        .filter(move |presence| presence.is(stage))
}

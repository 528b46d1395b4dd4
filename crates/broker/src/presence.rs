//! Who is connected, and who has to go when there is no more room: those who hold a place and do nothing with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::HEARTBEAT;
use crate::core::ConnectionId;

/// A consumer that has sent nothing for so long, not even the heartbeats that are suggested to it, counts as idle.
const SILENCE: Duration = Duration::from_secs(2 * HEARTBEAT as u64);

/// One connection's place.
#[derive(Debug)]
pub(crate) struct Presence {
    id: ConnectionId,
    state: Mutex<State>,
    evicted: Notify,
}

#[derive(Debug)]
struct State {
    stage: Stage,
    /// When it last sent anything.
    heard: Instant,
    /// When it last sent anything but a heartbeat.
    active: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    LoggingIn,
    Open,
    Evicted,
}

/// All connections, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Presences(Mutex<Vec<Weak<Presence>>>);

impl Presence {
    /// Notes that a frame has come.
    pub(crate) fn heard(&self, is_heartbeat: bool) {
        let mut state = self.state();
        state.heard = Instant::now();
        if !is_heartbeat {
            state.active = state.heard;
        }
    }

    /// Waits until another connection has been given its place.
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

impl Presences {
    /// Gives a new connection a place, and evicts the oldest of those that have not logged in if there are `max_logins` of them.
    pub(crate) fn enter(&self, id: ConnectionId, max_logins: usize) -> Arc<Presence> {
        let mut all = self.all();
        all.retain(|presence| presence.strong_count() > 0);
        let logging_in: Vec<_> = present(&all, Stage::LoggingIn).collect();
        if logging_in.len() >= max_logins.max(1)
            && let Some(oldest) = logging_in.first()
        {
            tracing::warn!(
                connection = oldest.id.0,
                "connection dropped: it has not logged in, and others want to"
            );
            oldest.evict();
        }
        let now = Instant::now();
        let presence = Arc::new(Presence {
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

    /// Notes that a connection has logged in. If `max` have before it, the one that has been idle for longest is evicted; says
    /// whether there is a place. `holds_nothing`: the connection has neither consumers nor unsettled messages.
    pub(crate) fn admit(&self, new: &Presence, max: usize, holds_nothing: impl Fn(ConnectionId) -> bool) -> bool {
        let all = self.all();
        let open: Vec<_> = present(&all, Stage::Open).collect();
        if open.len() >= max {
            let now = Instant::now();
            let rank = |presence: &Arc<Presence>| {
                let (heard, active) = {
                    let state = presence.state();
                    (state.heard, state.active)
                };
                match (holds_nothing(presence.id), now.duration_since(heard) > SILENCE) {
                    (true, _) => Some((0, active)),
                    (false, true) => Some((1, heard)),
                    (false, false) => None,
                }
            };
            let ranked = open.iter().filter_map(|presence| Some((rank(presence)?, presence)));
            let Some((_, idle)) = ranked.min_by_key(|(rank, _)| *rank) else {
                return false;
            };
            tracing::warn!(connection = idle.id.0, "idle connection closed: another one needs its place");
            idle.evict();
        }
        new.state().stage = Stage::Open;
        true
    }

    fn all(&self) -> MutexGuard<'_, Vec<Weak<Presence>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn present(all: &[Weak<Presence>], stage: Stage) -> impl Iterator<Item = Arc<Presence>> {
    all.iter()
        .filter_map(Weak::upgrade)
        .filter(move |presence| presence.is(stage))
}

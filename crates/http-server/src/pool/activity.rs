//! State of one connection: its requests, its permit, and when it is to be closed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Shared;
use crate::{HEAD_MAX, HEAD_TIMEOUT, IDLE_TIMEOUT, STALL_TIMEOUT};

/// Lifetime of a connection that got no permit.
const REJECTED_TIME: Duration = Duration::from_secs(2);

/// State of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    shared: Arc<Shared>,
    opened: Instant,
    state: Mutex<State>,
    /// The head of its first request is too long, and has been answered.
    has_rejected_head: AtomicBool,
    /// Notified on eviction.
    pub(super) close: Notify,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Permit of a connection to make requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PermitState {
    /// No request made yet, or evicted.
    None,
    Held,
    /// All permits were held by connections with requests in flight.
    Rejected,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) permit: PermitState,
    /// True if nothing could be read at some time.
    pub(super) has_waited: bool,
    /// Bytes received before the first request began.
    head: usize,
    /// Begin of the first request; the connection's begin before that.
    first_request: Instant,
    /// Protocol of the last request; `None` before the first.
    pub(super) protocol: Option<Protocol>,
    /// Requests whose response has not been written yet.
    pub(super) requests: usize,
    /// Requests in flight that are with their handler.
    handled: usize,
    /// The client does not read: what is left of a response waits to be written.
    is_blocked: bool,
    /// The first byte of a head that is not complete (HTTP/1.1, after the first request).
    head_since: Option<Instant>,
    /// The last progress: opened, read, written, begun or ended a request.
    last_progress: Instant,
    /// The same, in the order of all connections.
    pub(super) last: u64,
    pub(super) closing: bool,
}

impl State {
    /// Returns true while requests are in flight.
    pub(super) const fn is_busy(self) -> bool {
        self.requests > 0 || self.is_blocked
    }
}

impl Activity {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let state = State {
            permit: PermitState::None,
            has_waited: false,
            head: 0,
            first_request: Instant::now(),
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
            has_rejected_head: AtomicBool::new(false),
            close: Notify::new(),
        }
    }

    /// Notes a request. It is in flight until its guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, protocol: Protocol) -> UnderWay {
        let mut is_first = false;
        self.change(|state| {
            is_first = state.protocol.is_none();
            if is_first {
                state.first_request = Instant::now();
            }
            state.protocol = Some(protocol);
            state.requests += 1;
            state.handled += 1;
            state.head_since = None;
        });
        if is_first {
            self.shared.permit(self);
        }
        UnderWay {
            activity: self.clone(),
            is_handled: true,
        }
    }

    /// Notes that bytes have been read.
    pub(crate) fn read(&self, bytes: usize) {
        self.change(|state| {
            if state.protocol.is_none() {
                state.head += bytes;
            }
            if state.protocol == Some(Protocol::Http1) && state.requests == 0 && state.head_since.is_none() {
                state.head_since = Some(Instant::now());
            }
        });
    }

    /// Notes that nothing can be read now.
    pub(crate) fn waits(&self) {
        self.locked().has_waited = true;
    }

    /// Notes that bytes have been written.
    pub(crate) fn wrote(&self) {
        self.change(|state| state.is_blocked = false);
    }

    /// Notes that nothing can be written now.
    pub(crate) fn blocked(&self) {
        self.locked().is_blocked = true;
    }

    /// Returns true if more bytes than a head may have arrived without a request.
    pub(crate) fn is_too_long(&self) -> bool {
        let state = self.state();
        state.protocol.is_none() && state.head > HEAD_MAX
    }

    /// Returns the bytes that the head of its first request may still have.
    pub(crate) fn head_left(&self) -> usize {
        HEAD_MAX.saturating_sub(self.state().head)
    }

    /// Notes that its first request has been answered since its head is too long.
    pub(crate) fn rejected_head(&self) {
        self.has_rejected_head.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_rejected_head(&self) -> bool {
        self.has_rejected_head.load(Ordering::Relaxed)
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.state().protocol.is_some()
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.state().is_busy()
    }

    /// Returns when the connection is to be closed unless the client does something. Handlers have limits of their own, and an
    /// idle HTTP/2 client is sent a ping.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state.permit == PermitState::Rejected {
            Some(state.first_request + REJECTED_TIME)
        } else if state.handled > 0 {
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

    pub(super) fn state(&self) -> State {
        *self.locked()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.locked();
        change(&mut state);
        state.last_progress = Instant::now();
        state.last = self.shared.clock.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    is_handled: bool,
}

impl UnderWay {
    /// Returns true if the request is to be answered as overloaded, since its connection got no permit.
    pub(crate) fn is_rejected(&self) -> bool {
        self.activity.state().permit == PermitState::Rejected
    }

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
    }
}

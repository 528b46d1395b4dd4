//! The handle that listeners forward with.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use ingest_state::RelayCounts;
use tokio::sync::{mpsc, oneshot, watch};
use trace_model::sentry::Delivery;

use crate::answer::Answer;
use crate::attempt::{self, Patience};
use crate::backoff::Backoff;
use crate::category::Categories;
use crate::engine::{Command, Engine};
use crate::outgoing::{self, Endpoint, Incoming, Outgoing, Receipt};
use crate::target::Target;

/// How many events wait for who reads them.
const EVENTS: usize = 256;
const ENDED: &str = "the relay has ended";
const BEHIND: &str = "the relay is behind";

/// The bounds of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many envelopes may wait for Sentry to be reachable again.
    pub waiting: usize,
    /// How many bytes of memory they may take; those that are under way may take as many again.
    pub waiting_bytes: usize,
    /// How many requests may be under way at once.
    pub concurrent: usize,
    /// How long an SDK waits for Sentry's answer, and how long one attempt may go without progress.
    pub deadline: Duration,
    /// Bytes per second that the slowest uplink carries. What a connection has taken may be in its buffers for as long as that needs,
    /// so an attempt has this much more time for each byte of it.
    pub slowest: usize,
    /// How many tries may fail while Sentry answers other requests before an envelope is given up. An outage uses up none.
    pub tries: u32,
    /// How long to wait before the next attempt while Sentry cannot be reached.
    pub backoff: Backoff,
    /// How long to wait between two envelopes of those that had to wait: Sentry asks for it, as a burst may look like an abuse.
    pub pause: Duration,
    /// How long the last attempts may take when the relay ends.
    pub farewell: Duration,
}

impl Default for Limits {
    /// 1,000 envelopes, 16 MiB, 8 requests, 5 s, 32 KiB/s, 5 tries, [`Backoff::default`], 100 ms, 2 s.
    fn default() -> Self {
        Self {
            waiting: 1000,
            waiting_bytes: 16 * 1024 * 1024,
            concurrent: 8,
            deadline: Duration::from_secs(5),
            slowest: 32 * 1024,
            tries: 5,
            backoff: Backoff::default(),
            pause: Duration::from_millis(100),
            farewell: Duration::from_secs(2),
        }
    }
}

impl Limits {
    pub(crate) const fn patience(&self) -> Patience {
        Patience {
            deadline: self.deadline,
            slowest: self.slowest,
        }
    }
}

/// What came to a listener and shall go to Sentry.
#[derive(Clone, Debug)]
pub struct Forward<T> {
    /// Where it came to.
    pub endpoint: Endpoint,
    /// The request's. Those that concern its body and its sender go on.
    pub headers: HeaderMap,
    /// The request's query, without the question mark: browsers say there who they are.
    pub query: Option<String>,
    /// The body as it came, still encoded.
    pub body: Bytes,
    /// The same, decoded.
    pub inflated: Bytes,
    /// Of its items, for rate limits.
    pub categories: Categories,
    /// What the later [`Event`] shall be known by.
    pub tag: T,
}

/// What has become of something that could not be told in an [`Answer`]: it had to wait, or the SDK was gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<T> {
    /// As it was forwarded.
    pub tag: T,
    /// Its end; never [`Delivery::Waiting`].
    pub delivery: Delivery,
}

/// Where [`Event`]s come out. They must be read: a relay whose events are not read takes nothing more.
#[derive(Debug)]
pub struct Events<T>(mpsc::Receiver<Event<T>>);

impl<T> Events<T> {
    /// Waits for the next; `None` once the relay has ended and all were read. Nothing is lost when it is dropped half way.
    pub async fn recv(&mut self) -> Option<Event<T>> {
        self.0.recv().await
    }
}

/// Why there is no relay.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It would send to itself, for ever.
    #[error("the DSN leads to this program's own listener on {0}: name the Sentry that envelopes shall go on to")]
    Loop(SocketAddr),
    /// The HTTP client cannot be set up.
    #[error("cannot set up TLS")]
    Client(#[source] reqwest::Error),
}

/// A relay to one Sentry project. Cheap to clone; it ends when all clones are gone, or with [`Relay::shutdown`].
pub struct Relay<T> {
    target: Target,
    /// How it signs what it sends on.
    via: HeaderValue,
    deadline: Duration,
    commands: mpsc::Sender<Command<T>>,
    counts: watch::Sender<RelayCounts>,
    stop: watch::Sender<bool>,
}

impl<T: Send + 'static> Relay<T> {
    /// Starts a relay's task. `listeners` is where envelopes come in.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(target: Target, listeners: &[SocketAddr], limits: Limits) -> Result<(Self, Events<T>), StartError> {
        if let Some(listener) = listeners.iter().find(|listener| target.leads_to(**listener)) {
            return Err(StartError::Loop(*listener));
        }
        let client = attempt::client(&target).map_err(StartError::Client)?;
        // One at a time: those behind it are held by who sent them.
        let (commands, receiver) = mpsc::channel(1);
        let (events, event_receiver) = mpsc::channel(EVENTS);
        let relay = Self {
            via: signature(),
            deadline: limits.deadline,
            commands,
            counts: watch::Sender::default(),
            stop: watch::Sender::default(),
            target: target.clone(),
        };
        let engine = Engine::new(client, target, limits, receiver, events, relay.counts.clone());
        tokio::spawn(engine.run(relay.stop.subscribe()));
        Ok((relay, Events(event_receiver)))
    }

    /// Hands an envelope on, and says what to answer to who sent it.
    ///
    /// Waits for Sentry's answer for at most [`Limits::deadline`], and once more that long for its turn when many are under way. What
    /// could not be delivered by then is kept, or is still being sent, and is answered with 200; what becomes of it is told by an
    /// [`Event`]. It goes on when this future is dropped after its turn has come.
    pub async fn forward(&self, forward: Forward<T>) -> Answer {
        let Forward {
            endpoint,
            headers,
            query,
            body,
            inflated,
            categories,
            tag,
        } = forward;
        if outgoing::has_come_by(&headers, &self.via) {
            return self.counted(Answer::loops());
        }
        let incoming = Incoming {
            endpoint,
            headers: &headers,
            query: query.as_deref(),
            body,
            inflated: &inflated,
        };
        let (reply, answer) = oneshot::channel();
        let command = Command {
            outgoing: Outgoing::new(incoming, &self.target, &self.via),
            receipt: Receipt::new(endpoint, &headers, &inflated),
            categories,
            tag,
            reply,
        };
        drop((headers, inflated));
        // Twice: the last of those before it may just have begun.
        match tokio::time::timeout(self.deadline * 2, self.commands.send(command)).await {
            Ok(Ok(())) => match answer.await {
                Ok(answer) => answer,
                Err(_) => self.counted(Answer::lost(ENDED)),
            },
            Ok(Err(_)) => self.counted(Answer::lost(ENDED)),
            Err(_) => self.counted(Answer::lost(BEHIND)),
        }
    }

    /// The counts now.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        self.counts.borrow().clone()
    }

    /// The counts, for who wants to be woken when they change.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RelayCounts> {
        self.counts.subscribe()
    }

    /// Where it sends to.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Takes nothing more, tries a last time to deliver what waits, and says of the rest that it is lost. The events of that can
    /// still be read, and should be read meanwhile. Returns when the relay has ended.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }

    fn counted(&self, answer: Answer) -> Answer {
        self.counts.send_modify(|counts| counts.count(&answer.delivery));
        answer
    }
}

/// A name that only this relay has, as `Via` wants it.
fn signature() -> HeaderValue {
    let name = format!("1.1 spanfall-{:016x}", fastrand::u64(..));
    HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("1.1 spanfall"))
}

// Derived, these would ask the same of the tag.
impl<T> Clone for Relay<T> {
    fn clone(&self) -> Self {
        Self {
            target: self.target.clone(),
            via: self.via.clone(),
            deadline: self.deadline,
            commands: self.commands.clone(),
            counts: self.counts.clone(),
            stop: self.stop.clone(),
        }
    }
}

impl<T> fmt::Debug for Relay<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("target", &self.target).finish_non_exhaustive()
    }
}

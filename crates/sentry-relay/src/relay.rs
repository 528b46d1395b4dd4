//! The handle that listeners forward with.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use ingest_state::RelayCounts;
use tokio::sync::{mpsc, oneshot, watch};

use crate::attempt;
use crate::category::Categories;
use crate::engine::{Command, Engine};
use crate::event::Events;
use crate::limits::Limits;
use crate::outgoing::{self, Endpoint, Incoming, Outgoing, Receipt};
use crate::response::RelayResponse;
use crate::target::Target;

/// Capacity of the event channel.
const EVENTS_MAX: usize = 256;
const STOPPED: &str = "relay stopped";
const OVERLOADED: &str = "relay overloaded";

/// A received request to forward to Sentry.
#[derive(Clone, Debug)]
pub struct Forward<T> {
    /// The endpoint that received it.
    pub endpoint: Endpoint,
    /// The request's headers. Those that describe its body and its sender are forwarded.
    pub headers: HeaderMap,
    /// The request's query, without the question mark: browsers authenticate with it.
    pub query: Option<String>,
    /// The body as received, still encoded.
    pub body: Bytes,
    /// The decoded body.
    pub inflated: Bytes,
    /// Categories of its items, for rate limits.
    pub categories: Categories,
    /// Identifies the request in a later [`Event`](crate::Event).
    pub tag: T,
}

/// The relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The relay would forward to itself.
    #[error("the DSN points to this program's own listener on {0}: use the DSN of a Sentry project")]
    Loop(SocketAddr),
    /// The HTTP client cannot be set up.
    #[error("TLS setup failed")]
    Client(#[source] reqwest::Error),
}

/// A relay to one Sentry project. Cheap to clone; it stops when all clones are dropped, or with [`Relay::shutdown`].
pub struct Relay<T> {
    target: Target,
    /// Its signature in the `Via` header of forwarded requests.
    via: HeaderValue,
    deadline: Duration,
    commands: mpsc::Sender<Command<T>>,
    counts: watch::Sender<RelayCounts>,
    stop: watch::Sender<bool>,
}

impl<T: Send + 'static> Relay<T> {
    /// Starts the relay's task. `listeners` are the addresses that receive envelopes.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(target: Target, listeners: &[SocketAddr], limits: Limits) -> Result<(Self, Events<T>), StartError> {
        if let Some(listener) = listeners.iter().find(|listener| target.leads_to(**listener)) {
            return Err(StartError::Loop(*listener));
        }
        let client = attempt::client(&target).map_err(StartError::Client)?;
        // One at a time: further requests are held by their senders.
        let (commands, receiver) = mpsc::channel(1);
        let (events, event_receiver) = mpsc::channel(EVENTS_MAX);
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

    /// Forwards an envelope, and returns the response for its sender.
    ///
    /// Waits for Sentry's response for at most [`Limits::deadline`], and for as long again for a slot when many requests are in
    /// flight. An envelope that is not delivered by then is buffered, or is still being sent, and is answered with 200; its
    /// outcome is an [`Event`](crate::Event). Once the envelope has a slot, it is sent even if this future is dropped.
    pub async fn forward(&self, forward: Forward<T>) -> RelayResponse {
        let Forward {
            endpoint,
            headers,
            query,
            body,
            inflated,
            categories,
            tag,
        } = forward;
        if outgoing::has_via(&headers, &self.via) {
            return self.counted(RelayResponse::loops());
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
        // Twice the deadline: the last of the requests before it may just have started.
        match tokio::time::timeout(self.deadline * 2, self.commands.send(command)).await {
            Ok(Ok(())) => match answer.await {
                Ok(answer) => answer,
                Err(_) => self.counted(RelayResponse::lost(STOPPED)),
            },
            Ok(Err(_)) => self.counted(RelayResponse::lost(STOPPED)),
            Err(_) => self.counted(RelayResponse::lost(OVERLOADED)),
        }
    }

    /// Returns the current counts.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        self.counts.borrow().clone()
    }

    /// Subscribes to changes of the counts.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<RelayCounts> {
        self.counts.subscribe()
    }

    /// Returns the project that it forwards to.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// Stops accepting requests, tries a last time to deliver the buffered ones, and reports the rest as lost. Their events can
    /// still be read, and should be read meanwhile. Returns when the relay has stopped.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        self.stop.closed().await;
    }

    fn counted(&self, answer: RelayResponse) -> RelayResponse {
        self.counts.send_modify(|counts| counts.count(&answer.delivery));
        answer
    }
}

/// Creates a name unique to this relay, in the form of `Via`.
fn signature() -> HeaderValue {
    let name = format!("1.1 spanfall-{:016x}", fastrand::u64(..));
    HeaderValue::try_from(name).unwrap_or(HeaderValue::from_static("1.1 spanfall"))
}

// Deriving it would require the same of `T`.
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

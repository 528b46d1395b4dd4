//! A receiver of Sentry envelopes that parses them with Sentry's own types and keeps them.

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use sentry::Envelope;
use sentry::protocol::{Context, EnvelopeItem, Event, ItemContainer, Log, TraceContext, Transaction};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{DEADLINE, Error};

/// Items of interest, in order of arrival.
#[derive(Clone, Debug, Default)]
pub struct Items {
    /// Transactions, one per root span.
    pub transactions: Vec<Transaction<'static>>,
    /// Error events.
    pub events: Vec<Event<'static>>,
    /// Log records.
    pub logs: Vec<Log>,
    /// Number of bodies that are not an envelope.
    pub unreadable: usize,
    /// All bodies as text, to search for forbidden content.
    pub raw: String,
}

/// The receiver.
#[derive(Clone, Debug)]
pub struct Envelopes {
    received: watch::Sender<Items>,
    address: SocketAddr,
}

impl Envelopes {
    /// Listens on a free port as long as the runtime runs.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub async fn receive() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let envelopes = Self {
            received: watch::Sender::new(Items::default()),
            address: listener.local_addr()?,
        };
        let app = Router::new()
            .route("/api/{project}/envelope/", post(keep))
            .with_state(envelopes.received.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(envelopes)
    }

    /// Returns the DSN of this receiver.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://public@{}/1", self.address)
    }

    /// Returns all items received so far.
    #[must_use]
    pub fn all(&self) -> Items {
        self.received.borrow().clone()
    }

    /// Waits until `find` returns a value for the received items.
    ///
    /// # Errors
    /// The deadline passed.
    pub async fn wait<T>(&self, find: impl Fn(&Items) -> Option<T>) -> Result<T, Error> {
        let mut received = self.received.subscribe();
        let finding = async {
            loop {
                if let Some(found) = find(&received.borrow_and_update()) {
                    return found;
                }
                // `self` owns the sender.
                let _ = received.changed().await;
            }
        };
        let waited = tokio::time::timeout(DEADLINE, finding).await;
        waited.map_err(|_| format!("received only these envelopes: {}", self.all().raw).into())
    }
}

async fn keep(State(received): State<watch::Sender<Items>>, body: Bytes) -> impl IntoResponse {
    received.send_modify(|items| {
        items.raw.push_str(&String::from_utf8_lossy(&body));
        let Ok(envelope) = Envelope::from_slice(&body) else {
            items.unreadable += 1;
            return;
        };
        for item in envelope.into_items() {
            match item {
                EnvelopeItem::Transaction(transaction) => items.transactions.push(*transaction),
                EnvelopeItem::Event(event) => items.events.push(*event),
                EnvelopeItem::ItemContainer(ItemContainer::Logs(logs)) => items.logs.extend(logs),
                _ => {}
            }
        }
    });
    // Like Sentry: any page may send.
    ([(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], Json(()))
}

/// Returns the trace context of a transaction or an event.
#[must_use]
pub fn trace_of<'a>(contexts: impl IntoIterator<Item = (&'a String, &'a Context)>) -> Option<TraceContext> {
    contexts.into_iter().find_map(|(name, context)| match context {
        Context::Trace(trace) if name == "trace" => Some((**trace).clone()),
        _ => None,
    })
}

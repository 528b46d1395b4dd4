//! The running listeners.

use std::time::Duration;

use axum::Router;
use ingest_state::PerListener;
use sentry_relay::Relay;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use trace_model::Source;

use crate::arrival::Arrivals;
use crate::budget::{MemoryBudget, QUEUED_ARRIVALS_MAX};
use crate::health::Recorder;
use crate::intake::Intake;
use crate::limits::BodyLimit;
use crate::listeners::{self, Serving};
use crate::own_uploads::OwnUploads;
use crate::sentry::SentryRelay;
use crate::{Collector, Health, Listener, layers, limits, sentry};

/// Time for requests in flight to finish after the end was requested.
const FINISH: Duration = Duration::from_secs(2);

/// The running listeners. Dropping it ends them at once, whatever they are doing.
#[derive(Debug)]
#[must_use = "dropping it ends the listeners"]
pub struct Server {
    relay: Option<Relay<sentry::Spans>>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Server {
    /// Stops listening and lets the requests in flight finish, for at most two seconds. Buffered envelopes are sent to Sentry a
    /// last time, for at most two seconds more.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            tracing::debug!("requests in flight were cut off");
        }
        if let Some(relay) = self.relay {
            relay.shutdown().await;
        }
    }
}

impl Collector {
    /// Starts to answer. Must be called within a Tokio runtime.
    ///
    /// Arrivals must be received: when the queue is full, senders are told to retry.
    pub fn serve(self) -> (Arrivals, Health, Server) {
        let (arrivals, receiver) = mpsc::channel(QUEUED_ARRIVALS_MAX);
        let otlp_limit = BodyLimit::otlp(self.max_body);
        let (recorder, budget) = (Recorder::default(), MemoryBudget::new(limits::account(otlp_limit)));
        let health = recorder.health(budget.clone(), PerListener::from_fn(listeners::limits));
        let addresses = self.addresses();
        let uploads = (!self.show_uploads).then(|| OwnUploads::new(addresses, listeners::takes, self.access.clone()));
        let intake = Intake::new(arrivals, budget, otlp_limit, uploads, recorder.clone());

        let (stop, stopped) = watch::channel(false);
        let mut running = JoinSet::new();
        let mut serve = |socket: TcpListener, listener: Listener, routes: Router| {
            let app = layers::wrap(routes, listener, &recorder);
            let (recorder, mut stopped) = (recorder.clone(), stopped.clone());
            let report = move |open: usize| recorder.record(|health| health.listeners[listener].connections = open as u64);
            let server = http_server::Server::new(socket, self.access.clone(), app)
                .limits(listeners::limits(listener))
                .on_connections(report);
            running.spawn(async move {
                let stopped = async {
                    let _ = stopped.wait_for(|stopped| *stopped).await;
                };
                server.run(stopped).await;
            });
        };
        let at_sentry = intake.at(Listener::Sentry, Source::SentryOtlp);
        let relay = self.relay.map(|SentryRelay { relay, events }| {
            tokio::spawn(sentry::follow(relay.clone(), events, at_sentry));
            relay
        });
        let serving = Serving {
            intake,
            addresses,
            relay,
        };
        for (listener, socket) in self.sockets {
            serve(socket, listener, listeners::routes(listener, &serving));
        }
        let relay = serving.relay;
        (
            Arrivals(receiver),
            health,
            Server {
                relay,
                stop,
                listeners: running,
            },
        )
    }
}

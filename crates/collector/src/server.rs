//! The three listeners.

use std::time::Duration;

use axum::Router;
use http_server::Limits;
use sentry_relay::Relay;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::arrival::Arrivals;
use crate::health::Recorder;
use crate::intake::Intake;
use crate::limits::BodyLimit;
use crate::own_uploads::OwnUploads;
use crate::queue::{Queue, WAITING};
use crate::sentry::SentryRelay;
use crate::{Collector, Health, Listener, door, limits, otlp, sentry};

/// Returns the limits of a listener. Half of the buffer costs a tenth of the whole program's speed, the double gains hardly
/// anything.
///
/// A gRPC sender has one connection for all that it sends. A window that is smaller than its batches costs a tenth of the speed too.
pub(crate) const fn limits_of(listener: Listener) -> Limits {
    match listener {
        Listener::OtlpGrpc => Limits {
            connections: 80,
            requests: 64,
            read_buffer: 128 * 1024,
            window: 256 * 1024,
        },
        Listener::OtlpHttp | Listener::Sentry => Limits {
            connections: 128,
            requests: 96,
            read_buffer: 128 * 1024,
            window: 64 * 1024,
        },
    }
}
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

pub(crate) fn start(collector: Collector) -> (Arrivals, Health, Server) {
    let (arrivals, receiver) = mpsc::channel(WAITING);
    let otlp_limit = BodyLimit::otlp(collector.max_body);
    let (recorder, queue) = (Recorder::default(), Queue::new(limits::account(otlp_limit)));
    let health = recorder.health(queue.clone());
    let addresses = collector.addresses();
    let uploads = (!collector.show_uploads).then(|| OwnUploads::new(addresses, collector.access.clone()));
    let intake = Intake::new(arrivals, queue, otlp_limit, uploads, recorder.clone());

    let (stop, stopped) = watch::channel(false);
    let mut listeners = JoinSet::new();
    let mut serve = |socket: TcpListener, listener: Listener, routes: Router| {
        let app = door::before(routes, listener, &recorder);
        let (recorder, mut stopped) = (recorder.clone(), stopped.clone());
        let report = move |open: usize| recorder.record(|health| *health.at(listener).connections = open as u64);
        let server = http_server::Server::new(socket, collector.access.clone(), app)
            .limits(limits_of(listener))
            .on_connections(report);
        listeners.spawn(async move {
            let stopped = async {
                let _ = stopped.wait_for(|stopped| *stopped).await;
            };
            server.run(stopped).await;
        });
    };
    let grpc = otlp::grpc::routes(intake.at(Listener::OtlpGrpc), addresses.otlp_http);
    serve(collector.otlp_grpc, Listener::OtlpGrpc, grpc);
    let http = otlp::http::routes(&intake.at(Listener::OtlpHttp), addresses.otlp_grpc);
    serve(collector.otlp_http, Listener::OtlpHttp, http);
    let at_sentry = intake.at(Listener::Sentry);
    let relay = collector.relay.map(|SentryRelay { relay, events }| {
        tokio::spawn(sentry::follow(relay.clone(), events, at_sentry.clone()));
        relay
    });
    let sentry = sentry::routes(at_sentry, relay.clone());
    serve(collector.sentry, Listener::Sentry, sentry);
    (Arrivals(receiver), health, Server { relay, stop, listeners })
}

//! The three listeners and their connections.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use sentry_relay::Relay;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::arrival::Arrivals;
use crate::connection::{Connection, Connections};
use crate::health::Recorder;
use crate::intake::Intake;
use crate::queue::{Queue, WAITING};
use crate::sentry::SentryRelay;
use crate::{Collector, Health, Listener, door, otlp, sentry};

/// How long a connection may be there without having made a request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// How long it may be silent afterwards: longer than what exporters wait between two batches, so that they find it open.
const IDLE: Duration = Duration::from_secs(90);
/// How long a connection that makes room for another may take to say goodbye, in which it may have begun a request.
const GOODBYE: Duration = Duration::from_secs(1);
/// How much of a connection HTTP/1 reads at once, in bytes, which is also how long a request's head may be. A connection keeps it once
/// it has had large bodies. Half of it costs a tenth of the whole program's speed, the double gains hardly anything.
const READ: usize = 128 * 1024;
/// How many requests one HTTP/2 connection may have under way.
const STREAMS: u32 = 32;
/// How many bytes an HTTP/2 sender may send ahead of the reading, in one request and in all. Bodies are read as they come, so a sender
/// that keeps to the limits never waits for a window.
const WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 4 * WINDOW;
/// How long an HTTP/2 frame may be, in bytes: each has a price of its own, whatever its length.
const FRAME: u32 = 64 * 1024;
/// How long requests that are under way may take to finish after the end was asked for.
const FINISH: Duration = Duration::from_secs(2);
/// What to wait when the process has no file descriptor left for another connection.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// The running listeners. Dropping it ends them at once, whatever they are doing.
#[derive(Debug)]
#[must_use = "dropping it ends the listeners"]
pub struct Server {
    relay: Option<Relay<sentry::Spans>>,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Server {
    /// Stops listening and lets the requests that are under way finish, for at most two seconds. What waits for Sentry is tried a last time, for
    /// at most two seconds more.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            tracing::debug!("requests under way were cut off");
        }
        if let Some(relay) = self.relay {
            relay.shutdown().await;
        }
    }
}

pub(crate) fn start(collector: Collector) -> (Arrivals, Health, Server) {
    let (arrivals, receiver) = mpsc::channel(WAITING);
    let (recorder, queue) = (Recorder::default(), Queue::default());
    let health = recorder.health(queue.clone());
    let addresses = collector.addresses();
    let intake = Intake::new(arrivals, queue, recorder.clone());

    let (stop, stopped) = watch::channel(false);
    let mut listeners = JoinSet::new();
    let mut serve = |socket: TcpListener, listener: Listener, router: Router| {
        let connections = Connections::new(listener, recorder.clone());
        listeners.spawn(accept(socket, router, connections, stopped.clone()));
    };
    let before = |router: Router, listener| door::before(router, listener, recorder.clone());
    let grpc = otlp::grpc::routes(intake.at(Listener::OtlpGrpc), addresses.otlp_http);
    serve(collector.otlp_grpc, Listener::OtlpGrpc, before(grpc, Listener::OtlpGrpc));
    let http = otlp::http::routes(&intake.at(Listener::OtlpHttp), addresses.otlp_grpc);
    let http = before(http, Listener::OtlpHttp).layer(otlp::http::cors());
    serve(collector.otlp_http, Listener::OtlpHttp, http);
    let at_sentry = intake.at(Listener::Sentry);
    let relay = collector.relay.map(|SentryRelay { relay, events }| {
        tokio::spawn(sentry::follow(relay.clone(), events, at_sentry.clone()));
        relay
    });
    let sentry = sentry::routes(at_sentry, relay.clone());
    let sentry = before(sentry, Listener::Sentry).layer(sentry::cors());
    serve(collector.sentry, Listener::Sentry, sentry);
    (Arrivals(receiver), health, Server { relay, stop, listeners })
}

/// Accepts connections until it is stopped, then waits for them.
async fn accept(socket: TcpListener, router: Router, mut open: Connections, mut stopped: watch::Receiver<bool>) {
    let mut tasks = JoinSet::new();
    // One that is accepted, and waits for a place.
    let mut next: Option<TcpStream> = None;
    loop {
        if let Some(stream) = next.take_if(|_| !open.is_full()) {
            let connection = open.connection();
            let served = serve(stream, router.clone(), connection.clone(), stopped.clone());
            open.insert(tasks.spawn(served).id(), connection);
        }
        if next.is_some() {
            open.close_one();
        }
        tokio::select! {
            () = end(&mut stopped) => break,
            Some(ended) = tasks.join_next_with_id() => {
                let task = match ended {
                    Ok((task, ())) => task,
                    Err(error) => {
                        tracing::error!(%error, "a connection's task failed");
                        error.id()
                    }
                };
                open.remove(task);
            }
            () = open.silent(), if next.is_some() => {}
            accepted = socket.accept(), if next.is_none() => match accepted {
                Ok((stream, _)) => next = Some(stream),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
            },
        }
    }
    drop((socket, next));
    while tasks.join_next().await.is_some() {}
}

/// Waits until the end is asked for, or nobody is left who could.
async fn end(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// One connection, HTTP/1.1 or HTTP/2 as the client begins it.
async fn serve(stream: TcpStream, router: Router, connection: Arc<Connection>, mut stopped: watch::Receiver<bool>) {
    // Small answers shall not wait for more; without it they only come later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let under_way = connection.begin();
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            let answer = answer.await;
            drop(under_way);
            answer
        }
    });
    let builder = builder();
    let mut http = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let (mut first, mut looked) = (pin!(tokio::time::sleep(FIRST_REQUEST)), false);

    // What a client does wrong here (cut off, not HTTP at all) concerns nobody: no request came, so none was refused.
    loop {
        tokio::select! {
            biased;
            _ = &mut http => return,
            () = connection.told_to_go() => break,
            () = end(&mut stopped) => {
                http.as_mut().graceful_shutdown();
                let _ = http.await;
                return;
            }
            () = &mut first, if !looked => {
                if !connection.has_begun() {
                    return;
                }
                looked = true;
            }
        }
    }
    if connection.has_begun() {
        http.as_mut().graceful_shutdown();
        while tokio::time::timeout(GOODBYE, &mut http).await.is_err() && connection.is_busy() {}
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .max_buf_size(READ);
    builder
        .http2()
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(FRAME)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(IDLE);
    builder
}

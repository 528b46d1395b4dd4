//! The three listeners and their connections.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::health::Recorder;
use crate::intake::Intake;
use crate::{Arrival, Collector, Health, Listener, door, otlp, sentry};

/// How many requests may wait for the reader before senders are asked to try again.
const WAITING: usize = 64;
/// How many connections one listener holds; more wait in the kernel.
const CONNECTIONS: usize = 256;
/// How long a connection may be there without having made a request.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// How long it may be silent afterwards: longer than what exporters wait between two batches, so that they find it open.
const IDLE: Duration = Duration::from_secs(90);
/// How many requests one HTTP/2 connection may have under way.
const STREAMS: u32 = 32;
/// How long requests that are under way may take to finish after the end was asked for.
const FINISH: Duration = Duration::from_secs(2);
/// What to wait when the process has no file descriptor left for another connection.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// The running listeners. Dropping it ends them at once, whatever they are doing.
#[derive(Debug)]
#[must_use = "dropping it ends the listeners"]
pub struct Server {
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

impl Server {
    /// Stops listening and lets the requests that are under way finish, for at most two seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.listeners.join_next().await.is_some() {} };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            tracing::debug!("requests under way were cut off");
        }
    }
}

pub(crate) fn start(collector: Collector) -> (mpsc::Receiver<Arrival>, Health, Server) {
    let (arrivals, receiver) = mpsc::channel(WAITING);
    let recorder = Recorder::default();
    let health = recorder.health();
    let addresses = collector.addresses();
    let intake = Intake::new(arrivals, recorder.clone());

    let (stop, stopped) = watch::channel(false);
    let mut listeners = JoinSet::new();
    let mut serve = |socket: TcpListener, router: Router| listeners.spawn(accept(socket, router, stopped.clone()));
    let grpc = otlp::grpc::routes(&intake, addresses.otlp_http);
    serve(collector.otlp_grpc, door::before(grpc, Listener::OtlpGrpc, recorder.clone()));
    let http = otlp::http::routes(&intake, addresses.otlp_grpc);
    let http = door::before(http, Listener::OtlpHttp, recorder.clone()).layer(otlp::http::cors());
    serve(collector.otlp_http, http);
    let sentry = door::before(sentry::routes(intake), Listener::Sentry, recorder).layer(sentry::cors());
    serve(collector.sentry, sentry);
    (receiver, health, Server { stop, listeners })
}

/// Accepts connections until it is stopped, then waits for them.
async fn accept(socket: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = end(&mut stopped) => break,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
            accepted = socket.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone(), graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(AFTER_FAILED_ACCEPT).await;
                }
            },
        }
    }
    drop(socket);
    graceful.shutdown().await;
}

/// Waits until the end is asked for, or nobody is left who could.
async fn end(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// One connection, HTTP/1.1 or HTTP/2 as the client begins it.
async fn serve(stream: TcpStream, router: Router, watcher: Watcher) {
    // Small answers shall not wait for more; without it they only come later.
    let _ = stream.set_nodelay(true);
    let begun = Arc::new(AtomicBool::new(false));
    let service = {
        let begun = begun.clone();
        router.map_request(move |request: Request<Incoming>| {
            begun.store(true, Ordering::Relaxed);
            request.map(Body::new)
        })
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(IDLE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(IDLE);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = pin!(watcher.watch(connection.into_owned()));

    // What a client does wrong here (cut off, not HTTP at all) concerns nobody: no request came, so none was refused.
    tokio::select! {
        _ = &mut connection => return,
        () = tokio::time::sleep(FIRST_REQUEST) => {}
    }
    if begun.load(Ordering::Relaxed) {
        let _ = connection.await;
    }
}

//! A server that behaves like Sentry, or like a broken one, on a real socket.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Longer than any operation here takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
pub(crate) const KEY: &str = "5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88";

/// The server's reaction to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A response with status, headers and body.
    Says(u16, Vec<(&'static str, &'static str)>, &'static str),
    /// A body of this many bytes that never ends.
    Endless(usize),
    /// No response.
    Hangs,
    /// No response until [`Sentry::release`].
    Held,
}

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

#[derive(Default)]
struct Inner {
    replies: VecDeque<Reply>,
    seen: Vec<Seen>,
    now: usize,
    most: usize,
}

#[derive(Clone)]
struct Shared {
    inner: Arc<Mutex<Inner>>,
    released: Arc<Semaphore>,
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

pub(crate) struct Sentry {
    pub(crate) address: SocketAddr,
    shared: Shared,
    server: JoinHandle<()>,
}

impl Sentry {
    /// Answers with these replies in turn, then like Sentry to an accepted envelope.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), replies)
    }

    /// Like [`Sentry::start`], on a given listener.
    pub(crate) fn start_on(listener: TcpListener, replies: impl IntoIterator<Item = Reply>) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Shared {
            inner: Arc::default(),
            released: Arc::new(Semaphore::new(0)),
        };
        shared.inner().replies.extend(replies);
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, shared, server }
    }

    pub(crate) fn dsn(&self) -> String {
        dsn(self.address)
    }

    /// Returns the requests received so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.inner().seen.clone()
    }

    /// Waits for this many requests.
    pub(crate) async fn saw(&self, number: usize) -> Vec<Seen> {
        let look = || async { Some(self.seen()).filter(|seen| seen.len() >= number) };
        testkit::eventually(DEADLINE, look).await.unwrap()
    }

    /// Returns the maximum number of concurrent requests.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.inner().most
    }

    /// Answers one held request.
    pub(crate) fn release(&self) {
        self.shared.released.add_permits(1);
    }
}

impl Drop for Sentry {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn dsn(address: SocketAddr) -> String {
    format!("http://{KEY}@{address}/42")
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let reply = {
        let mut inner = shared.inner();
        inner.seen.push(Seen {
            path: parts.uri.to_string(),
            headers: parts.headers,
            body,
        });
        inner.now += 1;
        inner.most = inner.most.max(inner.now);
        inner.replies.pop_front()
    };
    let response = match reply {
        None => says(200, &[], r#"{"id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#),
        Some(Reply::Says(status, headers, body)) => says(status, &headers, body),
        Some(Reply::Endless(bytes)) => endless(bytes),
        Some(Reply::Hangs) => std::future::pending().await,
        Some(Reply::Held) => {
            shared.released.acquire().await.unwrap().forget();
            says(200, &[], "{}")
        }
    };
    shared.inner().now -= 1;
    response
}

fn says(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

fn endless(bytes: usize) -> Response {
    let declared = bytes + 1;
    let body = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))]);
    let body = Body::from_stream(futures_util::StreamExt::chain(body, futures_util::stream::pending()));
    ([("content-length", declared.to_string())], body).into_response()
}

/// Starts a listener that closes each connection as soon as a byte arrives.
pub(crate) async fn start_hanging_up() -> (SocketAddr, JoinHandle<()>) {
    use tokio::io::AsyncReadExt as _;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1]).await;
        }
    });
    (address, accepting)
}

/// Binds an address that rejects connections until [`TcpSocket::listen`].
pub(crate) fn rejecting_address() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}

//! The HTTP server of every listener: access ([`Access`]), limits on connections and requests, timeouts, eviction of idle
//! connections, and a response for overload.
//!
//! **Invariant:** access is checked before any route, on every listener. **Boundary:** it knows no protocol: routes word the responses.
//!
//! A connection takes one of [`Limits::connections`] permits with its first request. When none is free it replaces the connection
//! that has been idle for longest; when all have requests in flight it gets the [`App::overloaded`] response (503 with
//! `Retry-After`) and is closed. In addition, there may be [`NEW_CONNECTIONS`] that have made no request yet; one more replaces
//! the oldest of them. A request is in flight until its response has been written, and a connection with a request in flight is
//! never evicted.
//!
//! | a client that | loses its connection after |
//! |---|---|
//! | sends no request, or not the whole head of one | [`HEAD_TIMEOUT`] |
//! | is idle between two requests (HTTP/1.1) or does not answer pings (HTTP/2) | [`IDLE_TIMEOUT`] |
//! | does not read its response | [`STALL_TIMEOUT`] |
//!
//! The time limit of a request's body belongs to its handler.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use axum::{Router, routing::get};
//! use http_server::{Access, App, Server};
//!
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let app = App::new(Router::new().route("/", get(|| async { "hello" })));
//! Server::new(listener, Access::local(Vec::new(), Vec::new()), app).run(std::future::pending()).await;
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod access;
mod app;
mod body;
mod connection;
mod pool;
mod serve;
mod socket;

use std::time::Duration;

pub use self::access::{Access, AllowedOrigin, Denied, Host, InvalidHost, InvalidOrigin, Origin};
pub use self::app::App;
pub use self::body::discard;
pub use self::serve::Server;

/// Connections of a listener that may have made no request yet: more than clients that start all at once.
pub const NEW_CONNECTIONS: usize = 256;
/// Bytes of a request's head: a longer one is answered with 431, whether it arrives at once or in parts. hyper has the same limit
/// for HTTP/2.
pub const HEAD_MAX: usize = 16 * 1024;
/// Time for the head of a request, from the connection or from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two requests of a connection: longer than exporters wait between two batches.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// Time for which a client may leave its response unread.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Limits of one listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that make requests.
    pub connections: usize,
    /// Requests in flight on all connections. Fewer than connections, so that clients over the limit get a response.
    pub requests: usize,
    /// Bytes that HTTP/1 reads at once, more than [`HEAD_MAX`]: hyper closes a connection whose buffer does not hold a head. A connection keeps a buffer of that size once it has had large bodies.
    pub read_buffer: usize,
    /// Bytes that an HTTP/2 client may send ahead of the reading, in all requests of a connection together.
    pub window: u32,
}

impl Limits {
    /// Bytes that the buffers of this many open connections take at most. One that makes requests has what HTTP/1 reads at once, or
    /// the window of HTTP/2 and the frame that is being read.
    #[must_use]
    pub fn bytes(&self, connections: usize) -> usize {
        let http2 = self.window as usize + connection::FRAME as usize;
        let placed = connections.min(self.connections);
        placed * http2.max(self.read_buffer) + (connections - placed).min(NEW_CONNECTIONS) * HEAD_MAX
    }
}

impl Default for Limits {
    /// Returns the limits for small requests: 256 connections, 128 requests.
    fn default() -> Self {
        Self {
            connections: 256,
            requests: 128,
            read_buffer: 2 * HEAD_MAX,
            window: 64 * 1024,
        }
    }
}

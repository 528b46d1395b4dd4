//! The HTTP service: takes a request to reset a password and puts it into the queue.
//!
//! | request | answer |
//! |---|---|
//! | `POST /users/reset-password` `{"email": "…"}` | 200 `{"message":"Password reset email sent"}`, once the broker has confirmed it |
//! | … anything that is not JSON with a valid email | 400 `{"error":"Bad Request"}` |
//! | … more than 16 KiB | 413 `{"error":"Payload Too Large"}` |
//! | … that does not arrive within five seconds | 408 `{"error":"Request Timeout"}` |
//! | … while the queue cannot be reached | 503 `{"error":"Service Unavailable"}` with `Retry-After`, within two seconds |
//! | … to a host that is not this machine's, while listening on loopback | 403 `{"error":"Forbidden"}` |
//! | … with too many others at once | 503 `{"error":"Service Unavailable"}` with `Retry-After` |
//! | `GET /health` | 200 `{"status":"ok"}`, or 503 `{"status":"queue unreachable"}` |
//!
//! It neither sends mail (that is the mailer) nor knows whether anybody has that address, and says so to nobody.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let (publisher, keeper) = api::Publisher::start(mail_queue::QueueUrl::from_env()?, address);
//! let app = api::app(publisher, address, api::Origins::default());
//! http_server::Server::new(listener, http_server::Access::service(address, Vec::new()), app).run(std::future::pending()).await;
//! keeper.await?;
//! # Ok(())
//! # }
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use http_server::App;

pub use self::origins::Origins;
pub use self::publisher::{Publisher, Unpublished};

mod answer;
mod origins;
mod publisher;
mod reset_password;
mod server_span;

/// How long a request may take, its body included; longer than the queue is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service, listening on `address`, with the queue behind `publisher`, for pages of `origins`.
///
/// Set telemetry up before: the HTTP spans go to the tracer provider that is global now.
pub fn app(publisher: Publisher, address: SocketAddr, origins: Origins) -> App {
    let traced = Router::new()
        .route("/users/reset-password", post(reset_password::handle))
        .route_layer(middleware::from_fn(in_time));
    let cors = origins.layer();
    let routes = server_span::around(traced, address)
        .route("/health", get(answer::health))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(DefaultBodyLimit::max(mail_queue::MAX_BODY))
        .layer(cors.clone())
        .with_state(publisher);
    App::new(routes)
        .overloaded(Router::new().fallback(answer::overloaded).layer(cors))
        .denied(Router::new().fallback(answer::denied))
}

/// A body that never ends would hold its connection and its span open for ever.
async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(PATIENCE, next.run(request))
        .await
        .unwrap_or_else(|_| answer::error(StatusCode::REQUEST_TIMEOUT))
}

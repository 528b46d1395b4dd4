//! The HTTP service: accepts a password reset request and enqueues it.
//!
//! | request | response |
//! |---|---|
//! | `POST /users/reset-password` `{"email": "…"}` | 200 `{"message":"Password reset email sent"}`, once the broker has confirmed it |
//! | … body is not JSON with a valid email | 400 `{"error":"Bad Request"}` |
//! | … body larger than 16 KiB | 413 `{"error":"Payload Too Large"}` |
//! | … body not received within five seconds | 408 `{"error":"Request Timeout"}` |
//! | … broker unreachable | 503 `{"error":"Service Unavailable"}` with `Retry-After`, within two seconds |
//! | … foreign `Host` while listening on loopback | 403 `{"error":"Forbidden"}` |
//! | … too many concurrent requests | 503 `{"error":"Service Unavailable"}` with `Retry-After` |
//! | `GET /health` | 200 `{"status":"ok"}`, or 503 `{"status":"queue unreachable"}` |
//!
//! It does not send mail (the mailer does) and does not know, or reveal, if an account with that address exists.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let (publisher, connection_task) = api::Publisher::start(mail_queue::QueueUrl::from_env()?, address);
//! let app = api::app(publisher, address, api::Origins::default());
//! http_server::Server::new(listener, http_server::Access::service(address, Vec::new()), app).run(std::future::pending()).await;
//! connection_task.await?;
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
pub use self::publisher::{EnqueueError, Publisher};

mod answer;
mod origins;
mod publisher;
mod reset_password;
mod server_span;

/// The timeout of a request, body included; longer than the publish timeout.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds the router for a service that listens on `address`, publishes with `publisher` and allows pages of `origins`.
///
/// Telemetry must be initialized before: HTTP spans go to the tracer provider that is global at this call.
pub fn app(publisher: Publisher, address: SocketAddr, origins: Origins) -> App {
    let traced = Router::new()
        .route("/users/reset-password", post(reset_password::handle))
        .route_layer(middleware::from_fn(in_time));
    let cors = origins.layer();
    let routes = server_span::around(traced, address)
        .route("/health", get(answer::health))
        .fallback(answer::not_found)
        .method_not_allowed_fallback(answer::method_not_allowed)
        .layer(DefaultBodyLimit::max(mail_queue::BODY_SIZE_MAX))
        .layer(cors.clone())
        .with_state(publisher);
    App::new(routes)
        .overloaded(Router::new().fallback(answer::overloaded).layer(cors))
        .denied(Router::new().fallback(answer::denied))
}

/// Limits the duration of a request: an endless body would keep its connection and span open forever.
async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
        .await
        .unwrap_or_else(|_| answer::error(StatusCode::REQUEST_TIMEOUT))
}

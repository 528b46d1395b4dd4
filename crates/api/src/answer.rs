//! The answers: always JSON, the errors with the standard's phrase and nothing about the reason.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{HeaderValue, StatusCode, header};
use http_server::Denied;
use serde_json::json;

use crate::Publisher;

/// Seconds until a client should try again: about as long as a broker takes to come back.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

pub(crate) fn sent() -> Response {
    Json(json!({ "message": "Password reset email sent" })).into_response()
}

pub(crate) fn error(status: StatusCode) -> Response {
    let phrase = status.canonical_reason().unwrap_or("Error");
    let mut answer = (status, Json(json!({ "error": phrase }))).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    answer
}

pub(crate) async fn not_found() -> Response {
    error(StatusCode::NOT_FOUND)
}

pub(crate) async fn method_not_allowed() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED)
}

/// Not traced, since it would only be more to do.
pub(crate) async fn overloaded() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE)
}

/// The request is to a host that this service does not have while it listens on loopback.
pub(crate) async fn denied(Extension(denied): Extension<Denied>) -> Response {
    tracing::warn!(%denied, "request denied; ALLOWED_HOSTS names hosts to allow");
    error(denied.status())
}

/// Not traced: a supervisor asks every second, and nobody wants to see that.
pub(crate) async fn health(State(publisher): State<Publisher>) -> Response {
    if publisher.reachable() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        (status, Json(json!({ "status": "queue unreachable" }))).into_response()
    }
}

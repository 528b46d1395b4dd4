//! Responses: always JSON; errors carry the standard reason phrase and no details.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{HeaderValue, StatusCode, header};
use http_server::Denied;
use serde_json::json;

use crate::Publisher;

/// The `Retry-After` in seconds: about the time of a broker restart.
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

/// Responds to overload. Not traced, since that would add load.
pub(crate) async fn overloaded() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE)
}

/// Responds to a `Host` that is not allowed on loopback.
pub(crate) async fn denied(Extension(denied): Extension<Denied>) -> Response {
    tracing::warn!(%denied, "request rejected: host not allowed (set ALLOWED_HOSTS)");
    error(denied.status())
}

/// Handles `GET /health`. Not traced: a supervisor polls it every second.
pub(crate) async fn health(State(publisher): State<Publisher>) -> Response {
    if publisher.reachable() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        (status, Json(json!({ "status": "queue unreachable" }))).into_response()
    }
}

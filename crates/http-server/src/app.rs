//! What a listener answers.

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse as _;
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::body::discard;

/// How much of a request is read before it is refused, in bytes: a connection that is closed while its client still writes takes
/// the answer with it.
const DISCARDED: usize = 64 * 1024;

/// The answers of one listener.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) routes: Router,
    pub(crate) overloaded: Router,
}

impl App {
    /// Answers by these routes, and plain 503 when overloaded.
    #[must_use]
    pub fn new(routes: Router) -> Self {
        let overloaded = Router::new().fallback(|body: Body| async {
            discard(body, DISCARDED).await;
            let headers = [(RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, headers, "too many requests at once: retry\n").into_response()
        });
        Self { routes, overloaded }
    }

    /// Answers by `overloaded` what exceeds the limits. It should be 503 with `Retry-After`, in the protocol of the listener.
    #[must_use]
    pub fn overloaded(self, overloaded: Router) -> Self {
        Self { overloaded, ..self }
    }
}

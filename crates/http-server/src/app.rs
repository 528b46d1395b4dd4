//! Responses of a listener.

use axum::response::IntoResponse as _;
use axum::{Extension, Router};
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::access::Denied;

/// The answers of one listener.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) routes: Router,
    pub(crate) overloaded: Router,
    pub(crate) denied: Router,
}

impl App {
    /// Answers by these routes; plain 503 when overloaded, plain 403 or 400 what [`Access`](crate::Access) denies.
    #[must_use]
    pub fn new(routes: Router) -> Self {
        let overloaded = Router::new().fallback(|| async {
            let headers = [(RETRY_AFTER, "1")];
            (StatusCode::SERVICE_UNAVAILABLE, headers, "too many requests at once: retry\n").into_response()
        });
        let denied = Router::new()
            .fallback(|Extension(denied): Extension<Denied>| async move { (denied.status(), format!("denied: {denied}\n")) });
        Self {
            routes,
            overloaded,
            denied,
        }
    }

    /// Answers by `overloaded` what exceeds the limits. It should be 503 with `Retry-After`, in the protocol of the listener. The
    /// requests that it gets have no body any more.
    #[must_use]
    pub fn overloaded(self, overloaded: Router) -> Self {
        Self { overloaded, ..self }
    }

    /// Answers by `denied` what [`Access`](crate::Access) denies. It finds a [`Denied`] among the extensions of a
    /// request, which has no body any more.
    #[must_use]
    pub fn denied(self, denied: Router) -> Self {
        Self { denied, ..self }
    }

    /// Changes the answers to what [`Access`](crate::Access) denies, for example to count them.
    #[must_use]
    pub fn map_denied(self, map: impl FnOnce(Router) -> Router) -> Self {
        Self {
            denied: map(self.denied),
            ..self
        }
    }
}

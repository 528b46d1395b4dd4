//! Layers around every route: a time limit, CORS, and the one place that counts rejections and words them in the listener's
//! protocol.

use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderName, Method, StatusCode};
use http_server::{App, Denied};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::content_type::{Encoding, is_grpc};
use crate::health::Recorder;
use crate::rejection::{Overloaded, RATE_LIMITS, Rejection, denial};
use crate::{Listener, Protocol};

/// Time limit of one request, most of which is waiting for the sender.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct ListenerState {
    listener: Listener,
    recorder: Recorder,
}

/// Wraps the routes of one listener.
pub(crate) fn wrap(routes: Router, listener: Listener, recorder: &Recorder) -> App {
    let state = ListenerState {
        listener,
        recorder: recorder.clone(),
    };
    let overloaded = Router::new().fallback(|| async { Rejection::from(Overloaded) });
    let denied = move |Extension(denied): Extension<Denied>| async move { Rejection::denied(&denied, listener) };
    let denied = Router::new().fallback(denied);
    let wrap = |routes: Router| routes.layer(from_fn_with_state(state.clone(), respond));
    let wrap_pages = |routes: Router| {
        let routes = wrap(routes);
        if listener.entry().web_pages {
            routes.layer(cors())
        } else {
            routes
        }
    };
    App::new(wrap_pages(routes))
        .overloaded(wrap_pages(overloaded))
        .denied(wrap(denied))
}

/// Returns CORS for pages. Requests of denied origins never get here ([`http_server::Access`]), so every other origin is allowed.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        // Browsers require it when a page of another host (`--allowed-origin`) sends to this machine.
        .allow_private_network(true)
        .expose_headers([RETRY_AFTER, RATE_LIMITS, HeaderName::from_static("x-sentry-error")])
}

async fn respond(State(state): State<ListenerState>, request: Request, next: Next) -> Response {
    let encoding = Encoding::of(request.headers());
    let is_grpc = is_grpc(request.headers());
    let rejection = match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Err(_) => Rejection::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive within 30 s"),
        Ok(mut response) => match response.extensions_mut().remove() {
            None => return response,
            Some(rejection) => rejection,
        },
    };
    state.count(&rejection);
    match state.listener.protocol() {
        Protocol::Otlp if is_grpc => rejection.grpc(),
        Protocol::Otlp => rejection.otlp_http(encoding),
        Protocol::Sentry => rejection.sentry(),
    }
}

impl ListenerState {
    fn count(&self, rejection: &Rejection) {
        self.recorder.record(|health| {
            let counts = &mut health.listeners[self.listener];
            if rejection.is_retryable() {
                counts.throttled += 1;
            } else if let Some(denied) = &rejection.denied {
                counts.denied += 1;
                // A page keeps sending: its first request is enough to report.
                if health.denied.add(denial(denied, self.listener)) {
                    health.remember(self.listener, &rejection.reason);
                }
            } else {
                counts.rejected += 1;
                health.remember(self.listener, &rejection.reason);
            }
        });
    }
}

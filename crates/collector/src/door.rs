//! What happens to every request, whatever it is: a bound on how long it takes, and one place where refusals are counted and put
//! into words.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use http_server::App;
use tower_http::cors::CorsLayer;

use crate::health::Recorder;
use crate::intake::Busy;
use crate::otlp::Encoding;
use crate::refusal::Refusal;
use crate::{Listener, body, otlp, sentry};

/// How long one request may take, most of which is waiting for the sender.
const TIME: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Door {
    listener: Listener,
    recorder: Recorder,
}

/// Puts the door before the routes of one listener.
pub(crate) fn before(routes: Router, listener: Listener, recorder: &Recorder) -> App {
    let door = Door {
        listener,
        recorder: recorder.clone(),
    };
    let overloaded = Router::new().fallback(|body: Body| async {
        body::skip(body).await;
        Refusal::from(Busy)
    });
    let layers = |routes: Router| {
        let routes = routes.layer(from_fn_with_state(door.clone(), pass));
        match cors(listener) {
            Some(cors) => routes.layer(cors),
            None => routes,
        }
    };
    App::new(layers(routes)).overloaded(layers(overloaded))
}

fn cors(listener: Listener) -> Option<CorsLayer> {
    match listener {
        Listener::OtlpGrpc => None,
        Listener::OtlpHttp => Some(otlp::http::cors()),
        Listener::Sentry => Some(sentry::cors()),
    }
}

async fn pass(State(door): State<Door>, request: Request, next: Next) -> Response {
    let encoding = Encoding::of(request.headers());
    let is_grpc = is_grpc(request.headers());
    let refusal = match tokio::time::timeout(TIME, next.run(request)).await {
        Err(_) => Refusal::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive within 30 s"),
        Ok(mut response) => match response.extensions_mut().remove() {
            None => return response,
            Some(refusal) => refusal,
        },
    };
    door.count(&refusal);
    match door.listener {
        Listener::OtlpGrpc | Listener::OtlpHttp if is_grpc => refusal.grpc(),
        Listener::OtlpGrpc | Listener::OtlpHttp => refusal.otlp_http(encoding),
        Listener::Sentry => refusal.sentry(),
    }
}

impl Door {
    fn count(&self, refusal: &Refusal) {
        self.recorder.record(|health| {
            let counts = health.at(self.listener);
            if refusal.is_busy() {
                *counts.busy += 1;
            } else {
                *counts.refused += 1;
                health.remember(self.listener, &refusal.reason);
            }
        });
    }
}

/// Whether it is gRPC with protobuf in it: `application/grpc`, maybe with `+proto`. `application/grpc-web` is another protocol.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    ["application/grpc", "application/grpc+proto"]
        .into_iter()
        .any(|known| known.eq_ignore_ascii_case(media_type.trim()))
}

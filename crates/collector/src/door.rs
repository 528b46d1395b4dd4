//! What happens to every request, whatever it is: a bound on how many are under way, a bound on how long each takes, and one
//! place where refusals are counted and put into words.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use tokio::sync::Semaphore;
use tonic::{Code, Status};

use crate::Listener;
use crate::health::Recorder;
use crate::intake::Busy;
use crate::otlp::Encoding;
use crate::refusal::Refusal;

/// How many requests of one listener are read at the same time; each may hold a body of [`crate::body::LIMIT`] bytes.
const UNDER_WAY: usize = 32;
/// How long one request may take, most of which is waiting for the sender.
const TIME: Duration = Duration::from_secs(30);

#[derive(Clone)]
struct Door {
    listener: Listener,
    recorder: Recorder,
    places: Arc<Semaphore>,
}

/// Puts the door before the routes of one listener.
pub(crate) fn before(router: Router, listener: Listener, recorder: Recorder) -> Router {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    router.layer(from_fn_with_state(
        Door {
            listener,
            recorder,
            places,
        },
        pass,
    ))
}

async fn pass(State(door): State<Door>, request: Request, next: Next) -> Response {
    let encoding = Encoding::of(request.headers());
    let is_grpc = is_grpc(&request);
    let refusal = match door.places.try_acquire() {
        Err(_) => Refusal::from(Busy),
        Ok(_place) => match tokio::time::timeout(TIME, next.run(request)).await {
            Err(_) => Refusal::new(StatusCode::REQUEST_TIMEOUT, "the request did not arrive within 30 s"),
            Ok(mut response) => match response.extensions_mut().remove().or_else(|| of_library(&response)) {
                None => return response,
                // tonic has said it already.
                Some(refusal) if response.headers().contains_key(Status::GRPC_STATUS) => {
                    door.count(&refusal);
                    return response;
                }
                Some(refusal) => refusal,
            },
        },
    };
    door.count(&refusal);
    match door.listener {
        Listener::OtlpGrpc | Listener::OtlpHttp if is_grpc => refusal.grpc(),
        Listener::OtlpGrpc | Listener::OtlpHttp => refusal.otlp_http(encoding),
        Listener::Sentry => refusal.sentry(),
    }
}

/// What tonic, axum or a layer refused before our own code saw it.
fn of_library(response: &Response) -> Option<Refusal> {
    if let Some(status) = Status::from_header_map(response.headers()) {
        return (status.code() != Code::Ok).then(|| Refusal::of_grpc(&status));
    }
    let status = response.status();
    let reason = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            let known = response.headers().get(ACCEPT_ENCODING).and_then(|known| known.to_str().ok());
            format!(
                "the content-encoding is not known here, use one of: {}",
                known.unwrap_or("gzip")
            )
        }
        _ => status.canonical_reason().unwrap_or("refused").to_owned(),
    };
    (status.is_client_error() || status.is_server_error()).then(|| Refusal::new(status, reason))
}

impl Door {
    fn count(&self, refusal: &Refusal) {
        self.recorder.record(|health| {
            if refusal.is_busy() {
                *health.busy_at(self.listener) += 1;
            } else {
                *health.refused_at(self.listener) += 1;
                health.remember(self.listener, &refusal.reason);
            }
        });
    }
}

pub(crate) fn is_grpc(request: &Request) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"application/grpc"))
}

//! The paths that SDKs send to, and the answers they expect.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Json};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde::Serialize;
use serde_json::Map;
use tower_http::cors::{Any, CorsLayer};

use super::json::Object;
use super::read::{self, Came, Reading};
use crate::body::{self, Received};
use crate::coding::Coding;
use crate::envelope::{Envelope, Item};
use crate::intake::Intake;
use crate::queue::Lease;
use crate::refusal::{RATE_LIMITS, Refusal};
use crate::{Arrival, Listener};

/// Where SDKs say who they are, and by which DSN.
const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");

pub(crate) fn routes(intake: Intake) -> Router {
    Router::new()
        .route("/api/{project}/envelope/", post(envelope))
        .route("/api/{project}/envelope", post(envelope))
        .route("/api/{project}/store/", post(store))
        .route("/api/{project}/store", post(store))
        // Where SDKs with Spotlight turned on send to.
        .route("/stream", post(envelope))
        .with_state(intake)
        .method_not_allowed_fallback(|method: Method, body: Body| async move {
            body::skip(body).await;
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for here: use POST"))
        })
        .fallback(|uri: Uri, body: Body| async move {
            body::skip(body).await;
            let known = "/api/<project>/envelope/, /api/<project>/store/ and /stream are here";
            Refusal::new(StatusCode::NOT_FOUND, format!("there is no {}: {known}", uri.path()))
        })
}

/// As Sentry does: any page may send.
pub(crate) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers(Any)
        // Browsers ask for it when a page from elsewhere reaches into this machine.
        .allow_private_network(true)
        .expose_headers([RETRY_AFTER, RATE_LIMITS, HeaderName::from_static("x-sentry-error")])
}

/// Sentry's answer to what it took.
#[derive(Debug, Serialize)]
struct Accepted {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

async fn envelope(State(intake): State<Intake>, uri: Uri, headers: HeaderMap, body: Body) -> Result<impl IntoResponse, Refusal> {
    let Received {
        bytes,
        lease,
        at_unix_nano,
    } = intake.receive(&headers, body).await?;
    let envelope = Envelope::parse(bytes).map_err(|error| Refusal::malformed(error.to_string()))?;
    let came = Came {
        public_key: public_key(&headers, &uri),
        unix_nano: at_unix_nano,
    };
    take(&intake, &envelope, came, lease).await
}

/// The old way: one event, bare.
async fn store(State(intake): State<Intake>, uri: Uri, headers: HeaderMap, body: Body) -> Result<impl IntoResponse, Refusal> {
    let received = intake.receive(&headers, body).await?;
    let received = unwrap(received, &intake).await?;
    let came = Came {
        public_key: public_key(&headers, &uri),
        unix_nano: received.at_unix_nano,
    };
    let envelope =
        single_event(&received.bytes).map_err(|error| Refusal::malformed(format!("the event is not readable: {error}")))?;
    take(&intake, &envelope, came, received.lease).await
}

/// The oldest SDKs compress without saying so, and write that in base64.
async fn unwrap(received: Received, intake: &Intake) -> Result<Received, Refusal> {
    let text = received.bytes.trim_ascii();
    if text.is_empty() || text.starts_with(b"{") {
        return Ok(received);
    }
    // Where it is no base64 either, the reader of events says what is wrong with it.
    let Ok(compressed) = STANDARD.decode(text) else {
        return Ok(received);
    };
    let Received {
        bytes,
        lease,
        at_unix_nano,
    } = received;
    drop(bytes);
    let compressed = Received {
        bytes: compressed.into(),
        lease,
        at_unix_nano,
    };
    compressed.inflate(Coding::Deflate, intake).await
}

fn single_event(payload: &Bytes) -> Result<Envelope, String> {
    let event = Object::parse(payload)?;
    let item_type = match event.text("type").as_deref() {
        Some("transaction") => "transaction",
        _ => "event",
    };
    let id = event.text("event_id").map(|id| ("event_id".to_owned(), id.into()));
    Ok(Envelope {
        header: id.into_iter().collect(),
        items: vec![Item {
            item_type: item_type.to_owned(),
            header: Map::new(),
            payload: payload.clone(),
        }],
        bad_items: Vec::new(),
    })
}

/// The public key of the sender's DSN: in a header, or where a browser may not set one in the query.
fn public_key<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(AUTH).or_else(|| headers.get(AUTHORIZATION));
    let header = header
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Sentry "));
    let in_header = header.into_iter().flat_map(|value| value.split(','));
    let in_query = uri.query().into_iter().flat_map(|query| query.split('&'));
    in_header
        .chain(in_query)
        .find_map(|part| part.trim().strip_prefix("sentry_key="))
}

async fn take(intake: &Intake, envelope: &Envelope, came: Came<'_>, mut lease: Lease) -> Result<Json<Accepted>, Refusal> {
    let place = intake.place().await?;
    lease.grow(read::memory(envelope))?;
    let Reading {
        arrival,
        problems,
        counts,
    } = read::read(envelope, came);
    if !arrival.is_empty() {
        place.send(Arrival::Sentry(Box::new(arrival)), lease)?;
    }
    intake.recorder().record(|health| {
        health.sentry.add(&counts);
        for reason in problems {
            health.remember(Listener::Sentry, &reason);
        }
    });
    Ok(Json(Accepted {
        id: envelope.event_id().map(str::to_owned),
    }))
}

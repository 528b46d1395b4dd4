//! What Sentry's SDKs talk to: an endpoint that answers as Sentry would, and notes which spans came by.
//!
//! Nothing goes on to Sentry from here, and the key in the DSN is not looked at: whoever can connect is this person.

mod spans;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Json};
use axum::routing::post;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use serde::Serialize;
use serde_json::{Map, Value};
use tower_http::cors::{Any, CorsLayer};

use crate::body::{self, Received};
use crate::envelope::{Envelope, Item};
use crate::intake::Intake;
use crate::queue::Lease;
use crate::refusal::{RATE_LIMITS, Refusal};
use crate::{Arrival, Listener, SentrySpans};

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

async fn envelope(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<impl IntoResponse, Refusal> {
    let Received { bytes, lease, .. } = intake.receive(&headers, body).await?;
    let envelope = Envelope::parse(bytes).map_err(|error| Refusal::malformed(error.to_string()))?;
    take(&intake, &envelope, lease).await
}

/// The old way: one event, bare.
async fn store(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<impl IntoResponse, Refusal> {
    let Received { bytes, lease, .. } = intake.receive(&headers, body).await?;
    let envelope = single_event(bytes).map_err(|error| Refusal::malformed(format!("the event is no JSON object: {error}")))?;
    take(&intake, &envelope, lease).await
}

fn single_event(payload: Bytes) -> Result<Envelope, serde_json::Error> {
    let mut event: Map<String, Value> = serde_json::from_slice(&payload)?;
    let item_type = match event.get("type").and_then(Value::as_str) {
        Some("transaction") => "transaction",
        _ => "event",
    };
    Ok(Envelope {
        header: event.remove_entry("event_id").into_iter().collect(),
        items: vec![Item {
            item_type: item_type.to_owned(),
            header: Map::new(),
            payload,
        }],
        bad_items: Vec::new(),
    })
}

async fn take(intake: &Intake, envelope: &Envelope, lease: Lease) -> Result<Json<Accepted>, Refusal> {
    let place = intake.place().await?;
    let (spans, unreadable) = spans::of(&envelope.items);
    let bad = envelope.bad_items.iter().map(ToString::to_string).chain(unreadable);
    let span_count: usize = spans.iter().map(|spans: &SentrySpans| spans.span_ids.len()).sum();
    if !spans.is_empty() {
        place.send(Arrival::SentrySpans(spans), lease)?;
    }
    intake.recorder().record(|health| {
        health.sentry.envelopes += 1;
        health.sentry.spans += span_count as u64;
        for item in &envelope.items {
            health.count_item(&item.item_type);
        }
        for reason in bad {
            health.sentry.bad_items += 1;
            health.remember(Listener::Sentry, &reason);
        }
    });
    Ok(Json(Accepted {
        id: envelope.event_id().map(str::to_owned),
    }))
}

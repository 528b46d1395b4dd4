//! The paths that SDKs send to, and the answers they expect.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::map_request;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use sentry_relay::{Endpoint, Relay};
use serde::Serialize;
use serde_json::Map;
use tower::Layer as _;

use super::forward::{self, ForwardRequest, Spans};
use super::json::Object;
use super::request::{AppState, RawBody, public_key};
use super::sink::{ParsedEnvelope, RequestMeta};
use super::{otlp, read};
use crate::admission::LARGE;
use crate::body::{self, Received};
use crate::content_encoding::ContentEncoding;
use crate::envelope::{Envelope, Item};
use crate::intake::Intake;
use crate::limits::BodyLimit;
use crate::rejection::Rejection;
use crate::{Arrival, Listener};

pub(crate) fn routes(intake: Intake, relay: Option<Relay<Spans>>) -> Router {
    // An SDK sends there what it sends to its DSN as well: Sentry gets it once.
    let spotlight = AppState {
        intake: intake.clone(),
        relay: None,
    };
    let spotlight = Router::new()
        .route("/stream", post(envelope))
        .route("/stream/", post(envelope))
        .with_state(spotlight);
    let routes = Router::new()
        .route("/api/{project}/envelope/", post(envelope))
        .route("/api/{project}/envelope", post(envelope))
        .route("/api/{project}/store/", post(store))
        .route("/api/{project}/store", post(store))
        .merge(otlp::routes())
        .with_state(AppState { intake, relay })
        // The endpoint of SDKs with Spotlight turned on.
        .merge(spotlight)
        .method_not_allowed_fallback(|method: Method, body: Body| async move {
            body::skip(body).await;
            Rejection::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("method {method} not allowed: use POST"),
            )
        })
        .fallback(|uri: Uri, body: Body| async move {
            body::skip(body).await;
            let known =
                "/api/<project>/envelope/, /api/<project>/store/, /api/<project>/integration/otlp/v1/traces and /stream are here";
            Rejection::new(StatusCode::NOT_FOUND, format!("unknown path {}: {known}", uri.path()))
        });
    Router::new().fallback_service(map_request(without_prefix).layer(routes))
}

/// Returns true if a path accepts data.
pub(crate) fn takes(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let api = path
        .rfind("/api/")
        .and_then(|prefix| path[prefix + "/api/".len()..].split_once('/'));
    path == "/stream" || api.is_some_and(|(_, to)| matches!(to, "envelope" | "store") || to.starts_with("integration/otlp/v1/"))
}

/// Removes a path before the project in the DSN (`https://<key>@<host>/<prefix>/<project>`), which comes before `/api` too.
async fn without_prefix(mut request: Request) -> Request {
    let uri = request.uri();
    let Some(path) = uri.path_and_query() else { return request };
    let Some(prefix) = path.path().rfind("/api/").filter(|prefix| *prefix > 0) else {
        return request;
    };
    if let Ok(rewritten) = path.as_str()[prefix..].parse() {
        *request.uri_mut() = rewritten;
    }
    request
}

/// Sentry's answer to what it took.
#[derive(Debug, Serialize)]
struct Accepted {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

async fn envelope(State(state): State<AppState>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response, Rejection> {
    let raw = RawBody::receive(&state, &headers, body, BodyLimit::ENVELOPE).await?;
    let inflated = raw.received.bytes.clone();
    let envelope = Envelope::parse(inflated.clone()).map_err(|error| Rejection::malformed(error.to_string()))?;
    pass(raw, &state, &envelope, inflated, Endpoint::Envelope, &uri, &headers).await
}

/// Takes what is understood of a body; hands it on, where there is a relay.
async fn pass(
    raw: RawBody,
    state: &AppState,
    envelope: &Envelope,
    inflated: Bytes,
    endpoint: Endpoint,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Rejection> {
    let RawBody {
        received,
        as_sent,
        reservation,
    } = raw;
    let meta = RequestMeta {
        public_key: public_key(headers, uri),
        unix_nano: received.at_unix_nano,
    };
    let Some(relay) = &state.relay else {
        take(&state.intake, envelope, meta, received, false).await?;
        let id = envelope.event_id().map(str::to_owned);
        return Ok(Json(Accepted { id }).into_response());
    };
    // An overload of this viewer must not keep it from Sentry.
    let spans = match take(&state.intake, envelope, meta, received, true).await {
        Ok(spans) => spans,
        Err(rejection) => {
            state.count_throttled(&rejection);
            Spans::new()
        }
    };
    let passing = ForwardRequest {
        endpoint,
        headers,
        uri,
        body: as_sent,
        inflated,
        categories: forward::categories(envelope),
        spans,
    };
    let answer = forward::hand_on(relay, &state.intake, passing).await;
    drop(reservation);
    Ok(answer)
}

/// The old way: one event, bare.
async fn store(State(state): State<AppState>, uri: Uri, headers: HeaderMap, body: Body) -> Result<Response, Rejection> {
    let RawBody {
        received,
        as_sent,
        reservation,
    } = RawBody::receive(&state, &headers, body, BodyLimit::ENVELOPE).await?;
    let inflated = received.bytes.clone();
    let received = unwrap(received, &state.intake).await?;
    let envelope =
        single_event(&received.bytes).map_err(|error| Rejection::malformed(format!("the event is not readable: {error}")))?;
    let raw = RawBody {
        received,
        as_sent,
        reservation,
    };
    pass(raw, &state, &envelope, inflated, Endpoint::Store, &uri, &headers).await
}

/// The oldest SDKs compress without saying so, and write that in base64.
async fn unwrap(mut received: Received, intake: &Intake) -> Result<Received, Rejection> {
    let text = received.bytes.trim_ascii();
    if text.is_empty() || text.starts_with(b"{") {
        return Ok(received);
    }
    received
        .reservation
        .grow_within(text.len(), received.admitted.room_wait())
        .await?;
    // If it is not base64 either, parsing the event reports the error.
    let Ok(compressed) = STANDARD.decode(text) else {
        return Ok(received);
    };
    let compressed = Received {
        bytes: compressed.into(),
        ..received
    };
    compressed.inflate(ContentEncoding::Deflate, intake.bodies()).await
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

/// Accepts the known items of an envelope; returns its spans if they are forwarded.
async fn take(
    intake: &Intake,
    envelope: &Envelope,
    meta: RequestMeta<'_>,
    received: Received,
    is_relayed: bool,
) -> Result<Spans, Rejection> {
    let Received {
        bytes,
        mut reservation,
        // This request keeps its turn until it is queued.
        mut admitted,
        ..
    } = received;
    if bytes.len() > LARGE {
        intake.admission().turn(&mut admitted).await?;
    }
    let permit = intake.permit().await?;
    reservation.grow_within(read::memory(envelope), admitted.room_wait()).await?;
    let ParsedEnvelope {
        mut arrival,
        metrics,
        problems,
        counts,
        contents,
    } = read::read(envelope, meta);
    let own_uploads = intake.hide_uploads(&mut arrival.spans);
    let spans = if is_relayed {
        forward::spans(&arrival.spans)
    } else {
        Spans::new()
    };
    arrival.evidence.extend(forward::in_flight(&spans));
    if !arrival.is_empty() {
        permit.send(Arrival::Sentry(Box::new(arrival)), reservation)?;
    }
    drop(admitted);
    if let Some(metrics) = metrics {
        let permit = intake.permit().await?;
        permit.send(Arrival::Metrics(metrics), intake.budget().reservation())?;
    }
    intake.recorder().record(|health| {
        health.listeners[Listener::Sentry].add(&counts);
        health.envelopes.add(&contents);
        health.own_uploads += own_uploads;
        for reason in problems {
            health.remember(Listener::Sentry, &reason);
        }
    });
    Ok(spans)
}

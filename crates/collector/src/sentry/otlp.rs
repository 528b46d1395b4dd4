//! Sentry's own OTLP route, which the OTLP integrations of its SDKs derive from a DSN: spans and log records, no metrics.
//!
//! A service without a name gets that of the DSN, as in envelopes.
//!
//! Source: [Direct OTLP traces](https://docs.sentry.io/concepts/otlp/direct/).

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, StatusCode, Uri};
use sentry_relay::{Categories, Category, Endpoint};

use super::forward::{self, ForwardRequest, Spans};
use super::request::{AppState, RawBody, public_key};
use super::sender;
use crate::Arrival;
use crate::arrival::SentryArrival;
use crate::body;
use crate::otlp::http as otlp_http;
use crate::rejection::Rejection;
use crate::signal::Signal;

const ROUTE: &str = "/api/{project}/integration/otlp/v1";

/// A signal that the route takes: its path, and what it is at Sentry.
const SIGNALS: [(&str, Signal, Endpoint, Category); 2] = [
    ("traces", Signal::Traces, Endpoint::OtlpTraces, Category::Span),
    ("logs", Signal::Logs, Endpoint::OtlpLogs, Category::LogItem),
];

pub(super) fn routes() -> Router<AppState> {
    let mut router = Router::new();
    for (name, signal, endpoint, category) in SIGNALS {
        let export = move |State(state): State<AppState>, uri: Uri, headers: HeaderMap, body: Body| async move {
            let kind = Kind {
                signal,
                endpoint,
                categories: [category].into_iter().collect(),
            };
            export(&state, kind, &uri, &headers, body).await
        };
        let path = format!("{ROUTE}/{name}");
        router = router.route(&path, post(export)).route(&format!("{path}/"), post(export));
    }
    let metrics = format!("{ROUTE}/metrics");
    router
        .route(&metrics, post(no_metrics))
        .route(&format!("{metrics}/"), post(no_metrics))
}

/// Rejects metrics, as Sentry does.
async fn no_metrics(body: Body) -> Rejection {
    body::skip(body).await;
    let reason = "Sentry has no OTLP route for metrics (set OTEL_METRICS_EXPORTER=none, or send them to the OTLP port)";
    Rejection::new(StatusCode::NOT_FOUND, reason)
}

#[derive(Clone, Copy)]
struct Kind {
    signal: Signal,
    endpoint: Endpoint,
    categories: Categories,
}

async fn export(state: &AppState, kind: Kind, uri: &Uri, headers: &HeaderMap, body: Body) -> Result<Response, Rejection> {
    let encoding = match otlp_http::encoding(headers) {
        Ok(encoding) => encoding,
        Err(rejection) => {
            body::skip(body).await;
            return Err(rejection);
        }
    };
    let RawBody {
        received,
        as_sent,
        reservation,
    } = RawBody::receive(state, headers, body, state.intake.otlp_limit().at_sentry()).await?;
    let inflated = received.bytes.clone();
    let mut spans = Spans::new();
    let is_relayed = state.relay.is_some();
    let named = sender::named_key(public_key(headers, uri));
    let taken = state.intake.otlp_seen(kind.signal, encoding, received, |batch| {
        if let Some(name) = named {
            batch.name_services(name, |service| !sender::is_named(service));
        }
        if is_relayed {
            spans = forward::spans(batch);
        }
    });
    let taken = taken.await;
    let Some(relay) = &state.relay else {
        return Ok(otlp_http::answer(encoding, taken?));
    };
    // An overload of this viewer must not keep it from Sentry.
    match taken {
        Err(rejection) if rejection.is_retryable() => {
            spans.clear();
            state.count_throttled(&rejection);
        }
        Err(rejection) => return Err(rejection),
        Ok(_) => {}
    }
    if !spans.is_empty() {
        let arrival = SentryArrival::of_evidence(forward::in_flight(&spans));
        state.intake.tell(Arrival::Sentry(Box::new(arrival))).await;
    }
    let passing = ForwardRequest {
        endpoint: kind.endpoint,
        headers,
        uri,
        body: as_sent,
        inflated,
        categories: kind.categories,
        spans,
    };
    let answer = forward::hand_on(relay, &state.intake, passing).await;
    drop(reservation);
    Ok(answer)
}

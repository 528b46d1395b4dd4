//! OTLP over HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::body;
use crate::content_type::Encoding;
use crate::intake::Intake;
use crate::rejection::Rejection;
use crate::signal::{PartialSuccess, Signal};

/// The paths that take data. Some build them from an endpoint and a path, both with a slash at the end.
const SIGNALS: [(&str, Signal); 3] = [
    ("/v1/traces", Signal::Traces),
    ("/v1/logs", Signal::Logs),
    ("/v1/metrics", Signal::Metrics),
];

/// Returns true if a path accepts data.
pub(crate) fn takes(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    SIGNALS.iter().any(|(known, _)| *known == path)
}

/// Returns the routes of the HTTP listener; `grpc` is the address of OTLP/gRPC, for senders that confuse the two.
pub(crate) fn routes(intake: &Intake, grpc: SocketAddr) -> Router {
    let mut router = Router::new();
    for (path, signal) in SIGNALS {
        let export = move |State(intake): State<Intake>, headers: HeaderMap, body: Body| async move {
            export(&intake, signal, &headers, body).await
        };
        router = router.route(path, post(export)).route(&format!("{path}/"), post(export));
    }
    router
        .route("/v1development/profiles", post(profiles))
        .route("/v1development/profiles/", post(profiles))
        .with_state(intake.clone())
        .method_not_allowed_fallback(|method: Method, body: Body| async move {
            body::skip(body).await;
            Rejection::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("method {method} not allowed: use POST"),
            )
        })
        .fallback(move |uri: Uri, body: Body| async move {
            body::skip(body).await;
            let known = "use /v1/traces, /v1/logs or /v1/metrics";
            let reason = format!("unknown path {}: {known} (OTLP/gRPC is at {grpc})", uri.path());
            Rejection::new(StatusCode::NOT_FOUND, reason)
        })
}

async fn export(intake: &Intake, signal: Signal, headers: &HeaderMap, body: Body) -> Result<Response, Rejection> {
    let encoding = encoding(headers);
    let encoding = match encoding {
        Ok(encoding) => encoding,
        Err(rejection) => {
            body::skip(body).await;
            return Err(rejection);
        }
    };
    let body = intake.receive(headers, body, intake.otlp_limit()).await?;
    let partial = intake.otlp_seen(signal, encoding, body, |_| {}).await?;
    Ok(answer(encoding, partial))
}

/// Accepts and drops profiles, a signal in development without a screen: exporters would report a rejection with every batch,
/// although their user did not ask this viewer for profiles. They are counted, and reported once.
async fn profiles(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<Response, Rejection> {
    let encoding = encoding(&headers);
    body::skip(body).await;
    let encoding = encoding?;
    intake.recorder().record(|health| {
        let counts = &mut health.listeners[intake.listener()];
        counts.unsupported += 1;
        if counts.unsupported == 1 {
            health.remember(intake.listener(), "profiles are accepted and dropped");
        }
    });
    Ok(answer(encoding, None))
}

pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, Rejection> {
    Encoding::of(headers).ok_or_else(|| {
        let found = headers
            .get(CONTENT_TYPE)
            .map_or("missing".into(), |found| String::from_utf8_lossy(found.as_bytes()));
        let reason = format!("the content type is {found}, not application/x-protobuf or application/json");
        Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason)
    })
}

/// Returns the response, the same for all three signals; only spans are ever dropped.
pub(crate) fn answer(encoding: Encoding, partial: Option<PartialSuccess>) -> Response {
    let ExportTraceServiceResponse { partial_success } = super::trace_response(partial);
    let body = match (encoding, partial_success) {
        (Encoding::Protobuf, partial_success) => ExportTraceServiceResponse { partial_success }.encode_to_vec(),
        (Encoding::Json, None) => b"{}".to_vec(),
        // Numbers of 64 bits are strings in protobuf's JSON.
        (Encoding::Json, Some(partial)) => serde_json::json!({ "partialSuccess": {
            "rejectedSpans": partial.rejected_spans.to_string(),
            "errorMessage": partial.error_message,
        }})
        .to_string()
        .into_bytes(),
    };
    ([(CONTENT_TYPE, encoding.content_type())], body).into_response()
}

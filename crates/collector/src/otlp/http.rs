//! OTLP over HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Uri};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use otlp_wire::json;
use otlp_wire::schema::{self, Message};
use prost::Message as _;
use tower::ServiceBuilder;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::map_request_body::MapRequestBodyLayer;
use trace_model::{IdError, Rejected, Rejection, Source};

use super::Encoding;
use crate::body;
use crate::intake::Intake;
use crate::refusal::Refusal;

/// The routes of the HTTP listener; `grpc` is where its neighbour listens, for those who confuse the two.
pub(crate) fn routes(intake: &Intake, grpc: SocketAddr) -> Router {
    let gzip = RequestDecompressionLayer::new().no_br().no_deflate().zstd(true).gzip(true);
    Router::new()
        .route("/v1/traces", post(traces))
        .route("/v1/logs", post(logs))
        .route("/v1/metrics", post(metrics))
        .with_state(intake.clone())
        .method_not_allowed_fallback(|method: Method| async move {
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not for here: use POST"))
        })
        .fallback(move |uri: Uri| async move {
            let known = "/v1/traces, /v1/logs and /v1/metrics are here";
            let reason = format!("there is no {}: {known}, OTLP over gRPC is on {grpc}", uri.path());
            Refusal::new(StatusCode::NOT_FOUND, reason)
        })
        .layer(ServiceBuilder::new().layer(gzip).layer(MapRequestBodyLayer::new(Body::new)))
}

/// Pages that are served from this machine may send; what other pages send is theirs, not this person's.
pub(crate) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _: &Parts| is_local(origin)))
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER])
}

fn is_local(origin: &HeaderValue) -> bool {
    let uri = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && matches!(uri.host(), Some("localhost" | "127.0.0.1" | "[::1]"))
    })
}

async fn traces(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let (encoding, body, rejected) = read(&headers, body, &schema::TRACES_REQUEST).await?;
    let partial = intake.traces(body, Source::OtlpHttp, rejected)?;
    Ok(answer(encoding, super::trace_response(partial)))
}

async fn logs(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let (encoding, body, _) = read(&headers, body, &schema::LOGS_REQUEST).await?;
    intake.logs(body, Source::OtlpHttp)?;
    Ok(answer(encoding, ExportTraceServiceResponse::default()))
}

async fn metrics(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Result<Response, Refusal> {
    let (encoding, body, _) = read(&headers, body, &schema::METRICS_REQUEST).await?;
    intake.metrics(body, Source::OtlpHttp)?;
    Ok(answer(encoding, ExportTraceServiceResponse::default()))
}

/// Reads a request as protobuf, whatever it was sent as.
async fn read(headers: &HeaderMap, body: Body, message: &'static Message) -> Result<(Encoding, Bytes, Rejected), Refusal> {
    let Some(encoding) = Encoding::of(headers) else {
        let found = headers
            .get(CONTENT_TYPE)
            .map_or("missing".into(), |found| String::from_utf8_lossy(found.as_bytes()));
        let reason = format!("the content type is {found}, not application/x-protobuf or application/json");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
    };
    let body = body::read(body).await?;
    let mut rejected = Rejected::default();
    if encoding == Encoding::Protobuf {
        return Ok((encoding, body, rejected));
    }
    let read = json::transcode(&body, message).map_err(|error| Refusal::malformed(format!("no OTLP message: {error}")))?;
    for spans in read.rejected {
        let reason = Rejection {
            field: spans.field,
            error: IdError::NotHex,
        };
        rejected.add(reason, spans.spans);
    }
    Ok((encoding, read.bytes.into(), rejected))
}

/// All three signals answer alike; only spans are ever left out.
fn answer(encoding: Encoding, response: ExportTraceServiceResponse) -> Response {
    let body = match (encoding, response.partial_success) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_are_local() {
        for origin in [
            "http://localhost",
            "http://localhost:5173",
            "https://127.0.0.1:8443",
            "http://[::1]:3000",
        ] {
            assert!(is_local(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in [
            "null",
            "",
            "localhost:5173",
            "http://localhost.example.com",
            "http://example.com:80",
            "file://localhost",
            "http://localhost@example.com",
            "http://127.0.0.1.example.com",
        ] {
            assert!(!is_local(&HeaderValue::from_static(origin)), "{origin}");
        }
    }
}

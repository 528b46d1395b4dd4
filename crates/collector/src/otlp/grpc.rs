//! OTLP over gRPC.
//!
//! Source: [gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Only the unary call is supported,
//! and its message is not decoded: a body of one message with five bytes before it, a response alike, and a status after that. So
//! it is read like every other body, into the same memory and under the same limits.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use prost::Message;

use crate::body::{self, Received};
use crate::content_encoding::ContentEncoding;
use crate::content_type::is_grpc;
use crate::intake::Intake;
use crate::limits::BodyLimit;
use crate::rejection::Rejection;
use crate::signal::{PartialSuccess, Signal};

/// Before each message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// Says how a compressed message is.
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

/// Supported methods.
const METHODS: [(&str, Signal); 3] = [
    ("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Signal::Traces),
    ("/opentelemetry.proto.collector.logs.v1.LogsService/Export", Signal::Logs),
    (
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Metrics,
    ),
];

/// Returns true if a path accepts data.
pub(crate) fn takes(path: &str) -> bool {
    METHODS.iter().any(|(known, _)| *known == path)
}

/// Returns the routes of the gRPC listener; `http` is the address of OTLP/HTTP, for senders that confuse the two.
pub(crate) fn routes(intake: Intake, http: SocketAddr) -> Router {
    Router::new().fallback(move |request: Request| {
        let intake = intake.clone();
        async move { call(&intake, request, http).await }
    })
}

async fn call(intake: &Intake, request: Request, http: SocketAddr) -> Result<Response, Rejection> {
    let (head, body) = request.into_parts();
    let known = METHODS.iter().find(|(path, _)| *path == head.uri.path());
    let rejection = match known {
        _ if !is_grpc(&head.headers) => {
            let reason = format!("this port is for gRPC (content type application/grpc); OTLP/HTTP listens on http://{http}");
            Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason)
        }
        _ if head.method != Method::POST => {
            let reason = format!("{} is not for here: use POST", head.method);
            Rejection::new(StatusCode::METHOD_NOT_ALLOWED, reason)
        }
        None => unknown(head.uri.path()),
        Some((_, signal)) => {
            let message = message(intake, &head.headers, body).await?;
            return Ok(answer(intake.otlp(*signal, message).await?));
        }
    };
    body::skip(body).await;
    Err(rejection)
}

fn unknown(path: &str) -> Rejection {
    let known = "use Export of TraceService, LogsService or MetricsService in opentelemetry.proto.collector";
    Rejection::new(StatusCode::NOT_FOUND, format!("unknown method {path}: {known}"))
}

/// Reads the one message of a call.
async fn message(intake: &Intake, headers: &HeaderMap, body: Body) -> Result<Received, Rejection> {
    let coding = match ContentEncoding::of(headers, &ENCODING) {
        Ok(coding) => coding,
        Err(reason) => {
            body::skip(body).await;
            return Err(Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, reason));
        }
    };
    // The prefix is none of the message.
    let limit = intake.otlp_limit();
    let limit = BodyLimit {
        sent: limit.sent + PREFIX,
        ..limit
    };
    let mut received = body::read_plain(intake.bodies(), headers, body, limit, announced).await?;
    let is_compressed = unwrap(&mut received.bytes).map_err(Rejection::malformed)?;
    match (is_compressed, coding) {
        (false, _) => Ok(received),
        (true, ContentEncoding::Identity) => Err(Rejection::malformed(format!(
            "the message is compressed, but {ENCODING} is missing"
        ))),
        (true, coding) => received.inflate(coding, intake.bodies()).await,
    }
}

/// Returns the length of a call's body by its prefix.
fn announced(body: &[u8]) -> Option<usize> {
    let ([_, length @ ..], _) = body.split_first_chunk::<PREFIX>()?;
    usize::try_from(u32::from_be_bytes(*length)).ok()?.checked_add(PREFIX)
}

/// Removes the prefix; returns true if the message after it is compressed.
fn unwrap(body: &mut Bytes) -> Result<bool, String> {
    let Some(([flag, length @ ..], message)) = body.split_first_chunk::<PREFIX>() else {
        return Err(format!("the call has {} bytes, and no message in them", body.len()));
    };
    let (flag, length) = (*flag, u32::from_be_bytes(*length));
    if flag > 1 {
        return Err(format!("invalid gRPC compression flag {flag}"));
    }
    let there = message.len();
    match usize::try_from(length).map(|length| there.cmp(&length)) {
        Ok(std::cmp::Ordering::Equal) => {}
        Ok(std::cmp::Ordering::Greater) => return Err("more than one message in a call that takes one".to_owned()),
        _ => return Err(format!("the message is cut off: {there} of {length} bytes were received")),
    }
    *body = body.slice(PREFIX..);
    Ok(flag == 1)
}

/// Returns the response, the same for all three signals; only spans are ever dropped.
fn answer(partial: Option<PartialSuccess>) -> Response {
    let message = super::trace_response(partial).encode_to_vec();
    let mut body = vec![0];
    body.extend_from_slice(&u32::try_from(message.len()).unwrap_or_default().to_be_bytes());
    body.extend_from_slice(&message);
    let mut trailers = HeaderMap::new();
    trailers.insert(HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    let body = Full::new(Bytes::from(body)).with_trailers(std::future::ready(Some(Ok(trailers))));
    ([(CONTENT_TYPE, "application/grpc")], Body::new(body)).into_response()
}

#[cfg(test)]
mod tests;

//! `POST /users/reset-password`.
//!
//! No span, log line or response contains the address, and all responses to a valid one are equal: the caller must not learn
//! if an account exists.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};
use mail_queue::{Malformed, QUEUE, ResetRequest, semconv};
use opentelemetry::trace::{FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use uuid::Uuid;

use crate::{EnqueueError, Publisher, answer};

pub(crate) async fn handle(
    State(publisher): State<Publisher>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    telemetry::with_sentry_hub(reset_password(&publisher, &headers, body)).await
}

#[tracing::instrument(name = "resetPasswordHandler", skip_all)]
async fn reset_password(publisher: &Publisher, headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let request = match parse(headers, body) {
        Ok(request) => request,
        Err(malformed) => {
            fail(malformed.error_type(), malformed.to_string());
            tracing::info!(reason = %malformed, "request rejected");
            return answer::error(match malformed {
                Malformed::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::BAD_REQUEST,
            });
        }
    };
    match enqueue(publisher, &request).await {
        Ok(()) => answer::sent(),
        Err(error) => {
            fail(error.error_type(), error.to_string());
            answer::error(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

fn parse(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<ResetRequest, Malformed> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Malformed::TooLarge,
        _ => Malformed::NotJson,
    })?;
    // A page of any origin may send text or a form without a CORS preflight, but not JSON.
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|essence| essence.trim().to_ascii_lowercase())
        .is_some_and(|essence| essence == "application/json" || essence.ends_with("+json"));
    if !is_json {
        return Err(Malformed::NotJson);
    }
    ResetRequest::from_json(&body)
}

/// Publishes in a producer span whose context the message carries. It uses OpenTelemetry's API, because the attributes are a list
/// shared by both services, and `tracing` requires the names of all fields at compile time.
async fn enqueue(publisher: &Publisher, request: &ResetRequest) -> Result<(), EnqueueError> {
    let (id, body) = (Uuid::new_v4().simple().to_string(), request.to_json());
    let mut attributes = semconv::attributes(semconv::MessagingOperation::Publish, QUEUE, publisher.url());
    attributes.extend(semconv::message(&id, body.len()));
    let tracer = global::tracer("api");
    let span = tracer
        .span_builder("EnqueueMessage")
        .with_kind(SpanKind::Producer)
        .with_attributes(attributes)
        .start(&tracer);
    let cx = Context::current_with_span(span);
    let outcome = publish(publisher, &id, &body).with_context(cx.clone()).await;
    cx.span().end();
    outcome
}

async fn publish(publisher: &Publisher, id: &str, body: &[u8]) -> Result<(), EnqueueError> {
    let mut headers = FieldTable::default();
    telemetry::amqp::inject(&Context::current(), &mut headers);
    let now = SystemTime::now();
    headers.insert(
        semconv::PUBLISHED_MS.into(),
        AMQPValue::LongLongInt(semconv::published_ms(now)),
    );
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_message_id(id.into())
        .with_timestamp(now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
        .with_app_id("api".into())
        .with_headers(headers);
    let outcome = publisher.publish(properties, body).await;
    match &outcome {
        Ok(()) => tracing::info!(message_id = id, "reset mail requested"),
        Err(error) => {
            fail(error.error_type(), error.to_string());
            tracing::warn!(message_id = id, %error, "cannot enqueue reset mail");
        }
    }
    outcome
}

/// Marks the current span as failed. A rejection is marked on the handler's span: by convention a 4xx is not an error of a server span.
fn fail(error_type: &'static str, description: String) {
    Context::map_current(|cx| {
        cx.span().set_attribute(KeyValue::new("error.type", error_type));
        cx.span().set_status(Status::error(description));
    });
}

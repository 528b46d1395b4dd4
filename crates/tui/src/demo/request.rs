//! The request that a key fires, with the viewer's own span around it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span, status};
use tokio::sync::mpsc;
use trace_model::{Batch, Source, otlp};

use super::DemoEvent;
use app::{DemoRequest, Notice};

/// Longer than the API takes to give up on its queue.
const RESPONSE_WAIT_MAX: Duration = Duration::from_secs(10);
const PATH: &str = "/users/reset-password";

/// Sends requests to the demo's API.
#[derive(Clone, Debug)]
pub struct Requests {
    client: reqwest::Client,
    events: mpsc::Sender<DemoEvent>,
}

impl Requests {
    /// Spans and outcomes go to `events`.
    ///
    /// # Errors
    /// The HTTP client cannot be set up.
    pub fn new(events: mpsc::Sender<DemoEvent>) -> reqwest::Result<Self> {
        let builder = http_client::builder().timeout(RESPONSE_WAIT_MAX).no_proxy();
        // The API is plain HTTP: it must not fail on a machine without certificates.
        let client = builder.tls_certs_only([]).build()?;
        Ok(Self { client, events })
    }

    /// Sends one request to the API at `address` (`host:port`) and reports its result.
    ///
    /// The span is recorded twice: when it starts, without an end, and again when it ends, so that the waterfall grows from the
    /// first moment on.
    pub async fn send(&self, address: String, request: DemoRequest) {
        let mut span = start(&address, request);
        self.tell(DemoEvent::Spans(batch(&span))).await;
        let outcome = self.post(&address, request).await;
        span.end_time_unix_nano = now();
        let notice = finish(&mut span, outcome);
        self.tell(DemoEvent::Spans(batch(&span))).await;
        self.tell(DemoEvent::Notice(notice)).await;
    }

    async fn post(&self, address: &str, request: DemoRequest) -> reqwest::Result<(u16, String)> {
        let DemoRequest {
            trace_id,
            span_id,
            valid,
        } = request;
        let email = if valid { "ada@example.com" } else { "not an address" };
        let post = self.client.post(format!("http://{address}{PATH}"));
        let answer = post
            .header("traceparent", format!("00-{trace_id}-{span_id}-01"))
            .header("sentry-trace", format!("{trace_id}-{span_id}-1"))
            .json(&serde_json::json!({ "email": email }))
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    async fn tell(&self, event: DemoEvent) {
        // An error means that the viewer is ending.
        let _ = self.events.send(event).await;
    }
}

fn start(address: &str, request: DemoRequest) -> Span {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    Span {
        trace_id: request.trace_id.as_bytes().to_vec(),
        span_id: request.span_id.as_bytes().to_vec(),
        name: "reset password".to_owned(),
        kind: span::SpanKind::Client.into(),
        start_time_unix_nano: now(),
        attributes: vec![
            text("http.request.method", "POST"),
            text("url.full", &format!("http://{address}{PATH}")),
            text("server.address", host),
            integer("server.port", port.parse().unwrap_or(0)),
        ],
        ..Span::default()
    }
}

/// Records the outcome by the HTTP semantic conventions for a client: a response of 400 and more is an error.
fn finish(span: &mut Span, outcome: reqwest::Result<(u16, String)>) -> Notice {
    let failed = |message: String| {
        Some(Status {
            code: status::StatusCode::Error.into(),
            message,
        })
    };
    match outcome {
        Ok((code, body)) => {
            span.attributes.push(integer("http.response.status_code", code.into()));
            let said = said(&body);
            let error = code >= 400;
            if error {
                span.attributes.push(text("error.type", &code.to_string()));
                span.status = failed(String::new());
            }
            Notice {
                text: format!("the API answered {code}: {said}"),
                error,
            }
        }
        Err(error) => {
            let error = error.without_url();
            span.attributes
                .push(text("error.type", if error.is_timeout() { "timeout" } else { "connect" }));
            span.status = failed(error.to_string());
            Notice {
                text: format!("the API did not answer: {error}"),
                error: true,
            }
        }
    }
}

/// The API's own words.
fn said(body: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let words = body
        .get("message")
        .or_else(|| body.get("error"))
        .and_then(|words| words.as_str());
    words.unwrap_or("(no message)").chars().take(120).collect()
}

fn batch(span: &Span) -> Batch {
    let resource = Resource {
        attributes: vec![
            text("service.name", "spanfall"),
            text("service.version", env!("CARGO_PKG_VERSION")),
        ],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span.clone()],
        ..ScopeSpans::default()
    }];
    let (batch, _) = otlp::batch(
        vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            ..ResourceSpans::default()
        }],
        Source::Viewer,
    );
    batch.received_at(now())
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.to_owned()))
}

fn integer(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

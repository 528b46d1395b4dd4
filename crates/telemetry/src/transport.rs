//! Sentry's transport with two members that the SDK's types lack: a transaction's `transaction_info` and the `origin` of its spans.
//!
//! The queue, the rate limits and the client reports are the SDK's; only serializing and sending are done here.

use std::io;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response};
use sentry::protocol::{Context, DynamicSamplingContext, EnvelopeItem, Transaction, Value};
use sentry::transports::{RateLimiter, TokioTransportThread, TokioTransportThreadOptions};
use sentry::{Envelope, Transport, TransportOptions};

/// The `origin` of the spans, in Sentry's terms.
const ORIGIN: &str = "auto.otel";
const TOO_MANY: u16 = 429;

pub(crate) struct EnvelopeSender(TokioTransportThread);

impl EnvelopeSender {
    pub(crate) fn new(options: TransportOptions, client: Client) -> Self {
        let auth = options.dsn.to_auth(Some(&options.user_agent)).to_string();
        let url = options.dsn.envelope_api_url().to_string();
        let lost = options.client_report_recorder.clone();
        let send = move |envelope: Envelope, mut limits: RateLimiter| {
            let request = written(&envelope).map(|body| client.post(&url).header("X-Sentry-Auth", &auth).body(body));
            let lost = lost.clone();
            async move {
                use sentry::client_report::Reason;
                let reason = match request {
                    Err(_) => Some(Reason::InternalError),
                    Ok(request) => match request.send().await {
                        Err(_) => Some(Reason::NetworkError),
                        Ok(response) => {
                            note(&mut limits, &response);
                            let status = response.status();
                            // Read to the end, so that the connection can be reused.
                            let _ = response.bytes().await;
                            let is_lost = status.as_u16() != TOO_MANY && (status.is_client_error() || status.is_server_error());
                            is_lost.then_some(Reason::SendError)
                        }
                    },
                };
                if let Some(reason) = reason {
                    lost.record_lost_data(&envelope, reason);
                }
                limits
            }
        };
        let thread = TokioTransportThreadOptions::new(send).with_client_report_recorder(options.client_report_recorder);
        Self(thread.spawn_thread())
    }
}

impl Transport for EnvelopeSender {
    fn send_envelope(&self, envelope: Envelope) {
        self.0.send(envelope);
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.0.flush(timeout)
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.flush(timeout)
    }
}

fn note(limits: &mut RateLimiter, response: &Response) {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(said) = header("x-sentry-rate-limits") {
        limits.update_from_sentry_header(said);
    } else if let Some(said) = header(RETRY_AFTER.as_str()) {
        limits.update_from_retry_after(said);
    } else if response.status().as_u16() == TOO_MANY {
        limits.update_from_429();
    }
}

/// Serializes an envelope.
fn written(envelope: &Envelope) -> io::Result<Vec<u8>> {
    let mut header = serde_json::to_value(envelope.headers())?;
    let mut body = Vec::new();
    let mut items = envelope.items().peekable();
    if items.peek().is_none() {
        // An empty or a raw envelope.
        envelope.to_writer(&mut body)?;
        return Ok(body);
    }
    for item in items {
        if let EnvelopeItem::Transaction(transaction) = item {
            let mut payload = completed(transaction)?;
            if let Some(context) = carried(&mut payload) {
                header["trace"] = context;
            }
            let payload = serde_json::to_vec(&payload)?;
            body.extend(format!("{{\"type\":\"transaction\",\"length\":{}}}\n", payload.len()).bytes());
            body.extend(payload);
            body.push(b'\n');
        } else {
            let mut one = Envelope::new();
            one.add_item(item.clone());
            let mut alone = Vec::new();
            one.to_writer(&mut alone)?;
            // Without the header line.
            let start = alone.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            body.extend_from_slice(&alone[start..]);
        }
    }
    let mut written = serde_json::to_vec(&header)?;
    written.push(b'\n');
    written.extend(body);
    Ok(written)
}

/// The context key that carries the sampling context: the SDK's rate limiter creates a new envelope without the header's.
const CARRIED: &str = "spanfall.sampling_context";

/// Attaches the sampling context to a transaction.
pub(crate) fn carry(transaction: &mut Transaction<'_>, context: &DynamicSamplingContext) {
    if let Ok(context) = serde_json::to_value(context) {
        transaction.extra.insert(CARRIED.to_owned(), context);
    }
}

fn carried(transaction: &mut Value) -> Option<Value> {
    let transaction = transaction.as_object_mut()?;
    let extra = transaction.get_mut("extra")?.as_object_mut()?;
    let context = extra.remove(CARRIED);
    if extra.is_empty() {
        transaction.remove("extra");
    }
    context
}

/// Adds the members that the SDK's types lack.
fn completed(transaction: &Transaction<'_>) -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(transaction)?;
    value["transaction_info"] = serde_json::json!({ "source": source(transaction) });
    if let Some(spans) = value.get_mut("spans").and_then(Value::as_array_mut) {
        for span in spans.iter_mut().filter_map(Value::as_object_mut) {
            span.entry("origin").or_insert_with(|| ORIGIN.into());
        }
    }
    Ok(value)
}

/// Returns the source of a transaction's name: a route, a task, or a custom one.
fn source(transaction: &Transaction<'_>) -> &'static str {
    let Some(Context::Trace(trace)) = transaction.contexts.get("trace") else {
        return "custom";
    };
    match trace.op.as_deref() {
        Some("http.server") if trace.data.contains_key("http.route") => "route",
        Some("http.server") => "url",
        Some(op) if op.starts_with("queue.") => "task",
        _ => "custom",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sentry::protocol::{Event, Span, TraceContext};

    use super::*;

    fn transaction(op: &str, data: &[&str]) -> Transaction<'static> {
        let data: BTreeMap<_, _> = data.iter().map(|key| ((*key).to_owned(), "x".into())).collect();
        let trace = TraceContext {
            op: Some(op.to_owned()),
            data,
            ..TraceContext::default()
        };
        Transaction {
            contexts: [("trace".to_owned(), trace.into())].into(),
            spans: vec![Span::default()],
            ..Transaction::default()
        }
    }

    #[test]
    fn transaction_source_follows_its_operation() {
        for (op, data, expected) in [
            ("http.server", &["http.route"][..], "route"),
            ("http.server", &[], "url"),
            ("queue.process", &[], "task"),
            ("function", &[], "custom"),
        ] {
            let value = completed(&transaction(op, data)).unwrap();
            assert_eq!(value["transaction_info"]["source"], expected, "{op}");
            assert_eq!(value["spans"][0]["origin"], ORIGIN);
        }
    }

    #[test]
    fn sampling_context_outlives_a_new_envelope() {
        let mut transaction = transaction("function", &[]);
        carry(
            &mut transaction,
            &DynamicSamplingContext::new().with_public_key("key".to_owned()),
        );
        let mut envelope = Envelope::new();
        envelope.add_item(transaction);
        let written = String::from_utf8(written(&envelope).unwrap()).unwrap();
        let header: Value = serde_json::from_str(written.lines().next().unwrap()).unwrap();
        assert_eq!(header["trace"]["public_key"], "key");
        assert!(!written.contains(CARRIED));
    }

    #[test]
    fn envelope_equals_the_sdks_except_for_added_members() {
        let mut envelope = Envelope::new();
        envelope.add_item(transaction("function", &[]));
        envelope.add_item(Event::new());
        let written = written(&envelope).unwrap();
        let read = Envelope::from_slice(&written).unwrap();
        assert_eq!(read.headers(), envelope.headers());
        let types: Vec<_> = read.items().map(std::mem::discriminant).collect();
        assert_eq!(types, envelope.items().map(std::mem::discriminant).collect::<Vec<_>>());
    }
}

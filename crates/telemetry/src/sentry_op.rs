//! The kind of work of a span in Sentry's terms (`op`).
//!
//! Sentry's span processor uses the span's name for it (its source has a comment "infer this"), and has no hook for
//! transactions, so it is corrected in the transport. The values are those of Sentry's conventions
//! (<https://github.com/getsentry/sentry-conventions>, `model/op`), inferred as Sentry's servers and its Java SDK do from
//! OpenTelemetry's conventions. Span names are not changed.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry::TraceId;
use sentry::protocol::{Context, DynamicSamplingContext, EnvelopeItem, Transaction, Value};
use sentry::{Envelope, Transport};

use crate::propagation::HeadSampling;
use crate::{sampling_context, transport};

mod status;

/// A transport that completes transactions before it sends them: operations, statuses, and the trace's sampling context.
pub(crate) struct OpTransport<T> {
    pub(crate) head: HeadSampling,
    pub(crate) transport: T,
}

impl<T: Transport> Transport for OpTransport<T> {
    fn send_envelope(&self, envelope: Envelope) {
        self.transport.send_envelope(self.completed(envelope));
    }

    fn flush(&self, timeout: Duration) -> bool {
        self.transport.flush(timeout)
    }

    fn shutdown(&self, timeout: Duration) -> bool {
        self.transport.shutdown(timeout)
    }
}

impl<T> OpTransport<T> {
    fn completed(&self, envelope: Envelope) -> Envelope {
        let transaction = |item: &EnvelopeItem| matches!(item, EnvelopeItem::Transaction(_));
        if !envelope.items().any(transaction) {
            return envelope;
        }
        let mut headers = envelope.headers().clone();
        let mut completed = Envelope::new();
        for mut item in envelope.into_items() {
            if let EnvelopeItem::Transaction(transaction) = &mut item {
                name(transaction);
                status::derive(transaction);
                let context = sampling_context::current().or_else(|| self.own_context(transaction));
                if let Some(context) = context {
                    transport::carry(transaction, &context);
                    headers = headers.with_trace(context);
                }
            }
            completed.add_item(item);
        }
        completed.with_headers(headers)
    }

    /// Returns the sampling context of a trace that starts here.
    fn own_context(&self, transaction: &Transaction<'_>) -> Option<DynamicSamplingContext> {
        let Some(Context::Trace(trace)) = transaction.contexts.get("trace") else {
            return None;
        };
        let id = TraceId::from_hex(&trace.trace_id.to_string()).ok()?;
        self.head.sampling_context(id)
    }
}

fn name(transaction: &mut Transaction<'_>) {
    if let Some(Context::Trace(trace)) = transaction.contexts.get_mut("trace")
        && let Some(operation) = operation(&trace.data)
    {
        trace.op = Some(operation);
    }
    for span in &mut transaction.spans {
        if let Some(operation) = operation(&span.data) {
            span.op = Some(operation);
        }
    }
}

/// Infers the operation; returns `None` for a span that is not from OpenTelemetry, whose author chose its operation.
fn operation(data: &BTreeMap<String, Value>) -> Option<String> {
    let text = |key: &str| data.get(key).and_then(Value::as_str);
    let any = |keys: &[&str]| keys.iter().any(|key| data.contains_key(*key));
    let kind = text("otel.kind")?;
    if let Some(chosen) = text("sentry.op") {
        return Some(chosen.to_owned());
    }
    // The second name of each is from older conventions.
    let operation = if any(&["http.request.method", "http.method"]) {
        match kind {
            "server" => "http.server",
            "client" => "http.client",
            _ => "http",
        }
    } else if any(&["db.system.name", "db.system"]) {
        "db"
    } else if any(&["rpc.system.name", "rpc.system"]) {
        "rpc"
    } else {
        let messaging = text("messaging.operation.type").or_else(|| text("messaging.operation"));
        match (messaging, kind) {
            (Some("create"), _) => "queue.create",
            (Some("receive"), _) => "queue.receive",
            (Some("settle"), _) => "queue.settle",
            (Some("send" | "publish"), _) | (_, "producer") => "queue.publish",
            (Some("process" | "deliver"), _) | (_, "consumer") => "queue.process",
            _ if any(&["messaging.system"]) => "queue",
            (_, "internal") => "function",
            // Sentry's default.
            _ => "default",
        }
    };
    Some(operation.to_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use sentry::protocol::{EnvelopeHeaders, Span, TraceContext};
    use sentry::types::Uuid;

    use super::*;

    fn data(pairs: &[(&str, &str)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.into())).collect()
    }

    #[test]
    fn op_follows_kind_and_conventions() {
        let http = ("http.request.method", "POST");
        let messaging = ("messaging.system", "rabbitmq");
        for (pairs, expected) in [
            (&[("otel.kind", "server"), http][..], "http.server"),
            (&[("otel.kind", "client"), http], "http.client"),
            (&[("otel.kind", "client"), ("http.method", "GET")], "http.client"),
            (&[("otel.kind", "internal"), http], "http"),
            (&[("otel.kind", "producer")], "queue.publish"),
            (&[("otel.kind", "consumer"), messaging], "queue.process"),
            (
                &[("otel.kind", "consumer"), messaging, ("messaging.operation.type", "receive")],
                "queue.receive",
            ),
            (
                &[("otel.kind", "client"), messaging, ("messaging.operation.type", "settle")],
                "queue.settle",
            ),
            (&[("otel.kind", "client"), messaging], "queue"),
            (&[("otel.kind", "client"), ("db.system.name", "postgresql")], "db"),
            (&[("otel.kind", "client"), ("db.system", "redis")], "db"),
            (&[("otel.kind", "server"), ("rpc.system", "grpc")], "rpc"),
            (&[("otel.kind", "internal")], "function"),
            (&[("otel.kind", "client")], "default"),
            (&[("otel.kind", "internal"), ("sentry.op", "mine")], "mine"),
        ] {
            assert_eq!(operation(&data(pairs)).as_deref(), Some(expected), "{pairs:?}");
        }
    }

    #[derive(Clone, Default)]
    struct Sent(Arc<Mutex<Vec<Envelope>>>);

    impl Transport for Sent {
        fn send_envelope(&self, envelope: Envelope) {
            self.0.lock().unwrap().push(envelope);
        }

        fn flush(&self, _: Duration) -> bool {
            false
        }

        fn shutdown(&self, _: Duration) -> bool {
            false
        }
    }

    #[test]
    fn op_is_set_on_roots_and_children_and_the_rest_is_unchanged() {
        let trace = TraceContext {
            op: Some("POST /x".to_owned()),
            data: data(&[("otel.kind", "server"), ("http.request.method", "POST")]),
            ..TraceContext::default()
        };
        let span = |op: &str, pairs: &[(&str, &str)]| Span {
            op: Some(op.to_owned()),
            description: Some(op.to_owned()),
            data: data(pairs),
            ..Span::default()
        };
        let transaction = Transaction {
            name: Some("POST /x".to_owned()),
            contexts: [("trace".to_owned(), trace.into())].into(),
            spans: vec![
                span("publish", &[("otel.kind", "producer")]),
                span("by hand", &[("number", "1")]),
            ],
            ..Transaction::default()
        };
        let mut envelope = Envelope::new().with_headers(EnvelopeHeaders::new().with_event_id(Uuid::from_u128(7)));
        envelope.add_item(transaction);
        envelope.add_item(EnvelopeItem::Event(Box::default()));
        let other: Envelope = sentry::protocol::Event::new().into();

        let sent = Sent::default();
        let head = HeadSampling {
            public_key: "key".to_owned(),
            environment: None,
            release: Some("api@1".to_owned()),
            sample_rate: 1.0,
        };
        let transport = OpTransport {
            head,
            transport: sent.clone(),
        };
        transport.send_envelope(envelope.clone());
        transport.send_envelope(other.clone());
        assert!(!transport.flush(Duration::ZERO) && !transport.shutdown(Duration::ZERO));
        let sent = sent.0.lock().unwrap();

        let headers = serde_json::to_value(sent[0].headers()).unwrap();
        assert_eq!(
            headers["event_id"],
            serde_json::to_value(envelope.headers()).unwrap()["event_id"]
        );
        let trace = &headers["trace"];
        assert_eq!(trace["public_key"], "key");
        assert_eq!((&trace["sampled"], &trace["sample_rate"]), (&"true".into(), &"1".into()));
        assert_eq!((&trace["release"], trace["trace_id"].is_string()), (&"api@1".into(), true));
        let [EnvelopeItem::Transaction(transaction), event] = &sent[0].items().collect::<Vec<_>>()[..] else {
            panic!("{sent:#?}")
        };
        assert_eq!(Some(*event), envelope.items().nth(1));
        let Some(Context::Trace(trace)) = transaction.contexts.get("trace") else {
            panic!("{transaction:#?}")
        };
        assert_eq!(
            (trace.op.as_deref(), transaction.name.as_deref()),
            (Some("http.server"), Some("POST /x"))
        );
        let words: Vec<_> = transaction
            .spans
            .iter()
            .map(|span| (span.op.as_deref(), span.description.as_deref()))
            .collect();
        assert_eq!(
            words,
            [(Some("queue.publish"), Some("publish")), (Some("by hand"), Some("by hand"))]
        );
        assert_eq!(sent[1], other);
    }
}

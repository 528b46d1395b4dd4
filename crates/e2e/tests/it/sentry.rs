//! Data of the services in Sentry: errors and logs on their spans, and spans with attributes that its screens support.

use std::collections::BTreeMap;

use e2e::DEADLINE;
use e2e::envelopes::{Items, trace_of};
use e2e::services::{Services, embedded_broker};
use e2e::spans::Span;
use sentry::protocol::{Log, LogLevel, Value};
use testkit::unused_address;

fn named(spans: &[Span], name: &str) -> Option<Span> {
    spans.iter().find(|span| span.name == name).cloned()
}

fn attribute<'a>(log: &'a Log, key: &str) -> Option<&'a str> {
    log.attributes.get(key).and_then(|value| value.0.as_str())
}

/// Returns the trace and span ids.
fn place(log: &Log) -> (String, String) {
    let trace_id = log.trace_id.map(|id| id.to_string()).unwrap_or_default();
    let span_id = attribute(log, "sentry.trace.parent_span_id").unwrap_or_default();
    (trace_id, span_id.to_owned())
}

/// Stops both services; then everything they send has been received.
async fn all_sent(services: &Services) -> Items {
    for process in [&services.api, &services.mailer] {
        process.terminate();
        process.exited(DEADLINE).await.unwrap();
    }
    services.envelopes.all()
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_mail_is_an_error_on_its_span_with_logs() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let mut services = Services::start(&url).await.unwrap();
    services.mailer.terminate();
    services.mailer.exited(DEADLINE).await.unwrap();
    // Nothing listens there.
    let nowhere = unused_address().unwrap();
    let smtp_url = format!("smtp://{nowhere}");
    let env = [
        ("SMTP_URL", smtp_url.as_str()),
        ("MAIL_RETRY_DELAYS", "50ms"),
        ("RUST_LOG", "debug"),
    ];
    services.mailer = services.start_mailer(&env).await.unwrap();
    let answer = services.request("jane@example.org", &[]).await.unwrap();
    assert_eq!(answer.status(), 200);
    // Two attempts, each a span of the trace.
    let spans = |spans: &[Span]| {
        let enqueue = named(spans, "EnqueueMessage")?;
        let attempts = spans.iter().filter(|span| span.name == "handleSentMailMessage").cloned();
        let (first, later): (Vec<Span>, Vec<Span>) = attempts.partition(|span| span.parent_id == enqueue.span_id);
        Some((enqueue, first.first()?.clone(), later.first()?.clone()))
    };
    let (enqueue, first, handle) = services.spans.wait(spans).await.unwrap();
    assert!(first.error.is_some() && handle.error.is_some());
    let items = all_sent(&services).await;

    let [event] = &items.events[..] else {
        panic!("{:#?}", items.events)
    };
    let trace = trace_of(&event.contexts).unwrap();
    let of = |span: &Span| (span.trace_id.clone(), span.span_id.clone());
    assert_eq!((trace.trace_id.to_string(), trace.span_id.to_string()), of(&handle));
    assert!(event.message.as_deref().is_some_and(|said| said.contains("dead letters")));

    let within: Vec<_> = items
        .logs
        .iter()
        .filter(|log| place(log).0 == handle.trace_id)
        .map(|log| (log.body.as_str(), log.level, place(log), attribute(log, "service.name")))
        .collect();
    let mailer = |said, level, span| (said, level, of(span), Some("mailer"));
    let expected = [
        ("reset mail requested", LogLevel::Info, of(&enqueue), Some("api")),
        mailer("attempt failed; retrying later", LogLevel::Warn, &first),
        mailer("message moved to the dead letters", LogLevel::Error, &handle),
    ];
    for line in &expected {
        let count = |lines: &[_]| lines.iter().filter(|other| *other == line).count();
        assert_eq!(count(&within), count(&expected), "{line:?} in {within:#?}");
    }
    assert_eq!(within.len(), expected.len(), "{within:#?}");
    // Records outside of any trace would create one.
    assert_eq!(items.logs.iter().find(|log| log.body == "waiting for messages"), None);
    assert!(!items.raw.contains("client_report"), "nothing was lost: {}", items.raw);
    let fine = |log: &&Log| matches!(log.level, LogLevel::Trace | LogLevel::Debug);
    assert_eq!(items.logs.iter().find(fine), None);
    for secret in ["jane", "token="] {
        assert!(!items.raw.contains(secret), "{secret} went to Sentry");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_have_the_operations_and_the_attributes_of_sentrys_screens() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    services.request("jane@example.org", &[]).await.unwrap();
    let both = |items: &Items| (items.transactions.len() == 2).then(|| items.transactions.clone());
    let transactions = services.envelopes.wait(both).await.unwrap();
    let mut spans = BTreeMap::new();
    for transaction in transactions {
        let trace = trace_of(&transaction.contexts).unwrap();
        spans.insert(transaction.name.unwrap(), (trace.op.unwrap(), trace.data));
        let children = transaction.spans.into_iter();
        spans.extend(children.map(|span| (span.description.unwrap(), (span.op.unwrap(), span.data))));
    }
    let operations: Vec<_> = spans.iter().map(|(name, (op, _))| (name.as_str(), op.as_str())).collect();
    assert_eq!(
        operations,
        [
            ("EnqueueMessage", "queue.publish"),
            ("POST /users/reset-password", "http.server"),
            ("ack email_queue", "queue.settle"),
            ("compose mail", "function"),
            ("handleSentMailMessage", "queue.process"),
            ("resetPasswordHandler", "function"),
            ("send mail", "default"),
        ]
    );
    let (produced, consumed) = (&spans["EnqueueMessage"].1, &spans["handleSentMailMessage"].1);
    for key in [
        "messaging.destination.name",
        "messaging.message.id",
        "messaging.message.body.size",
    ] {
        assert!(produced.contains_key(key), "{key}");
        assert_eq!(produced.get(key), consumed.get(key), "{key}");
    }
    assert!(
        consumed.get("messaging.message.receive.latency").is_some_and(Value::is_u64),
        "{consumed:#?}"
    );
}

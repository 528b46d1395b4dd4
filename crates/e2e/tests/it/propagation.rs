//! One trace in OpenTelemetry and in Sentry, with any headers of a caller: over real HTTP and real AMQP, through both services.

use e2e::DEADLINE;
use e2e::envelopes::trace_of;
use e2e::services::{Services, embedded_broker};
use e2e::spans::Span;
use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use mail_queue::{DEAD_LETTERS, QUEUE, QueueConnection};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use testkit::RabbitMq;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// The trace context sent by a caller, and the parent it names.
struct Row {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    parent: Option<(&'static str, &'static str)>,
}

fn rows() -> Vec<Row> {
    let sentry = || ("sentry-trace", format!("{TRACE}-{SPAN}-1"));
    let w3c = || ("traceparent", format!("00-{TRACE}-{SPAN}-01"));
    let row = |name, headers, parent| Row { name, headers, parent };
    let parent = Some((TRACE, SPAN));
    vec![
        row("sentry-trace alone", vec![sentry()], parent),
        row(
            "sentry-trace, decision deferred",
            vec![("sentry-trace", format!("{TRACE}-{SPAN}"))],
            parent,
        ),
        row("traceparent alone", vec![w3c()], parent),
        row("both", vec![sentry(), w3c()], parent),
        row("neither", vec![], None),
        row(
            "malformed",
            vec![
                ("sentry-trace", "x".into()),
                ("traceparent", "00-0-0-01".into()),
                ("baggage", ",=;".into()),
            ],
            None,
        ),
        row("one of them malformed", vec![("sentry-trace", "x".into()), w3c()], parent),
    ]
}

fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Returns the only span with that name received since `from`.
fn only<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let named: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(named.len(), 1, "{name} in {spans:#?}");
    named[0]
}

const PER_REQUEST: usize = 7;

async fn table(broker: &str) {
    let services = Services::start(broker).await.unwrap();
    for row in rows() {
        let (spans_before, items_before) = (services.spans.all().len(), services.envelopes.all().transactions.len());
        let answer = services.request("jane@example.org", &borrowed(&row.headers)).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", row.name);
        let spans = services
            .spans
            .wait(|all| (all.len() >= spans_before + PER_REQUEST).then(|| all[spans_before..].to_vec()));
        let spans = spans.await.unwrap();
        in_opentelemetry(&row, &spans);
        let sent = |items: &e2e::envelopes::Items| {
            (items.transactions.len() >= items_before + 2).then(|| items.transactions[items_before..].to_vec())
        };
        let transactions = services.envelopes.wait(sent).await.unwrap();
        for (service, root) in [("api", "POST /users/reset-password"), ("mailer", "handleSentMailMessage")] {
            let span = only(&spans, root);
            let transaction = transactions
                .iter()
                .find(|transaction| transaction.name.as_deref() == Some(root));
            let transaction = transaction.unwrap_or_else(|| panic!("{}: no transaction of {service}", row.name));
            let trace = trace_of(&transaction.contexts).unwrap();
            assert_eq!(trace.trace_id.to_string(), span.trace_id, "{}: {service}", row.name);
            assert_eq!(trace.span_id.to_string(), span.span_id, "{}: {service}", row.name);
            let parent = trace.parent_span_id.map(|id| id.to_string()).unwrap_or_default();
            assert_eq!(parent, span.parent_id, "{}: {service}", row.name);
            // Spans below the root in OpenTelemetry are also in Sentry, with the same parents.
            let below = |span: &&Span| span.service == service && span.name != root;
            let mut expected: Vec<_> = spans
                .iter()
                .filter(below)
                .map(|span| (span.span_id.clone(), span.parent_id.clone()))
                .collect();
            let ids = |span: &sentry::protocol::Span| (span.span_id.to_string(), span.parent_span_id.map(|id| id.to_string()));
            let mut children: Vec<_> = transaction
                .spans
                .iter()
                .map(ids)
                .map(|(id, parent)| (id, parent.unwrap_or_default()))
                .collect();
            expected.sort();
            children.sort();
            assert_eq!(children, expected, "{}: {service}", row.name);
        }
    }
    assert_eq!(services.envelopes.all().unreadable, 0);
    assert!(!services.envelopes.all().raw.contains("jane"), "an address went to Sentry");
    assert!(
        !format!("{:?}", services.spans.all()).contains("jane"),
        "an address is in a span"
    );
    assert!(!services.api.stdout().join("").contains("jane") && !services.mailer.stdout().join("").contains("jane"));
}

fn in_opentelemetry(row: &Row, spans: &[Span]) {
    let name = row.name;
    let server = only(spans, "POST /users/reset-password");
    let handler = only(spans, "resetPasswordHandler");
    let producer = only(spans, "EnqueueMessage");
    let consumer = only(spans, "handleSentMailMessage");
    assert!(
        spans.iter().all(|span| span.trace_id == server.trace_id),
        "{name}: one trace: {spans:#?}"
    );
    if let Some(parent) = row.parent {
        assert_eq!((server.trace_id.as_str(), server.parent_id.as_str()), parent, "{name}");
    } else {
        assert_eq!(server.parent_id, "", "{name}");
        assert_ne!(server.trace_id, TRACE, "{name}");
    }
    assert_eq!(handler.parent_id, server.span_id, "{name}");
    assert_eq!(producer.parent_id, handler.span_id, "{name}");
    assert_eq!(consumer.parent_id, producer.span_id, "{name}");
    assert_eq!(
        consumer.links,
        [(producer.trace_id.clone(), producer.span_id.clone())],
        "{name}"
    );
    for child in ["compose mail", "send mail", "ack email_queue"] {
        assert_eq!(only(spans, child).parent_id, consumer.span_id, "{name}: {child}");
    }
    let kinds = [server.kind, handler.kind, producer.kind, consumer.kind];
    assert_eq!(
        kinds,
        [SpanKind::Server, SpanKind::Internal, SpanKind::Producer, SpanKind::Consumer],
        "{name}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_context_gives_one_trace_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    table(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_context_gives_one_trace_with_a_real_rabbitmq() {
    if let Some(broker) = RabbitMq::start_or_skip().await {
        table(&broker.url()).await;
    }
}

/// Publishes directly to the queue, like a producer that supports only one of the formats.
async fn publish(url: &str, headers: &[(&'static str, String)], id: &str, body: &[u8]) {
    let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
    let mut table = FieldTable::default();
    for (name, value) in headers {
        table.insert((*name).into(), AMQPValue::LongString(value.as_str().into()));
    }
    let properties = BasicProperties::default().with_headers(table).with_message_id(id.into());
    let options = BasicPublishOptions::default();
    link.channel
        .basic_publish("".into(), QUEUE.into(), options, body, properties)
        .await
        .unwrap();
    link.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn producer_with_one_format_gives_one_trace() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    for (index, row) in rows().into_iter().enumerate() {
        let items_before = services.envelopes.all().transactions.len();
        let id = format!("message-{index}");
        publish(&url, &row.headers, &id, br#"{"email":"jane@example.org"}"#).await;
        let of_message = |span: &Span| span.attributes.get("messaging.message.id") == Some(&id);
        let span = services
            .spans
            .wait(|spans| spans.iter().find(|span| of_message(span)).cloned())
            .await
            .unwrap();
        let transaction = |items: &e2e::envelopes::Items| items.transactions.get(items_before).cloned();
        let transaction = services.envelopes.wait(transaction).await.unwrap();
        let trace = trace_of(&transaction.contexts).unwrap();
        let parent = trace.parent_span_id.map(|id| id.to_string()).unwrap_or_default();
        assert_eq!(
            (trace.trace_id.to_string(), &parent),
            (span.trace_id.clone(), &span.parent_id),
            "{}",
            row.name
        );
        match row.parent {
            Some((trace_id, span_id)) => {
                assert_eq!(
                    (span.trace_id.as_str(), span.parent_id.as_str()),
                    (trace_id, span_id),
                    "{}",
                    row.name
                );
                assert_eq!(span.links, [(trace_id.to_owned(), span_id.to_owned())], "{}", row.name);
            }
            None => assert_eq!((span.parent_id.as_str(), span.links.len()), ("", 0), "{}", row.name),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unsampled_trace_is_not_exported_and_its_ids_are_propagated() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    let unsampled = [
        vec![("sentry-trace", format!("{TRACE}-{SPAN}-0"))],
        vec![("traceparent", format!("00-{TRACE}-{SPAN}-00"))],
        vec![
            ("sentry-trace", format!("{TRACE}-{SPAN}-0")),
            ("traceparent", format!("00-{TRACE}-{SPAN}-00")),
        ],
    ];
    for (index, headers) in unsampled.iter().enumerate() {
        let answer = services
            .request(&format!("unsampled{index}@example.org"), &borrowed(headers))
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        // Both services still use the caller's trace, as their logs show.
        let count = |line: &&serde_json::Value| line["trace_id"] == TRACE && line["message"] == "mail sent";
        let logged = || async { (services.mailer.json().iter().filter(count).count() > index).then_some(()) };
        testkit::eventually(DEADLINE, logged).await.unwrap();
    }
    // A later sampled request has arrived, so an earlier export would have arrived, too.
    services.request("sampled@example.org", &[]).await.unwrap();
    let spans = services
        .spans
        .wait(|spans| (spans.len() >= PER_REQUEST).then(|| spans.to_vec()))
        .await
        .unwrap();
    assert!(spans.iter().all(|span| span.trace_id != TRACE), "{spans:#?}");
    let two = |items: &e2e::envelopes::Items| (items.transactions.len() >= 2).then(|| items.clone());
    let items = services.envelopes.wait(two).await.unwrap();
    assert!(!items.raw.contains(TRACE), "{}", items.raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn baggage_and_tracestate_are_propagated_to_the_mailer() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let services = Services::start(&url).await.unwrap();
    // Nothing consumes messages now, so the test can read the API's message.
    services.mailer.terminate();
    services.mailer.exited(DEADLINE).await.unwrap();
    let baggage = "sentry-trace_id=abc,sentry-sample_rand=0.1,theirs=%20x;p=1";
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let headers = [
        ("traceparent", traceparent.as_str()),
        ("tracestate", "vendor=1"),
        ("baggage", baggage),
    ];
    services.request("jane@example.org", &headers).await.unwrap();
    let continued = take(&url).await;
    assert_eq!(continued("baggage").as_deref(), Some(baggage));
    assert_eq!(continued("tracestate").as_deref(), Some("vendor=1"));
    assert!(continued("sentry-trace").unwrap().starts_with(TRACE) && continued("traceparent").unwrap().contains(TRACE));

    services
        .request("jane@example.org", &[("baggage", "theirs=1")])
        .await
        .unwrap();
    let started = take(&url).await;
    let trace_id = started("sentry-trace").unwrap()[..32].to_owned();
    let members = format!(
        "sentry-trace_id={trace_id},sentry-public_key=public,sentry-sample_rate=1,sentry-sampled=true,\
         sentry-environment=test,sentry-release=api%400.1.0,theirs=1"
    );
    assert_eq!(started("baggage"), Some(members));
}

/// Takes one message from the queue and returns its headers by name.
async fn take(url: &str) -> impl Fn(&str) -> Option<String> + use<> {
    let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
    let delivery = consume_one(&link, QUEUE).await;
    delivery.ack(lapin::options::BasicAckOptions::default()).await.unwrap();
    link.close().await;
    let headers = delivery.properties.headers().clone().unwrap();
    move |name| match headers.inner().get(name) {
        Some(AMQPValue::LongString(text)) => Some(text.to_string()),
        _ => None,
    }
}

async fn consume_one(link: &QueueConnection, queue: &str) -> lapin::message::Delivery {
    use futures_util::StreamExt as _;
    let options = lapin::options::BasicConsumeOptions::default();
    let mut consumer = link
        .channel
        .basic_consume(queue.into(), "test".into(), options, FieldTable::default())
        .await
        .unwrap();
    let next = tokio::time::timeout(DEADLINE, consumer.next()).await;
    next.expect("a message in time").expect("a message").unwrap()
}

async fn malformed(url: &str) {
    let services = Services::start(url).await.unwrap();
    let too_large = vec![b' '; mail_queue::BODY_SIZE_MAX + 1];
    let rows: [(&str, &[u8], &str); 4] = [
        ("not-json", b"jane@example.org", "not JSON"),
        ("no-email", br#"{"name":"jane@example.org"}"#, "missing email"),
        (
            "no-valid-email",
            br#"{"email":"jane@example.org,other@example.org"}"#,
            "invalid email",
        ),
        ("too-large", &too_large, "body too large"),
    ];
    let traceparent = vec![("traceparent", format!("00-{TRACE}-{SPAN}-01"))];
    for (id, body, reason) in rows {
        let events_before = services.envelopes.all().events.len();
        publish(url, &traceparent, id, body).await;
        let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
        let dead = consume_one(&link, DEAD_LETTERS).await;
        assert!(
            dead.properties
                .message_id()
                .as_ref()
                .is_some_and(|found| found.as_str() == id)
        );
        assert_eq!(dead.data, body);
        dead.ack(lapin::options::BasicAckOptions::default()).await.unwrap();
        link.close().await;

        let of_message = |span: &Span| {
            let id_of_span = span.attributes.get("messaging.message.id");
            span.name == "handleSentMailMessage" && id_of_span.is_some_and(|found| found == id)
        };
        let span = services
            .spans
            .wait(|spans| spans.iter().find(|span| of_message(span)).cloned())
            .await
            .unwrap();
        assert_eq!(span.error.as_deref(), Some(reason));
        assert_eq!((span.trace_id.as_str(), span.parent_id.as_str()), (TRACE, SPAN));
        let event = |items: &e2e::envelopes::Items| items.events.get(events_before).cloned();
        let event = services.envelopes.wait(event).await.unwrap();
        let trace = trace_of(&event.contexts).unwrap();
        assert_eq!(
            (trace.trace_id.to_string(), trace.span_id.to_string()),
            (span.trace_id, span.span_id)
        );
        assert!(format!("{event:?}").contains(reason), "{event:#?}");
    }
    // The mailer continues: the next valid message is sent.
    publish(url, &[], "good", br#"{"email":"good@example.org"}"#).await;
    let sent = || async { (services.recipients().unwrap() == ["good@example.org"]).then_some(()) };
    testkit::eventually(DEADLINE, sent).await.unwrap();
    assert!(!services.envelopes.all().raw.contains("jane"), "an address went to Sentry");
    assert!(
        !services.mailer.stdout().join("").contains("jane"),
        "an address is in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_is_kept_with_its_reason_by_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    malformed(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_is_kept_with_its_reason_by_a_real_rabbitmq() {
    if let Some(broker) = RabbitMq::start_or_skip().await {
        malformed(&broker.url()).await;
    }
}

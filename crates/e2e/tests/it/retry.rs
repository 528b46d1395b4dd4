//! A mail that cannot be sent now is retried; one that can never be sent is kept with its reason.

use std::process::Command;

use e2e::DEADLINE;
use e2e::mail::{Receives, SmtpServer, delivered};
use e2e::python::interpreter_or_skip;
use e2e::services::{Services, embedded_broker};
use e2e::spans::Span;
use lapin::options::{BasicGetOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use mail_queue::{DEAD_LETTERS, DelayQueues, QUEUE, QueueConnection, RetrySchedule};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use testkit::{Process, RabbitMq, eventually, unused_address};

/// Enough retries for a slow machine until the server is back.
const PATIENT: (&str, &str) = ("MAIL_RETRY_DELAYS", "200ms,300ms,1s,1s,1s,1s,1s,1s,1s,1s,5s,5s,5s,5s");

async fn assert_mails_after_outage(broker: &str) {
    let Some(python) = interpreter_or_skip() else { return };
    let (address, maildir) = (unused_address().unwrap(), tempfile::tempdir().unwrap());
    let smtp_url = format!("smtp://{address}");
    let services = Services::start_with(broker, &[PATIENT, ("SMTP_URL", &smtp_url)])
        .await
        .unwrap();
    for number in 0..10 {
        let answer = services.request(&format!("jane{number}@example.org"), &[]).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    // Each has failed twice before the server starts.
    let attempt = |number: &'static str| {
        move |spans: &[Span]| {
            let failed = |span: &&Span| span.attributes.get("mail.attempt").is_some_and(|attempt| attempt == number);
            (spans.iter().filter(failed).count() >= 10).then_some(())
        }
    };
    services.spans.wait(attempt("2")).await.unwrap();
    let receives = Receives::Into(&maildir.path().join("mail"));
    let _server = SmtpServer::start(&python, address, receives, &[]).await.unwrap();
    let all = || async { (delivered(&maildir.path().join("mail")).unwrap().len() == 10).then_some(()) };
    eventually(DEADLINE, all).await.unwrap();
    // A service exports a child before its parent, in another request.
    let complete = |spans: &[Span]| {
        let sent = |span: &&Span| span.name == "send mail" && span.error.is_none();
        let whole = |span: &Span| span.parent_id.is_empty() || spans.iter().any(|other| other.span_id == span.parent_id);
        (spans.iter().filter(sent).count() == 10 && spans.iter().all(whole)).then(|| spans.to_vec())
    };
    let spans = services.spans.wait(complete).await.unwrap();
    one_trace_for_each(&spans);
    assert_eq!(waiting(broker, DEAD_LETTERS).await, 0);
}

/// Asserts that every attempt is in the trace of its request: producer, consumer, producer, consumer, …, each the child of the
/// one before.
fn one_trace_for_each(spans: &[Span]) {
    let find = |id: &str| spans.iter().find(|span| span.span_id == id);
    for sent in spans.iter().filter(|span| span.name == "send mail" && span.error.is_none()) {
        let mut attempt: u32 = sent.attributes["mail.attempt"].parse().unwrap();
        assert!(attempt > 2);
        let mut consumer = find(&sent.parent_id).unwrap();
        loop {
            assert_eq!(
                (consumer.name.as_str(), consumer.kind),
                ("handleSentMailMessage", SpanKind::Consumer)
            );
            assert_eq!(consumer.trace_id, sent.trace_id);
            let producer = find(&consumer.parent_id).unwrap();
            assert_eq!(producer.kind, SpanKind::Producer);
            assert_eq!(consumer.links, [(producer.trace_id.clone(), producer.span_id.clone())]);
            assert!(consumer.attributes.contains_key("messaging.message.receive.latency"));
            if attempt == 1 {
                assert_eq!(producer.name, "EnqueueMessage");
                break;
            }
            attempt -= 1;
            assert!(producer.name.starts_with("publish email_queue.retry."), "{}", producer.name);
            let queue = &producer.attributes["messaging.destination.name"];
            assert_eq!(&format!("publish {queue}"), &producer.name);
            consumer = find(&producer.parent_id).unwrap();
            let of_attempt = |span: &&Span| span.parent_id == consumer.span_id && span.name == "send mail";
            let failed = spans.iter().find(of_attempt).unwrap();
            assert_eq!(failed.attributes["mail.attempt"], attempt.to_string());
            assert!(failed.error.is_some() && consumer.error.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_server_outage_delays_mails_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    assert_mails_after_outage(&url).await;
}

async fn dead_letters_with_their_reason(broker: &str) {
    let Some(python) = interpreter_or_skip() else { return };
    for (reply, attempts, code) in [
        (Some("550 no such person"), 1, Some(550)),
        (Some("451 later"), 3, Some(451)),
        (None, 3, None),
    ] {
        let address = unused_address().unwrap();
        let _server = match reply {
            Some(reply) => Some(
                SmtpServer::start(&python, address, Receives::Never(reply), &[])
                    .await
                    .unwrap(),
            ),
            None => None,
        };
        let smtp_url = format!("smtp://{address}");
        let env = [("MAIL_RETRY_DELAYS", "50ms,100ms"), ("SMTP_URL", &smtp_url)];
        let services = Services::start_with(broker, &env).await.unwrap();
        services.request("jane@example.org", &[]).await.unwrap();
        let headers = dead_letter(broker).await;
        assert_eq!(
            headers.inner().get("mail-attempts"),
            Some(&AMQPValue::LongLongInt(attempts)),
            "{reply:?}"
        );
        assert_eq!(
            headers.inner().get("mail-smtp-code"),
            code.map(AMQPValue::LongLongInt).as_ref()
        );
        let Some(AMQPValue::LongString(reason)) = headers.inner().get("mail-error") else {
            panic!("no reason: {headers:?}")
        };
        let (reason, code) = (
            reason.to_string(),
            code.map_or("connection refused".to_owned(), |code| code.to_string()),
        );
        assert!(reason.contains(&code) && !reason.contains("jane"), "{reason}");
        assert!(headers.inner().contains_key("traceparent"));
        assert!(
            !headers.inner().keys().any(|name| name.as_str().starts_with("x-")),
            "{headers:?}"
        );
        let attempts = usize::try_from(attempts).unwrap();
        // The consumer's span ends after the acknowledgment: nothing is delivered again to the next one.
        let made = |spans: &[Span]| {
            let count = |name: &str| spans.iter().filter(|span| span.name == name).count();
            (count("send mail") == attempts && count("handleSentMailMessage") == attempts).then_some(())
        };
        services.spans.wait(made).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_have_a_reason_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    dead_letters_with_their_reason(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_and_dead_letters_with_a_real_rabbitmq() {
    let Some(broker) = RabbitMq::start_or_skip().await else {
        return;
    };
    // A queue of the first release must not conflict: its arguments are the same.
    declare_as_first_release(&broker.url()).await;
    assert_mails_after_outage(&broker.url()).await;
    dead_letters_with_their_reason(&broker.url()).await;
    redriven(&broker.url()).await;
    // The delay queues lose no message, because this broker supports at-least-once dead-lettering.
    let schedule: RetrySchedule = "50ms".parse().unwrap();
    let link = QueueConnection::open(&broker.url().parse().unwrap(), "test").await.unwrap();
    assert_eq!(schedule.declare(&link).await.unwrap(), DelayQueues::Quorum);
}

async fn redriven(broker: &str) {
    let Some(python) = interpreter_or_skip() else { return };
    let (address, maildir) = (unused_address().unwrap(), tempfile::tempdir().unwrap());
    let smtp_url = format!("smtp://{address}");
    let env = [("MAIL_RETRY_DELAYS", "50ms"), ("SMTP_URL", smtp_url.as_str())];
    let services = Services::start_with(broker, &env).await.unwrap();
    for number in 0..5 {
        services.request(&format!("jane{number}@example.org"), &[]).await.unwrap();
    }
    let dead = || async { (waiting(broker, DEAD_LETTERS).await == 5).then_some(()) };
    eventually(DEADLINE, dead).await.unwrap();
    let receives = Receives::Into(&maildir.path().join("mail"));
    let _server = SmtpServer::start(&python, address, receives, &[]).await.unwrap();
    let endpoint = format!("http://{}", services.spans.grpc);
    for count in [5, 0] {
        let mut redrive = Command::new(testkit::bin("mailer").unwrap());
        redrive
            .arg("redrive")
            .env_clear()
            .env("RABBITMQ_URL", broker)
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint);
        let redrive = Process::spawn(redrive).unwrap();
        assert!(redrive.exited(DEADLINE).await.unwrap().success());
        let said = || async {
            redrive
                .stdout()
                .contains(&format!("dead letters put back: {count}"))
                .then_some(())
        };
        eventually(DEADLINE, said).await.unwrap();
        let printed = redrive.stdout();
        assert!(!printed.iter().any(|line| line.contains("spans lost")), "{printed:?}");
    }
    let all = || async { (delivered(&maildir.path().join("mail")).unwrap().len() == 5).then_some(()) };
    eventually(DEADLINE, all).await.unwrap();
    assert_eq!(waiting(broker, DEAD_LETTERS).await, 0);
    // In the same trace, with attempts counted from one again.
    let sent = |spans: &[Span]| {
        // The span around it ends later, and may be exported later.
        let is_known = |id: &str| spans.iter().any(|span| span.span_id == id);
        let sent = spans.iter().filter(|span| span.name == "send mail" && span.error.is_none());
        (sent.filter(|span| is_known(&span.parent_id)).count() == 5).then(|| spans.to_vec())
    };
    let spans = services.spans.wait(sent).await.unwrap();
    for sent in spans.iter().filter(|span| span.name == "send mail" && span.error.is_none()) {
        assert_eq!(sent.attributes["mail.attempt"], "1");
        let of_trace = |name: &str| spans.iter().find(|span| span.trace_id == sent.trace_id && span.name == name);
        assert!(of_trace("EnqueueMessage").is_some());
        // It was in that queue until it was put back.
        let (dead, redrive) = (of_trace("publish email_queue.dead").unwrap(), of_trace("redrive").unwrap());
        assert_eq!((redrive.kind, &redrive.parent_id), (SpanKind::Consumer, &dead.span_id));
        let producer = of_trace("publish email_queue").unwrap();
        for put_back in [producer, of_trace("ack email_queue.dead").unwrap()] {
            assert_eq!(put_back.parent_id, redrive.span_id, "{}", put_back.name);
        }
        let consumer = spans.iter().find(|span| span.span_id == sent.parent_id).unwrap();
        assert_eq!(consumer.parent_id, producer.span_id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redriven_dead_letters_are_mailed_with_the_embedded_broker() {
    let (_broker, url) = embedded_broker().await.unwrap();
    redriven(&url).await;
}

/// Nothing was sent to a collector that is not there, so nothing refers to it: the next span is below the last one that was sent.
#[tokio::test(flavor = "multi_thread")]
async fn redrive_without_a_collector_keeps_the_trace_and_says_nothing_of_spans() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let (_broker, url) = embedded_broker().await.unwrap();
    let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(TRACE.into()));
    let message = BasicProperties::default().with_headers(headers);
    mail_queue::publish(&link.channel, DEAD_LETTERS, message, b"{}")
        .await
        .unwrap();
    let mut redrive = Command::new(testkit::bin("mailer").unwrap());
    redrive.arg("redrive").env_clear().env("RABBITMQ_URL", &url);
    let redrive = Process::spawn(redrive).unwrap();
    assert!(redrive.exited(DEADLINE).await.unwrap().success());
    assert_eq!(
        (redrive.stdout(), redrive.stderr()),
        (vec!["dead letters put back: 1".to_owned()], vec![])
    );
    let moved = link.channel.basic_get(QUEUE.into(), BasicGetOptions { no_ack: true });
    let moved = moved.await.unwrap().expect("the message").delivery.properties;
    let Some(AMQPValue::LongString(trace)) = moved.headers().as_ref().unwrap().inner().get("traceparent").cloned() else {
        panic!("no trace: {moved:?}")
    };
    let trace = trace.to_string();
    assert_eq!(trace[..36], TRACE[..36]);
    // A viewer of this machine gets the span.
    if std::net::TcpStream::connect("localhost:4317").is_err() {
        assert_eq!(trace, TRACE);
    }
}

async fn declare_as_first_release(url: &str) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let durable = QueueDeclareOptions::durable();
    channel
        .queue_declare(DEAD_LETTERS.into(), durable, FieldTable::default())
        .await
        .unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
    arguments.insert(
        "x-dead-letter-routing-key".into(),
        AMQPValue::LongString("email_queue.dead".into()),
    );
    channel.queue_declare(QUEUE.into(), durable, arguments).await.unwrap();
    connection.close(200, "done".into()).await.unwrap();
}

async fn waiting(url: &str, queue: &str) -> u32 {
    let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
    let passive = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = link.channel.queue_declare(queue.into(), passive, FieldTable::default()).await;
    let count = declared.unwrap().message_count();
    link.close().await;
    count
}

/// Takes the next dead letter and returns its headers.
async fn dead_letter(url: &str) -> FieldTable {
    let link = QueueConnection::open(&url.parse().unwrap(), "test").await.unwrap();
    let get = || async {
        let options = BasicGetOptions { no_ack: true };
        link.channel.basic_get(DEAD_LETTERS.into(), options).await.unwrap()
    };
    let dead = eventually(DEADLINE, get).await.unwrap();
    link.close().await;
    dead.delivery.properties.headers().clone().unwrap()
}

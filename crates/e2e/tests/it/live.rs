//! Running spans: sent to viewers only.

use e2e::mail::StalledMail;
use e2e::services::{Services, embedded_broker};
use e2e::spans::Span;

const LIVE: (&str, &str) = ("SPANFALL_LIVE", "true");

fn of<'a>(spans: &'a [Span], name: &str, running: bool) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name && span.running == running)
}

#[tokio::test(flavor = "multi_thread")]
async fn running_span_is_replaced_by_its_end() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let smtp = StalledMail::start().await.unwrap();
    let services = Services::start_with(&url, &[LIVE, ("SMTP_URL", &smtp.url())]).await.unwrap();
    services.request("jane@example.org", &[]).await.unwrap();
    let both = |spans: &[Span]| {
        let enqueued = of(spans, "EnqueueMessage", false)?.clone();
        let handling = of(spans, "handleSentMailMessage", true)?.clone();
        Some((enqueued, handling, of(spans, "send mail", true)?.clone()))
    };
    let (enqueued, handling, sending) = services.spans.wait(both).await.unwrap();
    assert_eq!(of(&services.spans.all(), "send mail", false), None);
    assert_eq!(
        (&handling.trace_id, &handling.parent_id, handling.kind),
        (
            &enqueued.trace_id,
            &enqueued.span_id,
            opentelemetry_proto::tonic::trace::v1::span::SpanKind::Consumer
        )
    );
    assert_eq!((&sending.parent_id, sending.service.as_str()), (&handling.span_id, "mailer"));
    assert_eq!(handling.attributes["messaging.destination.name"], "email_queue");
    assert!(!handling.links.is_empty());

    smtp.hang_up();
    let ended = services
        .spans
        .wait(|spans| of(spans, "handleSentMailMessage", false).cloned())
        .await
        .unwrap();
    assert_eq!((ended.span_id, ended.trace_id), (handling.span_id, handling.trace_id));

    // Sentry gets ended spans only, once each.
    let items = services.envelopes.wait(|items| {
        let mut names = items
            .transactions
            .iter()
            .filter_map(|transaction| transaction.name.as_deref());
        let is_there = names.any(|name| name == "handleSentMailMessage");
        (is_there && items.transactions.len() > 1).then(|| items.clone())
    });
    let items = items.await.unwrap();
    assert_eq!(items.transactions.len(), 2);
    assert!(items.transactions.iter().all(|transaction| transaction.timestamp.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_other_than_a_viewer_gets_no_starts() {
    let (_broker, url) = embedded_broker().await.unwrap();
    let smtp = StalledMail::start().await.unwrap();
    let services = Services::start_with(&url, &[("SMTP_URL", &smtp.url())]).await.unwrap();
    services.request("jane@example.org", &[]).await.unwrap();
    // It is exported after earlier starts.
    let composed = services.spans.wait(|spans| of(spans, "compose mail", false).cloned());
    composed.await.unwrap();
    smtp.hang_up();
    let ended = services
        .spans
        .wait(|spans| of(spans, "handleSentMailMessage", false).cloned());
    ended.await.unwrap();
    assert!(!services.spans.all().iter().any(|span| span.running));
}

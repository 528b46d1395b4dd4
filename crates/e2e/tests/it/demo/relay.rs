//! The demo with `SENTRY_DSN` alone: data of the services is forwarded to Sentry by the viewer.

use e2e::envelopes::Envelopes;

use crate::demo::session::Session;

#[tokio::test(flavor = "multi_thread")]
async fn demo_with_a_dsn_forwards_to_sentry_and_compares() {
    let envelopes = Envelopes::receive().await.unwrap();
    let dsn = envelopes.dsn();
    let (_, there) = dsn.split_once('@').unwrap();
    let mut session = Session::demo(&[("SENTRY_DSN", dsn.clone())]);
    let is_up = |text: &str| text.contains("api ●") && text.contains("mailer ●");
    let text = session.screen.wait("the services to be up", is_up);
    assert!(text.contains(&format!("→ {there}")), "the header names it: {text}");
    session.screen.press("r").unwrap();
    session.screen.wait("every span to have reached Sentry", |text| {
        text.lines().any(|line| line.contains("api→mailer") && line.contains('✓'))
    });
    let arrived = envelopes.wait(|items| (items.transactions.len() > 1).then_some(())).await;
    arrived.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn demo_without_relay_says_why_nothing_is_compared() {
    let envelopes = Envelopes::receive().await.unwrap();
    let free = "demo --no-sentry-relay --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api off";
    let mut session = Session::take(free, &[("SENTRY_DSN", envelopes.dsn())]);
    let is_up = |text: &str| text.contains("api ●") && text.contains("mailer ●");
    session.screen.wait("the services to be up", is_up);
    session.screen.press("r").unwrap();
    session.screen.wait("the reason in the list", |text| {
        text.lines()
            .any(|line| line.contains("api→mailer") && line.contains("no relay"))
    });
    let arrived = envelopes.wait(|items| (items.transactions.len() > 1).then_some(())).await;
    arrived.unwrap();
}

//! Requests as received by Sentry.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sentry_relay::StartError;

use super::*;
use crate::sentry::{KEY, Reply, Sentry};

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

#[tokio::test]
async fn compressed_envelope_arrives_byte_for_byte() {
    let sentry = Sentry::start([]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    let mut forward = envelope("a", &["transaction"]);
    forward.body = gzip(&forward.inflated);
    forward.headers = headers(&[
        ("content-type", "application/x-sentry-envelope"),
        ("content-encoding", "gzip"),
        ("user-agent", "sentry.python/2.1"),
        (
            "x-sentry-auth",
            "Sentry sentry_key=spanfall, sentry_version=7, sentry_client=sentry.python/2.1",
        ),
    ]);
    let sent = forward.body.clone();
    let answer = relay.forward(forward).await;

    assert_eq!((answer.status.as_u16(), answer.delivery), (200, Delivery::Accepted));
    assert_eq!(answer.body, r#"{"id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#);
    let seen = &sentry.seen()[0];
    assert_eq!(seen.path, "/api/42/envelope/");
    assert_eq!(seen.body, sent);
    assert_eq!(seen.header("content-type"), Some("application/x-sentry-envelope"));
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
    assert_eq!(seen.header("user-agent"), Some("sentry.python/2.1"));
    let auth = format!("Sentry sentry_version=7, sentry_client=sentry.python/2.1, sentry_key={KEY}");
    assert_eq!(seen.header("x-sentry-auth"), Some(&*auth));
    assert_eq!(relay.counts().accepted, 1);
}

#[tokio::test]
async fn store_request_is_forwarded_to_the_store_endpoint() {
    let sentry = Sentry::start([]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    let mut forward = envelope("a", &["event"]);
    forward.endpoint = Endpoint::Store;
    forward.body = "eJyrrgUAAXUA+Q==".into();
    assert_eq!(relay.forward(forward).await.delivery, Delivery::Accepted);
    let seen = &sentry.seen()[0];
    assert_eq!((&*seen.path, &*seen.body), ("/api/42/store/", &b"eJyrrgUAAXUA+Q=="[..]));
}

#[tokio::test]
async fn envelope_for_another_project_names_the_target() {
    let sentry = Sentry::start([]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    let mut forward = envelope("a", &["transaction"]);
    forward.inflated =
        "{\"sent_at\":\"x\",\"dsn\":\"http://spanfall@127.0.0.1:8969/1\"}\n{\"type\":\"transaction\"}\n{}\n".into();
    forward.body = gzip(&forward.inflated);
    forward.headers = headers(&[("content-encoding", "gzip")]);
    relay.forward(forward).await;
    let seen = &sentry.seen()[0];
    let expected = format!(
        "{{\"sent_at\":\"x\",\"dsn\":\"{}\"}}\n{{\"type\":\"transaction\"}}\n{{}}\n",
        sentry.dsn()
    );
    assert_eq!(seen.body, expected);
    assert_eq!(seen.header("content-encoding"), None);
    assert_eq!(seen.header("content-length"), Some(&*expected.len().to_string()));
}

#[tokio::test]
async fn concurrent_requests_are_limited() {
    let sentry = Sentry::start(std::iter::repeat_n(Reply::Held, 12)).await;
    let limits = Limits {
        concurrent: 3,
        ..limits(NEVER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    let forwards: Vec<_> = (0..12)
        .map(|_| {
            let relay = relay.clone();
            tokio::spawn(async move { relay.forward(envelope("a", &["transaction"])).await })
        })
        .collect();
    sentry.saw(3).await;
    for number in 1..=12 {
        sentry.release();
        sentry.saw((3 + number).min(12)).await;
    }
    for forward in forwards {
        assert_eq!(forward.await.unwrap().delivery, Delivery::Accepted);
    }
    assert_eq!(sentry.most_at_once(), 3);
}

#[tokio::test]
async fn delivery_continues_when_the_sdk_disconnects() {
    let sentry = Sentry::start([Reply::Held]).await;
    let (relay, mut events) = relay(sentry.address, limits(NEVER));
    let sdk = tokio::spawn({
        let relay = relay.clone();
        async move { relay.forward(envelope("gone", &["transaction"])).await }
    });
    sentry.saw(1).await;
    sdk.abort();
    assert!(sdk.await.unwrap_err().is_cancelled());
    sentry.release();
    let event = next(&mut events).await;
    assert_eq!((event.tag, event.delivery), ("gone", Delivery::Accepted));
}

#[tokio::test]
async fn relay_to_its_own_listener_is_rejected() {
    let listener: SocketAddr = "127.0.0.1:8969".parse().unwrap();
    let target = Target::parse(&format!("http://{KEY}@localhost:8969/1")).unwrap();
    let error = Relay::<Tag>::start(target, &[listener], Limits::default()).unwrap_err();
    assert!(matches!(error, StartError::Loop(at) if at == listener));
    assert!(!error.to_string().contains(KEY));
}

#[tokio::test]
async fn request_that_returns_through_a_proxy_is_rejected() {
    let sentry = Sentry::start([]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    relay.forward(envelope("a", &["transaction"])).await;
    // As a proxy to this relay's listener would deliver it.
    let mut again = envelope("a", &["transaction"]);
    again.headers = sentry.seen()[0].headers.clone();
    let answer = relay.forward(again).await;
    assert_eq!(answer.status.as_u16(), 508);
    assert!(matches!(answer.delivery, Delivery::Rejected { status: 508, .. }));
    assert_eq!(sentry.seen().len(), 1);
    // A request of another relay is not a loop.
    let (other, _events) = crate::relay(sentry.address, limits(NEVER));
    let mut on = envelope("a", &["transaction"]);
    on.headers = sentry.seen()[0].headers.clone();
    assert_eq!(other.forward(on).await.delivery, Delivery::Accepted);
}

#[tokio::test]
async fn relay_output_hides_the_key() {
    let sentry = Sentry::start([Reply::Says(403, vec![("x-sentry-error", KEY)], "")]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    let rejected = relay.forward(envelope("a", &["event"])).await.delivery;
    assert_eq!(
        rejected,
        Delivery::Rejected {
            status: 403,
            reason: "<key>".into()
        }
    );
    assert!(!format!("{relay:?} {}", relay.target()).contains(KEY));
}

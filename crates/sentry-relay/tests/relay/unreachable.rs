//! An unreachable Sentry, and one that becomes reachable again.

use super::*;
use crate::sentry::{KEY, Reply, Sentry, rejecting_address, start_hanging_up};

#[tokio::test]
async fn buffered_envelopes_are_delivered_in_order_after_an_outage() {
    let (address, socket) = rejecting_address();
    let (relay, mut events) = relay(address, limits(EAGER));
    for tag in ["a", "b", "c"] {
        waits(&relay, tag).await;
    }
    let counts = relay.counts();
    assert_eq!((counts.waiting, counts.accepted), (3, 0));
    assert!(counts.waiting_bytes > 0);
    let problem = counts.problem.unwrap();
    assert!(problem.starts_with("cannot connect: Connection refused"), "{problem}");

    let sentry = Sentry::start_on(socket.listen(64).unwrap(), []);
    for tag in ["a", "b", "c"] {
        let event = next(&mut events).await;
        assert_eq!((event.tag, event.delivery), (tag, Delivery::Accepted));
    }
    assert_eq!(tags(&sentry.seen()), ["a", "b", "c"]);
    let counts = relay.counts();
    assert_eq!(
        (counts.waiting, counts.waiting_bytes, counts.accepted, counts.problem),
        (0, 0, 3, None)
    );
    // A new envelope gets Sentry's own response.
    assert_eq!(
        relay.forward(envelope("d", &["transaction"])).await.delivery,
        Delivery::Accepted
    );
}

#[tokio::test]
async fn buffered_envelope_arrives_byte_for_byte() {
    let (address, socket) = rejecting_address();
    let (relay, mut events) = relay(address, limits(EAGER));
    let mut forward = envelope("a", &["transaction"]);
    forward.body = Bytes::from_static(&[0x1f, 0x8b, 0, 255, b'\n', 0]);
    forward.headers = headers(&[("content-encoding", "gzip"), ("content-type", "text/plain;charset=UTF-8")]);
    let sent = forward.body.clone();
    relay.forward(forward).await;
    let sentry = Sentry::start_on(socket.listen(64).unwrap(), []);
    next(&mut events).await;
    let seen = &sentry.seen()[0];
    assert_eq!(seen.body, sent);
    assert_eq!(seen.header("content-encoding"), Some("gzip"));
    assert_eq!(seen.header("content-type"), Some("text/plain;charset=UTF-8"));
    assert!(seen.header("x-sentry-auth").unwrap().contains(KEY));
}

#[tokio::test]
async fn closed_connection_is_retried() {
    let (address, hanging_up) = start_hanging_up().await;
    let (relay, _events) = relay(address, limits(NEVER));
    waits(&relay, "a").await;
    let problem = relay.counts().problem.unwrap();
    assert!(problem.starts_with("connection closed"), "{problem}");
    hanging_up.abort();
}

#[tokio::test]
async fn response_timeout_is_retried() {
    let sentry = Sentry::start([Reply::Hangs]).await;
    let limits = Limits {
        deadline: Duration::from_secs(1),
        ..limits(EAGER)
    };
    let (relay, mut events) = relay(sentry.address, limits);
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert!(matches!(answer.delivery, Delivery::Waiting { problem } if problem.starts_with("no answer within 1s")));
    let event = next(&mut events).await;
    assert_eq!((event.tag, event.delivery), ("a", Delivery::Accepted));
    assert!(sentry.seen().len() > 1);
}

#[tokio::test]
async fn tls_failure_is_retried() {
    let sentry = Sentry::start([]).await;
    let target = Target::parse(&sentry.dsn().replace("http:", "https:")).unwrap();
    let (relay, _events) = Relay::start(target, &[], limits(NEVER)).unwrap();
    waits(&relay, "a").await;
    let problem = relay.counts().problem.unwrap();
    assert!(
        problem.starts_with("cannot connect") && !problem.contains("scheme"),
        "{problem}"
    );
}

#[tokio::test]
async fn full_buffer_drops_the_oldest_envelope() {
    let (address, _socket) = rejecting_address();
    let limits = Limits {
        waiting: 2,
        ..limits(NEVER)
    };
    let (relay, mut events) = relay(address, limits);
    for tag in ["a", "b", "c"] {
        waits(&relay, tag).await;
    }
    let event = next(&mut events).await;
    assert_eq!(event.tag, "a");
    assert!(matches!(event.delivery, Delivery::Lost { reason } if reason.contains("buffer full")));
    let counts = relay.counts();
    assert_eq!((counts.waiting, counts.lost), (2, 1));
}

#[tokio::test]
async fn oversized_envelope_is_lost_alone() {
    let (address, _socket) = rejecting_address();
    let limits = Limits {
        waiting_bytes: 10_000,
        ..limits(NEVER)
    };
    let (relay, _events) = relay(address, limits);
    waits(&relay, "a").await;
    let mut large = envelope("large", &["transaction"]);
    large.body = vec![b' '; 10_000].into();
    let answer = relay.forward(large).await;
    assert_eq!(answer.status.as_u16(), 503);
    assert!(matches!(answer.delivery, Delivery::Lost { .. }));
    let counts = relay.counts();
    assert_eq!((counts.waiting, counts.lost), (1, 1));
    assert!(counts.waiting_bytes <= 10_000);
}

#[tokio::test]
async fn buffered_envelope_is_discarded_by_a_rate_limit() {
    let (address, socket) = rejecting_address();
    let (relay, mut events) = relay(address, limits(EAGER));
    for (tag, types) in [("a", &["transaction"][..]), ("b", &["transaction"]), ("c", &["event"])] {
        relay.forward(envelope(tag, types)).await;
    }
    let limit = vec![("x-sentry-rate-limits", "60:transaction:key:usage_exceeded")];
    let sentry = Sentry::start_on(socket.listen(64).unwrap(), [Reply::Says(429, limit, "")]);
    let mut ends = Vec::new();
    for _ in 0..3 {
        let Event { tag, delivery } = next(&mut events).await;
        ends.push((tag, delivery));
    }
    ends.sort_by_key(|(tag, _)| *tag);
    let limited = |reason: &str| Delivery::RateLimited { reason: reason.into() };
    let expected = [
        ("a", limited("usage_exceeded")),
        ("b", limited("rate limited: transaction (usage_exceeded)")),
        ("c", Delivery::Accepted),
    ];
    assert_eq!(ends, expected);
    assert_eq!(tags(&sentry.seen()), ["a", "c"]);
}

#[tokio::test]
async fn rate_limit_applies_during_an_outage() {
    let limit = vec![("x-sentry-rate-limits", "60:transaction:key")];
    let sentry = Sentry::start([Reply::Says(429, limit, ""), Reply::Hangs]).await;
    let limits = Limits {
        deadline: Duration::from_secs(1),
        ..limits(NEVER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    relay.forward(envelope("a", &["transaction"])).await;
    relay.forward(envelope("b", &["event"])).await;
    assert_eq!(relay.counts().waiting, 1);
    let answer = relay.forward(envelope("c", &["transaction"])).await;
    assert!(matches!(answer.delivery, Delivery::RateLimited { .. }));
    assert_eq!(relay.counts().waiting, 1);
}

#[tokio::test]
async fn outage_is_probed_by_one_request_at_a_time() {
    let (address, socket) = rejecting_address();
    let (relay, mut events) = relay(address, limits(EAGER));
    for tag in ["a", "b", "c", "d"] {
        waits(&relay, tag).await;
    }
    let sentry = Sentry::start_on(socket.listen(64).unwrap(), std::iter::repeat_n(Reply::Held, 4));
    for number in 1..=4 {
        sentry.saw(number).await;
        assert_eq!(sentry.seen().len(), number);
        sentry.release();
        next(&mut events).await;
    }
    assert_eq!(sentry.most_at_once(), 1);
    assert_eq!(tags(&sentry.seen()), ["a", "b", "c", "d"]);
}

//! Shutdown of a relay.

use super::*;
use crate::sentry::{Reply, Sentry, rejecting_address};

/// Returns all events until the end.
async fn rest(mut events: Events<Tag>) -> Vec<(Tag, Delivery)> {
    let mut rest = Vec::new();
    while let Some(Event { tag, delivery }) = tokio::time::timeout(DEADLINE, events.recv()).await.unwrap() {
        rest.push((tag, delivery));
    }
    rest
}

fn tag_of(told: &[(Tag, Delivery)]) -> Vec<Tag> {
    told.iter().map(|(tag, _)| *tag).collect()
}

#[tokio::test]
async fn shutdown_tries_all_buffered_envelopes_once_more() {
    let (address, socket) = rejecting_address();
    let (relay, events) = relay(address, limits(NEVER));
    for tag in ["a", "b", "c"] {
        waits(&relay, tag).await;
    }
    let sentry = Sentry::start_on(socket.listen(64).unwrap(), []);
    relay.shutdown().await;
    let told = rest(events).await;
    assert!(told.iter().all(|(_, delivery)| *delivery == Delivery::Accepted), "{told:?}");
    let mut delivered = tags(&sentry.seen());
    delivered.sort();
    assert_eq!(delivered, ["a", "b", "c"]);
    assert_eq!((relay.counts().accepted, relay.counts().waiting), (3, 0));
}

#[tokio::test]
async fn shutdown_reports_undelivered_envelopes_as_lost() {
    let (address, _socket) = rejecting_address();
    let (relay, events) = relay(address, limits(NEVER));
    for tag in ["a", "b"] {
        waits(&relay, tag).await;
    }
    relay.shutdown().await;
    let told = rest(events).await;
    assert_eq!(told.len(), 2);
    assert!(
        told.iter().all(|(_, delivery)| matches!(delivery, Delivery::Lost { .. })),
        "{told:?}"
    );
    assert_eq!((relay.counts().lost, relay.counts().waiting), (2, 0));
}

#[tokio::test]
async fn shutdown_answers_the_sdk_that_waits_for_a_hanging_sentry() {
    let sentry = Sentry::start([Reply::Hangs]).await;
    let limits = Limits {
        shutdown_timeout: Duration::from_millis(10),
        ..limits(NEVER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    let sdk = tokio::spawn({
        let relay = relay.clone();
        async move { relay.forward(envelope("a", &["transaction"])).await }
    });
    sentry.saw(1).await;
    relay.shutdown().await;
    let answer = sdk.await.unwrap();
    assert_eq!(answer.status.as_u16(), 503);
    assert!(matches!(answer.delivery, Delivery::Lost { .. }));
}

#[tokio::test]
async fn shutdown_waits_for_requests_in_flight() {
    let sentry = Sentry::start([Reply::Held]).await;
    let limits = Limits {
        shutdown_timeout: DEADLINE,
        ..limits(NEVER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    let sdk = tokio::spawn({
        let relay = relay.clone();
        async move { relay.forward(envelope("a", &["transaction"])).await }
    });
    sentry.saw(1).await;
    let ((), ()) = tokio::join!(relay.shutdown(), async { sentry.release() });
    assert_eq!(sdk.await.unwrap().delivery, Delivery::Accepted);
}

#[tokio::test]
async fn stopped_relay_rejects_envelopes() {
    let sentry = Sentry::start([]).await;
    let (relay, events) = relay(sentry.address, limits(NEVER));
    relay.shutdown().await;
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(answer.status.as_u16(), 503);
    assert!(matches!(answer.delivery, Delivery::Lost { .. }));
    assert_eq!((rest(events).await, relay.counts().lost), (Vec::new(), 1));
}

#[tokio::test]
async fn relay_stops_when_all_handles_are_dropped() {
    let (address, _socket) = rejecting_address();
    let (relay, events) = relay(address, limits(NEVER));
    waits(&relay, "a").await;
    drop(relay);
    assert_eq!(tag_of(&rest(events).await), ["a"]);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_unread_events() {
    let (address, _socket) = rejecting_address();
    let limits = Limits {
        shutdown_timeout: Duration::from_millis(10),
        ..limits(NEVER)
    };
    let (relay, events) = relay(address, limits);
    // More than the event channel holds.
    for _ in 0..300 {
        waits(&relay, "a").await;
    }
    relay.shutdown().await;
    assert_eq!(relay.counts().lost, 300);
    drop(events);
}

#[tokio::test]
async fn relay_works_without_a_reader_of_events() {
    let (address, _socket) = rejecting_address();
    let limits = Limits {
        waiting: 1,
        ..limits(NEVER)
    };
    let (relay, events) = relay(address, limits);
    drop(events);
    for _ in 0..300 {
        waits(&relay, "a").await;
    }
    assert_eq!((relay.counts().waiting, relay.counts().lost), (1, 299));
}

//! How a relay ends.

use super::*;
use crate::sentry::{Reply, Sentry, nobody};

/// All that is told until the end.
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
async fn a_last_attempt_is_made_for_all_that_waits() {
    let (address, socket) = nobody();
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
async fn what_cannot_be_delivered_is_said_to_be_lost() {
    let (address, _socket) = nobody();
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
async fn who_waits_for_a_sentry_that_hangs_is_told() {
    let sentry = Sentry::start([Reply::Hangs]).await;
    let limits = Limits {
        farewell: Duration::from_millis(10),
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
async fn what_is_under_way_is_waited_for() {
    let sentry = Sentry::start([Reply::Held]).await;
    let limits = Limits {
        farewell: DEADLINE,
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
async fn an_ended_relay_takes_nothing() {
    let sentry = Sentry::start([]).await;
    let (relay, events) = relay(sentry.address, limits(NEVER));
    relay.shutdown().await;
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(answer.status.as_u16(), 503);
    assert!(matches!(answer.delivery, Delivery::Lost { .. }));
    assert_eq!((rest(events).await, relay.counts().lost), (Vec::new(), 1));
}

#[tokio::test]
async fn it_ends_when_nobody_is_left_to_forward_anything() {
    let (address, _socket) = nobody();
    let (relay, events) = relay(address, limits(NEVER));
    waits(&relay, "a").await;
    drop(relay);
    assert_eq!(tag_of(&rest(events).await), ["a"]);
}

#[tokio::test]
async fn events_that_nobody_reads_do_not_keep_it() {
    let (address, _socket) = nobody();
    let limits = Limits {
        farewell: Duration::from_millis(10),
        ..limits(NEVER)
    };
    let (relay, events) = relay(address, limits);
    // More than there is room for events.
    for _ in 0..300 {
        waits(&relay, "a").await;
    }
    relay.shutdown().await;
    assert_eq!(relay.counts().lost, 300);
    drop(events);
}

#[tokio::test]
async fn it_works_on_when_nobody_wants_its_events() {
    let (address, _socket) = nobody();
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

//! Envelopes that fail although Sentry is reachable, and slow ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::*;
use crate::picky::{Act, Picky};
use crate::sentry::rejecting_address;

/// Fails bodies that contain "bad" and answers the rest.
fn fail_bad(act: Act) -> impl Fn(&str) -> Act {
    move |body| if body.contains("bad") { act } else { Act::Answer }
}

async fn is_accepted(relay: &Relay<Tag>, tag: Tag) {
    let answer = relay.forward(envelope(tag, &["transaction"])).await;
    assert_eq!(answer.delivery, Delivery::Accepted, "{tag}");
}

fn lost_reason(event: Event<Tag>) -> String {
    match event.delivery {
        Delivery::Lost { reason } => reason.into(),
        other => panic!("{}: {other:?}", event.tag),
    }
}

/// A large envelope that takes a slow server many reads.
fn large(tag: Tag, bytes: usize) -> Forward<Tag> {
    let mut forward = envelope(tag, &["transaction"]);
    forward.body = [&forward.body[..], &vec![b' '; bytes]].concat().into();
    forward
}

#[tokio::test]
async fn failing_envelope_does_not_stop_the_others() {
    let sentry = Picky::start(Duration::ZERO, fail_bad(Act::HangUp)).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    waits(&relay, "bad").await;
    for _ in 0..3 {
        is_accepted(&relay, "good").await;
    }
    let counts = relay.counts();
    assert_eq!((counts.waiting, counts.accepted, counts.problem), (1, 3, None));
}

#[tokio::test]
async fn envelope_that_fails_while_others_are_answered_is_dropped() {
    let sentry = Picky::start(Duration::ZERO, fail_bad(Act::HangUp)).await;
    let (relay, mut events) = relay(sentry.address, limits(EAGER));
    waits(&relay, "bad 1").await;
    is_accepted(&relay, "good").await;
    waits(&relay, "bad 2").await;
    let mut given_up = Vec::new();
    while given_up.len() < 2 {
        // Two failures in a row may look like an outage for a moment: then this one is buffered, too.
        relay.forward(envelope("good", &["transaction"])).await;
        while let Ok(event) = tokio::time::timeout(Duration::from_millis(1), events.recv()).await {
            let event = event.unwrap();
            if event.tag == "good" {
                assert_eq!(event.delivery, Delivery::Accepted);
                continue;
            }
            given_up.push(event.tag);
            let reason = lost_reason(event);
            let expected = "5 tries failed while Sentry answered other requests: connection closed";
            assert!(reason.starts_with(expected), "{reason}");
        }
    }
    given_up.sort_unstable();
    assert_eq!(given_up, ["bad 1", "bad 2"]);
    assert!(sentry.count("bad 1") >= 5 && sentry.count("bad 2") >= 5);
    assert_eq!(relay.counts().lost, 2);
}

#[tokio::test]
async fn outage_uses_up_no_tries() {
    let away = Arc::new(AtomicUsize::new(40));
    let is_away = {
        let away = away.clone();
        move |_: &str| {
            let left = away.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
            if left.is_ok() { Act::HangUp } else { Act::Answer }
        }
    };
    let sentry = Picky::start(Duration::ZERO, is_away).await;
    let (relay, mut events) = relay(sentry.address, limits(EAGER));
    for tag in ["a", "b", "c"] {
        relay.forward(envelope(tag, &["transaction"])).await;
    }
    let mut delivered = Vec::new();
    for _ in 0..3 {
        let event = next(&mut events).await;
        assert_eq!(event.delivery, Delivery::Accepted);
        delivered.push(event.tag);
    }
    delivered.sort_unstable();
    assert_eq!(delivered, ["a", "b", "c"]);
    assert_eq!(relay.counts().lost, 0);
    // Each had its turn, many more times than the tries of one entry.
    for tag in ["\"a\"", "\"b\"", "\"c\""] {
        assert!(sentry.count(tag) > 5, "{tag}: {}", sentry.count(tag));
    }
}

#[tokio::test]
async fn failing_envelope_does_not_block_buffered_ones() {
    let (address, socket) = rejecting_address();
    let (relay, mut events) = relay(address, limits(EAGER));
    for tag in ["bad", "a", "b"] {
        waits(&relay, tag).await;
    }
    let listener = socket.listen(64).unwrap();
    let sentry = Picky::start_on(listener, Duration::ZERO, fail_bad(Act::HangUp));
    for tag in ["a", "b"] {
        let event = next(&mut events).await;
        assert_eq!((event.tag, event.delivery), (tag, Delivery::Accepted));
    }
    sentry.saw("bad", 1).await;
}

#[tokio::test]
async fn slow_upload_continues_while_it_progresses_and_blocks_no_other() {
    const SIZE: usize = 4 * 1024 * 1024;
    let sentry = Picky::start(Duration::from_millis(60), fail_bad(Act::HangUp)).await;
    let limits = Limits {
        deadline: Duration::from_secs(1),
        min_upload_rate: 1024 * 1024,
        concurrent: 2,
        ..limits(EAGER)
    };
    let (relay, mut events) = relay(sentry.address, limits);
    let answer = relay.forward(large("slow", SIZE)).await;
    assert!(matches!(answer.delivery, Delivery::Waiting { problem } if problem.starts_with("no answer within 1s")));
    assert_eq!(sentry.count("slow"), 0, "still being read");
    is_accepted(&relay, "good").await;
    let event = next(&mut events).await;
    assert_eq!((event.tag, event.delivery), ("slow", Delivery::Accepted));
    assert_eq!(sentry.count("slow"), 1);
}

#[tokio::test]
async fn upload_without_progress_fails() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits {
        deadline: Duration::from_millis(100),
        min_upload_rate: usize::MAX,
        ..limits(NEVER)
    };
    // The kernel accepts connections, and nothing reads from them.
    let (relay, _events) = relay(listener.local_addr().unwrap(), limits);
    relay.forward(large("a", 12 * 1024 * 1024)).await;
    let failed = || async { relay.counts().problem };
    let problem = testkit::eventually(DEADLINE, failed).await.unwrap();
    assert!(problem.starts_with("no answer within"), "{problem}");
}

#[tokio::test]
async fn slow_uploads_in_all_slots_make_envelopes_wait() {
    let sentry = Picky::start(Duration::ZERO, fail_bad(Act::Hang)).await;
    let limits = Limits {
        deadline: Duration::from_secs(1),
        min_upload_rate: 1,
        concurrent: 1,
        ..limits(EAGER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    waits(&relay, "bad").await;
    let answer = relay.forward(envelope("good", &["transaction"])).await;
    let problem = "all upload slots are in use".into();
    assert_eq!(answer.delivery, Delivery::Waiting { problem });
    assert_eq!(relay.counts().waiting, 2);
}

#[tokio::test]
async fn hanging_envelope_costs_no_other_its_last_try() {
    let (address, socket) = rejecting_address();
    let limits = Limits {
        shutdown_timeout: Duration::from_secs(3),
        ..limits(NEVER)
    };
    let (relay, mut events) = relay(address, limits);
    for tag in ["bad", "worse", "a", "b"] {
        waits(&relay, tag).await;
    }
    let sentry = Picky::start_on(socket.listen(64).unwrap(), Duration::ZERO, |body: &str| match body {
        body if body.contains("bad") => Act::Hang,
        body if body.contains("worse") => Act::HangUp,
        _ => Act::Answer,
    });
    relay.shutdown().await;
    let mut ends = Vec::new();
    while let Some(event) = events.recv().await {
        ends.push(event);
    }
    ends.sort_by_key(|event| event.tag);
    let [a, b, bad, worse] = <[_; 4]>::try_from(ends).unwrap();
    assert_eq!((a.delivery, b.delivery), (Delivery::Accepted, Delivery::Accepted));
    assert!(lost_reason(bad).contains("shut down"));
    assert!(lost_reason(worse).contains("last try at shutdown failed"));
    assert_eq!(sentry.count("worse"), 1, "once more, and no more");
}

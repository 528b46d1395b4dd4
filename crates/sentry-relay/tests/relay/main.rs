//! A relay between an SDK and a Sentry, on real sockets.

#![expect(clippy::unwrap_used, reason = "a test may fail by it")]

mod answers;
mod delivery;
mod ends;
mod failing;
mod picky;
mod sentry;
mod unreachable;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use sentry::{DEADLINE, dsn};
use sentry_relay::{Backoff, Category, Endpoint, Event, Events, Forward, Limits, Relay, RelayResponse, Target};
use trace_model::sentry::Delivery;

type Tag = &'static str;

/// Retries immediately.
const EAGER: Backoff = Backoff {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
};
/// Does not retry during a test.
const NEVER: Backoff = Backoff {
    first: Duration::from_secs(3600),
    longest: Duration::from_secs(3600),
};

fn limits(backoff: Backoff) -> Limits {
    Limits {
        backoff,
        pause: Duration::ZERO,
        deadline: DEADLINE,
        ..Limits::default()
    }
}

fn relay(address: SocketAddr, limits: Limits) -> (Relay<Tag>, Events<Tag>) {
    Relay::start(Target::parse(&dsn(address)).unwrap(), &[], limits).unwrap()
}

/// Returns an envelope with items of these types.
fn envelope(tag: Tag, types: &[&str]) -> Forward<Tag> {
    let items: Vec<_> = types.iter().map(|item| format!("{{\"type\":\"{item}\"}}\n{{}}\n")).collect();
    let items = items.concat();
    let body = Bytes::from(format!(
        "{{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"tag\":\"{tag}\"}}\n{items}"
    ));
    Forward {
        endpoint: Endpoint::Envelope,
        headers: HeaderMap::new(),
        query: None,
        inflated: body.clone(),
        body,
        categories: types.iter().map(|item| Category::of_item(item)).collect(),
        tag,
    }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    pairs.iter().map(pair).collect()
}

fn header<'a>(answer: &'a RelayResponse, name: &str) -> Option<&'a str> {
    answer.headers.get(name).map(|value| value.to_str().unwrap())
}

/// Returns the tags in the bodies.
fn tags(seen: &[sentry::Seen]) -> Vec<String> {
    let tag = |seen: &sentry::Seen| {
        let text = String::from_utf8(seen.body.to_vec()).unwrap();
        let (_, tag) = text.split_once("\"tag\":\"").unwrap();
        tag.split('"').next().unwrap().to_owned()
    };
    seen.iter().map(tag).collect()
}

async fn next(events: &mut Events<Tag>) -> Event<Tag> {
    tokio::time::timeout(DEADLINE, events.recv()).await.unwrap().unwrap()
}

async fn waits(relay: &Relay<Tag>, tag: Tag) {
    let answer = relay.forward(envelope(tag, &["transaction"])).await;
    assert!(
        matches!(answer.delivery, Delivery::Waiting { .. }),
        "{tag}: {:?}",
        answer.delivery
    );
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (200, &br#"{"id":"9ec79c33ec9942ab8353589fcb2e04dc"}"#[..])
    );
}

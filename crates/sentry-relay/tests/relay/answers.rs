//! Responses of Sentry: what the SDK gets of them, and what applies to later envelopes.

use super::*;
use crate::sentry::{Reply, Sentry};

fn says(status: u16, headers: &[(&'static str, &'static str)], body: &'static str) -> Reply {
    Reply::Says(status, headers.to_vec(), body)
}

#[tokio::test]
async fn rejection_is_final_and_returned_to_the_sdk() {
    let statuses = [302, 400, 401, 403, 413, 500, 502, 503];
    let error = [("x-sentry-error", "the reason"), ("location", "/elsewhere")];
    let sentry = Sentry::start(statuses.map(|status| says(status, &error, "{\"detail\":\"no\"}"))).await;
    let (relay, _events) = relay(sentry.address, limits(EAGER));
    for status in statuses {
        let answer = relay.forward(envelope("a", &["transaction"])).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (status, &b"{\"detail\":\"no\"}"[..]));
        assert_eq!(header(&answer, "x-sentry-error"), Some("the reason"));
        assert_eq!(header(&answer, "location"), None);
        let reason = "the reason".into();
        assert_eq!(answer.delivery, Delivery::Rejected { status, reason });
    }
    // The next request is a new envelope: nothing was retried, no redirect followed.
    relay.forward(envelope("last", &["transaction"])).await;
    let seen = sentry.seen();
    assert_eq!(seen.len(), statuses.len() + 1);
    assert_eq!(tags(&seen).last().unwrap(), "last");
    let counts = relay.counts();
    assert_eq!(
        counts.rejected.into_iter().collect::<Vec<_>>(),
        statuses.map(|status| (status, 1))
    );
    assert_eq!((counts.accepted, counts.waiting, counts.problem), (1, 0, None));
}

#[tokio::test]
async fn rate_limit_is_returned_and_applies_to_its_category() {
    let limit = [
        ("x-sentry-rate-limits", "60:transaction:key:usage_exceeded"),
        ("retry-after", "60"),
    ];
    let sentry = Sentry::start([says(429, &limit, "{\"detail\":\"too much\"}")]).await;
    let (relay, _events) = relay(sentry.address, limits(EAGER));
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(answer.status.as_u16(), 429);
    assert_eq!(
        header(&answer, "x-sentry-rate-limits"),
        Some("60:transaction:key:usage_exceeded")
    );
    assert_eq!(header(&answer, "retry-after"), Some("60"));
    let reason = "usage_exceeded".into();
    assert_eq!(answer.delivery, Delivery::RateLimited { reason });

    // The next one is rejected without asking Sentry, with the remaining time.
    let answer = relay.forward(envelope("b", &["transaction"])).await;
    assert_eq!(answer.status.as_u16(), 429);
    assert!(matches!(answer.delivery, Delivery::RateLimited { .. }));
    let (seconds, rest) = header(&answer, "x-sentry-rate-limits").unwrap().split_once(':').unwrap();
    assert_eq!(
        (seconds, rest),
        (header(&answer, "retry-after").unwrap(), "transaction:key:usage_exceeded")
    );
    assert!((1..=60).contains(&seconds.parse::<u32>().unwrap()));

    // Envelopes with other items, even partly, are sent.
    for (tag, types) in [("c", &["event"][..]), ("d", &["transaction", "event"])] {
        assert_eq!(relay.forward(envelope(tag, types)).await.delivery, Delivery::Accepted);
    }
    assert_eq!(tags(&sentry.seen()), ["a", "c", "d"]);
    assert_eq!((relay.counts().rate_limited, relay.counts().accepted), (2, 2));
}

#[tokio::test]
async fn status_429_without_headers_stops_everything() {
    let sentry = Sentry::start([says(429, &[], "")]).await;
    let (relay, _events) = relay(sentry.address, limits(EAGER));
    relay.forward(envelope("a", &["transaction"])).await;
    let answer = relay.forward(envelope("b", &["client_report"])).await;
    assert_eq!(header(&answer, "x-sentry-rate-limits"), Some("60::organization"));
    assert_eq!(tags(&sentry.seen()), ["a"]);
}

#[tokio::test]
async fn rate_limit_of_an_accepting_response_applies() {
    let limit = [("x-sentry-rate-limits", "60:log_item:organization")];
    let sentry = Sentry::start([says(200, &limit, "{}")]).await;
    let (relay, _events) = relay(sentry.address, limits(EAGER));
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(answer.delivery, Delivery::Accepted);
    assert_eq!(header(&answer, "x-sentry-rate-limits"), Some("60:log_item:organization"));
    let answer = relay.forward(envelope("b", &["log"])).await;
    assert!(matches!(answer.delivery, Delivery::RateLimited { .. }));
}

#[tokio::test]
async fn ended_rate_limit_stops_nothing() {
    let limit = [("x-sentry-rate-limits", "0:transaction:key")];
    let sentry = Sentry::start([says(429, &limit, "")]).await;
    let (relay, _events) = relay(sentry.address, limits(EAGER));
    relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(
        relay.forward(envelope("b", &["transaction"])).await.delivery,
        Delivery::Accepted
    );
}

#[tokio::test]
async fn endless_response_is_truncated() {
    let sentry = Sentry::start([Reply::Endless(1 << 20)]).await;
    let (relay, _events) = relay(sentry.address, limits(NEVER));
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!(answer.delivery, Delivery::Accepted);
    assert_eq!(answer.body.len(), 64 * 1024);
}

#[tokio::test]
async fn response_counts_although_its_body_never_ends() {
    let sentry = Sentry::start([Reply::Endless(10)]).await;
    let limits = Limits {
        deadline: Duration::from_secs(4),
        ..limits(EAGER)
    };
    let (relay, _events) = relay(sentry.address, limits);
    let answer = relay.forward(envelope("a", &["transaction"])).await;
    assert_eq!((answer.delivery, answer.body.len()), (Delivery::Accepted, 10));
}

//! The Sentry endpoint.

use collector::{Arrival, SentrySpans};
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_TYPE, ORIGIN};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::{Running, compressed, fill};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const EVENT: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

/// A transaction of two spans, an item of a type nobody knows, and one that cannot be read.
fn envelope() -> String {
    let transaction = json!({
        "type": "transaction",
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } },
        "spans": [{ "trace_id": TRACE, "span_id": "00000000000000a2" }],
    });
    let header = json!({ "event_id": EVENT });
    format!(
        "{header}\n{{\"type\":\"transaction\"}}\n{transaction}\n{{\"type\":\"novelty\",\"length\":3}}\na\nb\n{{\"length\":1}}\nx\n"
    )
}

fn spans() -> Arrival {
    let span_ids = ["00000000000000a1", "00000000000000a2"]
        .map(|id| id.parse().unwrap())
        .to_vec();
    Arrival::SentrySpans(vec![SentrySpans {
        trace_id: TRACE.parse().unwrap(),
        span_ids,
    }])
}

async fn post(url: String, body: impl Into<reqwest::Body>) -> Response {
    Client::new().post(url).body(body).send().await.unwrap()
}

#[tokio::test]
async fn every_path_takes_envelopes_and_answers_with_the_event_id() {
    let mut running = Running::start().await;
    let paths = [
        "/api/42/envelope/",
        "/api/42/envelope",
        "/api/42/envelope/?sentry_key=abc&sentry_version=7",
        "/stream",
    ];
    for path in paths {
        let answer = post(running.sentry(path), envelope()).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/json", "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "id": EVENT }), "{path}");
        assert_eq!(running.arrived(), [spans()], "{path}");
    }
    let counts = running.counts().sentry;
    let items: Vec<_> = counts.items.iter().map(|(item_type, count)| (&**item_type, *count)).collect();
    assert_eq!(items, [("novelty", 4), ("transaction", 4)]);
    assert_eq!(
        (counts.envelopes, counts.spans, counts.bad_items, counts.refused),
        (4, 8, 4, 0)
    );
}

#[tokio::test]
async fn the_old_way_of_one_event_is_understood() {
    let mut running = Running::start().await;
    for path in ["/api/42/store/", "/api/42/store"] {
        let answer = post(
            running.sentry(path),
            json!({ "event_id": EVENT, "message": "oops" }).to_string(),
        )
        .await;
        assert_eq!(answer.json::<Value>().await.unwrap(), json!({ "id": EVENT }), "{path}");
    }
    let refused = post(running.sentry("/api/42/store/"), "[]").await;
    assert_eq!(refused.status(), 400);
    assert_eq!(running.arrived(), []);
    let counts = running.counts().sentry;
    assert_eq!((counts.items.get("event"), counts.refused), (Some(&2), 1));
}

#[tokio::test]
async fn any_content_type_and_every_usual_encoding_is_taken() {
    let mut running = Running::start().await;
    for (encoding, body) in compressed(envelope().as_bytes()) {
        for content_type in [
            "application/x-sentry-envelope",
            "text/plain;charset=UTF-8",
            "application/json",
            "nonsense",
        ] {
            let request = Client::new()
                .post(running.sentry("/api/1/envelope/"))
                .header(CONTENT_TYPE, content_type);
            let answer = request
                .header(CONTENT_ENCODING, encoding)
                .body(body.clone())
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{encoding} {content_type}");
            assert_eq!(running.arrived(), [spans()], "{encoding} {content_type}");
        }
    }
}

#[tokio::test]
async fn what_is_no_envelope_is_refused_as_sentry_does() {
    let mut running = Running::start().await;
    let client = Client::new();
    let url = running.sentry("/api/1/envelope/");
    let requests = [
        (client.post(&url).body(""), 400, "empty"),
        (client.post(&url).body("nonsense\n{\"type\":\"event\"}\n{}"), 400, "header"),
        (
            client.post(&url).header(CONTENT_ENCODING, "gzip").body("no gzip"),
            400,
            "body",
        ),
        (client.post(&url).header(CONTENT_ENCODING, "compress").body("{}"), 415, "zstd"),
        (client.get(&url), 405, "POST"),
        (client.post(running.sentry("/api/1/minidump/")).body("{}"), 404, "/envelope/"),
    ];
    let expected = requests.len() as u64;
    for (request, status, hint) in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{hint}");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{hint}");
        let detail = answer.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(hint), "{detail}");
    }
    assert_eq!(running.arrived(), []);
    assert_eq!(running.counts().sentry.refused, expected);
}

#[tokio::test]
async fn pages_from_anywhere_may_send() {
    let running = Running::start().await;
    let request = Client::new()
        .request(Method::OPTIONS, running.sentry("/api/1/envelope/"))
        .header(ORIGIN, "https://example.com");
    let request = request
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-sentry-auth");
    let request = request.header("access-control-request-private-network", "true");
    let preflight = request.send().await.unwrap();
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(preflight.headers()["access-control-allow-headers"], "*");
    assert_eq!(preflight.headers()["access-control-allow-private-network"], "true");
    let answer = post(running.sentry("/api/1/envelope/"), "{}").await;
    assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({}),
        "an envelope without event has no id"
    );
    assert_eq!(running.counts().sentry.refused, 0);
}

#[tokio::test]
async fn a_full_channel_limits_the_rate() {
    let mut running = Running::start().await;
    let url = running.sentry("/api/1/envelope/");
    let send = || async { post(url.clone(), envelope()).await.status() == 200 };
    let taken = fill(send).await;
    let answer = post(url.clone(), envelope()).await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(answer.headers()["x-sentry-rate-limits"], "1::organization");
    assert_eq!((running.counts().sentry.busy, running.counts().sentry.refused), (2, 0));
    assert_eq!(running.arrived().len(), taken);
    assert!(send().await, "there is room again");
}

#[tokio::test]
async fn real_envelopes_are_taken() {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return;
    };
    let mut running = Running::start().await;
    // With how many spans each holds: the transaction and those inside it.
    for (file, spans) in [
        ("envelope_java.txt", 3),
        ("envelope_php.txt", 6),
        ("envelope_javascript.txt", 0),
        ("log_envelope.txt", 0),
    ] {
        let body = std::fs::read(std::path::Path::new(&fixtures).join("sentry").join(file)).unwrap();
        assert_eq!(post(running.sentry("/stream"), body).await.status(), 200, "{file}");
        let arrived = running.arrived().into_iter().flat_map(|arrival| match arrival {
            Arrival::SentrySpans(spans) => spans,
            Arrival::Batch(_) | Arrival::Metrics(_) => panic!("{file}"),
        });
        assert_eq!(
            arrived.map(|of_trace| of_trace.span_ids.len()).sum::<usize>(),
            spans,
            "{file}"
        );
    }
    assert_eq!(running.counts().sentry.bad_items, 0);
}

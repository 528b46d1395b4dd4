//! OTLP over HTTP in JSON: what only that can get wrong.

use collector::Listener;
use serde_json::{Value, json};

use crate::Running;
use crate::otlp_http::{JSON, post};

#[tokio::test]
async fn ids_that_are_not_hexadecimal_cost_their_own_span_only() {
    let mut running = Running::start().await;
    let good = || json!({ "traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "name": "good" });
    let (mut one, mut other) = (good(), good());
    one["traceId"] = json!("order-7");
    other["spanId"] = json!("xyz");
    let body = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [one, good(), other] }] }] });
    let answer = post(running.http("/v1/traces"), JSON, body.to_string()).await;
    assert_eq!(answer.status(), 200);
    let partial = &answer.json::<Value>().await.unwrap()["partialSuccess"];
    assert_eq!(partial["rejectedSpans"], "2");
    let reason = partial["errorMessage"].as_str().unwrap();
    for expected in ["trace_id is not hexadecimal (1)", "span_id is not hexadecimal (1)"] {
        assert!(reason.contains(expected), "{reason}");
    }
    assert_eq!(running.span_names(), ["good"]);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpHttp].spans,
            counts.listeners[Listener::OtlpHttp].dropped
        ),
        (1, 2)
    );
    assert_eq!(counts.recent[0].reason, reason);
}

/// The deepest accepted value can be decoded again when its span is shown.
#[tokio::test]
async fn nesting_too_deep_to_be_shown_is_rejected() {
    let mut running = Running::start().await;
    let kinds: [(&str, &str); 2] = [
        ("{\"arrayValue\":{\"values\":[", "]}}"),
        ("{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":", "}]}}"),
    ];
    let mut rejected = 0;
    for (open, close) in kinds {
        for depth in (1..50).chain([100_000]) {
            let value = format!("{}{{\"boolValue\":true}}{}", open.repeat(depth), close.repeat(depth));
            let attribute = format!("[{{\"key\":\"deep\",\"value\":{value}}}]");
            let event = format!(
                "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"traceId\":\"01010101010101010101010101010101\",\
                 \"spanId\":\"0202020202020202\",\"events\":[{{\"attributes\":{attribute}}}],\"attributes\":{attribute}}}]}}]}}]}}"
            );
            match post(running.http("/v1/traces"), JSON, event).await.status().as_u16() {
                200 => {
                    let [batch] = &running.batches()[..] else { panic!("a batch") };
                    assert_eq!(batch.decode_spans().count(), 1, "{depth}");
                }
                400 => rejected += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert!(rejected > 0);
}

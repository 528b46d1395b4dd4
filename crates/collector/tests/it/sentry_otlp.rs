//! Sentry's own OTLP route, at the Sentry port.

use std::fmt::Write as _;

use collector::Arrival;
use prost::Message as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use trace_model::Source;

use crate::{Running, client, gzip, request, span};

const JSON: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"json"}]}]}]}"#;
const LOGS: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}"#;

fn protobuf() -> Vec<u8> {
    request(vec![span("protobuf")]).encode_to_vec()
}

/// Sends what it is given, and says the status and content type of the answer.
async fn send(url: String, body: Vec<u8>, headers: &[(&str, &str)]) -> (u16, String) {
    let request = headers.iter().fold(client().post(url).body(body), |request, (name, value)| {
        request.header(*name, *value)
    });
    let answer = request.send().await.unwrap();
    let content_type = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    (answer.status().as_u16(), content_type)
}

#[tokio::test]
async fn sentry_otlp_route_takes_both_encodings_with_and_without_a_slash() {
    let mut collector = Running::start().await;
    let protobuf_type = ("content-type", "application/x-protobuf");
    let json_type = ("content-type", "application/json; charset=utf-8");
    let by_header = ("x-sentry-auth", "sentry sentry_key=spanfall");
    for path in [
        "traces",
        "traces/",
        "traces?sentry_key=spanfall",
        "traces/?sentry_key=spanfall",
    ] {
        let url = || collector.sentry(&format!("/api/1/integration/otlp/v1/{path}"));
        let answered = send(url(), protobuf(), &[protobuf_type, by_header]).await;
        assert_eq!(answered, (200, "application/x-protobuf".to_owned()), "{path}");
        let answered = send(url(), JSON.into(), &[json_type]).await;
        assert_eq!(answered, (200, "application/json".to_owned()), "{path}");
        let zipped = send(
            url(),
            gzip(&protobuf()),
            &[protobuf_type, (CONTENT_ENCODING.as_str(), "gzip")],
        )
        .await;
        assert_eq!(zipped.0, 200, "{path}");
        let batches = collector.batches();
        let names: Vec<_> = batches
            .iter()
            .flat_map(trace_model::Batch::decode_spans)
            .map(|span| span.name)
            .collect();
        assert_eq!(names, ["protobuf", "json", "protobuf"], "{path}");
        let sources = batches
            .iter()
            .flat_map(trace_model::Batch::decode_spans)
            .map(|span| span.source);
        assert!(sources.into_iter().all(|source| source == Source::SentryOtlp));
    }
    let counts = collector.counts();
    assert_eq!((counts.sentry.otlp_requests, counts.sentry.spans), (12, 12));
    assert_eq!(counts.otlp_http.requests, 0);
}

#[tokio::test]
async fn sentry_otlp_route_takes_logs_and_has_no_metrics() {
    let mut collector = Running::start().await;
    let json = ("content-type", "application/json");
    let logs = send(collector.sentry("/api/1/integration/otlp/v1/logs/"), LOGS.into(), &[json]).await;
    assert_eq!(logs.0, 200);
    let arrived = collector.arrived();
    assert!(
        matches!(&arrived[..], [Arrival::Batch(batch)] if batch.log_count() == 1),
        "{arrived:?}"
    );
    for path in ["metrics", "metrics/"] {
        let url = collector.sentry(&format!("/api/1/integration/otlp/v1/{path}"));
        assert_eq!(send(url, b"{}".to_vec(), &[json]).await.0, 404);
    }
    let refused = collector.counts().recent.pop_back().unwrap();
    assert!(refused.reason.contains("no OTLP route for metrics"), "{}", refused.reason);
}

#[tokio::test]
async fn sentry_otlp_route_refuses_what_is_not_otlp() {
    let collector = Running::start().await;
    let url = || collector.sentry("/api/1/integration/otlp/v1/traces");
    let answered = send(url(), b"nonsense".to_vec(), &[("content-type", "application/x-protobuf")]).await;
    assert_eq!(answered.0, 400);
    assert_eq!(send(url(), protobuf(), &[("content-type", "text/plain")]).await.0, 415);
    assert_eq!(collector.counts().sentry.refused, 2);
}

#[tokio::test]
async fn a_dsn_with_a_path_before_its_project_leads_here() {
    let mut collector = Running::start().await;
    let transaction = r#"{"contexts":{"trace":{"trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"00000000000000a1"}}}"#;
    let mut envelope = String::from("{}\n{\"type\":\"transaction\"}\n");
    write!(envelope, "{transaction}").unwrap();
    let paths = [
        "/errors/api/1/envelope/",
        "/a/api/b/api/1/envelope?sentry_key=x",
        "/stream",
        "/stream/",
    ];
    for path in paths {
        let answer = client()
            .post(collector.sentry(path))
            .body(envelope.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let json = [("content-type", "application/json")];
    let traces = send(
        collector.sentry("/errors/api/1/integration/otlp/v1/traces"),
        JSON.into(),
        &json,
    )
    .await;
    assert_eq!(traces.0, 200);
    assert_eq!(collector.arrived().len(), paths.len() + 1);
    let answer = client().post(collector.sentry("/errors/api/1/nothing")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

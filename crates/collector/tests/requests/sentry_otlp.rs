//! Sentry's own OTLP route, at the Sentry port.

use std::fmt::Write as _;

use collector::{Arrival, Listener};
use prost::Message as _;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use trace_model::Source;

use crate::{Running, client, gzip, request, span};

const JSON: &str = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"json"}]}]}]}"#;
const SPAN: &str = r#"{"traceId":"01010101010101010101010101010101","spanId":"0202020202020202","name":"json"}"#;
const LOGS: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"hello"}}]}]}]}"#;

fn protobuf() -> Vec<u8> {
    request(vec![span("protobuf")]).encode_to_vec()
}

/// Sends a body and returns the status and content type of the response.
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
    assert_eq!(
        (
            counts.listeners[Listener::Sentry].requests,
            counts.listeners[Listener::Sentry].spans
        ),
        (12, 12)
    );
    assert_eq!(counts.listeners[Listener::OtlpHttp].requests, 0);
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
    let rejected = collector.counts().recent.pop_back().unwrap();
    assert!(rejected.reason.contains("no OTLP route for metrics"), "{}", rejected.reason);
}

#[tokio::test]
async fn sentry_otlp_route_rejects_what_is_not_otlp() {
    let collector = Running::start().await;
    let url = || collector.sentry("/api/1/integration/otlp/v1/traces");
    let answered = send(url(), b"nonsense".to_vec(), &[("content-type", "application/x-protobuf")]).await;
    assert_eq!(answered.0, 400);
    assert_eq!(send(url(), protobuf(), &[("content-type", "text/plain")]).await.0, 415);
    assert_eq!(collector.counts().listeners[Listener::Sentry].rejected, 2);
}

#[tokio::test]
async fn dsn_with_a_path_before_its_project_is_accepted() {
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

/// The name is that of errors by the same DSN.
#[tokio::test]
async fn sentry_otlp_service_is_named_by_the_dsn_where_it_has_no_name() {
    let mut collector = Running::start().await;
    let url = collector.sentry("/api/1/integration/otlp/v1/traces?sentry_key=by-query");
    let json = ("content-type", "application/json");
    let group = |service: &str| {
        let resource = if service.is_empty() {
            String::new()
        } else {
            format!(
                r#""resource":{{"attributes":[{{"key":"a","value":{{"intValue":"1"}}}},{service}],"droppedAttributesCount":7}},"#
            )
        };
        format!(r#"{{{resource}"scopeSpans":[{{"scope":{{"name":"one"}},"spans":[{SPAN}]}},{{"spans":[{SPAN}]}}]}}"#)
    };
    let text = |name: &str| format!(r#"{{"key":"service.name","value":{{"stringValue":"{name}"}}}}"#);
    let number = r#"{"key":"service.name","value":{"intValue":"7"}}"#.to_owned();
    let twice = format!("{},{}", text("unknown_service"), text("unknown_service:x"));
    let cases = [
        (String::new(), "by-header", "by-header"),
        (text("unknown_service"), "by-header", "by-header"),
        (text("unknown_service:python"), "by-header", "by-header"),
        (text(""), "by-header", "by-header"),
        (twice, "by-header", "by-header"),
        (text("shop"), "by-header", "shop"),
        (number, "by-header", "7"),
        // Generated keys, and none at all.
        (text("unknown_service:python"), "spanfall", "unknown_service:python"),
        (
            text("unknown_service:python"),
            "e12d836b15bb49d7bbf99e64295d995b",
            "unknown_service:python",
        ),
        (text("unknown_service:python"), "", "by-query"),
    ];
    for (service, key, expected) in cases {
        let body = format!(r#"{{"resourceSpans":[{}]}}"#, group(&service));
        let auth = format!("sentry sentry_key={key}");
        let auth = Some(("x-sentry-auth", auth.as_str())).filter(|_| !key.is_empty());
        let headers: Vec<_> = auth.into_iter().chain([json]).collect();
        assert_eq!(send(url.clone(), body.into(), &headers).await.0, 200);
        let batches = collector.batches();
        let spans: Vec<_> = batches.iter().flat_map(trace_model::Batch::decode_spans).collect();
        assert_eq!(spans.len(), 2);
        for span in spans {
            assert_eq!(span.service, expected, "{service} {key}");
            let attributes: Vec<_> = span.resource.iter().map(|attribute| attribute.key.as_str()).collect();
            let whole = if service.is_empty() {
                "service.name"
            } else {
                "a service.name"
            };
            assert_eq!(attributes.join(" "), whole, "{service} {key}");
        }
    }
    let logs = LOGS.replace("{\"scopeLogs\"", r#"{"resource":{},"scopeLogs""#);
    let url = collector.sentry("/api/1/integration/otlp/v1/logs?sentry_key=shop");
    assert_eq!(send(url, logs.into(), &[json]).await.0, 200);
    let batches = collector.batches();
    let log = batches.iter().flat_map(trace_model::Batch::decode_logs).next().unwrap();
    assert_eq!(log.service, "shop");
    // Without a DSN nothing is named by one.
    let body = format!(r#"{{"resourceSpans":[{}]}}"#, group(""));
    let at_otlp = collector.http("/v1/traces?sentry_key=shop");
    assert_eq!(send(at_otlp, body.into(), &[json]).await.0, 200);
    assert_eq!(
        collector.batches()[0].decode_spans().next().map(|span| span.service),
        Some(String::new())
    );
}

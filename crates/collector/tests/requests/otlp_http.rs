//! OTLP over HTTP.

use collector::{Arrival, Listener};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};
use trace_model::{Batch, Source};

use crate::{Running, client, compressed, fill, request, span};

const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// The asserted fields of `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

pub(crate) async fn post(url: String, content_type: &str, body: impl Into<reqwest::Body>) -> Response {
    client()
        .post(url)
        .header(CONTENT_TYPE, content_type)
        .body(body)
        .send()
        .await
        .unwrap()
}

fn json_request(name: &str) -> String {
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] },
        "scopeSpans": [{ "spans": [{
            "traceId": "01010101010101010101010101010101",
            "spanId": "0202020202020202",
            "name": name,
            "startTimeUnixNano": "1",
            "endTimeUnixNano": 2,
        }] }],
    }] })
    .to_string()
}

#[tokio::test]
async fn encodings_carry_the_same_span() {
    let mut running = Running::start().await;
    let url = || running.http("/v1/traces");
    let protobuf = post(url(), PROTOBUF, request(vec![span("GET /")]).encode_to_vec()).await;
    assert_eq!(protobuf.status(), 200);
    assert_eq!(protobuf.headers()[CONTENT_TYPE], PROTOBUF);
    assert_eq!(
        ExportTraceServiceResponse::decode(protobuf.bytes().await.unwrap())
            .unwrap()
            .partial_success,
        None
    );
    let json = post(url(), "Application/JSON; charset=utf-8", json_request("GET /")).await;
    assert_eq!(json.status(), 200);
    assert_eq!(json.headers()[CONTENT_TYPE], JSON);
    assert_eq!(json.text().await.unwrap(), "{}");

    let batches = running.batches();
    let spans: Vec<_> = batches.iter().flat_map(Batch::decode_spans).collect();
    let [protobuf, json] = &spans[..] else { panic!("two spans") };
    assert_eq!(protobuf, json);
    assert_eq!(
        (&*protobuf.service, &*protobuf.name, protobuf.source),
        ("shop", "GET /", Source::OtlpHttp)
    );
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].spans, 2);
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].requests, 2);
}

#[tokio::test]
async fn compressed_body_is_decompressed() {
    let mut running = Running::start().await;
    let bodies = [
        (PROTOBUF, request(vec![span("x")]).encode_to_vec()),
        (JSON, json_request("x").into_bytes()),
    ];
    for (content_type, body) in bodies {
        for (encoding, body) in compressed(&body) {
            let request = client()
                .post(running.http("/v1/traces"))
                .header(CONTENT_TYPE, content_type)
                .header(CONTENT_ENCODING, encoding);
            let sent = body.len() as u64;
            let before = running.counts().listeners[Listener::OtlpHttp].received_bytes;
            assert_eq!(
                request.body(body).send().await.unwrap().status(),
                200,
                "{content_type} {encoding}"
            );
            assert_eq!(running.span_names(), ["x"], "{content_type} {encoding}");
            assert_eq!(
                running.counts().listeners[Listener::OtlpHttp].received_bytes - before,
                sent,
                "as it was sent"
            );
        }
    }
}

#[tokio::test]
async fn logs_and_metrics_arrive_and_are_counted() {
    let mut running = Running::start().await;
    let record = json!({ "timeUnixNano": "5", "body": { "stringValue": "sold out" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record, {}] }] }] });
    let points = json!({ "dataPoints": [{ "asInt": "1" }, { "asInt": "2" }, { "asDouble": 3.5 }] });
    let metrics = json!({ "resourceMetrics": [{ "scopeMetrics": [{ "metrics": [{ "name": "m", "gauge": points }] }] }] });
    for (path, body) in [("/v1/logs", logs), ("/v1/metrics", metrics)] {
        let answer = post(running.http(path), JSON, body.to_string()).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!((status.as_u16(), &*text), (200, "{}"), "{path}");
        // An empty protobuf message is an empty request, and no error.
        assert_eq!(post(running.http(path), PROTOBUF, "").await.status(), 200, "{path}");
    }
    let [Arrival::Batch(logs), Arrival::Metrics(metrics)] = &running.arrived()[..] else {
        panic!("one of each; what is empty does not arrive")
    };
    let times: Vec<_> = logs.decode_logs().map(|log| log.time_unix_nano).collect();
    assert_eq!((times, metrics.points()), (vec![5, 0], 3));
    let counts = running.counts().listeners[Listener::OtlpHttp];
    assert_eq!((counts.requests, counts.log_records, counts.data_points), (4, 2, 3));
}

#[tokio::test]
async fn trailing_slash_is_the_same_path() {
    let running = Running::start().await;
    for path in ["/v1/traces/", "/v1/logs/", "/v1/metrics/", "/v1development/profiles/"] {
        assert_eq!(post(running.http(path), JSON, "{}").await.status(), 200, "{path}");
    }
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].requests, 3);
}

/// Exporters would report anything else with every batch.
#[tokio::test]
async fn profiles_are_answered_counted_and_mentioned_once() {
    let mut running = Running::start().await;
    for (content_type, body) in [
        (JSON, &b"{\"resourceProfiles\":[]}"[..]),
        (PROTOBUF, b"\x0a\0"),
        (PROTOBUF, b""),
    ] {
        let answer = post(running.http("/v1development/profiles"), content_type, body).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[CONTENT_TYPE]),
            (200, &content_type.parse().unwrap())
        );
        assert_eq!(answer.bytes().await.unwrap(), if content_type == JSON { "{}" } else { "" });
    }
    assert_eq!(running.arrived(), []);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpHttp].unsupported,
            counts.listeners[Listener::OtlpHttp].requests,
            counts.listeners[Listener::OtlpHttp].rejected
        ),
        (3, 0, 0)
    );
    assert_eq!(counts.recent.len(), 1);
    assert!(counts.recent[0].reason.contains("profiles"), "{}", counts.recent[0].reason);
}

#[tokio::test]
async fn spans_without_usable_ids_are_left_out_and_named() {
    let mut running = Running::start().await;
    let spans = || {
        let mut bad = vec![span("zero"), span("short"), span("parent")];
        bad[0].trace_id = vec![0; 16];
        bad[1].span_id = vec![1; 3];
        bad[2].parent_span_id = vec![1; 9];
        bad.push(span("good"));
        request(bad)
    };
    let protobuf = post(running.http("/v1/traces"), PROTOBUF, spans().encode_to_vec()).await;
    assert_eq!(protobuf.status(), 200);
    let answer = ExportTraceServiceResponse::decode(protobuf.bytes().await.unwrap())
        .unwrap()
        .partial_success
        .unwrap();
    assert_eq!(answer.rejected_spans, 3);
    for reason in ["trace_id is all zero", "span_id has 3 bytes", "parent_span_id has 9 bytes"] {
        assert!(answer.error_message.contains(reason), "{}", answer.error_message);
    }
    let json = post(running.http("/v1/traces"), JSON, serde_json::to_string(&spans()).unwrap()).await;
    let json: Value = json.json().await.unwrap();
    assert_eq!(
        json["partialSuccess"],
        json!({ "rejectedSpans": "3", "errorMessage": answer.error_message })
    );

    assert_eq!(running.span_names(), ["good", "good"]);
    let counts = running.counts();
    assert_eq!(
        (
            counts.listeners[Listener::OtlpHttp].spans,
            counts.listeners[Listener::OtlpHttp].dropped,
            counts.listeners[Listener::OtlpHttp].rejected
        ),
        (2, 6, 0)
    );
    assert_eq!(counts.recent.len(), 2);
}

#[tokio::test]
async fn malformed_requests_are_rejected_in_their_own_encoding() {
    let mut running = Running::start().await;
    let protobuf = post(running.http("/v1/traces"), PROTOBUF, "not protobuf").await;
    assert_eq!(
        (protobuf.status().as_u16(), &protobuf.headers()[CONTENT_TYPE]),
        (400, &PROTOBUF.parse().unwrap())
    );
    let status = Status::decode(protobuf.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, 3);
    assert!(!status.message.is_empty());

    for body in ["", "{", "[]", "{\"resourceSpans\":7}", &"[".repeat(100_000)] {
        let json = post(running.http("/v1/traces"), JSON, body.to_owned()).await;
        assert_eq!(
            (json.status().as_u16(), &json.headers()[CONTENT_TYPE]),
            (400, &JSON.parse().unwrap()),
            "{body:.20}"
        );
        let status: Value = json.json().await.unwrap();
        assert_eq!(status["code"], 3, "{body:.20}");
        assert!(status["message"].is_string(), "{body:.20}");
    }
    let bad_gzip = client().post(running.http("/v1/traces")).header(CONTENT_TYPE, JSON);
    let bad_gzip = bad_gzip
        .header(CONTENT_ENCODING, "gzip")
        .body("no gzip")
        .send()
        .await
        .unwrap();
    assert_eq!(bad_gzip.status(), 400);

    assert_eq!(running.span_names(), [""; 0]);
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].rejected, 7);
    assert_eq!(running.counts().recent.len(), 7);
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].requests, 0);
}

#[tokio::test]
async fn unsupported_content_types_paths_and_methods_get_advice() {
    let running = Running::start().await;
    let client = client();
    let (traces, body) = (running.http("/v1/traces"), || request(vec![span("x")]).encode_to_vec());
    let requests = [
        (
            client.post(&traces).header(CONTENT_TYPE, "text/plain").body(body()),
            415,
            "application/json",
        ),
        (client.post(&traces).body(body()), 415, "application/x-protobuf"),
        (
            client
                .post(&traces)
                .header(CONTENT_TYPE, PROTOBUF)
                .header(CONTENT_ENCODING, "compress")
                .body(body()),
            415,
            "gzip, zstd",
        ),
        (
            client
                .post(&traces)
                .header(CONTENT_TYPE, PROTOBUF)
                .header(CONTENT_ENCODING, "gzip, gzip")
                .body(body()),
            415,
            "gzip, zstd",
        ),
        (
            client
                .post(&traces)
                .header(CONTENT_TYPE, PROTOBUF)
                .header(CONTENT_ENCODING, "gzip")
                .header(CONTENT_ENCODING, "gzip")
                .body(body()),
            415,
            "gzip, zstd",
        ),
        (client.get(&traces), 405, "POST"),
        (
            client.post(running.http("/v1/trace")).header(CONTENT_TYPE, JSON).body("{}"),
            404,
            "/v1/traces",
        ),
        (client.get(running.http("/")), 404, "/v1/traces"),
    ];
    let expected = requests.len() as u64;
    for (request, status, hint) in requests {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{hint}");
        match status {
            405 => assert_eq!(answer.headers()["allow"], "POST"),
            415 => assert_eq!(answer.headers()["accept-encoding"], "gzip, zstd, deflate, br"),
            _ => {}
        }
        let text = String::from_utf8_lossy(&answer.bytes().await.unwrap()).into_owned();
        assert!(text.contains(hint), "{text}");
    }
    assert_eq!(running.counts().listeners[Listener::OtlpHttp].rejected, expected);
}

#[tokio::test]
async fn full_queue_throttles_and_keeps_accepted_spans() {
    let mut running = Running::start().await;
    let url = running.http("/v1/traces");
    let send = || async { post(url.clone(), JSON, json_request("x")).await.status() == 200 };
    let taken = fill(send).await;
    let answer = post(url.clone(), JSON, json_request("x")).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 14);
    assert_eq!(
        (
            running.counts().listeners[Listener::OtlpHttp].throttled,
            running.counts().listeners[Listener::OtlpHttp].rejected
        ),
        (2, 0)
    );

    assert_eq!(running.span_names().len(), taken);
    assert!(send().await, "there is room again");
}

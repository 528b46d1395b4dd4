//! Zipkin's v2 JSON.

use serde_json::{Value as Json, json};
use trace_files::Format;
use trace_model::{SpanKind, StatusCode, Value};

use crate::support::{attribute, read, text};

fn spans() -> [Json; 4] {
    [
        json!({ "traceId": "0562809467078eab", "id": "b1", "kind": "CLIENT", "name": "get", "timestamp": 1_000, "duration": 500,
            "localEndpoint": { "serviceName": "ferry", "ipv4": "192.0.2.1" },
            "remoteEndpoint": { "serviceName": "radio", "ipv6": "2001:db8::1", "port": 80 },
            "annotations": [{ "timestamp": 1_100, "value": "cast off" }],
            "tags": { "http.method": "GET", "error": "too high", "otel.scope.name": "hull" } }),
        json!({ "traceId": "0562809467078eab", "id": "b1", "kind": "SERVER", "name": "serve", "timestamp": 1_100, "duration": 300,
            "shared": true, "localEndpoint": { "serviceName": "radio" }, "tags": { "error": "" } }),
        json!({ "traceId": "0562809467078eab", "id": "b2", "parentId": "b1", "kind": "PRODUCER", "name": "publish", "timestamp": 1_200,
            "localEndpoint": null }),
        json!({ "traceId": "0562809467078eab", "id": "b3", "parentId": "b2", "kind": "CONSUMER", "name": "timeless", "duration": 7 }),
    ]
}

#[test]
fn an_array_arrays_and_lines_are_the_same() {
    let [a, b, c, d] = spans();
    for file in [
        json!([a, b, c, d]).to_string(),
        json!([[a, b], [c, d]]).to_string(),
        format!("{a}\n{b}\n\n{c}\n{d}"),
    ] {
        let read = read(file);
        assert_eq!((read.spans.len(), read.problems()), (4, vec![]));
        assert_eq!(read.report.formats, [Format::Zipkin]);
    }
}

#[test]
fn endpoints_tags_and_annotations_become_what_otlp_calls_them() {
    let read = read(json!(spans()).to_string());
    let client = read.span("get");
    assert_eq!(
        (client.kind, &*client.service, &*client.scope.name),
        (SpanKind::Client, "ferry", "hull")
    );
    assert_eq!((client.status, &*client.status_message), (StatusCode::Error, "too high"));
    assert_eq!((client.start_unix_nano, client.end_unix_nano), (1_000_000, Some(1_500_000)));
    for (key, value) in [
        ("peer.service", text("radio")),
        ("network.peer.address", text("2001:db8::1")),
        ("network.peer.port", Value::Int(80)),
        ("network.local.address", text("192.0.2.1")),
        ("http.method", text("GET")),
    ] {
        assert_eq!(attribute(&client.attributes, key), Some(&value), "{key}");
    }
    assert_eq!(client.attributes.len(), 5);
    assert_eq!(
        (client.events[0].time_unix_nano, &*client.events[0].name),
        (1_100_000, "cast off")
    );
}

#[test]
fn both_sides_of_a_call_are_there_and_messages_have_their_kinds() {
    let read = read(json!(spans()).to_string());
    let (client, server) = (read.span("get"), read.span("serve"));
    assert_eq!((client.span_id, client.trace_id), (server.span_id, server.trace_id));
    assert_eq!(
        (server.kind, &*server.service, server.status),
        (SpanKind::Server, "radio", StatusCode::Error)
    );
    let (producer, consumer) = (read.span("publish"), read.span("timeless"));
    assert_eq!(
        (producer.kind, producer.parent_span_id),
        (SpanKind::Producer, Some(client.span_id))
    );
    assert_eq!(
        (consumer.kind, consumer.parent_span_id),
        (SpanKind::Consumer, Some(producer.span_id))
    );
}

/// A server that did not start the span does not say its time, and one may have sent before it was known.
#[test]
fn times_may_be_missing() {
    let read = read(json!(spans()).to_string());
    let producer = read.span("publish");
    assert_eq!((producer.start_unix_nano, producer.end_unix_nano), (1_200_000, None));
    let timeless = read.span("timeless");
    assert_eq!(
        (timeless.start_unix_nano, timeless.end_unix_nano),
        (1_000_000, Some(1_007_000)),
        "where its trace begins"
    );
    let noted = json!({ "traceId": "1", "id": "2", "name": "noted", "annotations": [{ "timestamp": 9, "value": "ss" }, { "timestamp": 5, "value": "sr" }] });
    assert_eq!(crate::support::read(noted.to_string()).span("noted").start_unix_nano, 5_000);
}

#[test]
fn a_bad_span_costs_itself() {
    let [good, ..] = spans();
    let read = read(format!(
        "[{good},\n{{\"traceId\": \"1\"}},\n {{\"id\": \"1\", \"localEndpoint\": {{}}}}, {{\"id\": 4}},\n{{\"traceId\": \"1\", \"id\": \"2\", \"timestamp\": \"now\"}}]"
    ));
    assert_eq!(read.spans.len(), 1);
    assert_eq!(
        read.problems(),
        [
            "line 2, column 1: the span has no id",
            "line 3, column 2: the span has no traceId",
            "line 3, column 36: neither OTLP, Jaeger, Zipkin nor spanfall tail JSON",
            "line 4, column 1: the span's timestamp is not a number of microseconds",
        ]
    );
}

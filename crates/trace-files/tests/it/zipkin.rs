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
fn array_nested_arrays_and_lines_are_read_alike() {
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
fn endpoints_tags_and_annotations_become_otlp_fields() {
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
fn sides_of_a_call_and_messages_have_their_kinds() {
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

/// A server that did not start the span reports no time, and may report before its client.
#[test]
fn missing_times_are_inferred() {
    let read = read(json!(spans()).to_string());
    let producer = read.span("publish");
    assert_eq!((producer.start_unix_nano, producer.end_unix_nano), (1_200_000, None));
    let timeless = read.span("timeless");
    assert_eq!(
        (timeless.start_unix_nano, timeless.end_unix_nano),
        (1_000_000, Some(1_007_000)),
        "starts with its trace"
    );
    let noted = json!({ "traceId": "1", "id": "2", "name": "noted", "annotations": [{ "timestamp": 9, "value": "ss" }, { "timestamp": 5, "value": "sr" }] });
    assert_eq!(crate::support::read(noted.to_string()).span("noted").start_unix_nano, 5_000);
}

#[test]
fn negative_durations_are_kept_with_a_warning() {
    for duration in ["-100", "\"-100\"", "-100.0", "18446744073709551516"] {
        let file = format!(r#"{{"traceId": "a1", "id": "b1", "name": "back", "timestamp": 1000, "duration": {duration}}}"#);
        let back = read(file.clone());
        assert_eq!((back.spans.len(), back.problems()), (1, vec![]), "{duration}");
        let warnings: Vec<String> = back.report.warnings.first.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["line 1, column 1: negative span duration"], "{duration}");
        let span = back.span("back");
        assert_eq!(
            (span.start_unix_nano, span.end_unix_nano),
            (1_000_000, Some(900_000)),
            "{duration}"
        );
        // Another part of the report has a valid duration.
        let better = read(format!("{file}\n{}", file.replace(duration, "7")));
        assert_eq!(better.span("back").end_unix_nano, Some(1_007_000), "{duration}");
    }
}

/// As in Zipkin, it is unknown: the span starts with its trace.
#[test]
fn negative_start_is_kept_with_a_warning() {
    let root = json!({ "traceId": "a1", "id": "b1", "name": "root", "timestamp": 1_000, "duration": 5 });
    let early = json!({ "traceId": "a1", "id": "b2", "parentId": "b1", "name": "early", "timestamp": -7, "duration": 2 });
    let read = read(json!([root, early]).to_string());
    let warnings: Vec<String> = read.report.warnings.first.iter().map(ToString::to_string).collect();
    assert_eq!((read.problems(), warnings.len()), (vec![], 1), "{warnings:?}");
    assert!(warnings[0].ends_with("negative start time"), "{warnings:?}");
    let early = read.span("early");
    assert_eq!((early.start_unix_nano, early.end_unix_nano), (1_000_000, Some(1_002_000)));
}

#[test]
fn invalid_span_affects_only_itself() {
    let [good, ..] = spans();
    let read = read(format!(
        "[{good},\n{{\"traceId\": \"1\"}},\n {{\"id\": \"1\", \"localEndpoint\": {{}}}}, {{\"id\": 4}},\n{{\"traceId\": \"1\", \"id\": \"2\", \"timestamp\": \"now\"}}]"
    ));
    assert_eq!(read.spans.len(), 1);
    assert_eq!(
        read.problems(),
        [
            "line 2, column 1: span without id",
            "line 3, column 2: span without traceId",
            "line 3, column 36: neither OTLP, Jaeger, Zipkin nor spanfall tail JSON",
            "line 4, column 1: invalid timestamp: not a number of microseconds",
        ]
    );
}

fn part(id: &str, fields: &Json) -> Json {
    let mut part = json!({ "traceId": "463ac35c9f6413ad", "id": id });
    part.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    part
}

/// In any order of the parts.
#[test]
fn partial_reports_are_merged_into_one_span() {
    let begin = part(
        "a1",
        &json!({ "name": "checkout", "timestamp": 1_000, "localEndpoint": { "serviceName": "pay", "ipv4": "192.0.2.1" },
        "tags": { "early": "1" } }),
    );
    let end = part(
        "a1",
        &json!({ "name": "", "duration": 5_000, "localEndpoint": { "serviceName": "pay", "port": 80 }, "tags": { "late": "2" },
        "annotations": [{ "timestamp": 4_000, "value": "flushed" }] }),
    );
    let anonymous = part("a1", &json!({ "kind": "SERVER", "parentId": "b1", "tags": { "error": "" } }));
    for order in [
        [&begin, &end, &anonymous],
        [&anonymous, &end, &begin],
        [&end, &begin, &anonymous],
    ] {
        let read = read(json!(order).to_string());
        let [span] = &*read.spans else {
            panic!("one span: {}", read.spans.len())
        };
        assert_eq!(
            (&*span.name, &*span.service, span.kind, span.status),
            ("checkout", "pay", SpanKind::Server, StatusCode::Error)
        );
        assert_eq!((span.start_unix_nano, span.end_unix_nano), (1_000_000, Some(6_000_000)));
        assert!(span.parent_span_id.is_some());
        for (key, value) in [
            ("early", text("1")),
            ("late", text("2")),
            ("network.local.address", text("192.0.2.1")),
            ("network.local.port", Value::Int(80)),
        ] {
            assert_eq!(attribute(&span.attributes, key), Some(&value), "{key}");
        }
        assert_eq!((span.events.len(), &*span.events[0].name), (1, "flushed"));
    }
}

#[test]
fn different_spans_with_one_id_are_not_merged() {
    let client = part(
        "a1",
        &json!({ "kind": "CLIENT", "parentId": "b1", "timestamp": 1, "localEndpoint": { "serviceName": "web" } }),
    );
    let server = part(
        "a1",
        &json!({ "kind": "SERVER", "timestamp": 2, "localEndpoint": { "serviceName": "web" } }),
    );
    let shared = part(
        "a1",
        &json!({ "kind": "SERVER", "shared": true, "timestamp": 2, "localEndpoint": { "serviceName": "web" } }),
    );
    let other = part(
        "a1",
        &json!({ "kind": "CLIENT", "timestamp": 3, "localEndpoint": { "serviceName": "cart" } }),
    );
    let port = part(
        "a1",
        &json!({ "kind": "CLIENT", "timestamp": 1, "localEndpoint": { "serviceName": "cart", "port": 80 } }),
    );
    let port_2 = part(
        "a1",
        &json!({ "kind": "CLIENT", "timestamp": 1, "localEndpoint": { "serviceName": "cart", "port": 81 } }),
    );
    for pair in [[&client, &server], [&client, &shared], [&client, &other], [&port, &port_2]] {
        assert_eq!(read(json!(pair).to_string()).spans.len(), 2, "{pair:?}");
    }
    // The server has its client's parent.
    let read = read(json!([client, shared]).to_string());
    assert!(read.spans.iter().all(|span| span.parent_span_id.is_some()));
}

fn v1(fields: &Json) -> String {
    let at = |service: &str| json!({ "serviceName": service, "ipv4": "192.0.2.1", "port": 80 });
    let note = |time: u64, value: &str, service: &str| json!({ "timestamp": time, "value": value, "endpoint": at(service) });
    let mut span = json!({ "traceId": "48485a3953bb6124", "id": "a1", "name": "get /cart",
        "annotations": [note(1_000, "cs", "web"), note(1_010, "sr", "cart"), note(1_020, "cached", "cart"), note(1_090, "ss", "cart"), note(1_100, "cr", "web")],
        "binaryAnnotations": [{ "key": "http.path", "value": "/cart", "endpoint": at("web") }, { "key": "error", "value": "500", "endpoint": at("cart") }] });
    span.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!([span]).to_string()
}

#[test]
fn version_1_span_becomes_both_sides_of_a_call() {
    let read = read(v1(&json!({})));
    assert_eq!((read.spans.len(), read.problems()), (2, vec![]));
    assert_eq!(read.report.formats, [Format::Zipkin]);
    let side = |service: &str| read.spans.iter().find(|span| span.service == service).unwrap();
    let (client, server) = (side("web"), side("cart"));
    assert_eq!((client.kind, client.status), (SpanKind::Client, StatusCode::Unset));
    assert_eq!((client.start_unix_nano, client.end_unix_nano), (1_000_000, Some(1_100_000)));
    assert_eq!(attribute(&client.attributes, "http.path"), Some(&text("/cart")));
    assert_eq!(
        (server.kind, server.status, &*server.status_message),
        (SpanKind::Server, StatusCode::Error, "500")
    );
    assert_eq!((server.start_unix_nano, server.end_unix_nano), (1_010_000, Some(1_090_000)));
    assert_eq!((server.events.len(), &*server.events[0].name), (1, "cached"));
}

#[test]
fn version_1_spans_of_one_side_have_their_times_kinds_and_peers() {
    let at = |service: &str| json!({ "serviceName": service });
    let note = |time: u64, value: &str| json!({ "timestamp": time, "value": value, "endpoint": at("cart") });
    let address = |key: &str, service: &str| json!({ "key": key, "value": true, "endpoint": at(service) });
    for (annotations, binary, kind, times, peer) in [
        (
            vec![note(20, "cs"), note(50, "cr")],
            vec![address("sa", "mysql")],
            SpanKind::Client,
            (20_000, Some(50_000)),
            Some("mysql"),
        ),
        (
            vec![note(20, "sr"), note(50, "ss")],
            vec![address("ca", "web")],
            SpanKind::Server,
            (20_000, Some(50_000)),
            Some("web"),
        ),
        (
            vec![note(20, "ms")],
            vec![address("ma", "kafka")],
            SpanKind::Producer,
            (20_000, None),
            Some("kafka"),
        ),
        (
            vec![note(15, "wr"), note(20, "mr")],
            vec![],
            SpanKind::Consumer,
            (15_000, Some(20_000)),
            None,
        ),
        (vec![note(20, "cs")], vec![], SpanKind::Client, (20_000, None), None),
        (
            vec![note(20, "hello")],
            vec![json!({ "key": "lc", "value": "", "endpoint": at("cart") })],
            SpanKind::Unspecified,
            (20_000, None),
            None,
        ),
    ] {
        let read = read(v1(&json!({ "annotations": annotations, "binaryAnnotations": binary })));
        let [span] = &*read.spans else { panic!("one span") };
        assert_eq!((&*span.service, span.kind), ("cart", kind));
        assert_eq!((span.start_unix_nano, span.end_unix_nano), times, "{kind:?}");
        assert_eq!(
            attribute(&span.attributes, "peer.service"),
            peer.map(text).as_ref(),
            "{kind:?}"
        );
    }
}

#[test]
fn version_1_span_that_ends_before_its_start_keeps_both_times() {
    let note = |time: u64, value: &str| json!({ "timestamp": time, "value": value, "endpoint": { "serviceName": "cart" } });
    for fields in [
        json!({ "annotations": [note(50, "cs"), note(20, "cr")], "binaryAnnotations": [] }),
        json!({ "annotations": [note(50, "sr"), note(20, "ss")], "binaryAnnotations": [] }),
        json!({ "annotations": [note(50, "wr"), note(20, "mr")], "binaryAnnotations": [] }),
        json!({ "annotations": [note(50, "sr")], "binaryAnnotations": [], "timestamp": 50, "duration": -30 }),
    ] {
        let read = read(v1(&fields));
        let [span] = &*read.spans else { panic!("one span") };
        assert_eq!((span.start_unix_nano, span.end_unix_nano), (50_000, Some(20_000)), "{fields}");
    }
}

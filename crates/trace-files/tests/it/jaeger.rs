//! Jaeger's JSON.

use serde_json::{Value as Json, json};
use trace_files::Format;
use trace_model::{SpanKind, StatusCode, Value};

use crate::support::{attribute, read, text};

fn trace() -> Json {
    json!({
        "traceID": "a1",
        "processes": {
            "p1": { "serviceName": "ferry", "tags": [{ "key": "host.name", "type": "string", "value": "quay" }] },
            "p2": { "serviceName": "radio", "tags": null },
        },
        "spans": [
            { "traceID": "a1", "spanID": "b1", "operationName": "root", "references": [], "startTime": 1_000, "duration": 500,
              "processID": "p1", "warnings": null, "tags": [
                { "key": "span.kind", "type": "string", "value": "server" },
                { "key": "error", "type": "bool", "value": true },
                { "key": "otel.status_description", "type": "string", "value": "sunk" },
                { "key": "otel.scope.name", "type": "string", "value": "hull" },
                { "key": "otel.scope.version", "type": "string", "value": "2" },
                { "key": "w3c.tracestate", "type": "string", "value": "a=b" },
                { "key": "count", "type": "int64", "value": "7" },
                { "key": "ratio", "type": "float64", "value": 0.5 },
                { "key": "raw", "type": "binary", "value": "AP8=" },
                { "key": "late", "value": false },
              ],
              "logs": [
                { "timestamp": 1_100, "fields": [{ "key": "event", "type": "string", "value": "cast off" }, { "key": "n", "type": "int64", "value": 1 }] },
                { "timestamp": 1_200, "fields": [{ "key": "event", "type": "string", "value": "error" },
                    { "key": "error.kind", "type": "string", "value": "Storm" }, { "key": "message", "type": "string", "value": "too high" },
                    { "key": "stack", "type": "string", "value": "at sea" }] },
                { "timestamp": 1_300, "fields": [{ "key": "message", "type": "string", "value": "hello" }] },
                { "timestamp": 1_400, "fields": [] },
              ] },
            { "spanID": "b2", "operationName": "child", "startTime": 1_100, "duration": 100, "processID": "p2", "warnings": ["late"],
              "references": [
                { "refType": "FOLLOWS_FROM", "traceID": "a1", "spanID": "b3" },
                { "refType": "CHILD_OF", "traceID": "ff", "spanID": "b9" },
                { "refType": "CHILD_OF", "traceID": "a1", "spanID": "b1" },
              ] },
            { "traceID": "a1", "spanID": "b3", "operationName": "follower", "startTime": 1_600, "duration": 0, "processID": "missing",
              "references": [{ "refType": "FOLLOWS_FROM", "traceID": "a1", "spanID": "b1" }] },
            { "traceID": "a1", "spanID": "b4", "operationName": "old", "startTime": 0, "duration": 0, "parentSpanID": "b1",
              "process": { "serviceName": "inline" } },
            { "traceID": "a1", "spanID": "b5", "operationName": "open", "startTime": 1_600.5, "processID": "p1", "parentSpanID": "0" },
        ],
    })
}

#[test]
fn wrapped_and_bare_traces_and_single_spans_are_read_alike() {
    let trace = trace();
    let mut other = trace.clone();
    other["spans"] = json!([{ "traceID": "a2", "spanID": "c1", "operationName": "other", "startTime": 1, "duration": 1 }]);
    let span = other["spans"][0].clone();
    for file in [
        json!({ "data": [trace, other], "total": 0, "errors": null }),
        json!([trace, other]),
        json!([{ "data": trace }, other]),
        json!([trace, span]),
    ] {
        let read = read(file.to_string());
        assert_eq!((read.spans.len(), read.problems()), (6, vec![]));
        assert_eq!(read.report.formats, [Format::Jaeger]);
        assert_eq!(
            (read.span("root").service.as_str(), read.span("other").service.as_str()),
            ("ferry", "")
        );
    }
    let lines = read(format!("{trace}\n{other}\n{span}"));
    assert_eq!((lines.spans.len(), lines.problems()), (7, vec![]));
}

#[test]
fn tags_become_otlp_fields() {
    let read = read(trace().to_string());
    let root = read.span("root");
    assert_eq!(
        (root.kind, root.status, &*root.status_message),
        (SpanKind::Server, StatusCode::Error, "sunk")
    );
    assert_eq!(
        (&*root.scope.name, &*root.scope.version, &*root.trace_state),
        ("hull", "2", "a=b")
    );
    assert_eq!((root.start_unix_nano, root.end_unix_nano), (1_000_000, Some(1_500_000)));
    assert_eq!(attribute(&root.resource, "host.name"), Some(&text("quay")));
    let keys: Vec<&str> = root.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!(keys, ["count", "ratio", "raw", "late"]);
    let values: Vec<&Value> = root.attributes.iter().map(|attribute| &attribute.value).collect();
    assert_eq!(
        values,
        [
            &Value::Int(7),
            &Value::Double(0.5),
            &Value::Bytes(vec![0, 255]),
            &Value::Bool(false)
        ]
    );
    let warnings = Value::Array(vec![text("late")]);
    assert_eq!(attribute(&read.span("child").attributes, "jaeger.warnings"), Some(&warnings));
}

#[test]
fn logs_become_events() {
    let read = read(trace().to_string());
    let events = &read.span("root").events;
    let names: Vec<_> = events.iter().map(|event| (event.time_unix_nano, &*event.name)).collect();
    assert_eq!(
        names,
        [
            (1_100_000, "cast off"),
            (1_200_000, "exception"),
            (1_300_000, "hello"),
            (1_400_000, "log")
        ]
    );
    assert_eq!(attribute(&events[0].attributes, "n"), Some(&Value::Int(1)));
    for (key, said) in [
        ("exception.type", "Storm"),
        ("exception.message", "too high"),
        ("exception.stacktrace", "at sea"),
    ] {
        assert_eq!(attribute(&events[1].attributes, key), Some(&text(said)), "{key}");
    }
    assert_eq!(events[2].attributes, []);
}

#[test]
fn child_of_is_the_parent_before_any_other_reference() {
    let read = read(trace().to_string());
    let id = |name: &str| Some(read.span(name).span_id);
    let child = read.span("child");
    assert_eq!(
        (child.parent_span_id, child.trace_id),
        (id("root"), read.span("root").trace_id)
    );
    let links: Vec<_> = child
        .links
        .iter()
        .map(|link| (link.span_id, attribute(&link.attributes, "opentracing.ref_type")))
        .collect();
    assert_eq!(
        links,
        [
            (id("follower"), Some(&text("follows_from"))),
            ("00000000000000b9".parse().ok(), Some(&text("child_of")))
        ]
    );
    let follower = read.span("follower");
    assert_eq!((follower.parent_span_id, follower.links.len()), (id("root"), 0));
    assert_eq!(
        (read.span("old").parent_span_id, read.span("open").parent_span_id),
        (id("root"), None)
    );
}

#[test]
fn missing_processes_and_open_spans_are_read() {
    let read = read(trace().to_string());
    assert_eq!((&*read.span("follower").service, &*read.span("old").service), ("", "inline"));
    assert_eq!(read.span("follower").end_unix_nano, Some(1_600_000));
    assert_eq!(read.span("old").end_unix_nano, Some(1), "ended");
    let open = read.span("open");
    assert_eq!((open.start_unix_nano, open.end_unix_nano), (1_600_500, None));
}

#[test]
fn invalid_span_affects_only_itself() {
    let bad = [
        (
            json!({ "traceID": "a1", "spanID": "b", "startTime": "soon" }),
            "invalid startTime: not a number of microseconds",
        ),
        (
            json!({ "traceID": "a1", "spanID": "b", "startTime": 1, "duration": "long" }),
            "invalid duration: not a number of microseconds",
        ),
        (
            json!({ "traceID": "a1", "spanID": "b", "startTime": u64::MAX, "duration": 5 }),
            "invalid startTime: not a number of microseconds",
        ),
        (
            json!({ "traceID": "a1", "spanID": "b", "startTime": u64::MAX / 1000, "duration": 5 }),
            "span times exceed 64 bits",
        ),
        (json!({ "traceID": "a1", "spanID": 5, "startTime": 1 }), "span without spanID"),
        (json!({ "spanID": "b", "startTime": 1 }), "span without traceID"),
        (json!("text"), "span without traceID"),
    ];
    for (span, expected) in bad {
        let good = json!({ "traceID": "a1", "spanID": "b1", "operationName": "good", "startTime": 1 });
        let read = read(json!({ "processes": {}, "spans": [good, span] }).to_string());
        assert_eq!(read.spans.len(), 1, "{span}");
        assert!(read.problems()[0].ends_with(expected), "{:?}", read.problems());
    }
}

#[test]
fn api_response_without_traces_is_empty() {
    let read = read(r#"{"data": null, "errors": [{"msg": "trace not found"}]}"#);
    assert_eq!((read.spans.len(), read.report.formats), (0, vec![Format::Jaeger]));
}

/// A span as stored in Elasticsearch with `--es.tags-as-fields`.
fn stored() -> Json {
    json!({ "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": "b7ad6b7169203331", "operationName": "es op", "startTime": 1_000, "startTimeMillis": 1,
        "duration": 5_000, "references": [{ "refType": "CHILD_OF", "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": "aa" }],
        "tags": [{ "key": "blob", "type": "binary", "value": "00003039" }], "tag": { "span@kind": "server", "http@status_code": 500, "error": true },
        "logs": [{ "timestamp": 1_200, "fields": [{ "key": "event", "type": "string", "value": "hello" }] }],
        "process": { "serviceName": "es-shop", "tags": [], "tag": { "host@name": "h1" } } })
}

#[test]
fn elasticsearch_documents_are_read_in_every_wrapper() {
    let document = stored();
    let hit = json!({ "_index": "jaeger-span-2024-01-01", "_id": "x", "_score": 1.0, "_source": document });
    let service =
        json!({ "_index": "jaeger-service-2024-01-01", "_source": { "serviceName": "es-shop", "operationName": "es op" } });
    let answer = json!({ "took": 3, "timed_out": false, "hits": { "total": { "value": 1 }, "hits": [hit] } });
    let dependencies = json!({ "_index": "jaeger-dependencies-2024-01-01",
        "_source": { "timestamp": "2024-01-01T00:00:00Z", "dependencies": [{ "parent": "a", "child": "b", "callCount": 1 }] } });
    for file in [
        document.to_string(),
        hit.to_string(),
        format!("{service}\n{dependencies}\n{hit}"),
        json!({ "docs": [hit] }).to_string(),
        format!("{{\"index\": {{\"_index\": \"jaeger-span\"}}}}\n{document}"),
        answer.to_string(),
        serde_json::to_string_pretty(&json!({ "responses": [answer] })).unwrap(),
    ] {
        let read = read(file.clone());
        assert_eq!((read.spans.len(), read.problems()), (1, vec![]), "{file}");
        let span = &read.spans[0];
        assert_eq!(
            (&*span.service, span.kind, span.status),
            ("es-shop", SpanKind::Server, StatusCode::Error)
        );
        assert_eq!(attribute(&span.attributes, "http.status_code"), Some(&Value::Int(500)));
        assert_eq!(
            attribute(&span.attributes, "blob"),
            Some(&Value::Bytes(vec![0, 0, 0x30, 0x39]))
        );
        assert_eq!(attribute(&span.resource, "host.name"), Some(&text("h1")));
        assert_eq!((span.events.len(), span.parent_span_id.is_some()), (1, true));
    }
}

/// From a clock that was set back, and from a writer whose unsigned number wrapped around, possibly rounded by JavaScript.
#[test]
fn negative_durations_are_kept_with_a_warning() {
    for duration in ["-100", "\"-100\"", "-100.0", "18446744073709551516", "18446744073709552000"] {
        let file =
            format!(r#"{{"traceID": "a1", "spanID": "b1", "operationName": "back", "startTime": 1000, "duration": {duration}}}"#);
        let read = read(file);
        assert_eq!((read.spans.len(), read.problems()), (1, vec![]), "{duration}");
        let warnings: Vec<String> = read.report.warnings.first.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, ["line 1, column 1: negative span duration"], "{duration}");
        let span = &read.spans[0];
        assert!(
            span.end_unix_nano.is_some_and(|end| end <= span.start_unix_nano),
            "{duration}: {:?}",
            span.end_unix_nano
        );
    }
}

#[test]
fn durations_of_centuries_are_read() {
    let (start, micros) = (1_700_000_000_000_000_u64, 15_000_000_000_000_000_u64);
    for duration in [json!(micros), json!(micros.to_string()), json!(15e15)] {
        let file = json!({ "traceID": "a1", "spanID": "b1", "operationName": "long", "startTime": start, "duration": duration });
        let read = read(file.to_string());
        assert_eq!(read.problems(), Vec::<String>::new(), "{duration}");
        assert_eq!(read.spans[0].end_unix_nano, Some((start + micros) * 1_000), "{duration}");
    }
}

/// `processes` follow the spans, so they are missing too.
#[test]
fn spans_before_a_truncation_are_read() {
    let span = |id: u32| json!({ "traceID": "a1", "spanID": format!("{id}"), "operationName": format!("span {id}"), "startTime": 1, "duration": 1 });
    for file in [
        json!({ "data": [{ "traceID": "a1", "spans": [span(1), span(2), span(3)], "processes": {} }] }).to_string(),
        json!({ "traceID": "a1", "spans": [span(1), span(2), span(3)] }).to_string(),
    ] {
        let cut = file.find("span 3").unwrap();
        let read = read(&file.as_bytes()[..cut]);
        assert_eq!(read.spans.len(), 2);
        assert_eq!(read.report.problems.count, 1, "{:?}", read.problems());
    }
}

#[test]
fn self_references_yield_to_others() {
    for (references, parent) in [
        (json!([{ "refType": "CHILD_OF", "traceID": "a1", "spanID": "b2" }]), "b2"),
        (
            json!([{ "refType": "CHILD_OF", "traceID": "a1", "spanID": "b2" }, { "refType": "CHILD_OF", "traceID": "a1", "spanID": "c3" }]),
            "c3",
        ),
        (
            json!([{ "refType": "CHILD_OF", "traceID": "a1", "spanID": "b2" }, { "refType": "FOLLOWS_FROM", "traceID": "a1", "spanID": "c3" }]),
            "c3",
        ),
    ] {
        let file = json!({ "traceID": "a1", "spanID": "b2", "operationName": "work", "startTime": 10, "duration": 5,
            "references": references, "process": { "serviceName": "api" } });
        let read = read(file.to_string());
        let expected = format!("{parent:0>16}");
        assert_eq!(
            read.spans[0].parent_span_id.map(|id| id.to_string()),
            Some(expected),
            "{references}"
        );
        let warnings: Vec<_> = read.report.warnings.first.iter().map(ToString::to_string).collect();
        assert_eq!(
            warnings,
            ["line 1, column 1: span refers to itself as its parent"],
            "{references}"
        );
    }
}

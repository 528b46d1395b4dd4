//! Unsupported formats that resemble traces.

use serde_json::json;

use crate::support::{read, try_read};

fn error(file: impl Into<Vec<u8>>) -> String {
    try_read(file).map(|read| read.report).unwrap_err().to_string()
}

#[test]
fn unsupported_formats_are_rejected_with_a_workaround() {
    let attribute = json!({ "key": "service.name", "value": { "Value": { "StringValue": "shop" } } });
    let go = json!({ "resource_spans": [{ "resource": { "attributes": [attribute] }, "scope_spans": [{ "spans": [{ "trace_id": "fR5cCps/Ti2Ma1pJOCcWBQ==", "span_id": "AQIDBAUGBwg=" }] }] }] });
    let in_span = json!({ "resource_spans": [{ "scope_spans": [{ "spans": [{ "trace_id": "1", "span_id": "2", "attributes": [{ "key": "n", "value": { "Value": { "IntValue": 5 } } }] }] }] }] });
    let exported = json!({ "ResourceSpans": [{ "Resource": { "Attributes": [] } }] });
    let span = json!({ "traceId": "AAAAAAAAAAAAAAAAAAAAEQ==", "spanId": "AAAAAAAAAAM=", "operationName": "get", "startTime": "2017-01-26T21:46:30.639875Z",
        "duration": "0.000005s", "tags": [{ "key": "peer", "vStr": "x" }], "process": { "serviceName": "shop" } });
    let bare = json!({ "trace_id": "fR5cCps/Ti2Ma1pJOCcWBQ==", "span_id": "AQIDBAUGBwg=", "start_time_unix_nano": 1, "attributes": [attribute] });
    let snake = json!({ "trace_id": "AAAAAAAAAAAAAAAAAAAAEQ==", "span_id": "AAAAAAAAAAM=", "operation_name": "get" });
    let python = json!({ "name": "a", "context": { "trace_id": "0x1" }, "parent_id": null, "start_time": "2024" });
    for (file, said) in [
        (go, "ptrace.JSONMarshaler"),
        (in_span, "ptrace.JSONMarshaler"),
        (bare, "ptrace.JSONMarshaler"),
        (
            json!({ "TraceId": [1], "SpanId": [2], "StartTimeUnixNano": 1 }),
            "ptrace.JSONMarshaler",
        ),
        (exported, "ptrace.JSONMarshaler"),
        (json!({ "spans": [span] }), "/api/traces/<id>"),
        (
            json!({ "spans": [span], "process": { "serviceName": "shop" } }),
            "/api/traces/<id>",
        ),
        (json!({ "result": { "spans": [span] } }), "/api/traces/<id>"),
        (
            json!({ "batch": { "spans": [span], "process": { "serviceName": "shop" } } }),
            "/api/traces/<id>",
        ),
        (span.clone(), "/api/traces/<id>"),
        (snake, "/api/traces/<id>"),
        (python, "console exporter"),
        (json!({ "traceEvents": [] }), "Chrome"),
        (
            json!([{ "name": "a", "ph": "X", "ts": 1, "dur": 2, "pid": 1, "tid": 1 }]),
            "Chrome",
        ),
    ] {
        let error = error(file.to_string());
        assert!(
            error.contains(said) && error.contains("not supported") && !error.contains("\n  supported: "),
            "{error}"
        );
    }
    for yaml in [
        "resourceSpans:\n  - resource:\n",
        "# golden\n---\nresourceLogs:\n",
        "resource_spans:\n",
        "\u{feff}resourceSpans:\n",
    ] {
        assert!(error(yaml).contains("YAML"), "{yaml}");
    }
}

/// Such words within texts do not matter.
#[test]
fn values_that_mention_unsupported_formats_are_read() {
    let value = "\"Value\": {\"StringValue\": 1}";
    let attribute = json!({ "key": "body", "value": { "stringValue": value } });
    let file = json!({ "resource_spans": [{ "scope_spans": [{ "spans": [{ "trace_id": "1", "span_id": "2", "attributes": [attribute] }] }] }] });
    assert_eq!(read(file.to_string()).spans.len(), 1);
}

/// Logs and other documents with ids of traces and spans.
#[test]
fn lines_of_other_programs_are_not_spans() {
    for line in [
        json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "level": "info", "message": "hello" }),
        json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "message": "hello" }),
        json!({ "trace_id": "a", "span_id": "b", "name": "logger", "msg": "hello" }),
        json!({ "traceId": "a", "id": "7", "level": "info" }),
        json!({ "traceId": "a", "id": "7", "name": "request", "timestamp": 1, "duration": 12.5, "status": 200 }),
        json!({ "traceId": "a", "id": "7", "tags": ["slow"], "message": "hello" }),
        json!({ "spanID": "b", "message": "hello" }),
        json!({ "data": [1, 2] }),
        json!({ "data": { "resultType": "matrix", "result": [] } }),
        json!({ "batches": [{ "id": 5 }] }),
        json!({ "spans": 5 }),
        json!({ "hits": { "hits": [{ "_source": { "message": "hello" } }] } }),
        json!({ "data": null }),
    ] {
        let error = error(line.to_string());
        assert!(
            error.contains("neither OTLP, Jaeger, Zipkin nor spanfall tail JSON"),
            "{line}: {error}"
        );
    }
}

#[test]
fn groups_without_known_records_are_reported() {
    let file = json!({ "resourceSpans": [{ "resource": {}, "ScopeSpans": [] }] });
    assert!(error(file.to_string()).contains("expected scopeSpans or scopeLogs"));
}

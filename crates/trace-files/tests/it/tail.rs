//! Lines of `spanfall tail --json`.

use serde_json::json;
use trace_files::Format;
use trace_model::{Severity, SpanKind, StatusCode, Value};

use crate::support::{attribute, read, text};

#[test]
fn printed_line_round_trips() {
    let line = json!({
        "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "parent_span_id": "00000000000000ff",
        "service": "api", "name": "work", "kind": "consumer", "start_unix_nano": 18_446_744_073_709_551_614_u64, "end_unix_nano": 18_446_744_073_709_551_615_u64,
        "status": { "code": "error", "message": "no queue" },
        "attributes": { "n": 1, "list": [1, "a"], "map": { "k": true }, "empty": null },
        "events": [{ "time_unix_nano": 7, "name": "exception", "attributes": { "n": 1.5 } }],
        "links": [{ "trace_id": "11111111111111111111111111111111", "span_id": "2222222222222222", "attributes": {} }],
        "resource": { "service.name": "api" }, "source": "otlp-grpc", "start_time": "2554-07-21T23:34:33.709551614Z",
    });
    let open = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "00000000000000ff", "parent_span_id": null, "service": null,
        "name": "open", "kind": "unspecified", "start_unix_nano": 1, "end_unix_nano": null, "status": { "code": "unset", "message": null },
        "attributes": {}, "events": [], "links": [], "resource": {}, "source": "sentry" });
    let read = read(format!("{line}\n{open}\n"));
    assert_eq!((read.spans.len(), read.problems()), (2, vec![]));
    assert_eq!(read.report.formats, [Format::Tail]);
    let span = read.span("work");
    assert_eq!(
        (&*span.service, span.kind, span.status, &*span.status_message),
        ("api", SpanKind::Consumer, StatusCode::Error, "no queue")
    );
    assert_eq!((span.start_unix_nano, span.end_unix_nano), (u64::MAX - 1, Some(u64::MAX)));
    assert_eq!(span.parent_span_id, Some(read.span("open").span_id));
    assert_eq!(attribute(&span.attributes, "n"), Some(&Value::Int(1)));
    assert_eq!(
        attribute(&span.attributes, "list"),
        Some(&Value::Array(vec![Value::Int(1), text("a")]))
    );
    assert!(matches!(attribute(&span.attributes, "map"), Some(Value::Map(_))));
    assert_eq!(attribute(&span.attributes, "empty"), Some(&Value::Empty));
    assert_eq!((span.events[0].time_unix_nano, span.links.len()), (7, 1));
    let open = read.span("open");
    assert_eq!(
        (open.end_unix_nano, open.kind, &*open.service),
        (None, SpanKind::Unspecified, "")
    );
}

/// `jq` 1.6 writes numbers with 17 digits.
#[test]
fn times_are_those_of_the_text_where_a_number_was_rounded() {
    let span = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "name": "work",
        "start_unix_nano": 1_796_006_111_791_939_600_u64, "start_time": "2026-11-30T02:35:11.791939541Z",
        "end_unix_nano": 1_796_006_112_791_939_600_u64, "end_time": "2026-11-30T02:35:12.791939542Z",
        "events": [{ "time_unix_nano": 1_796_006_111_800_000_000_u64, "time": "2026-11-30T02:35:11.800000001Z", "name": "e" }] });
    let log = json!({ "signal": "log", "trace_id": null, "severity": "info", "body": "x",
        "time_unix_nano": 1_796_006_111_791_939_600_u64, "time": "2026-11-30T02:35:11.791939543Z" });
    let read = read(format!("{span}\n{log}\n"));
    let span = read.span("work");
    assert_eq!(
        (span.start_unix_nano, span.end_unix_nano),
        (1_796_006_111_791_939_541, Some(1_796_006_112_791_939_542))
    );
    assert_eq!(span.events[0].time_unix_nano, 1_796_006_111_800_000_001);
    assert_eq!(read.logs[0].time_unix_nano, 1_796_006_111_791_939_543);
}

#[test]
fn log_and_error_lines_are_read() {
    let error = json!({ "signal": "error", "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "service": "shop",
        "severity": "warn", "severity_text": "warning", "time_unix_nano": 7, "time": "1970-01-01T00:00:00.000000007Z", "event_name": "exception",
        "body": "user ann", "attributes": { "exception.type": "KeyError" }, "resource": { "service.name": "shop" }, "source": "sentry" });
    let log = json!({ "signal": "log", "trace_id": null, "span_id": null, "service": null, "severity": "unspecified", "severity_text": null,
        "time_unix_nano": 1, "time": null, "event_name": null, "body": { "n": [1, null] }, "attributes": {}, "resource": {}, "source": "otlp-http" });
    let bodiless = json!({ "signal": "log", "trace_id": null, "severity": "fatal", "time_unix_nano": 2, "body": null });
    let timeless = json!({ "signal": "log", "trace_id": null, "severity": "fatal", "time_unix_nano": null, "body": null });
    let read = read(format!("{error}\n{log}\n{bodiless}\n{timeless}\n"));
    assert_eq!(read.report.formats, [Format::Tail]);
    assert_eq!(read.problems(), ["line 4, column 1: log record without time_unix_nano"]);
    let [error, log, bodiless] = &read.logs[..] else {
        panic!("{:?}", read.logs)
    };
    assert_eq!(
        (&*error.service, &*error.event_name, &*error.severity_text, error.severity),
        ("shop", "exception", "warning", Severity::Warn)
    );
    assert_eq!((error.time_unix_nano, &error.body), (7, &text("user ann")));
    assert!(error.trace_id.is_some() && error.span_id.is_some());
    assert_eq!(attribute(&error.attributes, "exception.type"), Some(&text("KeyError")));
    assert_eq!((log.trace_id, log.span_id, log.severity), (None, None, Severity::Unspecified));
    assert!(matches!(log.body, Value::Map(_)), "{:?}", log.body);
    assert_eq!((bodiless.severity, &bodiless.body), (Severity::Fatal, &Value::Empty));
}

#[test]
fn invalid_line_affects_only_itself() {
    let read = read(
        "{\"trace_id\": \"1\", \"span_id\": \"2\", \"start_unix_nano\": 1}\n{\"trace_id\": \"1\", \"span_id\": \"2\", \"start_unix_nano\": -1}",
    );
    assert_eq!(
        (read.spans.len(), read.problems()),
        (1, vec!["line 2, column 1: span without start_unix_nano".to_owned()])
    );
}

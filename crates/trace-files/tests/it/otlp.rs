//! OTLP/JSON.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use trace_files::Format;
use trace_model::{Severity, Source, SpanKind, StatusCode};

use crate::support::{attribute, read, text, try_read};

fn span(number: u32) -> Value {
    json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": format!("{number:016x}"), "name": format!("span {number}"),
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": 1_700_000_000_000_000_001_u64, "kind": "SPAN_KIND_SERVER" })
}

fn request(spans: &[Value]) -> Value {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "ferry" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "scope": { "name": "quay" }, "spans": spans }] }] })
}

#[test]
fn object_array_and_lines_are_read_alike() {
    let (one, other) = (request(&[span(1)]), request(&[span(2), span(3)]));
    let pretty = serde_json::to_string_pretty(&other).unwrap();
    let many = format!("{one}\n\n  \r\n{other}\n");
    for file in [
        json!([one, other]).to_string(),
        many.clone(),
        format!("\u{feff}{one}{pretty}"),
        json!([[one], [other]]).to_string(),
    ] {
        let read = read(file);
        assert_eq!(
            (read.spans.len(), read.problems(), read.report.formats.as_slice()),
            (3, vec![], [Format::Otlp].as_slice())
        );
        let first = read.span("span 1");
        assert_eq!(
            (&*first.service, &*first.scope.name, first.kind),
            ("ferry", "quay", SpanKind::Server)
        );
        assert_eq!(
            (first.start_unix_nano, first.end_unix_nano),
            (1_700_000_000_000_000_000, Some(1_700_000_000_000_000_001))
        );
        assert_eq!(first.source, Source::File);
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(many.as_bytes()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("no.name.says.it");
    std::fs::write(&path, packed.finish().unwrap()).unwrap();
    let mut spans = 0;
    let input = trace_files::Input::open(&path).unwrap();
    let read = trace_files::read_alone(&input, &mut |part| {
        spans += part.batch.span_count();
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!((read.unwrap().spans, spans), (3, 3));
}

#[test]
fn older_and_alternative_names_are_read() {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "ferry" } }] });
    let old = json!({ "instrumentationLibrary": { "name": "quay" }, "spans": [span(1)] });
    let groups = json!([{ "resource": resource, "instrumentationLibrarySpans": [old] }]);
    let snake = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "0000000000000001", "name": "span 1" });
    for file in [
        json!({ "resourceSpans": groups }),
        json!({ "batches": groups }),
        json!({ "result": { "resourceSpans": groups } }),
        json!({ "trace": { "resourceSpans": groups }, "metrics": {} }),
        groups[0].clone(),
        json!({ "resource_spans": [{ "resource": resource, "scope_spans": [{ "scope": { "name": "quay" }, "spans": [snake] }] }] }),
    ] {
        let read = read(file.to_string());
        assert_eq!(read.problems(), [""; 0], "{file}");
        let first = read.span("span 1");
        assert_eq!((&*first.service, &*first.scope.name), ("ferry", "quay"), "{file}");
    }
    assert_eq!(read(span(7).to_string()).span("span 7").service, "");
}

#[test]
fn equal_ids_match_in_every_position() {
    let spans = [
        json!({ "traceId": "checkout-1", "spanId": "root", "name": "root" }),
        json!({ "traceId": "checkout-1", "spanId": "B", "parentSpanId": "root", "name": "child",
            "links": [{ "traceId": "checkout-1", "spanId": "root" }, { "traceId": "", "spanId": null }] }),
        json!({ "traceId": "00000000000000000562809467078EAB", "spanId": "B", "parentSpanId": "0000000000000000", "name": "upper" }),
        json!({ "traceId": "0562809467078eab", "spanId": "b", "parentSpanId": null, "name": "short" }),
    ];
    let log = json!({ "traceId": "checkout-1", "spanId": "root", "severityNumber": 17, "body": { "stringValue": "no" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [log] }] }] });
    let read = read(format!("{}\n{logs}", request(&spans)));
    assert_eq!(read.problems(), [""; 0]);
    let [root, child, upper, short] = ["root", "child", "upper", "short"].map(|name| read.span(name));
    assert_eq!((child.trace_id, child.parent_span_id), (root.trace_id, Some(root.span_id)));
    assert_eq!(
        (child.links[0].trace_id, child.links[0].span_id),
        (Some(root.trace_id), Some(root.span_id))
    );
    assert_eq!((child.links[1].trace_id, child.links[1].span_id), (None, None));
    assert_eq!(
        (upper.trace_id, upper.span_id, upper.parent_span_id),
        (short.trace_id, short.span_id, None)
    );
    assert_eq!(short.trace_id.to_string(), "00000000000000000562809467078eab");
    let [log] = &*read.logs else { panic!("one record") };
    assert_eq!(
        (log.trace_id, log.span_id, log.severity),
        (Some(root.trace_id), Some(root.span_id), Severity::Error)
    );
}

#[test]
fn invalid_span_affects_only_itself_and_has_a_position() {
    let good = span(1).to_string();
    let file = format!(
        "{{\"resourceSpans\": [{{\"scopeSpans\": [{{\"spans\": [\n{good},\n{{\"traceId\": \"a\", \"spanId\": \"b\",\n  \"name\": 7}},\n\
         {{\"spanId\": \"b\"}}, {{\"traceId\": \"b\"}}, 5,\n{}]}}, 8]}}], \"resourceLogs\": 9}}",
        span(2)
    );
    let read = read(file);
    assert_eq!(
        read.spans.iter().map(|span| &*span.name).collect::<Vec<_>>(),
        ["span 1", "span 2"]
    );
    assert_eq!(
        read.problems(),
        [
            "line 4, column 11: Span.name is a number, not text",
            "line 5, column 1: span without traceId",
            "line 5, column 18: span without spanId",
            "line 5, column 36: a number, not the object Span",
            "line 6, column 201: expected an object",
            "line 6, column 223: expected an array",
        ]
    );
    assert_eq!(read.report.problems.count, 6);
}

#[test]
fn invalid_resource_does_not_affect_its_spans() {
    let file =
        json!({ "resourceSpans": [{ "resource": { "attributes": 5 }, "scopeSpans": [{ "scope": [], "spans": [span(1)] }] }] });
    let read = read(file.to_string());
    assert_eq!((read.spans.len(), read.report.problems.count), (1, 2));
}

/// The maximum depth of JSON is too deep for a span.
#[test]
fn values_are_accepted_up_to_the_depth_of_decoders() {
    let nested = |levels: usize| {
        let value = format!(
            "{}{{\"intValue\": 1}}{}",
            "{\"kvlistValue\": {\"values\": [{\"key\": \"k\", \"value\": ".repeat(levels),
            "}]}}".repeat(levels)
        );
        let mut file = request(&[span(1), span(2)]).to_string();
        let at = file.find("\"name\":\"span 1\"").unwrap();
        file.insert_str(at, &format!("\"attributes\": [{{\"key\": \"a\", \"value\": {value}}}],"));
        file
    };
    for (levels, spans) in [(20, 2), (30, 2), (31, 1), (32, 1), (1000, 1), (100_000, 1)] {
        assert_eq!(read(nested(levels)).spans.len(), spans, "{levels}");
    }
}

#[test]
fn status_attributes_and_events_are_read() {
    let full = json!({ "traceId": "1", "spanId": "2", "name": "full", "status": { "code": "STATUS_CODE_ERROR", "message": "sunk" },
        "attributes": [{ "key": "n", "value": { "stringValue": "x" } }],
        "events": [{ "timeUnixNano": 5, "name": "exception" }] });
    let read = read(request(&[full]).to_string());
    let span = read.span("full");
    assert_eq!((span.status, &*span.status_message), (StatusCode::Error, "sunk"));
    assert_eq!(attribute(&span.attributes, "n"), Some(&text("x")));
    assert_eq!((span.events[0].time_unix_nano, &*span.events[0].name), (5, "exception"));
}

#[test]
fn metrics_are_skipped_and_empty_requests_are_valid() {
    for file in [
        r#"{"resourceMetrics": [{"scopeMetrics": 5}]}"#,
        r#"{"resourceProfiles": [{"scopeProfiles": []}]}"#,
        r#"{"resourceSpans": null}"#,
        r#"{"resourceSpans": []}"#,
        "[]",
    ] {
        let read = try_read(file).unwrap();
        assert_eq!((read.spans.len(), read.problems()), (0, vec![]), "{file}");
    }
}

#[test]
fn large_files_are_delivered_in_parts_and_can_be_stopped() {
    let spans: Vec<Value> = (1..30_000).map(span).collect();
    let file = trace_files::Input::new("large".to_owned(), request(&spans).to_string().into_bytes());
    let mut parts = Vec::new();
    let report = trace_files::read_alone(&file, &mut |part| {
        parts.push((part.batch.span_count(), part.read));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(report.spans, 29_999);
    assert_eq!(parts.iter().map(|(spans, _)| spans).sum::<usize>(), 29_999);
    assert!(parts.len() > 1 && parts.is_sorted_by_key(|(_, read)| *read), "{parts:?}");
    let mut parts = 0;
    let stopped = trace_files::read_alone(&file, &mut |_| {
        parts += 1;
        std::ops::ControlFlow::Break(())
    });
    assert_eq!(parts, 1);
    assert!(stopped.unwrap().spans < 29_999);
}

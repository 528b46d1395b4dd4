//! Output of the file exporter of OpenTelemetry's collector.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, ResourceMetrics, ScopeMetrics, metric};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use trace_files::Format;

use crate::support::{read, try_read};

fn resource() -> Resource {
    let name = AnyValue {
        value: Some(any_value::Value::StringValue("ferry".to_owned())),
    };
    Resource {
        attributes: vec![KeyValue {
            key: "service.name".to_owned(),
            value: Some(name),
            ..KeyValue::default()
        }],
        ..Resource::default()
    }
}

fn traces(ids: std::ops::Range<u8>) -> ExportTraceServiceRequest {
    let span = |id: u8| Span {
        trace_id: vec![7; 16],
        span_id: vec![id; 8],
        name: format!("span {id}"),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_000_000_009,
        ..Span::default()
    };
    let scope_spans = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "quay".to_owned(),
            ..InstrumentationScope::default()
        }),
        spans: ids.map(span).collect(),
        schema_url: "https://example.org/of-the-scope".to_owned(),
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource()),
            scope_spans: vec![scope_spans],
            schema_url: "https://example.org/of-the-resource".to_owned(),
        }],
    }
}

fn logs() -> ExportLogsServiceRequest {
    let record = LogRecord {
        time_unix_nano: 5,
        trace_id: vec![7; 16],
        span_id: vec![1; 8],
        body: Some(AnyValue {
            value: Some(any_value::Value::StringValue("hello".to_owned())),
        }),
        ..LogRecord::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource()),
            scope_logs: vec![ScopeLogs {
                log_records: vec![record],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    }
}

fn metrics() -> ExportMetricsServiceRequest {
    let metric = Metric {
        name: "depth".to_owned(),
        data: Some(metric::Data::Gauge(Gauge::default())),
        ..Metric::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

fn json(ids: std::ops::Range<u8>) -> Vec<u8> {
    serde_json::to_vec(&traces(ids)).unwrap()
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&length.to_be_bytes()[..], message].concat()
}

fn zstd(message: &[u8]) -> Vec<u8> {
    zstd::encode_all(message, 3).unwrap()
}

/// `format` and `compression` as in the exporter's settings; the last two with its feature gate for native compression.
#[test]
fn file_exporter_output_is_read_in_every_form() {
    let protobuf = |ids| traces(ids).encode_to_vec();
    let lines = [json(1..3), b"\n".to_vec(), json(3..4), b"\n".to_vec()].concat();
    let frames = [framed(&protobuf(1..3)), framed(&protobuf(3..4))].concat();
    for (name, file) in [
        ("json", lines.clone()),
        ("proto", frames.clone()),
        (
            "json, zstd",
            [framed(&zstd(&json(1..3))), framed(&zstd(&json(3..4)))].concat(),
        ),
        (
            "proto, zstd",
            [framed(&zstd(&protobuf(1..3))), framed(&zstd(&protobuf(3..4)))].concat(),
        ),
        ("one message", protobuf(1..4)),
        ("messages one after the other", [protobuf(1..3), protobuf(3..4)].concat()),
        ("json, native", zstd(&lines)),
        ("proto, native", zstd(&frames)),
    ] {
        let read = read(file);
        assert_eq!(read.problems(), [""; 0], "{name}");
        assert_eq!(
            (read.spans.len(), read.report.formats.as_slice()),
            (3, &[Format::Otlp][..]),
            "{name}"
        );
        let last = read.span("span 3");
        assert_eq!((&*last.service, &*last.scope.name), ("ferry", "quay"), "{name}");
        assert_eq!(last.end_unix_nano, Some(1_700_000_000_000_000_009), "{name}");
        let schemas = (&*last.resource_schema_url, &*last.scope.schema_url);
        let expected = ("https://example.org/of-the-resource", "https://example.org/of-the-scope");
        assert_eq!(schemas, expected, "{name}");
    }
}

#[test]
fn logs_are_read_and_metrics_are_skipped() {
    let (logs, metrics) = (logs().encode_to_vec(), metrics().encode_to_vec());
    for file in [logs.clone(), framed(&logs), [framed(&metrics), framed(&logs)].concat()] {
        let read = read(file);
        assert_eq!((read.spans.len(), read.logs.len(), read.problems()), (0, 1, vec![]));
        assert_eq!(read.logs[0].service, "ferry");
    }
    let read = read(metrics);
    assert_eq!(
        (read.spans.len(), read.problems(), read.report.formats),
        (0, vec![], vec![Format::Otlp])
    );
}

#[test]
fn damaged_message_affects_only_itself() {
    let mut whole = traces(1..40);
    // Its last bytes are those of a span.
    whole.resource_spans[0].schema_url.clear();
    whole.resource_spans[0].scope_spans[0].schema_url.clear();
    let whole = whole.encode_to_vec();
    for cut in 1..whole.len() {
        if let Ok(read) = try_read(&whole[..cut]) {
            assert!(!read.problems().is_empty(), "{cut}");
            for (number, span) in read.spans.iter().enumerate() {
                assert_eq!((&span.name, &*span.service), (&format!("span {}", number + 1), "ferry"));
            }
        }
    }
    assert!(try_read(&whole[..whole.len() - 1]).unwrap().spans.len() == 38);

    let mut bad = traces(2..4);
    bad.resource_spans[0].scope_spans[0].spans[0].span_id = vec![0; 8];
    let frames = [
        framed(&zstd(&json(1..2))),
        framed(b"{\"nothing\": 1}"),
        framed(&bad.encode_to_vec()),
        framed(&zstd(&json(4..5)))[..60].to_vec(),
    ];
    let read = read(frames.concat());
    assert_eq!(
        read.spans.iter().map(|span| &*span.name).collect::<Vec<_>>(),
        ["span 1", "span 3"]
    );
    let problems = read.problems();
    assert_eq!(
        problems[0],
        "message 2, line 1, column 1: neither OTLP, Jaeger, Zipkin nor spanfall tail JSON"
    );
    assert!(problems[1].starts_with("message 3, byte "), "{problems:?}");
    assert!(problems[2].ends_with("last message is truncated"), "{problems:?}");
}

/// Bytes that resemble a message.
#[test]
fn unrelated_binary_files_are_rejected() {
    for file in [
        b"\x0a\x03\x0a\x01\x00rest of something else entirely".to_vec(),
        b"\x00\x00\x00\x05\x0a\x01\x02\x03\x04".to_vec(),
        b"\x0a\x02\x12\x00".to_vec(),
    ] {
        let error = try_read(file.clone()).map(|read| read.report).unwrap_err().to_string();
        assert!(error.contains("OTLP"), "{error}");
    }
    for (begin, said) in [
        (&b"PK\x03\x04..."[..], "ZIP archive"),
        (b"\xfd7zXZ\0...", "xz -d"),
        (b"\xff\xfe{\0}\0", "iconv -f UTF-16 "),
        (b"{\0}\0", "iconv -f UTF-16LE "),
        (b"\xff\xfe\0\0{\0\0\0", "iconv -f UTF-32 "),
    ] {
        let error = try_read(begin).map(|read| read.report).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

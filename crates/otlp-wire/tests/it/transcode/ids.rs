//! Invalid ids affect as little as possible.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::json::{RejectedSpans, transcode};
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, SPAN, TRACES_REQUEST};
use prost::Message;

fn request(spans: &str) -> String {
    format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}")
}

#[test]
fn invalid_id_rejects_only_its_span() {
    let spans = [
        "{\"name\":\"first\",\"traceId\":\"0102\"}",
        "{\"traceId\":\"xyz\",\"name\":\"lost\"}",
        "{\"name\":\"lost\",\"spanId\":\"abcd1234efgh5678\",\"parentSpanId\":\"?\",\"links\":[{\"traceId\":\"01\"}]}",
        "{\"name\":\"lost\",\"links\":[{}],\"traceId\":\"123\"}",
        "{\"name\":\"lost\",\"parentSpanId\":\"0102030405060708 \"}",
        "{\"name\":\"last\",\"links\":[{\"traceId\":\"?\",\"spanId\":\"03\"}]}",
    ];
    let transcoded = transcode(request(&spans.join(",")).as_bytes(), &TRACES_REQUEST).unwrap();
    let read = ExportTraceServiceRequest::decode(&*transcoded.bytes).unwrap();
    let spans = &read.resource_spans[0].scope_spans[0].spans;
    let names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    assert_eq!(names, ["first", "last"]);
    assert_eq!(spans[1].links[0].trace_id, b"");
    assert_eq!(spans[1].links[0].span_id, [3]);

    let count = |field, spans| RejectedSpans { field, spans };
    assert_eq!(
        transcoded.rejected,
        [count("trace_id", 2), count("span_id", 1), count("parent_span_id", 1)]
    );
    assert_eq!(transcoded.rejected[0].to_string(), "trace_id is not hexadecimal");
}

#[test]
fn rejections_have_at_most_three_reasons() {
    let spans = vec!["{\"traceId\":\"x\"},{\"spanId\":\"x\"},{\"parentSpanId\":\"x\"}"; 1000].join(",");
    let transcoded = transcode(request(&spans).as_bytes(), &TRACES_REQUEST).unwrap();
    assert_eq!(
        transcoded.rejected.iter().map(|reason| reason.spans).collect::<Vec<_>>(),
        [1000; 3]
    );
    let empty = transcode(request("").as_bytes(), &TRACES_REQUEST).unwrap();
    assert_eq!(transcoded.bytes, empty.bytes);
}

#[test]
fn single_span_with_an_invalid_id_is_rejected() {
    let transcoded = transcode(b"{\"name\":\"lost\",\"traceId\":\"x\"}", &SPAN).unwrap();
    assert_eq!((&*transcoded.bytes, transcoded.rejected[0].spans), (&[][..], 1));
}

#[test]
fn ids_are_hexadecimal_of_either_case_or_padded_base64() {
    let bytes = |bytes: &[u8]| Some(bytes.to_vec());
    let cases = [
        (
            "\"5B8EFFF798038103D269B633813FC60C\"",
            bytes(b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c"),
        ),
        (
            "\"5b8efff798038103d269b633813fc60c\"",
            bytes(b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c"),
        ),
        (
            "\"W47/95gDgQPSabYzgT/GDA==\"",
            bytes(b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c"),
        ),
        (
            "\"W47_95gDgQPSabYzgT_GDA==\"",
            bytes(b"\x5b\x8e\xff\xf7\x98\x03\x81\x03\xd2\x69\xb6\x33\x81\x3f\xc6\x0c"),
        ),
        ("\"AQIDBAUGBwg=\"", bytes(&[1, 2, 3, 4, 5, 6, 7, 8])),
        // The length is checked by the caller.
        ("\"0102\"", bytes(&[1, 2])),
        ("\"00000000000000000000000000000000\"", bytes(&[0; 16])),
        ("\"\"", bytes(&[])),
        ("null", bytes(&[])),
        ("\"AQIDBAUGBwg\"", None),
        ("\"AQIDBAUGB?g=\"", None),
        ("\"0x01\"", None),
        ("\"+1\"", None),
        ("\"éé\"", None),
        ("\"１２\"", None),
    ];
    for (json, expected) in cases {
        let transcoded = transcode(format!("{{\"traceId\":{json}}}").as_bytes(), &SPAN).unwrap();
        assert_eq!(transcoded.rejected.is_empty(), expected.is_some(), "{json}");
        let span = Span::decode(&*transcoded.bytes).unwrap();
        assert_eq!(span.trace_id, expected.unwrap_or_default(), "{json}");
    }
}

#[test]
fn log_records_and_exemplars_are_kept_without_the_id() {
    let logs =
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"eventName\":\"e\",\"traceId\":\"x\",\"spanId\":\"01\"}]}]}]}";
    let transcoded = transcode(logs.as_bytes(), &LOGS_REQUEST).unwrap();
    assert_eq!(transcoded.rejected, []);
    let read = ExportLogsServiceRequest::decode(&*transcoded.bytes).unwrap();
    let record = &read.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(
        (&*record.event_name, &*record.trace_id, &*record.span_id),
        ("e", &[][..], &[1][..])
    );

    let metrics = "{\"resourceMetrics\":[{\"scopeMetrics\":[{\"metrics\":[{\"gauge\":{\"dataPoints\":[\
                   {\"exemplars\":[{\"traceId\":\"01\",\"spanId\":\"x\"}]}]}}]}]}]}";
    let transcoded = transcode(metrics.as_bytes(), &METRICS_REQUEST).unwrap();
    assert_eq!(transcoded.rejected, []);
    let read = ExportMetricsServiceRequest::decode(&*transcoded.bytes).unwrap();
    let Some(Data::Gauge(gauge)) = &read.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!("a gauge")
    };
    let exemplar = &gauge.data_points[0].exemplars[0];
    assert_eq!((&*exemplar.trace_id, &*exemplar.span_id), (&[1][..], &[][..]));
}

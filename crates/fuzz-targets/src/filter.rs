//! The search language: a filter up to the first newline, followed by the span to match.

use otlp_wire::json::transcode;
use otlp_wire::schema::SPAN;
use trace_model::{Candidate, Filter, SpanId, SpanKind, StatusCode, TraceId};

pub(crate) const SEEDS: [&[u8]; 15] = [
    b"reset",
    b"\"reset password\" !health",
    b"service:=ferry name:\"PUT /*\" status:error",
    b"kind:[client, producer] OR !(is:root is:running)",
    b"duration:>50ms duration:1us..1.5h",
    b"http.response.status_code:>=500 ratio:0.25",
    b"http.response.status_code:[503, 5.04e2]",
    b"has:exception.type !has:parent",
    b"trace:0102 id:11121314 parent:31",
    b"event:exception message:\"no \\\"crossing\" scope:quay",
    b"(a OR (b AND !(c)))",
    b"list:\xc3\x89 map.in:x \"name\":x",
    b"mailer::send http://x\\* \\:",
    b"duration:<=18446744073709551615ns kind:",
    b"message:\"//a\"",
];

/// Appends a newline and a span to a filter.
pub(crate) fn with_span(filter: &[u8]) -> Vec<u8> {
    let span = r#"{"name": "PUT /crossing", "attributes": [
        {"key": "http.response.status_code", "value": {"intValue": 503}}, {"key": "ratio", "value": {"doubleValue": 0.25}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "É"}, {"intValue": "-1"}, {}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "in", "value": {"bytesValue": "AP8="}}]}}}],
        "events": [{"name": "exception", "attributes": [{"key": "exception.type", "value": {"stringValue": "Storm"}}]}],
        "status": {"code": 2, "message": "no crossing"}}"#;
    let span = transcode(span.as_bytes(), &SPAN).map(|read| read.bytes).unwrap_or_default();
    [filter, b"\n", &span].concat()
}

/// A parsed filter displays as an equivalent one, and an error points into the text. Any bytes can be searched, and `!` negates.
pub(crate) fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (Some(Ok(text)), raw) = (parts.next().map(str::from_utf8), parts.next().unwrap_or_default()) else {
        return;
    };
    match Filter::parse(text) {
        Ok(filter) => {
            let shown = filter.to_string();
            match Filter::parse(&shown) {
                Ok(again) => assert_eq!(again, filter, "{shown}"),
                Err(error) => assert!(shown.chars().count() > trace_model::filter::MAX_LENGTH, "{error}: {shown}"),
            }
            let candidate = candidate(raw);
            let matches = filter.matches(&candidate);
            match Filter::parse(&format!("!({shown})")) {
                Ok(opposite) if !filter.is_empty() => assert_eq!(opposite.matches(&candidate), !matches, "{shown}"),
                _ => {}
            }
        }
        Err(error) => {
            assert!(
                error.at.start <= error.at.end && error.at.end <= text.chars().count(),
                "{error:?}"
            );
            assert!(!error.message.is_empty());
        }
    }
}

fn candidate(raw: &[u8]) -> Candidate<'_> {
    let id = |byte| SpanId::from_bytes([byte; SpanId::BYTES]);
    let (Ok(trace_id), Ok(span_id)) = (TraceId::from_bytes([1; TraceId::BYTES]), id(2)) else {
        unreachable!("the ids are not zero")
    };
    Candidate {
        trace_id,
        span_id,
        parent_span_id: id(3).ok(),
        name: "PUT /crossing",
        service: "ferry",
        kind: SpanKind::Server,
        status: StatusCode::Error,
        start_unix_nano: 1_700_000_000_000_000_000,
        end_unix_nano: 1_700_000_000_250_000_000,
        raw,
        resource: raw,
        scope: raw,
    }
}

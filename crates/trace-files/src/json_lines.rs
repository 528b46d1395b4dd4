//! Spans and log records as JSON lines, as printed by `spanfall tail --json` and read by this crate.

use std::io;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, ser::Formatter};
use trace_model::{Attribute, Event, Link, LogRecord, Span, SpanId, TraceId, Value};

/// Formats a span as one line without a line feed.
///
/// # Errors
/// Never in practice: only writing can fail, and writing to memory does not.
pub fn span_line(span: &Span) -> io::Result<String> {
    written(&Line::of(span))
}

/// Formats a log record as one line without a line feed; `is_error` if it reports an error.
///
/// # Errors
/// See [`span_line`].
pub fn log_line(log: &LogRecord, is_error: bool) -> io::Result<String> {
    let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
    written(&LogLine {
        signal: if is_error { "error" } else { "log" },
        trace_id: log.trace_id.map(Id),
        span_id: log.span_id.map(Id),
        service: said(&log.service),
        severity: log.severity.name(),
        severity_text: said(&log.severity_text),
        time_unix_nano: log.time_unix_nano,
        time: rfc3339(log.time_unix_nano),
        event_name: said(&log.event_name),
        body: value(&log.body),
        attributes: object(&log.attributes),
        resource: object(&log.resource),
        source: log.source.name(),
    })
}

fn written(line: &impl Serialize) -> io::Result<String> {
    let mut bytes = Vec::new();
    line.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Printable))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Formats a time in UTC as RFC 3339, with all nine fractional digits, so that texts sort like times.
#[must_use]
pub fn rfc3339(unix_nano: u64) -> Option<String> {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(unix_nano)).ok()?;
    Some(moment.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string())
}

#[derive(Serialize)]
struct LogLine<'a> {
    signal: &'static str,
    trace_id: Option<Id<TraceId>>,
    span_id: Option<Id<SpanId>>,
    service: Option<&'a str>,
    severity: &'static str,
    severity_text: Option<&'a str>,
    time_unix_nano: u64,
    time: Option<String>,
    event_name: Option<&'a str>,
    body: Json,
    attributes: Map<String, Json>,
    resource: Map<String, Json>,
    source: &'static str,
}

#[derive(Serialize)]
struct Line<'a> {
    signal: &'static str,
    trace_id: Id<TraceId>,
    span_id: Id<SpanId>,
    parent_span_id: Option<Id<SpanId>>,
    service: Option<&'a str>,
    name: &'a str,
    kind: &'static str,
    start_unix_nano: u64,
    end_unix_nano: Option<u64>,
    start_time: Option<String>,
    end_time: Option<String>,
    status: Status<'a>,
    attributes: Map<String, Json>,
    events: Vec<EventLine<'a>>,
    links: Vec<LinkLine>,
    resource: Map<String, Json>,
    source: &'static str,
}

#[derive(Serialize)]
struct Status<'a> {
    code: &'static str,
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct EventLine<'a> {
    time_unix_nano: u64,
    time: Option<String>,
    name: &'a str,
    attributes: Map<String, Json>,
}

#[derive(Serialize)]
struct LinkLine {
    trace_id: Option<Id<TraceId>>,
    span_id: Option<Id<SpanId>>,
    attributes: Map<String, Json>,
}

/// Serializes a value by its `Display`.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: std::fmt::Display> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'a> Line<'a> {
    fn of(span: &'a Span) -> Self {
        let said = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        Self {
            signal: "span",
            trace_id: Id(span.trace_id),
            span_id: Id(span.span_id),
            parent_span_id: span.parent_span_id.map(Id),
            service: said(&span.service),
            name: &span.name,
            kind: span.kind.name(),
            start_unix_nano: span.start_unix_nano,
            end_unix_nano: span.end_unix_nano,
            start_time: rfc3339(span.start_unix_nano),
            end_time: span.end_unix_nano.and_then(rfc3339),
            status: Status {
                code: span.status.name(),
                message: said(&span.status_message),
            },
            attributes: object(&span.attributes),
            events: span.events.iter().map(event).collect(),
            links: span.links.iter().map(link).collect(),
            resource: object(&span.resource),
            source: span.source.name(),
        }
    }
}

fn event(event: &Event) -> EventLine<'_> {
    EventLine {
        time_unix_nano: event.time_unix_nano,
        time: rfc3339(event.time_unix_nano),
        name: &event.name,
        attributes: object(&event.attributes),
    }
}

fn link(link: &Link) -> LinkLine {
    LinkLine {
        trace_id: link.trace_id.map(Id),
        span_id: link.span_id.map(Id),
        attributes: object(&link.attributes),
    }
}

fn object(attributes: &[Attribute]) -> Map<String, Json> {
    attributes
        .iter()
        .map(|attribute| (attribute.key.clone(), value(&attribute.value)))
        .collect()
}

/// Converts a value to the JSON value of its type; bytes are base64, doubles that are not finite are text.
#[must_use]
pub fn value(value: &Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::String(text) => text.as_str().into(),
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Double(value) => double(*value),
        Value::Bytes(bytes) => BASE64_STANDARD.encode(bytes).into(),
        Value::Array(values) => values.iter().map(self::value).collect(),
        Value::Map(attributes) => object(attributes).into(),
    }
}

/// The texts are those of protobuf's JSON mapping.
fn double(value: f64) -> Json {
    match value {
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => serde_json::Number::from_f64(value).map_or_else(|| "NaN".into(), Json::Number),
    }
}

/// JSON escapes C0 controls only; this formatter also escapes everything that a terminal interprets or hides. A parser gets the
/// same text.
#[derive(Clone, Copy, Debug)]
pub struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        writer.write_all(printable::escape_json(fragment).as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace_model::{Scope, Source, SpanKind, StatusCode};

    use super::*;

    fn attribute(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.to_owned(),
            value,
        }
    }

    fn bare() -> Span {
        Span {
            trace_id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
            span_id: "b7ad6b7169203331".parse().unwrap(),
            parent_span_id: None,
            service: String::new(),
            name: "work".to_owned(),
            kind: SpanKind::Unspecified,
            start_unix_nano: 1,
            end_unix_nano: None,
            status: StatusCode::Unset,
            status_message: String::new(),
            trace_state: String::new(),
            attributes: Vec::new(),
            events: Vec::new(),
            links: Vec::new(),
            resource: Vec::new(),
            resource_schema_url: String::new(),
            scope: Scope::default(),
            source: Source::OtlpHttp,
            dropped: 0,
            is_cut: false,
        }
    }

    fn read(span: &Span) -> Json {
        serde_json::from_str(&span_line(span).unwrap()).unwrap()
    }

    #[test]
    fn missing_fields_are_null() {
        let expected = r#"{"signal":"span","trace_id":"0af7651916cd43dd8448eb211c80319c","span_id":"b7ad6b7169203331","parent_span_id":null,"service":null,"name":"work","kind":"unspecified","start_unix_nano":1,"end_unix_nano":null,"start_time":"1970-01-01T00:00:00.000000001Z","end_time":null,"status":{"code":"unset","message":null},"attributes":{},"events":[],"links":[],"resource":{},"source":"otlp-http"}"#;
        assert_eq!(span_line(&bare()).unwrap(), expected);
    }

    #[test]
    fn present_fields_are_exact() {
        let span = Span {
            parent_span_id: Some("00000000000000ff".parse().unwrap()),
            service: "api".to_owned(),
            kind: SpanKind::Consumer,
            start_unix_nano: u64::MAX - 1,
            end_unix_nano: Some(u64::MAX),
            status: StatusCode::Error,
            status_message: "no queue".to_owned(),
            events: vec![Event {
                time_unix_nano: 7,
                name: "exception".to_owned(),
                attributes: vec![attribute("n", Value::Int(1))],
            }],
            links: vec![
                Link {
                    trace_id: Some("11111111111111111111111111111111".parse().unwrap()),
                    span_id: Some("2222222222222222".parse().unwrap()),
                    attributes: Vec::new(),
                },
                Link {
                    trace_id: None,
                    span_id: None,
                    attributes: vec![attribute("why", Value::Empty)],
                },
            ],
            resource: vec![attribute("service.name", Value::String("api".to_owned()))],
            source: Source::OtlpGrpc,
            ..bare()
        };
        let expected = json!({
            "signal": "span",
            "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "parent_span_id": "00000000000000ff",
            "service": "api", "name": "work", "kind": "consumer",
            "start_unix_nano": 18_446_744_073_709_551_614_u64, "end_unix_nano": 18_446_744_073_709_551_615_u64,
            "start_time": "2554-07-21T23:34:33.709551614Z", "end_time": "2554-07-21T23:34:33.709551615Z",
            "status": { "code": "error", "message": "no queue" },
            "attributes": {},
            "events": [{ "time_unix_nano": 7, "time": "1970-01-01T00:00:00.000000007Z", "name": "exception", "attributes": { "n": 1 } }],
            "links": [
                { "trace_id": "11111111111111111111111111111111", "span_id": "2222222222222222", "attributes": {} },
                { "trace_id": null, "span_id": null, "attributes": { "why": null } },
            ],
            "resource": { "service.name": "api" },
            "source": "otlp-grpc",
        });
        assert_eq!(read(&span), expected);
    }

    #[test]
    fn attribute_types_have_their_json() {
        for (value, expected) in [
            (Value::Empty, json!(null)),
            (Value::String("é\"\n".to_owned()), json!("é\"\n")),
            (Value::Bool(true), json!(true)),
            (Value::Int(i64::MIN), json!(i64::MIN)),
            (Value::Int(i64::MAX), json!(i64::MAX)),
            (Value::Double(1.0), json!(1.0)),
            (Value::Double(-0.1), json!(-0.1)),
            (Value::Double(f64::NAN), json!("NaN")),
            (Value::Double(f64::INFINITY), json!("Infinity")),
            (Value::Double(f64::NEG_INFINITY), json!("-Infinity")),
            (Value::Bytes(vec![0xfb, 0xff]), json!("+/8=")),
            (
                Value::Array(vec![Value::Int(1), Value::Bool(false), Value::Array(vec![])]),
                json!([1, false, []]),
            ),
            (Value::Map(vec![attribute("k", Value::Map(vec![]))]), json!({ "k": {} })),
        ] {
            let span = Span {
                attributes: vec![attribute("a", value)],
                ..bare()
            };
            assert_eq!(read(&span)["attributes"]["a"], expected);
        }
    }

    #[test]
    fn duplicate_attribute_keeps_the_last_value() {
        let attributes = vec![
            attribute("a", Value::Int(1)),
            attribute("b", Value::Int(2)),
            attribute("a", Value::Int(3)),
        ];
        assert_eq!(read(&Span { attributes, ..bare() })["attributes"], json!({ "a": 3, "b": 2 }));
    }

    #[test]
    fn line_has_no_terminal_controls_and_round_trips() {
        let name = "a\x1b[2J\u{9b}2J\x7f\u{202e}b\u{200b}\u{feff}\u{e0041}\r\nc".to_owned();
        let span = Span {
            name: name.clone(),
            attributes: vec![attribute(&name, Value::String(name.clone()))],
            ..bare()
        };
        let line = span_line(&span).unwrap();
        assert_eq!(line.chars().find(|c| !printable::is_printable(*c)), None, "{line:?}");
        let read = read(&span);
        assert_eq!((&read["name"], &read["attributes"][&name]), (&json!(name), &json!(name)));
    }
}

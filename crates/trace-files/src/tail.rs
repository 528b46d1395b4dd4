//! Lines of `spanfall tail --json`.

use jiff::Timestamp;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, status::StatusCode};
use prost::Message as _;
use serde_json::Value;
use trace_model::{SpanId, TraceId};

use crate::json::document::Document;
use crate::reader::Reader;
use crate::resource_scope::ResourceScope;
use crate::tags::{any, attribute, kind};
use crate::{Format, ids};

/// Parses the line of a span.
pub(crate) fn span<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Tail);
    let Some(json) = reader.value(document.node) else { return };
    match converted(&json) {
        Ok((trace_id, span)) => reader.sink.made(reader.place(document.node), trace_id, &origin(&json), &span),
        Err(what) => reader.problem(document.node, what),
    }
}

/// Parses the line of a log record or an error.
pub(crate) fn log<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Tail);
    let Some(json) = reader.value(document.node) else { return };
    let Some(time_unix_nano) = unix_nano(&json["time"], &json["time_unix_nano"]) else {
        return reader.problem(document.node, "log record without time_unix_nano");
    };
    let (trace_id, span_id) = (trace(&json), span_id(&json["span_id"]));
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let body = &json["body"];
    let record = LogRecord {
        time_unix_nano,
        severity_number: severity(&text("severity")).into(),
        severity_text: text("severity_text"),
        body: (!body.is_null()).then(|| AnyValue {
            value: Some(value(body)),
        }),
        attributes: attributes(&json["attributes"]),
        trace_id: trace_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        span_id: span_id.map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        event_name: text("event_name"),
        ..LogRecord::default()
    };
    let place = reader.place(document.node);
    reader.sink.log(place, trace_id, &origin(&json), record.encode_to_vec());
}

fn origin(json: &Value) -> ResourceScope {
    let resource = Resource {
        attributes: attributes(&json["resource"]),
        ..Resource::default()
    };
    ResourceScope {
        resource: resource.encode_to_vec().into(),
        ..ResourceScope::default()
    }
}

/// Returns the lowest number of a severity range.
fn severity(name: &str) -> SeverityNumber {
    match name {
        "trace" => SeverityNumber::Trace,
        "debug" => SeverityNumber::Debug,
        "info" => SeverityNumber::Info,
        "warn" => SeverityNumber::Warn,
        "error" => SeverityNumber::Error,
        "fatal" => SeverityNumber::Fatal,
        _ => SeverityNumber::Unspecified,
    }
}

fn trace(json: &Value) -> Option<TraceId> {
    json["trace_id"].as_str().and_then(ids::trace_id)
}

fn span_id(id: &Value) -> Option<SpanId> {
    id.as_str().and_then(ids::span_id)
}

/// Returns a time in nanoseconds since the Unix epoch: that of the text, since `jq` 1.6 rounds the number, or the number.
fn unix_nano(text: &Value, number: &Value) -> Option<u64> {
    let exact = text.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let exact = exact.and_then(|time| u64::try_from(time.as_nanosecond()).ok());
    exact.or_else(|| number.as_u64())
}

fn converted(json: &Value) -> Result<(TraceId, Span), &'static str> {
    let trace_id = trace(json).ok_or("span without trace_id")?;
    let id = span_id(&json["span_id"]).ok_or("span without span_id")?;
    let bytes = |id: Option<SpanId>| id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
    let link = |link: &Value| Link {
        trace_id: trace(link).map(|id| id.as_bytes().to_vec()).unwrap_or_default(),
        span_id: bytes(span_id(&link["span_id"])),
        attributes: attributes(&link["attributes"]),
        ..Link::default()
    };
    let list = |name: &str| json[name].as_array().into_iter().flatten();
    let span = Span {
        trace_id: trace_id.as_bytes().to_vec(),
        span_id: bytes(Some(id)),
        parent_span_id: bytes(span_id(&json["parent_span_id"])),
        name: json["name"].as_str().unwrap_or_default().to_owned(),
        kind: json["kind"].as_str().and_then(kind).unwrap_or_default().into(),
        start_time_unix_nano: unix_nano(&json["start_time"], &json["start_unix_nano"]).ok_or("span without start_unix_nano")?,
        end_time_unix_nano: unix_nano(&json["end_time"], &json["end_unix_nano"]).unwrap_or_default(),
        status: status(&json["status"]),
        attributes: attributes(&json["attributes"]),
        events: list("events").map(event).collect(),
        links: list("links").map(link).collect(),
        ..Span::default()
    };
    Ok((trace_id, span))
}

fn status(json: &Value) -> Option<Status> {
    let code = match json["code"].as_str() {
        Some("ok") => StatusCode::Ok,
        Some("error") => StatusCode::Error,
        _ => StatusCode::Unset,
    };
    let message = json["message"].as_str().unwrap_or_default().to_owned();
    let said = code != StatusCode::Unset || !message.is_empty();
    said.then(|| Status {
        code: code.into(),
        message,
    })
}

fn event(json: &Value) -> Event {
    Event {
        time_unix_nano: unix_nano(&json["time"], &json["time_unix_nano"]).unwrap_or_default(),
        name: json["name"].as_str().unwrap_or_default().to_owned(),
        attributes: attributes(&json["attributes"]),
        ..Event::default()
    }
}

fn attributes(object: &Value) -> Vec<KeyValue> {
    let pairs = object.as_object().into_iter().flatten();
    let pair = |(key, json): (&String, &Value)| match json {
        Value::Null => KeyValue {
            key: key.clone(),
            value: Some(AnyValue::default()),
            ..KeyValue::default()
        },
        json => attribute(key, value(json)),
    };
    pairs.map(pair).collect()
}

/// Like [`any`], but objects are maps.
fn value(json: &Value) -> Any {
    match json {
        Value::Object(_) => Any::KvlistValue(KeyValueList {
            values: attributes(json),
        }),
        Value::Array(values) => Any::ArrayValue(ArrayValue {
            values: values
                .iter()
                .map(|json| AnyValue {
                    value: Some(value(json)),
                })
                .collect(),
        }),
        json => any(json),
    }
}

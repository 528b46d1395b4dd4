//! Decodes OTLP messages when they are shown.
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto), `trace/v1/trace.proto`, `logs/v1/logs.proto`.

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1 as proto_logs;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;

use crate::provenance::Provenance;
use crate::{Attribute, Event, Link, LogRecord, Scope, Severity, Span, SpanId, SpanKind, StatusCode, TraceId, Value, pending};

/// Decodes one span whole; `None` for bytes that the walk would not have accepted.
pub(crate) fn decode_span(raw: &[u8], origin: &Provenance) -> Option<Span> {
    let span = proto::Span::decode(raw).ok()?;
    let (resource, scope) = decode_origin(origin)?;
    let dropped = [
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    ];
    let status = span.status.unwrap_or_default();
    Some(pending::resolve(Span {
        trace_id: TraceId::try_from(span.trace_id.as_slice()).ok()?,
        span_id: SpanId::try_from(span.span_id.as_slice()).ok()?,
        parent_span_id: SpanId::try_from(span.parent_span_id.as_slice()).ok(),
        service: origin.service.to_string(),
        name: span.name,
        kind: SpanKind::from_otlp(span.kind),
        start_unix_nano: span.start_time_unix_nano,
        end_unix_nano: Some(span.end_time_unix_nano).filter(|end| *end != 0),
        status: StatusCode::from_otlp(status.code),
        status_message: status.message,
        trace_state: span.trace_state,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        resource,
        resource_schema_url: text(origin.resource_schema.as_deref()),
        scope,
        source: origin.source,
        dropped: dropped.into_iter().fold(0, u32::saturating_add),
    }))
}

/// Decodes one log record whole; `None` for bytes that the walk would not have accepted.
pub(crate) fn decode_log(raw: &[u8], origin: &Provenance) -> Option<LogRecord> {
    let record = proto_logs::LogRecord::decode(raw).ok()?;
    let (resource, scope) = decode_origin(origin)?;
    Some(LogRecord {
        trace_id: TraceId::try_from(record.trace_id.as_slice()).ok(),
        span_id: SpanId::try_from(record.span_id.as_slice()).ok(),
        service: origin.service.to_string(),
        time_unix_nano: Some(record.time_unix_nano)
            .filter(|time| *time != 0)
            .unwrap_or(record.observed_time_unix_nano),
        severity: Severity::of(record.severity_number, &record.severity_text),
        severity_text: record.severity_text,
        event_name: record.event_name,
        body: value(record.body),
        attributes: attributes(record.attributes),
        resource,
        resource_schema_url: text(origin.resource_schema.as_deref()),
        scope,
        source: origin.source,
        dropped: record.dropped_attributes_count,
    })
}

/// Decodes the concatenated attributes of a resource.
pub(crate) fn decode_attributes(encoded: &[u8]) -> Vec<Attribute> {
    Resource::decode(encoded)
        .map(|resource| attributes(resource.attributes))
        .unwrap_or_default()
}

/// Decodes an `AnyValue`; [`Value::Empty`] for bytes that the walk would not have accepted.
pub(crate) fn decode_value(raw: &[u8]) -> Value {
    value(AnyValue::decode(raw).ok())
}

fn decode_origin(origin: &Provenance) -> Option<(Vec<Attribute>, Scope)> {
    let resource = Resource::decode(&*origin.resource).ok()?;
    let scope = InstrumentationScope::decode(&*origin.scope).ok()?;
    let scope = Scope {
        name: scope.name,
        version: scope.version,
        attributes: attributes(scope.attributes),
        schema_url: text(origin.scope_schema.as_deref()),
    };
    Some((attributes(resource.attributes), scope))
}

fn text(url: Option<&str>) -> String {
    url.unwrap_or_default().to_owned()
}

fn event(event: proto::span::Event) -> Event {
    Event {
        time_unix_nano: event.time_unix_nano,
        name: event.name,
        attributes: attributes(event.attributes),
    }
}

/// Decodes an event of a span if it is an exception.
pub(crate) fn decode_exception(raw: &[u8]) -> Option<Event> {
    crate::work::add(2 * raw.len());
    let decoded = proto::span::Event::decode(raw).ok()?;
    (decoded.name == crate::sentry::EXCEPTION).then(|| event(decoded))
}

fn link(link: proto::span::Link) -> Link {
    Link {
        trace_id: TraceId::try_from(link.trace_id.as_slice()).ok(),
        span_id: SpanId::try_from(link.span_id.as_slice()).ok(),
        attributes: attributes(link.attributes),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Vec<Attribute> {
    pairs
        .into_iter()
        .map(|pair| Attribute {
            key: pair.key,
            value: value(pair.value),
        })
        .collect()
}

/// Converts a value. Recursion is bounded: prost rejects messages nested deeper than 100.
fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(any_value::Value::StringValue(text)) => Value::String(text),
        Some(any_value::Value::BoolValue(value)) => Value::Bool(value),
        Some(any_value::Value::IntValue(value)) => Value::Int(value),
        Some(any_value::Value::DoubleValue(value)) => Value::Double(value),
        Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(any_value::Value::ArrayValue(array)) => Value::Array(array.values.into_iter().map(|any| value(Some(any))).collect()),
        Some(any_value::Value::KvlistValue(list)) => Value::Map(attributes(list.values)),
        // A string of a profile's table has no meaning in a span; the schema treats it as absent.
        None | Some(any_value::Value::StringValueStrindex(_)) => Value::Empty,
    }
}

/// The value of an attribute, a `KeyValue` message, as text: lists with commas, maps as `key=value`, bytes in hexadecimal.
pub(crate) fn value_as_text(attribute: &[u8]) -> String {
    fn text(value: &Value) -> String {
        let joined = |parts: Vec<String>| parts.join(",");
        let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
        match value {
            Value::Empty => String::new(),
            Value::String(text) => text.clone(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Double(value) => value.to_string(),
            Value::Bytes(bytes) => bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(digit).collect(),
            Value::Array(values) => joined(values.iter().map(text).collect()),
            Value::Map(pairs) => joined(pairs.iter().map(|pair| pair.key.clone() + "=" + &text(&pair.value)).collect()),
        }
    }
    KeyValue::decode(attribute).map_or_else(|_| String::new(), |pair| text(&value(pair.value)))
}

//! Decodes OTLP messages when they are shown.
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto), `trace/v1/trace.proto`, `logs/v1/logs.proto`.
//!
//! An empty attribute takes two bytes in a request and a hundred decoded, so a request of 64 MiB would become gigabytes, in one turn of the
//! event loop. [`Parts`] bounds what is decoded; the bytes that are stored stay whole.

use otlp_wire::{Value as Wire, fields};

use crate::number::Number;
use crate::provenance::Provenance;
use crate::wire::{self, AnyValue, KeyValue, Leaf, number};
use crate::{Attribute, Event, Link, LogRecord, Scope, Severity, Span, SpanId, SpanKind, StatusCode, TraceId, Value, pending};

/// Parts of a record that a store decodes, at most: attributes, events, links, and values in lists and maps. Those of its resource and of its
/// scope count separately.
pub const PARTS_MAX: usize = 50_000;

/// The parts of a record that may still be decoded.
#[derive(Debug)]
pub(crate) struct Parts {
    left: usize,
    is_cut: bool,
}

impl Parts {
    /// Takes the first [`PARTS_MAX`].
    pub(crate) const fn first() -> Self {
        Self {
            left: PARTS_MAX,
            is_cut: false,
        }
    }

    /// Takes all of them.
    pub(crate) const fn all() -> Self {
        Self {
            left: usize::MAX,
            is_cut: false,
        }
    }

    /// Begins anew with the same limit.
    const fn another(&self) -> Self {
        Self { is_cut: false, ..*self }
    }

    /// Decodes messages until none may be decoded any more.
    fn each<'a, T>(&mut self, messages: impl Iterator<Item = &'a [u8]>, decode: impl Fn(&mut Self, &'a [u8]) -> T) -> Vec<T> {
        let mut decoded = Vec::new();
        for message in messages {
            let Some(left) = self.left.checked_sub(1) else {
                self.is_cut = true;
                break;
            };
            self.left = left;
            decoded.push(decode(self, message));
        }
        decoded
    }

    fn attributes(&mut self, message: &[u8], number: u32) -> Vec<Attribute> {
        self.each(wire::parts(message, number), Self::attribute)
    }

    fn attribute(&mut self, message: &[u8]) -> Attribute {
        let pair = KeyValue::read(message);
        Attribute {
            key: text(pair.key),
            value: self.value(&pair.value),
        }
    }

    /// Converts a value. Recursion is bounded: the walk rejects messages nested deeper than 100.
    fn value(&mut self, message: &[u8]) -> Value {
        match AnyValue::read(message) {
            AnyValue::Leaf(Leaf::Text(bytes)) => Value::String(text(bytes)),
            AnyValue::Leaf(Leaf::Bool(value)) => Value::Bool(value),
            AnyValue::Leaf(Leaf::Number(Number::Int(value))) => Value::Int(value),
            AnyValue::Leaf(Leaf::Number(Number::Double(value))) => Value::Double(value),
            AnyValue::Leaf(Leaf::Bytes(bytes)) => Value::Bytes(bytes.to_vec()),
            AnyValue::Leaf(Leaf::Other) => Value::Empty,
            AnyValue::Array(elements) => Value::Array(self.each(elements.iter(), Self::value)),
            AnyValue::Map(elements) => Value::Map(self.each(elements.iter(), Self::attribute)),
        }
    }

    fn event(&mut self, message: &[u8]) -> Event {
        let times = fields(message).filter(|field| field.number == number::EVENT_TIME);
        Event {
            time_unix_nano: times.last().map_or(0, |field| unsigned(field.value)),
            name: text(wire::text(message, number::EVENT_NAME)),
            attributes: self.attributes(message, number::EVENT_ATTRIBUTES),
        }
    }

    fn link(&mut self, message: &[u8]) -> Link {
        Link {
            trace_id: TraceId::try_from(wire::text(message, number::LINK_TRACE_ID)).ok(),
            span_id: SpanId::try_from(wire::text(message, number::LINK_SPAN_ID)).ok(),
            attributes: self.attributes(message, number::LINK_ATTRIBUTES),
        }
    }

    fn scope(&mut self, origin: &Provenance) -> Scope {
        Scope {
            name: text(wire::text(&origin.scope, number::SCOPE_NAME)),
            version: text(wire::text(&origin.scope, number::SCOPE_VERSION)),
            attributes: self.attributes(&origin.scope, number::SCOPE_ATTRIBUTES),
            schema_url: url(origin.scope_schema.as_deref()),
        }
    }
}

/// Decodes one span; `None` for bytes that the walk would not have accepted.
pub(crate) fn decode_span(raw: &[u8], origin: &Provenance, mut parts: Parts) -> Option<Span> {
    let (mut trace_id, mut span_id, mut parent, mut name, mut trace_state) = Default::default();
    let (mut kind, mut start, mut end, mut dropped) = (0, 0, 0, [0; 3]);
    for field in fields(raw) {
        match (field.number, field.value) {
            (1, Wire::Bytes(id)) => trace_id = id,
            (2, Wire::Bytes(id)) => span_id = id,
            (number::SPAN_TRACE_STATE, Wire::Bytes(text)) => trace_state = text,
            (4, Wire::Bytes(id)) => parent = id,
            (5, Wire::Bytes(text)) => name = text,
            (6, value) => kind = signed(value),
            (7, value) => start = unsigned(value),
            (8, value) => end = unsigned(value),
            (at @ (10 | 12 | 14), value) => dropped[at as usize / 2 - 5] = count(value),
            _ => {}
        }
    }
    let (code, message) = status(&wire::message(raw, number::SPAN_STATUS));
    let [mut of_resource, mut of_scope] = [parts.another(), parts.another()];
    Some(pending::resolve(Span {
        trace_id: TraceId::try_from(trace_id).ok()?,
        span_id: SpanId::try_from(span_id).ok()?,
        parent_span_id: SpanId::try_from(parent).ok(),
        service: origin.service.to_string(),
        name: text(name),
        kind: SpanKind::from_otlp(kind),
        start_unix_nano: start,
        end_unix_nano: Some(end).filter(|end| *end != 0),
        status: code,
        status_message: message,
        trace_state: text(trace_state),
        attributes: parts.attributes(raw, number::SPAN_ATTRIBUTES),
        events: parts.each(wire::parts(raw, number::SPAN_EVENTS), Parts::event),
        links: parts.each(wire::parts(raw, number::SPAN_LINKS), Parts::link),
        resource: of_resource.attributes(&origin.resource, number::RESOURCE_ATTRIBUTES),
        resource_schema_url: url(origin.resource_schema.as_deref()),
        scope: of_scope.scope(origin),
        source: origin.source,
        dropped: dropped.into_iter().fold(0, u32::saturating_add),
        is_cut: parts.is_cut || of_resource.is_cut || of_scope.is_cut,
    }))
}

/// Decodes one log record.
pub(crate) fn decode_log(raw: &[u8], origin: &Provenance, mut parts: Parts) -> LogRecord {
    let (mut trace_id, mut span_id, mut severity_text, mut event_name) = Default::default();
    let (mut time, mut observed, mut severity, mut dropped) = (0, 0, 0, 0);
    for field in fields(raw) {
        match (field.number, field.value) {
            (1, value) => time = unsigned(value),
            (2, value) => severity = signed(value),
            (number::LOG_SEVERITY_TEXT, Wire::Bytes(text)) => severity_text = text,
            (7, value) => dropped = count(value),
            (9, Wire::Bytes(id)) => trace_id = id,
            (10, Wire::Bytes(id)) => span_id = id,
            (11, value) => observed = unsigned(value),
            (number::LOG_EVENT_NAME, Wire::Bytes(text)) => event_name = text,
            _ => {}
        }
    }
    let severity_text = text(severity_text);
    let [mut of_resource, mut of_scope] = [parts.another(), parts.another()];
    LogRecord {
        trace_id: TraceId::try_from(trace_id).ok(),
        span_id: SpanId::try_from(span_id).ok(),
        service: origin.service.to_string(),
        time_unix_nano: if time == 0 { observed } else { time },
        severity: Severity::of(severity, &severity_text),
        severity_text,
        event_name: text(event_name),
        body: parts.value(&wire::message(raw, number::LOG_BODY)),
        attributes: parts.attributes(raw, number::LOG_ATTRIBUTES),
        resource: of_resource.attributes(&origin.resource, number::RESOURCE_ATTRIBUTES),
        resource_schema_url: url(origin.resource_schema.as_deref()),
        scope: of_scope.scope(origin),
        source: origin.source,
        dropped,
        is_cut: parts.is_cut || of_resource.is_cut || of_scope.is_cut,
    }
}

/// Decodes the concatenated attributes of a resource.
pub(crate) fn decode_attributes(encoded: &[u8]) -> Vec<Attribute> {
    Parts::first().attributes(encoded, number::RESOURCE_ATTRIBUTES)
}

/// Decodes an `AnyValue`.
pub(crate) fn decode_value(raw: &[u8]) -> Value {
    Parts::first().value(raw)
}

/// Decodes an event of a span if it is an exception.
pub(crate) fn decode_exception(raw: &[u8]) -> Option<Event> {
    if wire::text(raw, number::EVENT_NAME) != crate::sentry::EXCEPTION.as_bytes() {
        return None;
    }
    crate::work::add(2 * raw.len());
    Some(Parts::first().event(raw))
}

fn status(message: &[u8]) -> (StatusCode, String) {
    let codes = fields(message).filter(|field| field.number == number::STATUS_CODE);
    let code = codes.last().map_or(0, |field| signed(field.value));
    (StatusCode::from_otlp(code), text(wire::text(message, number::STATUS_MESSAGE)))
}

/// The walk has checked that a text is UTF-8.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn url(url: Option<&str>) -> String {
    url.unwrap_or_default().to_owned()
}

const fn unsigned(value: Wire<'_>) -> u64 {
    match value {
        Wire::Varint(number) | Wire::Fixed64(number) => number,
        Wire::Fixed32(_) | Wire::Bytes(_) | Wire::Group => 0,
    }
}

/// An enumeration: protobuf reads the lower 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "as protobuf does")]
const fn signed(value: Wire<'_>) -> i32 {
    (unsigned(value) as u32).cast_signed()
}

/// A `uint32`: protobuf reads the lower 32 bits.
const fn count(value: Wire<'_>) -> u32 {
    signed(value).cast_unsigned()
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
    text(&Parts::first().attribute(attribute).value)
}

#[cfg(test)]
mod tests;

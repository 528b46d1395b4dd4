//! OTLP in protobuf: requests, as written by OpenTelemetry's collector with `format: proto`.
//!
//! A request does not name its signal; it follows from the first record. Of a damaged request everything before the damage is
//! read.

use std::sync::Arc;

use otlp_wire::schema::{self, Message};
use otlp_wire::{DEPTH, Reader, Value, fields, validate};
use trace_model::{SpanId, TraceId, work};

use crate::problem::{LazyPosition, Position};
use crate::resource_scope::ResourceScope;
use crate::sink::Sink;
use crate::{Format, pending};

/// Signal of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
    /// Skipped.
    Metrics,
}

/// A length-delimited field, possibly truncated.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    number: u32,
    bytes: &'a [u8],
    is_whole: bool,
}

/// Returns the length-delimited fields of a message up to its damage; the last one may be truncated.
fn parts(message: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut reader = Some(Reader::new(message, DEPTH));
    std::iter::from_fn(move || {
        loop {
            let current = reader.as_mut()?;
            let before = &message[message.len() - current.remaining()..];
            match current.next_field() {
                Ok(Some(field)) => {
                    if let Value::Bytes(bytes) = field.value {
                        let number = field.number;
                        return Some(Part {
                            number,
                            bytes,
                            is_whole: true,
                        });
                    }
                }
                Ok(None) => return None,
                Err(_) => {
                    reader = None;
                    let (number, _, bytes) = delimited(before)?;
                    return Some(Part {
                        number,
                        bytes,
                        is_whole: false,
                    });
                }
            }
        }
    })
}

/// Splits a length-delimited field into its number, its declared length and the bytes that follow.
pub(crate) fn delimited(bytes: &[u8]) -> Option<(u32, u64, &[u8])> {
    let (key, rest) = varint(bytes)?;
    let (length, rest) = varint(rest)?;
    let number = u32::try_from(key >> 3).ok()?;
    (key & 7 == 2 && number > 0).then_some((number, length, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(10).position(|byte| *byte < 0x80)? + 1;
    let number = bytes[..length]
        .iter()
        .rev()
        .fold(0_u64, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, &bytes[length..]))
}

/// Detects the signal of a request; `None` if the bytes are not a request.
pub(crate) fn signal(request: &[u8]) -> Option<Signal> {
    let groups = parts(request).take_while(|group| group.number == 1);
    let scopes = groups.flat_map(|group| parts(group.bytes)).filter(|scope| scope.number == 2);
    let record = scopes
        .flat_map(|scope| parts(scope.bytes))
        .find(|record| record.number == 2)?;
    let has = |number: u32, is: fn(&Value<'_>) -> bool| {
        let mut reader = Reader::new(record.bytes, DEPTH);
        std::iter::from_fn(move || reader.next_field().ok().flatten()).any(|field| field.number == number && is(&field.value))
    };
    let valid = |message: &'static Message| !record.is_whole || validate(record.bytes, message).is_ok();
    if has(1, |value| matches!(value, Value::Bytes(id) if id.len() == TraceId::BYTES))
        && has(2, |value| matches!(value, Value::Bytes(id) if id.len() == SpanId::BYTES))
        && valid(&schema::SPAN)
    {
        Some(Signal::Traces)
    } else if (has(1, |value| matches!(value, Value::Fixed64(_))) || has(11, |value| matches!(value, Value::Fixed64(_))))
        && valid(&schema::LOG_RECORD)
    {
        Some(Signal::Logs)
    } else if has(
        1,
        |value| matches!(value, Value::Bytes(name) if std::str::from_utf8(name).is_ok()),
    ) && [5, 7, 9, 10, 11]
        .iter()
        .any(|data| has(*data, |value| matches!(value, Value::Bytes(_))))
    {
        Some(Signal::Metrics)
    } else {
        None
    }
}

/// Parses a request, or the available part of it.
pub(crate) fn request(sink: &mut Sink<'_>, position: Position, request: &[u8], signal: Signal) {
    sink.saw(Format::Otlp);
    if signal == Signal::Metrics {
        return;
    }
    let start = request.as_ptr().addr();
    for group in parts(request).filter(|group| group.number == 1) {
        let resource = joined(group, &schema::RESOURCE);
        let resource_schema = schema_url(group);
        for scope in parts(group.bytes).filter(|scope| scope.number == 2) {
            let origin = ResourceScope {
                resource: resource.clone(),
                scope: joined(scope, &schema::INSTRUMENTATION_SCOPE),
                resource_schema: resource_schema.clone(),
                scope_schema: schema_url(scope),
            };
            for record in parts(scope.bytes).filter(|record| record.number == 2 && record.is_whole) {
                if sink.is_stopped() {
                    return;
                }
                let at = &request[..record.bytes.as_ptr().addr() - start];
                self::record(sink, LazyPosition::new(position, at), &origin, record.bytes, signal);
            }
        }
    }
}

/// Returns the data shared by all records of a group: its first field, concatenated if repeated.
fn joined(group: Part<'_>, message: &'static Message) -> Arc<[u8]> {
    let shared = parts(group.bytes).filter(|part| part.number == 1 && part.is_whole);
    let bytes: Vec<u8> = shared.flat_map(|part| part.bytes).copied().collect();
    work::add(bytes.len());
    if validate(&bytes, message).is_ok() && pending::fits(&bytes, message) {
        bytes.into()
    } else {
        Arc::default()
    }
}

/// Returns the schema URL of a group; the last one of duplicates counts.
fn schema_url(group: Part<'_>) -> Option<Arc<str>> {
    let urls = parts(group.bytes).filter(|part| part.number == 3 && part.is_whole);
    trace_model::schema_url(urls.last()?.bytes)
}

fn record(sink: &mut Sink<'_>, place: LazyPosition<'_>, origin: &ResourceScope, bytes: &[u8], signal: Signal) {
    let message = if signal == Signal::Traces {
        &schema::SPAN
    } else {
        &schema::LOG_RECORD
    };
    work::add(bytes.len());
    if let Err(error) = validate(bytes, message) {
        return sink.problem(place, error.to_string());
    }
    let id = |number| {
        let ids = fields(bytes).filter_map(|field| match field.value {
            Value::Bytes(id) if field.number == number => Some(id),
            _ => None,
        });
        ids.last().unwrap_or_default()
    };
    if signal == Signal::Logs {
        return sink.log(place, TraceId::try_from(id(9)).ok(), origin, bytes.to_vec());
    }
    match (TraceId::try_from(id(1)), SpanId::try_from(id(2))) {
        (Ok(trace_id), Ok(_)) => sink.span(place, trace_id, origin, bytes.to_vec()),
        (Err(error), _) => sink.problem(place, format!("span trace_id {error}")),
        (_, Err(error)) => sink.problem(place, format!("span span_id {error}")),
    }
}

//! The walk over a span.

use otlp_wire::{Reader, Value, fields, schema, validate_attribute, validate_field};

use super::memory::{ReadError, reserve};
use super::{IN_RECORD, Walk, enumeration};
use crate::batch::{ByteRange, DropReason, NAME_LENGTH_MAX, SpanFlags, SpanHeader};
use crate::wire::KeyValue;
use crate::{IdError, SpanId, SpanKind, StatusCode, TraceId, call_target, hash, sentry, work};

/// The number of `Span.attributes`.
const ATTRIBUTES: u8 = 9;

impl<'a> Walk<'a> {
    pub(super) fn span(&mut self, raw: &'a [u8]) -> Result<(), ReadError> {
        let (mut trace_id, mut span_id, mut parent, mut name) = (&[][..], &[][..], &[][..], &[][..]);
        let (mut start, mut end, mut kind, mut status) = (0, 0, 0, 0);
        let mut marks = SpanFlags::default();
        let mut reader = Reader::new(raw, IN_RECORD);
        while let Some(field) = reader.next_field()? {
            // The first attribute is followed by more of them: most of a span's fields.
            if field.number == u32::from(ATTRIBUTES) {
                while let Some(attribute) = reader.next_if_short(ATTRIBUTES) {
                    let key = validate_attribute(attribute, IN_RECORD - 1)?;
                    note_port(&mut marks, kind, key);
                }
            }
            match (field.number, field.value) {
                (1, Value::Bytes(id)) => trace_id = id,
                (2, Value::Bytes(id)) => span_id = id,
                (4, Value::Bytes(id)) => parent = id,
                (6, Value::Varint(number)) => kind = number,
                (7, Value::Fixed64(time)) => start = time,
                (8, Value::Fixed64(time)) => end = time,
                (number, value) => {
                    validate_field(field, &schema::SPAN, IN_RECORD)?;
                    match (number, value) {
                        (5, Value::Bytes(text)) => name = text,
                        (9, Value::Bytes(attribute)) => note_port(&mut marks, kind, Some(KeyValue::read(attribute).key)),
                        (11, Value::Bytes(event)) => marks.set(of_event(event)),
                        (13, Value::Bytes(_)) => marks.set(SpanFlags::LINKS),
                        (15, Value::Bytes(message)) => status = last_number(message, 3).unwrap_or(status),
                        (16, Value::Fixed32(flags)) => marks.set_flags(flags),
                        _ => {}
                    }
                }
            }
        }
        let name = ByteRange::of(self.body, if name.is_empty() { &self.body[..0] } else { name });
        if name.length() > NAME_LENGTH_MAX {
            let whole = &self.body[name.range()];
            work::add(whole.len());
            self.long_names.push((name.start(), hash::of(whole)));
        }
        match ids(trace_id, span_id, parent) {
            Ok((trace_id, span_id, parent_span_id)) => {
                reserve(&mut self.spans, 1, &mut self.list_bytes, self.grant)?;
                let header = SpanHeader {
                    trace_id,
                    span_id,
                    parent_span_id,
                    start_unix_nano: start,
                    end_unix_nano: end,
                    kind: SpanKind::from_otlp(enumeration(kind)),
                    status: StatusCode::from_otlp(enumeration(status)),
                    marks,
                    origin: self.origin(),
                    name,
                    raw: ByteRange::of(self.body, raw),
                    is_hidden: false,
                };
                self.spans.push(header.resolved(raw));
            }
            Err(reason) => self.rejected.add(reason, 1),
        }
        Ok(())
    }
}

/// Notes whether a client span's attributes name a port, of which most do not: then nothing reads them for its target. One in an unusual
/// form, whose key is `None`, may name one. A kind of 0 may follow.
#[inline]
fn note_port(marks: &mut SpanFlags, kind: u64, key: Option<&[u8]>) {
    let may_be_client = kind == 0 || kind == SpanKind::Client as u64;
    if may_be_client && key.is_none_or(call_target::may_have_port) {
        marks.set(SpanFlags::PORT);
    }
}

fn ids(trace_id: &[u8], span_id: &[u8], parent: &[u8]) -> Result<(TraceId, SpanId, Option<SpanId>), DropReason> {
    let of = |field| move |error| DropReason { field, error };
    Ok((
        trace_id.try_into().map_err(of("trace_id"))?,
        span_id.try_into().map_err(of("span_id"))?,
        // A root has no parent id; some senders write it as zeros.
        match SpanId::try_from(parent) {
            Ok(id) => Some(id),
            Err(IdError::Zero | IdError::Length { found: 0, .. }) => None,
            Err(error) => return Err(of("parent_span_id")(error)),
        },
    ))
}

/// Returns the flags for an event of a span.
fn of_event(event: &[u8]) -> u8 {
    let names = fields(event).filter_map(|field| match field.value {
        Value::Bytes(name) if field.number == 2 => Some(name),
        _ => None,
    });
    let is_exception = names.last() == Some(sentry::EXCEPTION.as_bytes());
    SpanFlags::EVENTS | if is_exception { SpanFlags::EXCEPTION } else { 0 }
}

/// Returns a number; of a repeated field the last value counts.
fn last_number(message: &[u8], number: u32) -> Option<u64> {
    let numbers = fields(message).filter_map(|field| match field.value {
        Value::Varint(value) if field.number == number => Some(value),
        _ => None,
    });
    numbers.last()
}

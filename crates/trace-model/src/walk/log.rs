//! The walk over a log record.

use otlp_wire::{Reader, Value, schema, validate_attribute, validate_field};

use super::memory::{ReadError, reserve};
use super::{IN_RECORD, Walk, enumeration};
use crate::batch::{ByteRange, LogHeader};
use crate::sentry::{self, Gravity};
use crate::wire::KeyValue;
use crate::{Severity, Source, SpanId, TraceId};

/// The number of `LogRecord.attributes`.
const LOG_ATTRIBUTES: u8 = 6;

impl<'a> Walk<'a> {
    pub(super) fn log(&mut self, raw: &'a [u8]) -> Result<(), ReadError> {
        let (mut trace_id, mut span_id) = (&[][..], &[][..]);
        let (mut time, mut observed, mut event_name) = (0, 0, &[][..]);
        let (mut severity, mut severity_text) = (0, &[][..]);
        let mut exception = ExceptionMarks::default();
        let mut reader = Reader::new(raw, IN_RECORD);
        while let Some(field) = reader.next_field()? {
            // Attributes follow each other, as those of spans do.
            if field.number == u32::from(LOG_ATTRIBUTES) {
                while let Some(attribute) = reader.next_if_short(LOG_ATTRIBUTES) {
                    let key = validate_attribute(attribute, IN_RECORD - 1)?;
                    exception.note(key.unwrap_or_else(|| KeyValue::read(attribute).key), attribute);
                }
            }
            match (field.number, field.value) {
                (1, Value::Fixed64(value)) => time = value,
                (2, Value::Varint(value)) => severity = value,
                (9, Value::Bytes(id)) => trace_id = id,
                (10, Value::Bytes(id)) => span_id = id,
                (11, Value::Fixed64(value)) => observed = value,
                (number, value) => {
                    validate_field(field, &schema::LOG_RECORD, IN_RECORD)?;
                    match (number, value) {
                        (3, Value::Bytes(text)) => severity_text = text,
                        (6, Value::Bytes(attribute)) => exception.note(KeyValue::read(attribute).key, attribute),
                        (12, Value::Bytes(name)) => event_name = name,
                        _ => {}
                    }
                }
            }
        }
        // The text was validated as UTF-8; it counts only without a number.
        let severity = match enumeration(severity) {
            0 => Severity::of(0, std::str::from_utf8(severity_text).unwrap_or_default()),
            number => Severity::of(number, ""),
        };
        let ExceptionMarks {
            has_exception,
            is_handled,
        } = exception;
        let is_from_sentry = self.source == Source::Sentry;
        let is_error_event = sentry::is_error_event(event_name) || (has_exception && !severity.is_mild() && !is_from_sentry);
        reserve(&mut self.logs, 1, &mut self.list_bytes, self.grant)?;
        self.logs.push(LogHeader {
            trace_id: TraceId::try_from(trace_id).ok(),
            span_id: SpanId::try_from(span_id).ok(),
            time_unix_nano: if time == 0 { observed } else { time },
            severity,
            gravity: is_error_event.then(|| Gravity::of(severity, is_handled)),
            origin: self.origin(),
            raw: ByteRange::of(self.body, raw),
        });
        Ok(())
    }
}

/// Marks of an exception among the attributes of a log record.
#[derive(Clone, Copy, Default)]
struct ExceptionMarks {
    has_exception: bool,
    is_handled: bool,
}

impl ExceptionMarks {
    #[inline]
    fn note(&mut self, key: &[u8], attribute: &[u8]) {
        self.has_exception |= sentry::is_exception_key(key);
        self.is_handled |= key == sentry::EXCEPTIONS && sentry::is_handled(attribute);
    }
}

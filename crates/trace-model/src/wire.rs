//! The parts of a span's bytes that can be searched, read where they lie.
//!
//! Of a repeated field the last value counts, and messages are merged, as in protobuf.

use std::borrow::Cow;

use otlp_wire::{DEPTH, Reader, Value, fields};

use crate::number::Number;

/// Field numbers of OTLP's messages, named as in `otlp_wire::schema`.
pub(crate) mod number {
    pub(crate) const SPAN_TRACE_STATE: u32 = 3;
    pub(crate) const SPAN_ATTRIBUTES: u32 = 9;
    pub(crate) const SPAN_EVENTS: u32 = 11;
    pub(crate) const SPAN_LINKS: u32 = 13;
    pub(crate) const SPAN_STATUS: u32 = 15;
    pub(crate) const STATUS_MESSAGE: u32 = 2;
    pub(crate) const STATUS_CODE: u32 = 3;
    pub(crate) const EVENT_TIME: u32 = 1;
    pub(crate) const EVENT_NAME: u32 = 2;
    pub(crate) const EVENT_ATTRIBUTES: u32 = 3;
    pub(crate) const LINK_TRACE_ID: u32 = 1;
    pub(crate) const LINK_SPAN_ID: u32 = 2;
    pub(crate) const LINK_TRACE_STATE: u32 = 3;
    pub(crate) const LINK_ATTRIBUTES: u32 = 4;
    pub(crate) const RESOURCE_ATTRIBUTES: u32 = 1;
    pub(crate) const LOG_SEVERITY_TEXT: u32 = 3;
    pub(crate) const LOG_BODY: u32 = 5;
    pub(crate) const LOG_ATTRIBUTES: u32 = 6;
    pub(crate) const LOG_EVENT_NAME: u32 = 12;
    pub(crate) const SCOPE_NAME: u32 = 1;
    pub(crate) const SCOPE_VERSION: u32 = 2;
    pub(crate) const SCOPE_ATTRIBUTES: u32 = 3;
}

/// The fields that are messages, texts or bytes, each with its number.
#[derive(Clone, Debug)]
pub(crate) struct Delimited<'a>(&'a [u8]);

/// Reads those fields of a message.
#[inline]
pub(crate) const fn delimited(message: &[u8]) -> Delimited<'_> {
    Delimited(message)
}

impl<'a> Iterator for Delimited<'a> {
    type Item = (u32, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        // Nearly all have a number below 16 and less than 128 bytes; reading just these here halves the time of a walk. The same
        // holds for times and small numbers, which are skipped.
        loop {
            match self.0 {
                [key @ 0x08..0x80, length @ 0..0x80, rest @ ..] if key & 7 == 2 => {
                    let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
                    self.0 = rest;
                    return Some((u32::from(key >> 3), bytes));
                }
                [key @ 0x08..0x80, 0..0x80, rest @ ..] if matches!(key & 7, 0) => self.0 = rest,
                [key @ 0x08..0x80, _, _, _, _, _, _, _, _, rest @ ..] if key & 7 == 1 => self.0 = rest,
                _ => return self.next_of_any_size(),
            }
        }
    }
}

impl<'a> Delimited<'a> {
    fn next_of_any_size(&mut self) -> Option<(u32, &'a [u8])> {
        let mut reader = Reader::new(self.0, DEPTH);
        let found = loop {
            let field = reader.next_field().ok().flatten()?;
            if let Value::Bytes(bytes) = field.value {
                break (field.number, bytes);
            }
        };
        self.0 = &self.0[self.0.len() - reader.remaining()..];
        Some(found)
    }
}

/// Returns the messages, texts or bytes of a field.
#[inline]
pub(crate) fn parts(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    delimited(message)
        .filter(move |field| field.0 == number)
        .map(|(_, bytes)| bytes)
}

/// Fields of a message that [`first_parts`] looks at: some microseconds.
pub(crate) const FIRST_FIELDS: usize = 10_000;

/// The same among the first fields of a message, for what is read for every frame: a span may have millions of them.
#[inline]
pub(crate) fn first_parts(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let first = delimited(message).take(FIRST_FIELDS);
    first.filter(move |field| field.0 == number).map(|(_, bytes)| bytes)
}

/// Returns the text of a field; empty if it is missing.
pub(crate) fn text(message: &[u8], number: u32) -> &[u8] {
    parts(message, number).last().unwrap_or_default()
}

/// Returns the message of a field; empty if it is missing.
pub(crate) fn message(message: &[u8], number: u32) -> Cow<'_, [u8]> {
    let mut merged = Cow::Borrowed(&[][..]);
    for part in parts(message, number) {
        if merged.is_empty() {
            merged = Cow::Borrowed(part);
        } else {
            // Messages are merged by reading one after the other.
            merged.to_mut().extend_from_slice(part);
        }
    }
    merged
}

/// A delimited field with this key (its number and type), of less than 128 bytes, and what follows it.
#[inline]
fn short(key: u8, message: &[u8]) -> Option<(&[u8], &[u8])> {
    match message {
        [first, length, rest @ ..] if *first == key && *length < 128 => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

/// An attribute.
pub(crate) struct KeyValue<'a> {
    pub(crate) key: &'a [u8],
    /// An `AnyValue`.
    pub(crate) value: Cow<'a, [u8]>,
}

impl<'a> KeyValue<'a> {
    #[inline]
    pub(crate) fn read(message: &'a [u8]) -> Self {
        match Self::read_plain(message) {
            Some(plain) => plain,
            None => Self::read_any(message),
        }
    }

    /// The key and the value, where they lie in the message. A value in several parts, which protobuf merges, does not: no SDK writes one.
    #[inline]
    pub(crate) fn borrowed(message: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        match Self::read(message) {
            Self {
                key,
                value: Cow::Borrowed(value),
            } => Some((key, value)),
            Self { .. } => None,
        }
    }

    /// Reads what nearly all attributes are: a key, then a value, both short and once. It takes a quarter of the time.
    #[inline]
    fn read_plain(message: &'a [u8]) -> Option<Self> {
        let (key, rest) = short(0x0a, message)?;
        let (value, rest) = short(0x12, rest)?;
        let value = Cow::Borrowed(value);
        rest.is_empty().then_some(Self { key, value })
    }

    fn read_any(message: &'a [u8]) -> Self {
        let mut key = &[][..];
        let mut value: Option<Cow<'_, [u8]>> = None;
        for (number, bytes) in delimited(message) {
            match number {
                1 => key = bytes,
                2 => match &mut value {
                    // Messages are merged by reading one after the other.
                    Some(before) => before.to_mut().extend_from_slice(bytes),
                    None => value = Some(Cow::Borrowed(bytes)),
                },
                _ => {}
            }
        }
        Self {
            key,
            value: value.unwrap_or_default(),
        }
    }
}

/// An `AnyValue`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyValue<'a> {
    Leaf(Leaf<'a>),
    Array(Elements<'a>),
    Map(Elements<'a>),
}

/// A value that has no others in it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf<'a> {
    Text(&'a [u8]),
    Bool(bool),
    Number(Number),
    Bytes(&'a [u8]),
    /// Nothing, or a string of a profile's table, which has no meaning in a span.
    Other,
}

/// The fields of an `AnyValue` that make up one array or map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a> {
    fields: &'a [u8],
    number: u32,
}

impl<'a> Elements<'a> {
    /// `AnyValue`s of an array, `KeyValue`s of a map.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        parts(self.fields, self.number).flat_map(|values| parts(values, 1))
    }
}

impl<'a> AnyValue<'a> {
    #[inline]
    pub(crate) fn read(message: &'a [u8]) -> Self {
        match short(0x0a, message) {
            Some((text, [])) => Self::Leaf(Leaf::Text(text)),
            _ => Self::read_any(message),
        }
    }

    fn read_any(message: &'a [u8]) -> Self {
        let mut read = Self::Leaf(Leaf::Other);
        // One value is the rule. Of several the last counts; an array or a map continues the one right before it.
        let mut started = (0, message);
        let mut rest = message;
        let mut reader = Reader::new(message, DEPTH);
        while let Ok(Some(field)) = reader.next_field() {
            if started.0 != field.number && (1..=8).contains(&field.number) {
                started = (field.number, rest);
            }
            rest = &message[message.len() - reader.remaining()..];
            let elements = Elements {
                fields: started.1,
                number: field.number,
            };
            read = match (field.number, field.value) {
                (1, Value::Bytes(text)) => Self::Leaf(Leaf::Text(text)),
                (2, Value::Varint(value)) => Self::Leaf(Leaf::Bool(value != 0)),
                (3, Value::Varint(value)) => Self::Leaf(Leaf::Number(Number::Int(value.cast_signed()))),
                (4, Value::Fixed64(bits)) => Self::Leaf(Leaf::Number(Number::Double(f64::from_bits(bits)))),
                (5, Value::Bytes(_)) => Self::Array(elements),
                (6, Value::Bytes(_)) => Self::Map(elements),
                (7, Value::Bytes(bytes)) => Self::Leaf(Leaf::Bytes(bytes)),
                (8, _) => Self::Leaf(Leaf::Other),
                _ => read,
            };
        }
        read
    }
}

/// Returns an attribute's key, and its value if that is text. Of repeated fields the last value counts.
pub(crate) fn key_and_text(attribute: &[u8]) -> (&[u8], Option<&str>) {
    let (mut key, mut text) = (&[][..], None);
    for field in fields(attribute) {
        match (field.number, field.value) {
            (1, Value::Bytes(bytes)) => key = bytes,
            (2, Value::Bytes(value)) => {
                for alternative in fields(value).filter(|alternative| (1..=8).contains(&alternative.number)) {
                    text = match alternative.value {
                        Value::Bytes(bytes) if alternative.number == 1 => std::str::from_utf8(bytes).ok(),
                        _ => None,
                    };
                }
            }
            _ => {}
        }
    }
    (key, text)
}

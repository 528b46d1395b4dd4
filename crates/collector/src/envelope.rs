//! Sentry's envelope format: a line of JSON, then items, each a line of JSON and a payload.
//!
//! Source: [Envelopes](https://develop.sentry.dev/sdk/foundations/transport/envelopes/). This is the framing only: payloads stay
//! bytes, whatever their type. A parser that knows all types would reject those of the next SDK.
//!
//! ```
//! use collector::envelope::Envelope;
//!
//! let envelope = Envelope::parse("{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\"}\n{\"type\":\"event\"}\n{}".into())?;
//! assert_eq!(envelope.event_id(), Some("9ec79c33ec9942ab8353589fcb2e04dc"));
//! assert_eq!(envelope.items[0].item_type, "event");
//! assert_eq!(&*envelope.items[0].payload, b"{}");
//! # Ok::<_, collector::envelope::EnvelopeError>(())
//! ```

use bytes::Bytes;
use serde_json::{Map, Value};

/// Items of one envelope, readable or not. SDKs send a handful.
const ITEMS: usize = 1000;
/// Bytes of the envelope's header. Parsed, it takes up to forty times as much memory.
const HEADER_MAX: usize = 64 * 1024;
/// Bytes of an item's header; SDKs need a hundred.
const ITEM_HEADER_MAX: usize = 2 * 1024;

/// An envelope, its items still encoded.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Envelope {
    /// `event_id`, `dsn`, `sdk`, `sent_at`, `trace`: all optional.
    pub header: Map<String, Value>,
    /// The readable items, in order.
    pub items: Vec<Item>,
    /// Unreadable items, in order. They never cost the other items.
    pub bad_items: Vec<ItemError>,
}

/// An item with its header.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// `transaction`, `span`, `event`, …, or an unknown type.
    pub item_type: String,
    /// The whole header: `type`, and maybe `length`, `content_type`, `item_count`, `filename`.
    pub header: Map<String, Value>,
    /// Payload as sent.
    pub payload: Bytes,
}

/// An unreadable envelope.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is empty.
    #[error("the envelope is empty")]
    Empty,
    /// The first line is longer than any SDK writes.
    #[error("the envelope's header is longer than {HEADER_MAX} bytes")]
    LongHeader,
    /// The first line is not a JSON object.
    #[error("invalid envelope header, not a JSON object: {0}")]
    Header(#[source] serde_json::Error),
}

/// An unreadable item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The first line is not a JSON object.
    #[error("invalid item header, not a JSON object")]
    Header,
    /// The first line is longer than any SDK writes.
    #[error("an item's header is longer than {ITEM_HEADER_MAX} bytes")]
    LongHeader,
    /// The header has no type.
    #[error("an item's header has no `type`")]
    NoType,
    /// `length` is not a number, or the payload does not end there.
    #[error("invalid `length` of an item of type {item_type}: its payload ends elsewhere")]
    Length {
        /// The item's type.
        item_type: String,
    },
    /// It has too many items; the rest was not read.
    #[error("there are more than {ITEMS} items")]
    TooMany,
}

impl Envelope {
    /// Frames an envelope. The payloads share the memory of `body`.
    ///
    /// Lines that are not an item are skipped until one begins, so that a wrong `length` costs its own item only. They count as
    /// one bad item, however many lines there are.
    ///
    /// # Errors
    ///
    /// The header is not readable. Bad items are not an error: see [`Envelope::bad_items`].
    pub fn parse(body: Bytes) -> Result<Self, EnvelopeError> {
        let (first, mut rest) = split_line(body);
        if first.trim_ascii().is_empty() && rest.is_empty() {
            return Err(EnvelopeError::Empty);
        }
        if first.len() > HEADER_MAX {
            return Err(EnvelopeError::LongHeader);
        }
        let mut envelope = Self {
            header: serde_json::from_slice(&first).map_err(EnvelopeError::Header)?,
            ..Self::default()
        };
        // True if the last item was damaged: then lines up to the next item may be the rest of it.
        let mut is_damaged = false;
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            rest = after;
            if line.trim_ascii().is_empty() {
                continue;
            }
            if envelope.items.len() + envelope.bad_items.len() == ITEMS {
                envelope.bad_items.push(ItemError::TooMany);
                break;
            }
            match item(&line, &mut rest, is_damaged) {
                Ok(item) => {
                    envelope.items.push(item);
                    is_damaged = false;
                }
                Err(ItemError::Header | ItemError::LongHeader | ItemError::NoType) if is_damaged => {}
                Err(bad) => {
                    envelope.bad_items.push(bad);
                    is_damaged = true;
                }
            }
        }
        Ok(envelope)
    }

    /// The id that the sender expects back.
    #[must_use]
    pub fn event_id(&self) -> Option<&str> {
        self.header.get("event_id").and_then(Value::as_str)
    }
}

/// Parses the item whose header is `line`, and moves `rest` past it: past its payload if its length is known, else to the line
/// where another item may begin. After a damaged item, any other line is the rest of that, which has no payload of its own.
fn item(line: &[u8], rest: &mut Bytes, is_damaged: bool) -> Result<Item, ItemError> {
    if line.len() > ITEM_HEADER_MAX {
        return Err(ItemError::LongHeader);
    }
    let header: Map<String, Value> = serde_json::from_slice(line).map_err(|_| ItemError::Header)?;
    let item_type = header.get("type").and_then(Value::as_str).map(str::to_owned);
    // The payload of an event is a line of JSON too, that of a transaction even has a type.
    if is_damaged && (item_type.is_none() || header.values().any(Value::is_object)) {
        return Err(ItemError::NoType);
    }
    let payload = match header.get("length") {
        None | Some(Value::Null) => {
            let (payload, after) = split_line(rest.clone());
            *rest = after;
            Some(payload)
        }
        Some(length) => length.as_u64().and_then(|length| take(rest, length)),
    };
    let item_type = item_type.ok_or(ItemError::NoType)?;
    match payload {
        Some(payload) => Ok(Item {
            item_type,
            header,
            payload,
        }),
        None => Err(ItemError::Length { item_type }),
    }
}

/// Takes `length` bytes and the line feed after them, which only the last item may lack.
fn take(rest: &mut Bytes, length: u64) -> Option<Bytes> {
    let length = usize::try_from(length).ok()?;
    let next = rest.get(length..)?.first();
    if next.is_some_and(|byte| *byte != b'\n') {
        return None;
    }
    let payload = rest.split_to(length);
    let _ = rest.split_to(rest.len().min(1));
    Some(payload)
}

/// Splits at the next line feed.
fn split_line(mut bytes: Bytes) -> (Bytes, Bytes) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let line = bytes.split_to(end);
    let _ = bytes.split_to(bytes.len().min(1));
    (line, bytes)
}

#[cfg(test)]
mod tests;

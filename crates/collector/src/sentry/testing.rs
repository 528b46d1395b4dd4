//! Helpers for the tests of items.

use serde_json::{Map, Value};
use trace_model::{Attribute, LogRecord, Span, Value as Any};

use super::{ParsedEnvelope, RequestMeta, read};
use crate::envelope::{Envelope, Item};

pub(super) const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// Time of receipt in nanoseconds.
pub(super) const RECEIVED: u64 = 5_000_000_000;

#[expect(clippy::needless_pass_by_value, reason = "tests write documents where they are used")]
pub(super) fn item(item_type: &str, payload: impl ToString) -> Item {
    Item {
        item_type: item_type.to_owned(),
        header: Map::new(),
        payload: payload.to_string().into(),
    }
}

pub(super) fn read_with(header: &Value, items: Vec<Item>) -> ParsedEnvelope {
    let envelope = Envelope {
        header: header.as_object().unwrap().clone(),
        items,
        bad_items: Vec::new(),
    };
    let meta = RequestMeta {
        public_key: None,
        unix_nano: RECEIVED,
    };
    read(&envelope, meta)
}

/// Reads one item, of which nothing is wrong.
pub(super) fn read_one(item_type: &str, payload: impl ToString) -> ParsedEnvelope {
    let reading = read_with(&Value::Object(Map::new()), vec![item(item_type, payload)]);
    assert_eq!(reading.problems, [""; 0]);
    reading
}

pub(super) fn spans(reading: &ParsedEnvelope) -> Vec<Span> {
    reading.arrival.spans.decode_spans().collect()
}

pub(super) fn logs(reading: &ParsedEnvelope) -> Vec<LogRecord> {
    reading.arrival.logs.decode_logs().collect()
}

/// The value of an attribute.
pub(super) fn get<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Any> {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    found.map(|attribute| &attribute.value)
}

pub(super) fn text(text: &str) -> Any {
    Any::String(text.to_owned())
}

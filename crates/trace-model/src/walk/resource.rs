//! Attributes of a resource that the walk reads itself.

use std::borrow::Cow;

use otlp_wire::{Value, fields};

use crate::decode;
use crate::wire::key_and_text;

/// `service.name`; a number, a list or any other value as text, since some programs set those.
pub(crate) fn service_name(resource: &[u8]) -> Cow<'_, str> {
    match attribute(resource, b"service.name") {
        Some((attribute, text)) => text.map_or_else(|| Cow::Owned(decode::value_as_text(attribute)), Cow::Borrowed),
        None => Cow::Borrowed(""),
    }
}

/// An attribute of a resource, by its key, and its value where that is text.
pub(super) fn attribute<'a>(resource: &'a [u8], wanted: &[u8]) -> Option<(&'a [u8], Option<&'a str>)> {
    let attributes = fields(resource).filter_map(|field| match (field.number, field.value) {
        (1, Value::Bytes(attribute)) => Some(attribute),
        _ => None,
    });
    for attribute in attributes {
        let (key, text) = key_and_text(attribute);
        if key == wanted {
            return Some((attribute, text));
        }
    }
    None
}

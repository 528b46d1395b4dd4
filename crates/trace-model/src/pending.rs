//! Logfire's pending spans: a running span is announced by a span of no length *below* it, whose attributes describe it.
//!
//! Source: `PendingSpanProcessor` of [Logfire's
//! SDK](https://github.com/pydantic/logfire/blob/main/logfire/_internal/exporters/processor_wrapper.py). Such a span is read as
//! other senders' running spans: the running span itself, without an end, which the real one replaces when it arrives.

use otlp_wire::{Value as Wire, fields};

use crate::wire::{key_and_text, number};
use crate::{Span, SpanId, Value};

const TYPE: &str = "logfire.span_type";
const PENDING: &str = "pending_span";
/// Attribute with the running span's parent: its id in hex, zeros or nothing for a root.
const PARENT: &str = "logfire.pending_parent_id";

/// The attribute's text, if present.
#[derive(Default)]
struct Said {
    pending: bool,
    parent: Option<SpanId>,
}

impl Said {
    fn attribute(&mut self, key: &[u8], text: Option<&str>) {
        if key == TYPE.as_bytes() {
            self.pending = text == Some(PENDING);
        } else if key == PARENT.as_bytes() {
            self.parent = text.and_then(|text| text.parse().ok());
        }
    }
}

/// Data of the span that a pending span announces.
pub(crate) struct Announced {
    pub(crate) parent: Option<SpanId>,
}

/// Reads the attributes of a pending span; `None` for any other span. Only spans of no length can be pending: the attributes of others need
/// not be read.
pub(crate) fn announced(raw: &[u8]) -> Option<Announced> {
    let mut said = Said::default();
    for field in fields(raw) {
        if let (number::SPAN_ATTRIBUTES, Wire::Bytes(attribute)) = (field.number, field.value) {
            let (key, text) = key_and_text(attribute);
            said.attribute(key, text);
        }
    }
    said.pending.then_some(Announced { parent: said.parent })
}

/// Turns a decoded pending span into the span that it announces.
pub(crate) fn resolve(mut span: Span) -> Span {
    let (true, Some(running)) = (span.end_unix_nano.unwrap_or(0) == span.start_unix_nano, span.parent_span_id) else {
        return span;
    };
    let mut said = Said::default();
    for attribute in &span.attributes {
        let text = match &attribute.value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        };
        said.attribute(attribute.key.as_bytes(), text);
    }
    if said.pending {
        span.span_id = running;
        span.parent_span_id = said.parent;
        span.end_unix_nano = None;
    }
    span
}

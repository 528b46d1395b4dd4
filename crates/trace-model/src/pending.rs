//! Logfire's way to tell of a span that is running: a span of no length *below* it, which says by attributes what it stands for.
//!
//! Source: `PendingSpanProcessor` of [Logfire's SDK](https://github.com/pydantic/logfire/blob/main/logfire/_internal/exporters/processor_wrapper.py).
//! Such a span is read as what others send: the running span itself, without an end, whose place the real one takes when it comes.

use otlp_wire::{Value as Wire, fields};

use crate::batch::SpanHead;
use crate::walk::{ATTRIBUTES, key_and_text};
use crate::{Span, SpanId, Value};

const TYPE: &str = "logfire.span_type";
const PENDING: &str = "pending_span";
/// Of the running span: its parent's id in hex, zeros or nothing for a root.
const PARENT: &str = "logfire.pending_parent_id";

/// What an attribute's text says, if anything.
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

/// Makes a pending span what it stands for. Only one of no length can be such: the attributes of the others are not looked at.
pub(crate) fn resolve_head(mut head: SpanHead, raw: &[u8]) -> SpanHead {
    let (true, Some(running)) = (head.start_unix_nano == head.end_unix_nano, head.parent_span_id) else {
        return head;
    };
    let mut said = Said::default();
    for field in fields(raw) {
        if let (true, Wire::Bytes(attribute)) = (field.number == u32::from(ATTRIBUTES), field.value) {
            let (key, text) = key_and_text(attribute);
            said.attribute(key, text);
        }
    }
    if said.pending {
        head.span_id = running;
        head.parent_span_id = said.parent;
        head.end_unix_nano = 0;
    }
    head
}

/// The same for a span that was decoded.
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

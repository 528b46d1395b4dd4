//! State of a conversion from JSON.

use super::output::Output;
use crate::schema::{self, Message};

/// Spans rejected because of an invalid id. Displays the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is not hexadecimal")]
pub struct RejectedSpans {
    /// `trace_id`, `span_id` or `parent_span_id`.
    pub field: &'static str,
    /// Number of spans.
    pub spans: u64,
}

/// Parser of ids: converts the field's name in the schema (`parent_span_id`) and the text to bytes; `None` if invalid.
pub type ReadId = fn(&'static str, &str) -> Option<Vec<u8>>;

/// Message of an error over the limit.
pub(super) const TOO_LONG: &str = "message too large in protobuf";

/// Output and errors of a conversion.
pub(super) struct State {
    pub(super) id: ReadId,
    pub(super) output: Output,
    pub(super) rejected: Vec<RejectedSpans>,
    /// Field of the invalid id that rejects the current span. Spans are not nested, so one is enough.
    invalid: Option<&'static str>,
}

impl State {
    pub(super) const fn new(id: ReadId, output: Output) -> Self {
        Self {
            id,
            output,
            rejected: Vec::new(),
            invalid: None,
        }
    }

    /// Records that a field of `message` has an invalid id.
    pub(super) fn invalid_id(&mut self, message: &'static Message, field: &'static str) {
        if is_span(message) {
            self.invalid.get_or_insert(field);
        }
    }

    /// Removes the output of a message since `start` if it is rejected; returns true if so.
    pub(super) fn end_of(&mut self, message: &'static Message, start: usize) -> bool {
        let Some(field) = self.invalid.take_if(|_| is_span(message)) else {
            return true;
        };
        self.output.truncate(start);
        match self.rejected.iter_mut().find(|known| known.field == field) {
            Some(known) => known.spans += 1,
            None => self.rejected.push(RejectedSpans { field, spans: 1 }),
        }
        false
    }
}

fn is_span(message: &'static Message) -> bool {
    std::ptr::eq(message, &raw const schema::SPAN)
}

//! Parser of one JSON document, with positions in the file.

use otlp_wire::json::JsonError;
use serde_json::Value;
use trace_model::work;

use crate::json::node::Node;
use crate::memory::in_words;
use crate::problem::{LazyPosition, Position, Problem};
use crate::sink::Sink;

/// Maximum text of a span or process that is parsed as a whole, in bytes: the parsed value takes some twenty times the memory.
const VALUE_MAX: usize = 16 << 20;

pub(crate) struct Reader<'a, 's, 'd> {
    text: &'a str,
    /// Position of the start of the text.
    start: Position,
    pub(crate) sink: &'s mut Sink<'d>,
    /// Number of wrappers around the current value.
    pub(crate) wrapped: usize,
}

impl<'a, 's, 'd> Reader<'a, 's, 'd> {
    pub(crate) const fn new(text: &'a str, start: Position, sink: &'s mut Sink<'d>) -> Self {
        Self {
            text,
            start,
            sink,
            wrapped: 0,
        }
    }

    /// Returns an array's elements; reports any other value.
    pub(crate) fn elements(&mut self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> + use<'a> {
        if !node.is_array() && !node.is_null() && node.is_whole {
            self.problem(node, "expected an array");
        }
        node.elements()
    }

    /// Returns true for an object; reports any other value.
    pub(crate) fn is_object(&mut self, node: Node<'a>) -> bool {
        if !node.is_object() && node.is_whole {
            self.problem(node, "expected an object");
        }
        node.is_object()
    }

    /// Parses a complete value; `None` if it is truncated, which was reported before, or invalid.
    pub(crate) fn value(&mut self, node: Node<'_>) -> Option<Value> {
        if !node.is_whole {
            return None;
        }
        if node.json().len() > VALUE_MAX {
            self.problem(node, &format!("longer than {}", in_words(VALUE_MAX)));
            return None;
        }
        let place = self.place(node);
        work::add(node.json().len());
        serde_json::from_str(node.json())
            .map_err(|error| self.sink.report.problems.add(|| Problem::in_json(place.position(), &error)))
            .ok()
    }

    /// Unwraps the result of the OTLP parser at this node, reporting an error.
    pub(crate) fn checked_otlp<T>(&mut self, node: Node<'_>, found: Result<T, JsonError>) -> Option<T> {
        let place = self.place(node);
        found
            .map_err(|error| self.sink.report.problems.add(|| Problem::in_otlp(place.position(), &error)))
            .ok()
    }

    pub(crate) fn problem(&mut self, node: Node<'_>, what: &str) {
        let place = self.place(node);
        self.sink.problem(place, what);
    }

    /// Returns the position of a value in the file.
    pub(crate) fn place(&self, node: Node<'_>) -> LazyPosition<'a> {
        LazyPosition::new(self.start, &self.text.as_bytes()[..node.offset(self.text)])
    }
}

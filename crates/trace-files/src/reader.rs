//! Parser of one JSON document, with positions in the file.

use otlp_wire::json::JsonError;
use serde_json::Value;
use trace_model::work;

use crate::Format;
use crate::formats::{self, Document};
use crate::json::node::Node;
use crate::memory::in_words;
use crate::problem::{LazyPosition, Position, Problem};
use crate::sink::Sink;
use crate::zipkin::Part as ZipkinPart;

/// Maximum text of a span or process that is parsed as a whole, in bytes: the parsed value takes some twenty times the memory.
const VALUE_MAX: usize = 16 << 20;

/// Maximum number of wrappers around traces.
const WRAPPERS_MAX: usize = 12;

pub(crate) struct Reader<'a, 's, 'd> {
    text: &'a str,
    /// Position of the start of the text.
    start: Position,
    pub(crate) sink: &'s mut Sink<'d>,
    /// Number of wrappers around the current value.
    wrapped: usize,
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

    /// Parses a value that should be traces, logs, or a part of them.
    pub(crate) fn document(&mut self, node: Node<'a>) {
        if node.is_array() && self.wrapped > 0 {
            for element in node.elements() {
                if self.sink.is_stopped() {
                    return;
                }
                self.wrapped(element);
            }
            return;
        }
        let document = Document::of(node);
        match formats::of(&document, self.sink) {
            Some(format) => format.read(self, &document),
            None => self.unknown(node),
        }
    }

    /// Reports a document of unknown format; a truncated one was reported before.
    pub(crate) fn unknown(&mut self, node: Node<'_>) {
        if node.is_whole {
            self.problem(node, UNKNOWN);
        }
    }

    /// Parses the contents of a wrapper, up to the maximum depth.
    pub(crate) fn wrapped(&mut self, node: Node<'a>) {
        if self.wrapped >= WRAPPERS_MAX {
            return self.problem(node, UNKNOWN);
        }
        self.wrapped += 1;
        self.document(node);
        self.wrapped -= 1;
    }

    /// Parses a Zipkin span into parts of spans.
    pub(crate) fn zipkin(&mut self, node: Node<'a>, convert: fn(&Value) -> Result<Vec<ZipkinPart>, &'static str>) {
        self.sink.saw(Format::Zipkin);
        let Some(json) = self.value(node) else { return };
        match convert(&json) {
            Ok(parts) => {
                if crate::tags::duration(&json["duration"]).is_some_and(|nano| nano < 0) {
                    self.sink.warn(self.place(node), "negative span duration");
                }
                for part in parts {
                    self.sink.zipkin(part);
                }
            }
            Err(what) => self.problem(node, what),
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

/// Message for unknown formats.
const UNKNOWN: &str = "neither OTLP, Jaeger, Zipkin nor spanfall tail JSON";

//! One JSON document being read: what it is, and where in the file what it holds stands.

use otlp_wire::json::JsonError;
use serde_json::Value;
use trace_model::work;

use crate::Format;
use crate::formats::{self, Document};
use crate::json::node::Node;
use crate::memory::in_words;
use crate::problem::{Place, Position, Problem};
use crate::sink::Sink;
use crate::zipkin::Part as ZipkinPart;

/// How long a span or a process may be that is read as a whole: its parts take some twenty times as much memory as its text.
const VALUE_MAX: usize = 16 << 20;

/// How deep answers and arrays may wrap traces.
const WRAPPED: usize = 12;

pub(crate) struct Reader<'a, 's, 'd> {
    text: &'a str,
    /// Where the text begins.
    start: Position,
    pub(crate) sink: &'s mut Sink<'d>,
    /// How many answers around this one wrap it.
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

    /// Reads a value in which traces, logs, or a part of them are expected.
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

    /// Notes that a document is of no known format; of one that is cut off something was said already.
    pub(crate) fn unknown(&mut self, node: Node<'_>) {
        if node.is_whole {
            self.problem(node, UNKNOWN);
        }
    }

    /// Reads what an answer or an array wraps, unless too many do.
    pub(crate) fn wrapped(&mut self, node: Node<'a>) {
        if self.wrapped >= WRAPPED {
            return self.problem(node, UNKNOWN);
        }
        self.wrapped += 1;
        self.document(node);
        self.wrapped -= 1;
    }

    /// Reads the parts of spans that a Zipkin span is.
    pub(crate) fn zipkin(&mut self, node: Node<'a>, convert: fn(&Value) -> Result<Vec<ZipkinPart>, &'static str>) {
        self.sink.saw(Format::Zipkin);
        let Some(json) = self.value(node) else { return };
        match convert(&json) {
            Ok(parts) => {
                if crate::tags::duration(&json["duration"]).is_some_and(|nano| nano < 0) {
                    self.sink.warn(self.place(node), "the span's duration is negative");
                }
                for part in parts {
                    self.sink.zipkin(part);
                }
            }
            Err(what) => self.problem(node, what),
        }
    }

    /// An array's elements; none where it is none, which is said.
    pub(crate) fn elements(&mut self, node: Node<'a>) -> impl Iterator<Item = Node<'a>> + use<'a> {
        if !node.is_array() && !node.is_null() && node.is_whole {
            self.problem(node, "expected an array");
        }
        node.elements()
    }

    /// Whether it is an object; if not, that is said.
    pub(crate) fn is_object(&mut self, node: Node<'a>) -> bool {
        if !node.is_object() && node.is_whole {
            self.problem(node, "expected an object");
        }
        node.is_object()
    }

    /// The whole value; `None` for one that is cut off, which is said already, or that is wrong.
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

    /// What OTLP's reader read at this node, or a note of why it could not.
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

    /// Where a value begins in the file.
    pub(crate) fn place(&self, node: Node<'_>) -> Place<'a> {
        Place::new(self.start, &self.text.as_bytes()[..node.offset(self.text)])
    }
}

/// What is of no known format.
const UNKNOWN: &str = "neither OTLP, Jaeger, Zipkin nor spanfall tail JSON";

//! One file being read: what its documents are, and where what they hold goes.

use std::collections::HashMap;
use std::ops::ControlFlow;

use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::json::JsonError;
use otlp_wire::schema;
use prost::Message as _;
use serde_json::value::RawValue;
use trace_model::TraceId;

use crate::node::{Member, Node};
use crate::pending::{Pending, fits};
use crate::problem::Problem;
use crate::{Format, Part, Report, jaeger, otlp, zipkin};

/// How deep arrays of arrays of traces may be.
const ARRAYS: usize = 4;

/// What is neither of the kinds that are understood.
const UNKNOWN: &str = "neither OTLP/JSON, Jaeger JSON nor Zipkin v2 JSON begins like this";

pub(crate) struct Reader<'a> {
    pub(crate) text: &'a str,
    sink: &'a mut dyn FnMut(Part) -> ControlFlow<()>,
    spans: Pending,
    logs: Pending,
    pub(crate) report: Report,
    /// Up to where the file has been read, in bytes.
    at: usize,
    stopped: bool,
    /// When the earliest span of each Zipkin trace starts, in nanoseconds since the Unix epoch.
    pub(crate) earliest: HashMap<TraceId, u64>,
    /// Zipkin spans that say no time, with their places.
    pub(crate) timeless: Vec<(usize, Vec<u8>, Vec<u8>, Span)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, sink: &'a mut dyn FnMut(Part) -> ControlFlow<()>) -> Self {
        Self {
            text,
            sink,
            spans: Pending::default(),
            logs: Pending::default(),
            report: Report::default(),
            at: 0,
            stopped: false,
            earliest: HashMap::new(),
            timeless: Vec::new(),
        }
    }

    /// Reads one document after the other.
    pub(crate) fn read(mut self) -> Report {
        let mut start = 0;
        let mut damaged = false;
        while start < self.text.len() && !self.stopped {
            let mut documents = serde_json::Deserializer::from_str(&self.text[start..]).into_iter::<&RawValue>();
            let error = loop {
                match documents.next() {
                    Some(Ok(document)) if !self.stopped => self.document(Node(document), 0),
                    Some(Err(error)) => break Some(error),
                    _ => break None,
                }
            };
            let Some(error) = error else { break };
            let failed = start + documents.byte_offset();
            // Of an array that is not whole its elements are found one by one: what stands between them is no news.
            if !damaged || !self.text[failed..].trim_start().starts_with([',', ']', '}']) {
                let (text, start) = (self.text, start);
                self.report.problems.add(|| Problem::in_json(text, start, &error));
            }
            damaged = true;
            start = next_document(self.text, failed);
        }
        zipkin::add_timeless(&mut self);
        self.at = self.text.len();
        self.flush();
        self.report
    }

    /// Reads a value in which traces, logs, or a part of them are expected.
    pub(crate) fn document(&mut self, node: Node<'a>, arrays: usize) {
        if node.is_array() && arrays < ARRAYS {
            for element in self.elements(node) {
                if self.stopped {
                    return;
                }
                self.document(element, arrays + 1);
            }
            return;
        }
        if !node.is_object() {
            return self.problem(node, UNKNOWN);
        }
        let Some(members) = self.members(node) else { return };
        let has = |names: &[&str]| members.iter().any(|(name, _)| names.contains(&&**name));
        if has(otlp::REQUEST) {
            otlp::request(self, &members);
        } else if has(otlp::GROUP) {
            otlp::group(self, &members);
        } else if let Some(data) = value(&members, "data") {
            self.wrapped(data, arrays);
        } else if let Some(inner) = ["result", "trace"]
            .iter()
            .find_map(|name| value(&members, name))
            .filter(|_| arrays < ARRAYS)
        {
            // Answers of the APIs of Jaeger (v3) and of Tempo (v2).
            self.document(inner, arrays + 1);
        } else if has(&["spans"]) && has(&["processes", "traceID"]) {
            jaeger::trace(self, &members);
        } else if has(&["spanID", "operationName"]) {
            jaeger::single_span(self, node);
        } else if has(&["spanId"]) {
            otlp::single_span(self, node);
        } else if has(&["traceId", "localEndpoint"]) {
            zipkin::span(self, node);
        } else {
            self.problem(node, UNKNOWN);
        }
    }

    /// Reads what an answer of Jaeger's API wraps: several traces, or one.
    fn wrapped(&mut self, data: Node<'a>, arrays: usize) {
        if data.is_null() {
            self.report.saw(Format::Jaeger);
        } else if arrays < ARRAYS {
            if data.is_array() {
                self.report.saw(Format::Jaeger);
            }
            self.document(data, arrays + 1);
        } else {
            self.problem(data, UNKNOWN);
        }
    }

    /// An array's elements; none where it is none, which is said.
    pub(crate) fn elements(&mut self, node: Node<'a>) -> Vec<Node<'a>> {
        if !node.is_array() {
            if !node.is_null() {
                self.problem(node, "expected an array");
            }
            return Vec::new();
        }
        let found = node.elements();
        self.checked(node, found).unwrap_or_default()
    }

    /// An object's members; `None` where it is none, which is said.
    pub(crate) fn members(&mut self, node: Node<'a>) -> Option<Vec<Member<'a>>> {
        if !node.is_object() {
            self.problem(node, "expected an object");
            return None;
        }
        let found = node.members();
        self.checked(node, found)
    }

    /// What serde read at this node, or a note of why it could not.
    pub(crate) fn checked<T>(&mut self, node: Node<'a>, found: serde_json::Result<T>) -> Option<T> {
        let text = self.text;
        found
            .map_err(|error| self.report.problems.add(|| Problem::in_json(text, node.offset(text), &error)))
            .ok()
    }

    /// What OTLP's reader read at this node, or a note of why it could not.
    pub(crate) fn checked_otlp<T>(&mut self, node: Node<'a>, found: Result<T, JsonError>) -> Option<T> {
        let text = self.text;
        found
            .map_err(|error| self.report.problems.add(|| Problem::in_otlp(text, node.offset(text), &error)))
            .ok()
    }

    pub(crate) fn problem(&mut self, node: Node<'a>, what: &str) {
        self.problem_at(node.offset(self.text), what);
    }

    pub(crate) fn problem_at(&mut self, offset: usize, what: &str) {
        let text = self.text;
        self.report.problems.add(|| Problem::at(text, offset, what));
    }

    /// Adds a span that was found at an offset; all in protobuf.
    pub(crate) fn add_span(&mut self, offset: usize, resource: &[u8], scope: &[u8], span: &[u8]) {
        if !fits(span, &schema::SPAN) {
            return self.problem_at(offset, NESTED);
        }
        self.report.spans += 1;
        self.spans.add(resource, scope, span);
        self.added(offset);
    }

    /// Adds a span that was made from another form.
    pub(crate) fn add_made(&mut self, offset: usize, resource: &[u8], scope: &[u8], span: &Span) {
        self.add_span(offset, resource, scope, &span.encode_to_vec());
    }

    /// Adds a log record that was found at an offset; all in protobuf.
    pub(crate) fn add_log(&mut self, offset: usize, resource: &[u8], scope: &[u8], record: &[u8]) {
        if !fits(record, &schema::LOG_RECORD) {
            return self.problem_at(offset, NESTED);
        }
        self.report.logs += 1;
        self.logs.add(resource, scope, record);
        self.added(offset);
    }

    fn added(&mut self, offset: usize) {
        self.at = self.at.max(offset);
        if self.spans.is_full() || self.logs.is_full() {
            self.flush();
        }
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn flush(&mut self) {
        let spans = (!self.spans.is_empty()).then(|| self.spans.take_spans());
        let logs = (!self.logs.is_empty()).then(|| self.logs.take_logs());
        for batch in [spans, logs].into_iter().flatten() {
            let part = Part {
                batch,
                read: self.at,
                of: self.text.len(),
            };
            self.stopped = self.stopped || (self.sink)(part).is_break();
        }
    }
}

/// Of messages that are nested deeper than protobuf's decoders read them.
pub(crate) const NESTED: &str = "values are nested too deeply";

/// The last value of this name.
pub(crate) fn value<'a>(members: &[Member<'a>], name: &str) -> Option<Node<'a>> {
    let all = members.iter().rev();
    all.filter(|(known, _)| known == name).map(|(_, value)| *value).next()
}

/// Where the next document may begin: at a line that looks like one.
fn next_document(text: &str, failed: usize) -> usize {
    let from = text.len() - text[failed..].trim_start().len();
    let next = ["\n{", "\n["].into_iter().filter_map(|begin| text[from..].find(begin)).min();
    next.map_or(text.len(), |next| from + next + 1)
}

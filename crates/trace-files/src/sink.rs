//! Output of the parsers: spans and log records in OTLP's protobuf, to be batched.

use std::ops::ControlFlow;

use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::schema;
use prost::Message as _;
use trace_model::TraceId;

use crate::held::{Held, Record};
use crate::memory::Memory;
use crate::pending::{Pending, fits};
use crate::problem::{LazyPosition, Problem};
use crate::resource_scope::ResourceScope;
use crate::zipkin::Part as ZipkinPart;
use crate::{Format, Part, Report};

/// Message for values nested deeper than protobuf decoders allow.
pub(crate) const NESTED: &str = "values are nested too deeply";

/// Receiver of batches, until it breaks.
pub(crate) type Deliver<'a> = &'a mut dyn FnMut(Part) -> ControlFlow<()>;

/// Destination of one file's contents.
pub(crate) struct Sink<'a> {
    deliver: Deliver<'a>,
    held: &'a mut Held,
    pub(crate) memory: Memory,
    spans: Pending,
    logs: Pending,
    pub(crate) report: Report,
    /// True if a document was rejected as unsupported.
    pub(crate) is_rejected: bool,
    /// Bytes of the file read so far, and its length.
    progress: (usize, usize),
    stopped: bool,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(held: &'a mut Held, memory: Memory, deliver: Deliver<'a>) -> Self {
        Self {
            deliver,
            held,
            memory,
            spans: Pending::default(),
            logs: Pending::default(),
            report: Report::default(),
            is_rejected: false,
            progress: (0, 0),
            stopped: false,
        }
    }

    pub(crate) const fn set_progress(&mut self, read: usize, of: usize) {
        self.progress = (read, of);
    }

    pub(crate) fn saw(&mut self, format: Format) {
        if !self.report.formats.contains(&format) {
            self.report.formats.push(format);
        }
    }

    pub(crate) fn problem<'p>(&mut self, place: impl Into<LazyPosition<'p>>, what: impl Into<String>) {
        self.report.problems.add(|| Problem::at(place.into().position(), what));
    }

    pub(crate) fn warn(&mut self, place: LazyPosition<'_>, what: impl Into<String>) {
        self.report.warnings.add(|| Problem::at(place.position(), what));
    }

    /// Adds a span; all in protobuf.
    pub(crate) fn span(&mut self, place: LazyPosition<'_>, trace_id: TraceId, origin: &ResourceScope, span: Vec<u8>) {
        if !fits(&span, &schema::SPAN) {
            return self.problem(place, NESTED);
        }
        self.report.spans += 1;
        if self.held.waits(trace_id) {
            return self.hold(Record::span(trace_id, origin, span));
        }
        self.deliver_span(origin, &span);
    }

    /// Adds a span converted from another format.
    pub(crate) fn made(&mut self, place: LazyPosition<'_>, trace_id: TraceId, origin: &ResourceScope, span: &Span) {
        self.span(place, trace_id, origin, span.encode_to_vec());
    }

    /// Adds a log record; all in protobuf.
    pub(crate) fn log(&mut self, place: LazyPosition<'_>, trace_id: Option<TraceId>, origin: &ResourceScope, record: Vec<u8>) {
        if !fits(&record, &schema::LOG_RECORD) {
            return self.problem(place, NESTED);
        }
        self.report.logs += 1;
        match trace_id {
            Some(trace_id) if self.held.waits(trace_id) => self.hold(Record::log(trace_id, origin, record)),
            _ => self.deliver_log(origin, &record),
        }
    }

    /// Adds a Zipkin span or a part of one.
    pub(crate) fn zipkin(&mut self, part: ZipkinPart) {
        self.report.spans += 1;
        if self.held.add_zipkin(part) > self.memory.held {
            self.release();
        }
    }

    fn hold(&mut self, record: Record) {
        if self.held.add(record) > self.memory.held {
            self.release();
        }
    }

    /// Releases the held records.
    pub(crate) fn release(&mut self) {
        let mut released = self.held.release();
        for warning in released.warnings.drain(..) {
            self.report.warnings.add(|| Problem::of_all(warning));
        }
        for record in released {
            if self.stopped {
                return;
            }
            if record.is_log {
                self.deliver_log(&record.origin, &record.bytes);
            } else if fits(&record.bytes, &schema::SPAN) {
                self.deliver_span(&record.origin, &record.bytes);
            }
        }
    }

    fn deliver_span(&mut self, origin: &ResourceScope, span: &[u8]) {
        self.spans.add(origin, span);
        if self.spans.is_full() {
            self.flush();
        }
    }

    fn deliver_log(&mut self, origin: &ResourceScope, record: &[u8]) {
        self.logs.add(origin, record);
        if self.logs.is_full() {
            self.flush();
        }
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Delivers the current batch.
    pub(crate) fn flush(&mut self) {
        let spans = (!self.spans.is_empty()).then(|| self.spans.take_spans());
        let logs = (!self.logs.is_empty()).then(|| self.logs.take_logs());
        for batch in [spans, logs].into_iter().flatten() {
            let (read, of) = self.progress;
            self.stopped = self.stopped || (self.deliver)(Part { batch, read, of }).is_break();
        }
    }
}

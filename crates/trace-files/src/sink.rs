//! What formats write to: spans and log records in OTLP's protobuf, on their way into batches.

use std::ops::ControlFlow;
use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::schema;
use prost::Message as _;
use trace_model::TraceId;

use crate::held::{Held, Record};
use crate::memory::Memory;
use crate::pending::{Pending, fits};
use crate::problem::{Place, Problem};
use crate::zipkin::Part as ZipkinPart;
use crate::{Format, Part, Report};

/// Of messages that are nested deeper than protobuf's decoders read them.
pub(crate) const NESTED: &str = "values are nested too deeply";

/// Where batches go, until it breaks.
pub(crate) type Deliver<'a> = &'a mut dyn FnMut(Part) -> ControlFlow<()>;

/// What all spans of a scope share, in protobuf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) resource: Arc<[u8]>,
    pub(crate) scope: Arc<[u8]>,
    /// Schema URLs; `None` for empty ones.
    pub(crate) resource_schema: Option<Arc<str>>,
    pub(crate) scope_schema: Option<Arc<str>>,
}

/// The way of one file's contents to the store.
pub(crate) struct Sink<'a> {
    deliver: Deliver<'a>,
    held: &'a mut Held,
    pub(crate) memory: Memory,
    spans: Pending,
    logs: Pending,
    pub(crate) report: Report,
    /// Whether something was refused by name.
    pub(crate) is_refused: bool,
    /// How far the file has been read and how long it is, in bytes.
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
            is_refused: false,
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

    pub(crate) fn problem<'p>(&mut self, place: impl Into<Place<'p>>, what: impl Into<String>) {
        self.report.problems.add(|| Problem::at(place.into().position(), what));
    }

    pub(crate) fn warn(&mut self, place: Place<'_>, what: impl Into<String>) {
        self.report.warnings.add(|| Problem::at(place.position(), what));
    }

    /// Adds a span; all in protobuf.
    pub(crate) fn span(&mut self, place: Place<'_>, trace_id: TraceId, origin: &Origin, span: Vec<u8>) {
        if !fits(&span, &schema::SPAN) {
            return self.problem(place, NESTED);
        }
        self.report.spans += 1;
        if self.held.waits(trace_id) {
            return self.hold(Record::span(trace_id, origin, span));
        }
        self.deliver_span(origin, &span);
    }

    /// Adds a span that was made from another form.
    pub(crate) fn made(&mut self, place: Place<'_>, trace_id: TraceId, origin: &Origin, span: &Span) {
        self.span(place, trace_id, origin, span.encode_to_vec());
    }

    /// Adds a log record; all in protobuf.
    pub(crate) fn log(&mut self, place: Place<'_>, trace_id: Option<TraceId>, origin: &Origin, record: Vec<u8>) {
        if !fits(&record, &schema::LOG_RECORD) {
            return self.problem(place, NESTED);
        }
        self.report.logs += 1;
        match trace_id {
            Some(trace_id) if self.held.waits(trace_id) => self.hold(Record::log(trace_id, origin, record)),
            _ => self.deliver_log(origin, &record),
        }
    }

    /// Adds what Zipkin may call a part of a span.
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

    /// Hands on what was held back.
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

    fn deliver_span(&mut self, origin: &Origin, span: &[u8]) {
        self.spans.add(origin, span);
        if self.spans.is_full() {
            self.flush();
        }
    }

    fn deliver_log(&mut self, origin: &Origin, record: &[u8]) {
        self.logs.add(origin, record);
        if self.logs.is_full() {
            self.flush();
        }
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Hands on what has come together.
    pub(crate) fn flush(&mut self) {
        let spans = (!self.spans.is_empty()).then(|| self.spans.take_spans());
        let logs = (!self.logs.is_empty()).then(|| self.logs.take_logs());
        for batch in [spans, logs].into_iter().flatten() {
            let (read, of) = self.progress;
            self.stopped = self.stopped || (self.deliver)(Part { batch, read, of }).is_break();
        }
    }
}

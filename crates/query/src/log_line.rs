//! A log record in a line.

use std::sync::Arc;

use trace_model::{Attribute, LogId, Severity, SpanId, StoredLog, TraceId, Value};

/// Bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 4_096;
/// Attributes of a record without a text.
const ATTRIBUTES_MAX: usize = 8;

/// A log record as a row of a list: what the Logs tab shows and `show logs` prints, before it is formatted.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// Identity of the record, with its time.
    pub id: LogId,
    /// `None` outside of any trace.
    pub trace_id: Option<TraceId>,
    /// `None` outside of any span.
    pub span_id: Option<SpanId>,
    /// `service.name` of its resource; empty without one.
    pub service: Arc<str>,
    /// Severity.
    pub severity: Severity,
    /// The sender's name of the severity; often empty.
    pub severity_text: String,
    /// Text of the line.
    pub text: LogText,
}

/// Text of a log record.
#[derive(Clone, Debug, PartialEq)]
pub enum LogText {
    /// The title of an error event, else the body, else the name of the event; [`Value::Empty`] without any of these. The start of a long text.
    Value(Value),
    /// The first attributes of a record that has nothing else.
    Attributes(Vec<Attribute>),
    /// The body is a structure that is too long for a line.
    LongStructure,
}

impl LogLine {
    /// Reads a record; decodes it whole only if attributes are all that it has.
    #[must_use]
    pub fn of(log: &StoredLog<'_>) -> Self {
        let text = match log.message(TEXT_BYTES_MAX) {
            Value::Empty if log.raw().bytes.len() <= TEXT_BYTES_MAX => {
                let mut attributes = log.decode().attributes;
                attributes.truncate(ATTRIBUTES_MAX);
                LogText::Attributes(attributes)
            }
            Value::Bytes(bytes) if bytes.is_empty() => LogText::LongStructure,
            message => LogText::Value(message),
        };
        Self {
            id: log.id(),
            trace_id: log.trace_id(),
            span_id: log.span_id(),
            service: log.service().clone(),
            severity: log.severity(),
            severity_text: log.severity_text().to_owned(),
            text,
        }
    }
}

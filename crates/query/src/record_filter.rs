//! One filter for records of both kinds: spans and log records.

use std::fmt;

use trace_model::sentry::ErrorEvent;
use trace_model::{BatchLog, BatchSpan, Clock, ErrorRecord, Filter, FilterError, LogRecord, Records, StoredLog, Value, work};

use crate::text_of;

/// Bytes of a title that are read.
const TITLE_BYTES_MAX: usize = 4_096;

/// A filter that may have fields of spans and of log records. Displays as text that parses to an equal one.
///
/// A field that a record does not have matches none: `severity:>=warn` finds log records alone, `duration:>1s` spans alone. With a field of spans alone
/// error events match as if they were spans, too, as they do in the list of traces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordFilter {
    filter: Filter,
    has_span_fields: bool,
    has_log_fields: bool,
}

impl RecordFilter {
    /// Parses a filter, with times relative to a clock.
    ///
    /// # Errors
    /// The text is not a filter.
    pub fn parse(text: &str, clock: &Clock) -> Result<Self, FilterError> {
        Ok(Self::new(Filter::parse_for(text, Records::Any, clock)?))
    }

    /// Returns the same filter for records of both kinds.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        Self {
            has_span_fields: filter.has_fields_of(Records::Spans),
            has_log_fields: filter.has_fields_of(Records::Logs),
            filter,
        }
    }

    /// Returns true if it has a field of log records alone.
    #[must_use]
    pub const fn has_log_fields(&self) -> bool {
        self.has_log_fields
    }

    /// Returns true if the span matches.
    #[must_use]
    pub fn matches(&self, span: &BatchSpan<'_>) -> bool {
        self.filter.matches(&span.candidate())
    }

    /// Returns true if the log record matches.
    #[must_use]
    pub fn matches_log(&self, log: &BatchLog<'_>) -> bool {
        if self.filter.matches(&log.candidate()) {
            return true;
        }
        if !self.has_span_fields || !log.is_error() {
            return false;
        }
        let title = title(&log.decode());
        let candidate = log.span_candidate(&title);
        candidate.is_some_and(|candidate| self.filter.matches(&candidate))
    }

    /// Returns true if the stored record of an error matches.
    #[must_use]
    pub fn matches_error(&self, record: &ErrorRecord<'_>) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        match record {
            ErrorRecord::Span(span) => {
                work::add(span.raw.len() + span.resource.len() + span.scope.len());
                self.filter.matches(span)
            }
            ErrorRecord::Log(log) => self.matches_stored(log),
        }
    }

    fn matches_stored(&self, log: &StoredLog<'_>) -> bool {
        let candidate = log.candidate();
        work::add(candidate.raw.len() + candidate.resource.len() + candidate.scope.len());
        if self.filter.matches(&candidate) {
            return true;
        }
        if !self.has_span_fields {
            return false;
        }
        let Value::String(title) = log.message(TITLE_BYTES_MAX) else {
            return false;
        };
        let candidate = log.span_candidate(&title);
        candidate.is_some_and(|candidate| self.filter.matches(&candidate))
    }
}

/// Returns the text that a filter compares with names: an error's title, else the name of the event and the body.
fn title(log: &LogRecord) -> String {
    ErrorEvent::of(log).map_or_else(
        || match (log.event_name.as_str(), &log.body) {
            (name, Value::Empty) => name.to_owned(),
            ("", body) => text_of(body),
            (name, body) => format!("{name} {}", text_of(body)),
        },
        |error| error.title,
    )
}

impl fmt::Display for RecordFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

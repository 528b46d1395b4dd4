//! The search language, and whether a span or a log record matches.
//!
//! In the style of Sentry's search. Terms are separated by spaces, and all of them must match.
//!
//! | example | finds spans |
//! |---|---|
//! | `reset` | with the text anywhere: name, service, ids (6 digits or more), any attribute's key or value, events, status message |
//! | `"reset password"` | the same, with a space; quotes also hold `( ) : [ ]`, and `\"` is a quote |
//! | `service:api` | whose service contains `api`, in whatever case |
//! | `service:=api` | whose service is `api`, in whatever case |
//! | `name:"GET /users/*"` | whose whole name fits: `*` is any text, `\*` is an asterisk |
//! | `kind:server`, `status:error` | of this kind (`unspecified internal server client producer consumer`) or status (`unset ok error`) |
//! | `kind:[client, producer]` | with one of the values |
//! | `duration:>50ms` | that took longer; `> >= < <= =`, units `ns us µs ms s m h` |
//! | `duration:50ms..1.5s` | that took from … to …, both included |
//! | `http.response.status_code:>=500` | with an attribute of such a number, or of a text that is one |
//! | `http.response.status_code:500` | with an attribute that equals the number, or a text that contains it |
//! | `db.system:postgres` | with an attribute that contains the text; `user.name` also finds `name` in a map `user` |
//! | `has:exception.type` | that have the attribute; also `has:parent`, `has:event`, `has:message`, … |
//! | `trace:4bf92f`, `id:00f067`, `parent:00f067` | by the first digits of trace id, span id, parent's id |
//! | `event:exception`, `message:timeout`, `scope:tokio` | by an event's name, by the status message, by the instrumentation scope's name |
//! | `is:root`, `is:running`, `is:error` | without a parent; that have not ended; that failed |
//! | `!name:health`, `!(a OR b)` | for which the term, or the group, does not hold |
//! | `status:error OR duration:>1s` | for which one of both holds; `AND` binds closer than `OR`, `( )` group |
//!
//! Log records have `service`, `scope`, `trace`, `id`, `event` (the event's name) and `has` as spans do, and:
//!
//! | example | finds log records |
//! |---|---|
//! | `timeout` | with the text anywhere: body, service, ids, any attribute's key or value |
//! | `body:timeout` | with the text in the body; of a structured body, in any key or value |
//! | `severity:error`, `severity:[warn, error]`, `severity:>=warn` | of a severity, or at least of it (`unspecified trace debug info warn error fatal`) |
//! | `has:trace`, `has:span` | that were written in a trace, in a span |
//!
//! Both have a time, of a span its start:
//!
//! | example | finds |
//! |---|---|
//! | `since:5m` | what is at most so old when the filter is set |
//! | `at:10:00..10:05`, `at:10:00:30` | what happened between two times, or in a minute or second; the last day on which that began |
//! | `at:2026-11-28T10:00..11:00` | the same on a date |
//!
//! A field that the records do not have is an error.
//!
//! Any other key is the name of an attribute: of the span, its events and links, of the log record, its resource or its scope, in whatever case.
//! A key in quotes is always an attribute's (`"name":x`). `OR` and `AND` are written in capitals. A colon before another one, or
//! before `//`, is text (`mailer::send`, `http://…`). Of an array, one matching element is enough. Ids and numbers never match
//! as the bytes they are sent in. A span that is running has no duration.
//!
//! Matching reads the span's bytes where they lie: [`Filter::matches`] decodes nothing, and allocates only for a message in which
//! a sender wrote one value in several pieces.

mod cursor;
mod keys;
mod memo;
mod parse;
mod plan;
mod quantity;
mod syntax;
mod text;
mod times;

use std::fmt;
use std::ops::Range;

pub(crate) use memo::{Memo, Shared};
pub use plan::Matchable;
pub use times::Clock;

use crate::{Severity, SpanId, SpanKind, StatusCode, TraceId};

/// The longest text that is parsed, in characters.
pub const MAX_LENGTH: usize = 4096;

/// Nesting depth of `!` and parentheses.
pub const MAX_DEPTH: usize = 32;

/// Examples with what they find, for a help screen.
pub const HELP: &[(&str, &str)] = &[
    ("reset", "the text anywhere in the span"),
    ("\"reset password\"", "text with a space, or with ( ) : in it"),
    ("service:api status:error", "both: service contains api, and it failed"),
    ("service:=api", "exactly this service"),
    ("name:\"GET /users/*\"", "the whole name fits the pattern"),
    ("kind:[client, producer]", "one of the values"),
    ("duration:>50ms", "longer than; > >= < <= and ns us ms s m h"),
    ("http.response.status_code:>=500", "any attribute by its name"),
    ("has:exception.type", "the attribute is there"),
    ("!name:health", "not"),
    ("kind:server (status:error OR duration:>1s)", "one or the other"),
    ("trace:4bf92f", "by the first digits; also id: and parent:"),
    ("event:exception", "by an event's name; also message: and scope:"),
    ("is:root", "no parent; also is:running and is:error"),
    ("since:5m", "at most so old; also at:10:00..10:05"),
];

/// Examples that only log records have, with what they find, for a help screen.
pub const HELP_LOGS: &[(&str, &str)] = &[
    ("severity:>=warn", "at least this severe; also severity:[info, error]"),
    ("body:timeout", "the text in the body"),
    ("has:trace", "written in a trace; also has:span"),
];

/// Kind of the records that a filter finds. They have different fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Records {
    /// Spans, with error events as if they were spans.
    #[default]
    Spans,
    /// Log records.
    Logs,
    /// Spans and log records. A field that a record does not have matches none.
    Any,
}

impl Records {
    /// Returns the name of the list in which they are.
    const fn list(self) -> &'static str {
        match self {
            Self::Spans => "Traces",
            Self::Logs => "Logs",
            Self::Any => "any list",
        }
    }
}

/// A search, ready to be run over any number of spans or log records. Displays as text that parses to an equal one.
#[derive(Clone, Debug)]
pub struct Filter {
    syntax: syntax::Expr,
    plan: plan::Plan,
}

impl Filter {
    /// Reads the language described in [the module](self), for spans and without times. A blank text is a filter that matches everything.
    ///
    /// # Errors
    ///
    /// The text is not a filter; the error has the position and a suggestion.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::read(text, Records::Spans, None)
    }

    /// The same for spans or log records, with times relative to a clock.
    ///
    /// # Errors
    ///
    /// The text is not a filter of these records.
    pub fn parse_for(text: &str, records: Records, clock: &Clock) -> Result<Self, FilterError> {
        Self::read(text, records, Some(clock))
    }

    fn read(text: &str, records: Records, clock: Option<&Clock>) -> Result<Self, FilterError> {
        let syntax = parse::parse(text, records, clock)?;
        let plan = plan::Plan::new(&syntax);
        Ok(Self { syntax, plan })
    }

    /// Returns true without terms, in which case it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.syntax.is_empty()
    }

    /// Returns true if it has a field that these records alone have.
    #[must_use]
    pub fn has_fields_of(&self, records: Records) -> bool {
        self.syntax.has_field_of(records)
    }

    /// Returns true if the record matches.
    #[must_use]
    pub fn matches(&self, record: &impl Matchable) -> bool {
        self.plan.matches(record, &mut memo::Forgetful)
    }

    /// The same, for many records that share resources and scopes: a memo is of one filter.
    pub(crate) fn matches_by(&self, record: &impl Matchable, memo: &mut Memo, resource: Shared, scope: Shared) -> bool {
        let tests = self.plan.tests();
        let mut asked = memo::Remembered {
            memo,
            resource,
            scope,
            tests,
        };
        self.plan.matches(record, &mut asked)
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        // The plan follows from the syntax.
        self.syntax == other.syntax
    }
}

impl Default for Filter {
    /// A filter that matches everything.
    fn default() -> Self {
        let syntax = syntax::Expr::default();
        let plan = plan::Plan::new(&syntax);
        Self { syntax, plan }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.syntax.fmt(f)
    }
}

/// A text that is not a filter. Displays as the error with a suggestion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// The part of the text that is meant, counted in characters; within the text, possibly empty at its end.
    pub at: Range<usize>,
    /// The error with a suggestion.
    pub message: String,
}

impl FilterError {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { at, message }
    }
}

/// A span to match: its header in the store, and its bytes.
///
/// The messages must have passed [`otlp_wire::validate`]; of others only the readable part is matched.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Id of the span.
    pub span_id: SpanId,
    /// `None` for a root.
    pub parent_span_id: Option<SpanId>,
    /// Name of the span.
    pub name: &'a str,
    /// `service.name` of its resource; empty without one.
    pub service: &'a str,
    /// The part it played.
    pub kind: SpanKind,
    /// Status of the span.
    pub status: StatusCode,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch; 0 while it is running.
    pub end_unix_nano: u64,
    /// The OTLP `Span` message.
    pub raw: &'a [u8],
    /// The OTLP `Resource` message.
    pub resource: &'a [u8],
    /// The OTLP `InstrumentationScope` message.
    pub scope: &'a [u8],
}

/// A log record to match: its header in the store, and its bytes.
///
/// The messages must have passed [`otlp_wire::validate`]; of others only the readable part is matched.
#[derive(Clone, Copy, Debug)]
pub struct LogCandidate<'a> {
    /// `None` outside of any trace.
    pub trace_id: Option<TraceId>,
    /// `None` outside of any span.
    pub span_id: Option<SpanId>,
    /// `service.name` of its resource; empty when there is none.
    pub service: &'a str,
    /// Severity.
    pub severity: Severity,
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// The OTLP `LogRecord` message.
    pub raw: &'a [u8],
    /// The OTLP `Resource` message.
    pub resource: &'a [u8],
    /// The OTLP `InstrumentationScope` message.
    pub scope: &'a [u8],
}

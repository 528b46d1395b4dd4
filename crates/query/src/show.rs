//! Lists about many traces: log records, errors, operations, calls between services, warnings.

mod errors;
mod ingest;
mod logs;
mod survey;
mod warnings;

use serde::{Deserialize, Serialize};
use trace_model::{Records, Store};

use crate::Search;

use self::errors::ErrorsPass;
pub use self::ingest::{Ingest, IngestService, ListenerLine, Listeners, Rejection};
use self::logs::LogsPass;
use self::survey::SurveyedPass;
use self::warnings::WarningsPass;

/// A list about the traces that a search finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Matching log records, with or without a trace.
    Logs,
    /// Groups of errors with a matching record, with or without a trace.
    Errors,
    /// Operations of the traces with a matching span.
    Operations,
    /// Calls between services in these traces.
    Map,
    /// Violated rules in these traces.
    Warnings,
}

impl Show {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Logs, Self::Errors, Self::Operations, Self::Map, Self::Warnings];

    /// Returns the kind of records that its filter finds.
    #[must_use]
    pub const fn records(self) -> Records {
        match self {
            Self::Logs => Records::Logs,
            Self::Errors => Records::Any,
            Self::Operations | Self::Map | Self::Warnings => Records::Spans,
        }
    }

    /// Returns its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Errors => "errors",
            Self::Operations => "operations",
            Self::Map => "map",
            Self::Warnings => "warnings",
        }
    }
}

/// A list. In the JSON of the viewer's own API.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// The last ones, by time.
    Logs(Vec<ShownLog>),
    /// The group with the newest error first.
    Errors(Vec<ShownError>),
    /// By service and name.
    Operations(Vec<ShownOperation>),
    /// By caller and callee.
    Map(Vec<ShownCalls>),
    /// In the order of the rules.
    Warnings(Vec<ShownWarning>),
}

/// A log record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownLog {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Lower-case hexadecimal; `null` outside of a trace.
    pub trace_id: Option<String>,
    /// Lower-case hexadecimal; `null` outside of a span.
    pub span_id: Option<String>,
    /// `null` without one.
    pub service: Option<String>,
    /// Severity: `info`, `error`, or as the sender wrote it.
    pub severity: String,
    /// Text, or the title of an error.
    pub text: String,
}

/// Errors with the same cause: a row of the Errors tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownError {
    /// Type of the exception; `null` without one.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Template of the message; may be empty.
    pub message: String,
    /// The newest call of the program's own code: `function (file)`; `null` without a stack.
    pub frame: Option<String>,
    /// Services that reported it, by name.
    pub services: Vec<String>,
    /// Number of errors.
    pub events: usize,
    /// Number of traces.
    pub traces: usize,
    /// Time of the first error in nanoseconds since the Unix epoch.
    pub first_unix_nano: u64,
    /// Time of the last error in nanoseconds since the Unix epoch.
    pub last_unix_nano: u64,
    /// True if the program handled all of them.
    pub handled: bool,
    /// Trace of the last error: lower-case hexadecimal; `null` outside of a trace.
    pub trace_id: Option<String>,
    /// Its span: lower-case hexadecimal; `null` outside of a span.
    pub span_id: Option<String>,
}

/// All spans of a service with one name and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownOperation {
    /// `null` without one.
    pub service: Option<String>,
    /// Name of the spans, with their subject where the name does not tell it.
    pub name: String,
    /// Kind of the spans.
    pub kind: String,
    /// Number of spans.
    pub spans: u64,
    /// Number of spans with status error.
    pub errors: u64,
    /// Number of spans in flight, which have no duration yet.
    pub open: u64,
    /// Duration.
    #[serde(flatten)]
    pub duration: Durations,
    /// Sum of the durations in nanoseconds; `null` without one.
    pub total_ns: Option<u64>,
}

/// Percentiles in nanoseconds; `null` without a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Durations {
    /// Median.
    pub p50_ns: Option<u64>,
    /// 95th percentile.
    pub p95_ns: Option<u64>,
    /// 99th percentile.
    pub p99_ns: Option<u64>,
}

/// Calls or messages from one service to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownCalls {
    /// `null` for spans without a service.
    pub caller: Option<String>,
    /// `null` for spans without a service, and for peers without a name.
    pub callee: Option<String>,
    /// True for peers without spans of their own: databases, brokers.
    pub uninstrumented: bool,
    /// True for messages: the caller does not wait.
    pub messaging: bool,
    /// Name of the queue of messages.
    pub queue: Option<String>,
    /// Number of calls or messages.
    pub calls: u64,
    /// Number of failed ones.
    pub errors: u64,
    /// Time for which the caller waits; of a message, the time of its processing.
    #[serde(flatten)]
    pub duration: Durations,
}

/// A violated rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownWarning {
    /// Name of the rule.
    pub rule: String,
    /// Explanation of the rule.
    pub explanation: String,
    /// Number of affected traces.
    pub traces: usize,
    /// Number of affected spans.
    pub spans: usize,
    /// An affected trace: lower-case hexadecimal.
    pub example: String,
}

#[derive(Debug)]
pub(crate) enum ShowPass {
    Logs(LogsPass),
    Errors(Box<ErrorsPass>),
    Surveyed(Box<SurveyedPass>),
    Warnings(Box<WarningsPass>),
}

impl ShowPass {
    pub(crate) fn new(show: Show, search: Box<Search>) -> Self {
        match show {
            Show::Logs => Self::Logs(LogsPass::new(search)),
            Show::Errors => Self::Errors(Box::new(ErrorsPass::new(search))),
            Show::Operations | Show::Map => Self::Surveyed(Box::new(SurveyedPass::new(show, search))),
            Show::Warnings => Self::Warnings(Box::new(WarningsPass::new(search))),
        }
    }

    /// Returns the list once everything was looked at.
    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Shown> {
        match self {
            Self::Logs(pass) => pass.step(store, work),
            Self::Errors(pass) => pass.step(store, work),
            Self::Surveyed(pass) => pass.step(store, work),
            Self::Warnings(pass) => pass.step(store, work),
        }
    }
}

/// Characters of a text at most.
const TEXT_MAX: usize = 1_000;

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// `None` for the empty name.
fn named(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

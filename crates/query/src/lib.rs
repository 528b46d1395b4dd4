//! Questions about stored traces and their answers: [`Request`] → [`Evaluation`] → [`Part`]s.
//!
//! **Boundary:** no sockets, no async runtime, no screens.
//!
//! An [`Evaluation`] reads the store in steps and holds no reference to it, so the owner of the store answers queries between its other
//! work, as it does with the filter and the survey. What it finds are values; [`jaeger`] formats them as Jaeger's query API does. Nothing
//! here knows of sockets or runtimes. [`ArrivalReader`] selects among arrivals, for readers that follow them.
//!
//! ```
//! use query::{Evaluation, Part, Request, Step};
//! use trace_model::Store;
//!
//! let store = Store::new(1 << 20);
//! let mut evaluation = Evaluation::new(Request::Services);
//! let Step::Part(Part::Services(services)) = evaluation.step(&store, 1 << 18) else { panic!("one part") };
//! assert!(services.is_empty());
//! assert!(matches!(evaluation.step(&store, 1 << 18), Step::Complete));
//! ```

mod aggregates;
mod arrivals;
mod calls;
mod cross_check;
mod evaluation;
mod found;
pub mod jaeger;
mod log_line;
mod operations;
mod record_filter;
mod search;
mod show;
mod survey;
mod tag;
mod traces;
mod uploads;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use trace_files::json_lines::Printable;
use trace_model::{Span, SpanKind, TraceId};

pub use self::aggregates::Aggregates;
pub use self::arrivals::{ArrivalReader, Records, Selection};
pub use self::calls::CALLS_MAX;
pub use self::cross_check::CrossCheck;
pub use self::evaluation::Evaluation;
pub use self::found::Found;
pub use self::log_line::{LogLine, LogText};
pub use self::operations::OPERATIONS_MAX;
pub use self::record_filter::RecordFilter;
pub use self::search::Search;
pub use self::show::{
    Durations, Ingest, IngestService, ListenerLine, Listeners, Rejection, Show, Shown, ShownCalls, ShownError, ShownLog,
    ShownOperation, ShownWarning,
};
pub use self::survey::SurveyQuery;
pub use self::tag::{Tag, text_of};
pub use self::uploads::Uploads;

/// A question about the stored traces.
#[derive(Clone, Debug)]
pub enum Request {
    /// Names of services. Answered by [`Part::Services`].
    Services,
    /// Names of a service's spans. Answered by [`Part::Operations`].
    Operations {
        /// Name of the service; empty for spans without one.
        service: String,
        /// Spans of this kind only.
        kind: Option<SpanKind>,
    },
    /// Traces with a matching span, the last arrived first. Answered by the parts of each trace.
    Search(Box<Search>),
    /// Traces by id. Answered by the parts of each trace, or by [`Part::Missing`].
    Traces(Vec<TraceId>),
    /// Traces with a matching span, the last arrived first. Answered by [`Part::Found`].
    Found(Box<Search>),
    /// A trace by id, or the one that arrived last. Answered by [`Part::Whole`] or [`Part::Missing`]; by nothing if the store is empty.
    Whole(Option<TraceId>),
    /// The cross-check of a trace. Answered by [`Part::CrossCheck`] or [`Part::Missing`].
    CrossCheck(TraceId),
    /// A list about the traces that a search finds. Answered by [`Part::Shown`].
    Show(Show, Box<Search>),
    /// Ingest, with the state of the listeners. Answered by [`Part::Ingest`].
    Ingest(Box<Listeners>),
    /// Calls between services. Answered by [`Part::Calls`].
    Calls {
        /// Traces that start and end within this time only, in nanoseconds since the Unix epoch.
        between: Range<u64>,
    },
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Names in order; spans without `service.name` have the empty name.
    Services(Vec<Arc<str>>),
    /// In order of name and kind, at most [`OPERATIONS_MAX`].
    Operations(Vec<Operation>),
    /// The next spans of a trace in order of arrival, at least one.
    Spans(Vec<Span>),
    /// The trace of these spans ends.
    EndOfTrace {
        /// True if the trace was evicted while it was read: spans are missing.
        is_cut: bool,
    },
    /// A requested trace is not stored, or has no spans.
    Missing(TraceId),
    /// In order of their names, at most [`CALLS_MAX`].
    Calls(Vec<Calls>),
    /// Traces in a line each.
    Found(Vec<Found>),
    /// The cross-check of a trace.
    CrossCheck(CrossCheck),
    /// A list.
    Shown(Shown),
    /// State of ingest.
    Ingest(Box<Ingest>),
    /// A trace with its log records, as it was received.
    Whole(Vec<trace_files::Request>),
}

/// Result of a step of an [`Evaluation`].
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Records are left to look at.
    More,
    /// The next part of the answer; there may be more.
    Part(Part),
    /// All parts were returned.
    Complete,
}

/// Name of spans.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Name of the spans.
    pub name: Arc<str>,
    /// Kind of the spans.
    pub kind: SpanKind,
}

/// Calls from one service to another: spans whose parent is of the calling service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Service of the parents.
    pub caller: Arc<str>,
    /// Service of the spans.
    pub callee: Arc<str>,
    /// Number of spans.
    pub count: u64,
}

/// Formats JSON. What a terminal would interpret is escaped, since answers are printed to one.
#[must_use]
pub fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Printable));
    debug_assert!(written.is_ok(), "keys are text, and memory can be written to");
    bytes
}

//! Summary of a trace for its line in the list.

mod cache;
mod scan;
mod shape;

use std::sync::Arc;

use crate::{SpanKey, TraceId};
pub(super) use cache::{Cache, Summaries};

/// The first span of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Key for [`crate::Store::subject`]; `None` without spans.
    pub key: Option<SpanKey>,
    /// Its service; empty if it has none.
    pub service: Arc<str>,
    /// Name of the span.
    pub name: Arc<str>,
    /// False while no span without a parent has arrived; then this is the earliest span there is.
    pub arrived: bool,
}

/// Parts of equal length of a trace's shape.
pub const SHAPE: usize = 12;

/// Summary of a trace for the list and the header of the waterfall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Trace of the spans.
    pub trace_id: TraceId,
    /// Its first span.
    pub root: Root,
    /// The services in it, by their first span's start; a service without a name is the empty string. Shared, as each frame
    /// copies the summary and a trace may have tens of thousands.
    pub services: Arc<[Arc<str>]>,
    /// The earliest start, in nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds from the earliest start to the latest end (or start, of a span in flight).
    pub duration_nano: u64,
    /// Spans held.
    pub spans: usize,
    /// Spans with status error.
    pub errors: usize,
    /// Spans whose end has not been seen.
    pub in_flight: usize,
    /// Log records held.
    pub logs: usize,
    /// Number of those that report an error.
    pub error_events: usize,
    /// Number of those that are messages or warnings: their severity is below that of an error.
    pub mild_events: usize,
    /// Number of those that the program handled, in spans that did not fail.
    pub handled_events: usize,
    /// Spans dropped because there was no memory for them: the trace alone fills the store's budget, or pinned ones do.
    pub truncated: usize,
    /// Spans active in each part of its duration, in eighths of the most at once, or of four.
    pub shape: [u8; SHAPE],
    /// True if it is never evicted.
    pub pinned: bool,
    /// True if only the first records of a large trace were read so far: then all but the counts may be inexact.
    pub is_partial: bool,
}

impl TraceSummary {
    /// Returns the number of error events that are neither messages nor handled.
    #[must_use]
    pub const fn grave_events(&self) -> usize {
        self.error_events.saturating_sub(self.mild_events + self.handled_events)
    }
}

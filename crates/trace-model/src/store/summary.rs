//! What a trace's line in the list says.

mod cache;
mod scan;
mod shape;

use std::sync::Arc;

use super::cross_check::SentryReach;
use crate::{SpanKey, TraceId};
pub(super) use cache::{Cache, Summaries};

/// What the first span of a trace says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// What [`crate::Store::subject`] is asked by; `None` where there is no span.
    pub key: Option<SpanKey>,
    /// Its service; empty when it has none.
    pub service: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// False while no span without a parent has arrived; then this is the earliest span there is.
    pub arrived: bool,
}

/// In how many parts of equal length a trace's shape is.
pub const SHAPE: usize = 12;

/// What the list and the header of the waterfall say of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Which trace.
    pub trace_id: TraceId,
    /// Where it begins.
    pub root: Root,
    /// The services in it, by their first span's start; a service without a name is the empty string. Shared, as each frame
    /// copies the summary and a trace may have tens of thousands.
    pub services: Arc<[Arc<str>]>,
    /// The earliest start, in nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// From the earliest start to the latest end (or start, of a span in flight), in nanoseconds.
    pub duration_nano: u64,
    /// Spans held.
    pub spans: usize,
    /// Spans with status error.
    pub errors: usize,
    /// Spans whose end has not been seen.
    pub in_flight: usize,
    /// Log records held.
    pub logs: usize,
    /// Of these, how many tell of an error.
    pub error_events: usize,
    /// Of these, how many are messages or warnings: their severity is below that of an error.
    pub mild_events: usize,
    /// Spans not taken because there was no room left for them: the trace alone fills the store's budget, or pinned ones do.
    pub truncated: usize,
    /// How many spans were at work in each part of its duration, in eighths of the most that were at once, or of four.
    pub shape: [u8; SHAPE],
    /// Whether it stays whatever comes.
    pub pinned: bool,
    /// What reached Sentry.
    pub sentry: SentryReach,
    /// Whether only the first records of a large trace were read so far: then all but the counts may be something else.
    pub is_partial: bool,
}

//! Statistics over many traces.
//!
//! **Invariant:** each pass is a bounded step, and results on the screen are those of a complete pass. **Boundary:** it knows the store's interface, not how
//! spans are kept.
//!
//! - A [`Survey`] aggregates all traces of the list: operations ([`Operation`]), calls between services ([`Edge`]), and queues
//!   with their services ([`QueueUse`]). A [`SurveyPass`] computes it in slices, between input and frames.
//! - [`Warnings`] are the lint results of all traces, updated as spans arrive.
//! - [`Errors`] are the errors of all traces, grouped by type, message template and origin, updated as they arrive.
//! - A [`Comparison`] is the difference between two traces, or between one and the median of its operation ([`MedianPass`]).
//! - [`template`] groups messages by what they have in common, for logs and errors.
//! - [`Latencies`] is a latency histogram: percentiles within a known error, and a coarse shape.
//!
//! No async, I/O, clock or user interface, as in `trace-model`, of which this crate uses only what a screen may use. Analyses of
//! a single trace belong to that crate.
//!
//! ```
//! use trace_stats::Latencies;
//!
//! let mut latencies = Latencies::default();
//! for milliseconds in 1..=100_u64 {
//!     latencies.record(milliseconds * 1_000_000);
//! }
//! assert_eq!(latencies.count(), 100);
//! assert!(latencies.percentile(50.0).abs_diff(50_000_000) < 500_000);
//! ```

#![warn(missing_docs)]

mod calls;
mod compare;
mod errors;
mod figures;
mod graph;
mod latencies;
mod operations;
mod peer;
mod place;
mod queues;
mod service_map;
mod survey;
pub mod template;
mod warnings;

pub use compare::{
    CallPath, Change, Comparison, Difference, Differing, MEDIAN_SPANS, MEDIAN_TRACES, MedianPass, Profile, RootOperation, Sums,
    Totals,
};
pub use errors::{
    ERRORS_MAX, ErrorGroup, ErrorId, ErrorPlace, Errors, GroupId, INTERVALS as ERROR_INTERVALS, ReportedBy, short_type,
};
pub use figures::Figures;
pub use graph::{Counted, GraphEdge, Party, ServiceGraph};
pub use latencies::Latencies;
pub use operations::{OPERATIONS, Operation};
pub use place::SpanPlace;
pub use queues::{Queue, QueueAction, QueueUse};
pub use service_map::{Callee, Edge};
pub use survey::{Survey, SurveyPass};
pub use warnings::{Broken, QUIET_NANO, REMEMBERED, RuleCount, Warning, Warnings};

/// Maximum number of distinct edges; names are set by senders.
pub const EDGES: usize = 2_000;

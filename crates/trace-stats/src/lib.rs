//! What many traces say together.
//!
//! - A [`Survey`] is one look at all traces of the list: what is done there ([`Operation`]), who calls whom ([`Edge`]), and which
//!   services use which queues ([`QueueUse`]). A [`Pass`] takes it in slices, between input and frames.
//! - [`Warnings`] are what is wrong with the traces themselves, kept up to date while they come.
//! - A [`Comparison`] is what one trace did otherwise than another, or than the median of its operation ([`MedianPass`]).
//! - [`Latencies`] are durations by frequency: percentiles within a known error, and a small histogram.
//!
//! No async, no I/O, no clock, no user interface, as in `trace-model`, of which this knows only what a screen may ask. What one trace
//! says alone is that crate's affair.
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

mod calls;
mod compare;
mod figures;
mod graph;
mod latencies;
mod operations;
mod peer;
mod place;
mod queues;
mod service_map;
mod survey;
mod warnings;

pub use compare::{
    CallPath, Change, Comparison, Difference, Differing, MEDIAN_SPANS, MEDIAN_TRACES, MedianPass, Profile, RootOperation, Sums,
    Totals,
};
pub use figures::Figures;
pub use graph::{Counted, Link, Party, ServiceGraph};
pub use latencies::Latencies;
pub use operations::{OPERATIONS, Operation};
pub use place::SpanPlace;
pub use queues::{Queue, QueueAction, QueueUse};
pub use service_map::{Callee, EDGES, Edge};
pub use survey::{Pass, Survey};
pub use warnings::{Broken, QUIET_NANO, REMEMBERED, RuleCount, Warning, Warnings};

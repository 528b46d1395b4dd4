//! What many traces say together.
//!
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

mod latencies;

pub use latencies::Latencies;

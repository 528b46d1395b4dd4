//! What the collector hands on.

use trace_model::{Batch, MetricsBatch, SpanId, TraceId};

/// What one request brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The usable spans, or the log records, of one OTLP request; never empty.
    Batch(Batch),
    /// The metrics of one OTLP request; never empty.
    Metrics(MetricsBatch),
    /// Which spans one Sentry envelope held; never empty.
    SentrySpans(Vec<SentrySpans>),
}

/// Spans of one trace that were on their way to Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentrySpans {
    /// Their trace.
    pub trace_id: TraceId,
    /// Their ids, as the envelope has them: in its order, twice if it says so twice.
    pub span_ids: Vec<SpanId>,
}

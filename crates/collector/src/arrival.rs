//! What the collector hands on.

use tokio::sync::mpsc;
use trace_model::{Batch, SpanId, TraceId};

/// How many requests may wait for the reader before senders are asked to try again.
pub(crate) const WAITING: usize = 64;

/// What one request brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The usable spans of one OTLP request; never empty.
    Spans(Batch),
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

/// The reader is behind, or gone: the sender shall try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Busy;

/// Hands an arrival over without waiting.
pub(crate) fn hand_over(arrivals: &mpsc::Sender<Arrival>, arrival: Arrival) -> Result<(), Busy> {
    arrivals.try_send(arrival).map_err(|_| Busy)
}

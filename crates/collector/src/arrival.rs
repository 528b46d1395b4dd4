//! What the collector hands on.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use trace_model::{Batch, MetricsBatch, SpanId, TraceId};

use crate::queue::Lease;

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

impl Arrival {
    /// Bytes of memory it stands for while it waits.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.bytes(),
            Self::Metrics(batch) => batch.bytes(),
            Self::SentrySpans(traces) => {
                let spans: usize = traces.iter().map(|spans| spans.span_ids.capacity()).sum();
                traces.capacity() * size_of::<SentrySpans>() + spans * size_of::<SpanId>()
            }
        }
    }
}

/// Spans of one trace that were on their way to Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentrySpans {
    /// Their trace.
    pub trace_id: TraceId,
    /// Their ids, as the envelope has them: in its order, twice if it says so twice.
    pub span_ids: Vec<SpanId>,
}

/// An arrival with the memory that it was granted.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) arrival: Arrival,
    pub(crate) lease: Lease,
}

/// Where arrivals come out, in the order in which they were accepted. What is taken here makes room for what comes next.
#[derive(Debug)]
pub struct Arrivals(pub(crate) mpsc::Receiver<Waiting>);

impl Arrivals {
    /// Waits for the next; `None` once the collector has ended and all were taken. Nothing is lost when it is dropped half way.
    pub async fn recv(&mut self) -> Option<Arrival> {
        self.0.recv().await.map(taken)
    }

    /// The next, if it is here already.
    ///
    /// # Errors
    /// There is none yet, or there will be none any more.
    pub fn try_recv(&mut self) -> Result<Arrival, TryRecvError> {
        self.0.try_recv().map(taken)
    }

    /// Waits for the next on a thread that may block.
    ///
    /// # Panics
    /// In an asynchronous task.
    pub fn blocking_recv(&mut self) -> Option<Arrival> {
        self.0.blocking_recv().map(taken)
    }
}

/// From here on its memory is the reader's affair.
fn taken(waiting: Waiting) -> Arrival {
    drop(waiting.lease);
    waiting.arrival
}

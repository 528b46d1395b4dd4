//! Output of the collector.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use trace_model::sentry::Evidence;
use trace_model::{Batch, MetricsBatch};

use crate::budget::{Reservation, Share};

/// Content of one request.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The usable spans, or the log records, of one OTLP request; never empty.
    Batch(Batch),
    /// The metrics of one OTLP request; never empty.
    Metrics(MetricsBatch),
    /// Content of one Sentry envelope, or the result of forwarding one; never empty.
    Sentry(Box<SentryArrival>),
}

impl Arrival {
    /// Returns the bytes of memory it accounts for while it waits.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.bytes(),
            Self::Metrics(batch) => batch.bytes(),
            Self::Sentry(arrival) => arrival.bytes(),
        }
    }

    /// Returns the number of spans, without hidden ones.
    #[must_use]
    pub fn span_count(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.shown_spans(),
            Self::Metrics(_) => 0,
            Self::Sentry(arrival) => arrival.spans.shown_spans(),
        }
    }
}

/// Content of one Sentry envelope in the store's form. Each part may be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct SentryArrival {
    /// Transactions with their spans, and single spans.
    pub spans: Batch,
    /// Events (errors and messages), logs and check-ins.
    pub logs: Batch,
    /// Further evidence for the cross-check.
    pub evidence: Vec<Evidence>,
}

impl SentryArrival {
    /// Evidence alone.
    #[must_use]
    pub const fn of_evidence(evidence: Vec<Evidence>) -> Self {
        Self {
            spans: Batch::empty(),
            logs: Batch::empty(),
            evidence,
        }
    }

    /// Returns true without data for the store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty() && self.evidence.is_empty()
    }

    /// Returns the bytes of memory it accounts for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spans.bytes() + self.logs.bytes() + self.evidence.iter().map(Evidence::bytes).sum::<usize>()
    }
}

/// An arrival with its share of the in-flight account, which it holds until that is dropped.
#[derive(Debug)]
pub struct Delivery {
    /// Content of the request.
    pub arrival: Arrival,
    /// Must be dropped with the last of the arrival.
    pub share: Share,
}

/// The receiver of arrivals, in the order of their acceptance. Receiving one frees its slot in the queue, and its bytes in the
/// in-flight account once its [`Share`] is dropped.
#[derive(Debug)]
pub struct Arrivals(pub(crate) mpsc::Receiver<Waiting>);

/// An arrival that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) arrival: Arrival,
    pub(crate) reservation: Reservation,
}

impl Arrivals {
    /// Waits for the next; `None` once the collector has ended and all were taken. Nothing is lost when it is dropped half way.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.0.recv().await.map(deliver)
    }

    /// The next, if it is here already.
    ///
    /// # Errors
    /// None is waiting, or the collector has ended.
    pub fn try_recv(&mut self) -> Result<Delivery, TryRecvError> {
        self.0.try_recv().map(deliver)
    }

    /// Waits for the next on a thread that may block.
    ///
    /// # Panics
    /// In an asynchronous task.
    pub fn blocking_recv(&mut self) -> Option<Delivery> {
        self.0.blocking_recv().map(deliver)
    }
}

fn deliver(waiting: Waiting) -> Delivery {
    Delivery {
        arrival: waiting.arrival,
        share: Share::new(waiting.reservation),
    }
}

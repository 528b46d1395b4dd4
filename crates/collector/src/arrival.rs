//! What the collector hands on.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;
use trace_model::sentry::Evidence;
use trace_model::{Batch, MetricsBatch};

use crate::queue::{Lease, Share};

/// What one request brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The usable spans, or the log records, of one OTLP request; never empty.
    Batch(Batch),
    /// The metrics of one OTLP request; never empty.
    Metrics(MetricsBatch),
    /// What one Sentry envelope held, or what has become of one; never empty.
    Sentry(Box<SentryArrival>),
}

impl Arrival {
    /// Bytes of memory it stands for while it waits.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.bytes(),
            Self::Metrics(batch) => batch.bytes(),
            Self::Sentry(arrival) => arrival.bytes(),
        }
    }

    /// How many spans it brought, without hidden ones.
    #[must_use]
    pub fn span_count(&self) -> usize {
        match self {
            Self::Batch(batch) => batch.shown_spans(),
            Self::Metrics(_) => 0,
            Self::Sentry(arrival) => arrival.spans.shown_spans(),
        }
    }
}

/// What one Sentry envelope held, in the store's own form. Each part may be empty.
#[derive(Clone, Debug, PartialEq)]
pub struct SentryArrival {
    /// Transactions with their spans, and spans that came alone.
    pub spans: Batch,
    /// Events (errors and messages), logs and check-ins.
    pub logs: Batch,
    /// What it proves besides.
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

    /// Whether there is nothing for the store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty() && self.evidence.is_empty()
    }

    /// Bytes of memory it stands for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.spans.bytes() + self.logs.bytes() + self.evidence.iter().map(Evidence::bytes).sum::<usize>()
    }
}

/// An arrival with its share of the in-flight account, which it holds until that is dropped.
#[derive(Debug)]
pub struct Delivery {
    /// What arrived.
    pub arrival: Arrival,
    /// To be dropped with the last of it.
    pub share: Share,
}

/// Where arrivals come out, in the order in which they were accepted. What is taken here makes room for what comes next in the queue, and
/// in the in-flight account once its [`Share`] is dropped.
#[derive(Debug)]
pub struct Arrivals(pub(crate) mpsc::Receiver<Waiting>);

/// An arrival that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) arrival: Arrival,
    pub(crate) lease: Lease,
}

impl Arrivals {
    /// Waits for the next; `None` once the collector has ended and all were taken. Nothing is lost when it is dropped half way.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.0.recv().await.map(deliver)
    }

    /// The next, if it is here already.
    ///
    /// # Errors
    /// There is none yet, or there will be none any more.
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
        share: Share::new(waiting.lease),
    }
}

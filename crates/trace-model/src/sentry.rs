//! What Sentry's envelopes tell besides spans and log records.
//!
//! Spans, errors and logs of an envelope take the same form as OTLP's, with [`crate::Source::Sentry`]. What is left is evidence: it
//! says which spans cannot reach Sentry any more, and why.

use std::sync::Arc;

use crate::{SpanId, TraceId};

/// Something that an envelope, or Sentry's answer to it, proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// One transaction brought its root and all these spans at once: a span below this root that is not among them will not come.
    Transaction {
        /// Its trace.
        trace_id: TraceId,
        /// The transaction itself.
        root: SpanId,
        /// How many spans it held, itself not counted.
        spans: u32,
    },
    /// The sender says that it does not sample this trace.
    Unsampled {
        /// Which one.
        trace_id: TraceId,
    },
    /// The sender says that it dropped something: one line of a
    /// [client report](https://develop.sentry.dev/sdk/telemetry/client-reports/).
    Dropped {
        /// Who dropped it; empty when it isn't known.
        service: Arc<str>,
        /// When it said so, in nanoseconds since the Unix epoch.
        unix_nano: u64,
        /// `sample_rate`, `queue_overflow`, `ratelimit_backoff`, …
        reason: Box<str>,
        /// `transaction`, `span`, `error`, …
        category: Box<str>,
        /// How many.
        quantity: u64,
    },
    /// Spans that came in an item larger than Sentry takes.
    TooLarge {
        /// Their trace.
        trace_id: TraceId,
        /// Their ids.
        spans: Vec<SpanId>,
        /// How large the item was.
        bytes: u64,
    },
    /// What has become of spans that were handed on to Sentry.
    Relayed {
        /// Their trace.
        trace_id: TraceId,
        /// Their ids.
        spans: Vec<SpanId>,
        /// What has become of them.
        delivery: Delivery,
    },
}

impl Evidence {
    /// Bytes of memory it stands for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let more = match self {
            Self::Transaction { .. } | Self::Unsampled { .. } => 0,
            Self::Dropped { reason, category, .. } => reason.len() + category.len(),
            Self::TooLarge { spans, .. } | Self::Relayed { spans, .. } => spans.capacity() * size_of::<SpanId>(),
        };
        size_of::<Self>() + more
    }
}

/// What has become of an envelope that was handed on to Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Sentry could not be reached; it is kept and tried again.
    Waiting {
        /// What stood in the way.
        problem: Box<str>,
    },
    /// Sentry took it.
    Accepted,
    /// Sentry did not take it, and would not the next time either.
    Refused {
        /// HTTP status.
        status: u16,
        /// What Sentry said; may be empty.
        reason: Box<str>,
    },
    /// Sentry did not take it because there was too much.
    RateLimited {
        /// What Sentry said; may be empty.
        reason: Box<str>,
    },
    /// It was given up.
    Lost {
        /// Why.
        reason: Box<str>,
    },
}

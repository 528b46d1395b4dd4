//! Counts and latencies of calls and messages.

use trace_model::{SpanNode, TraceId};

use crate::place::Highest;
use crate::{Latencies, SpanPlace};

/// Count, latency and errors of calls or messages.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Number of calls or messages.
    pub calls: u64,
    /// Number of those with status error on either side.
    pub errors: u64,
    /// Caller's wait; for a message, its processing time.
    pub latencies: Latencies,
    /// Queue time of messages, from the end of the producer to the start of the consumer.
    pub queued: Latencies,
    /// The slowest one: its called span, or the calling one of an uninstrumented peer.
    pub slowest: Option<SpanPlace>,
    /// The last failed one, in the same way.
    pub failed: Option<SpanPlace>,
}

/// Figures under construction.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    figures: Figures,
    slowest: Highest,
    failed: Highest,
}

impl Counts {
    pub(crate) fn add(&mut self, trace_id: TraceId, node: &SpanNode, nano: Option<u64>, failed: bool) {
        self.figures.calls += 1;
        if let Some(nano) = nano {
            self.figures.latencies.record(nano);
            self.slowest.offer(nano, trace_id, &node.key);
        }
        if failed {
            self.figures.errors += 1;
            self.failed.offer(node.start_unix_nano, trace_id, &node.key);
        }
    }

    pub(crate) fn add_queued(&mut self, nano: u64) {
        self.figures.queued.record(nano);
    }

    pub(crate) fn finish(self) -> Figures {
        Figures {
            slowest: self.slowest.place(),
            failed: self.failed.place(),
            ..self.figures
        }
    }
}

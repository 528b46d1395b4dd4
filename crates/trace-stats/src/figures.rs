//! What is counted of calls and messages.

use trace_model::{SpanNode, TraceId};

use crate::place::Highest;
use crate::{Latencies, SpanPlace};

/// How often, how long, and with what end.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Calls, or messages.
    pub calls: u64,
    /// Of these, those with status error on either side.
    pub errors: u64,
    /// How long the caller waited; for a message, how long it took to process.
    pub latencies: Latencies,
    /// How long messages waited between their producer's end and their consumer's start.
    pub queued: Latencies,
    /// The slowest one: its called span, or the calling one where that is all there is.
    pub slowest: Option<SpanPlace>,
    /// The last one that failed, likewise.
    pub failed: Option<SpanPlace>,
}

/// Figures as they are counted.
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

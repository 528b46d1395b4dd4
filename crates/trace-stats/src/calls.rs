//! Calls between services within a trace.

use trace_model::work::{Visits, strides, visited};
use trace_model::{SpanKind, SpanNode};

/// An edge from a parent to its child that crosses services, or whose kinds are the two sides of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Index of the calling span in the nodes.
    pub(crate) caller: usize,
    /// Index of the called span in the nodes.
    pub(crate) callee: usize,
    /// True if a message connects them, so the caller does not wait.
    pub(crate) messaging: bool,
}

impl Call {
    /// Returns the call that leads to a span; `None` if its parent is missing, or of the same service without both sides of a
    /// call.
    pub(crate) fn to(nodes: &[SpanNode], callee: usize) -> Option<Self> {
        let node = &nodes[callee];
        let from = node.parent?;
        let parent = &nodes[from];
        let is_call = parent.key.service != node.key.service || (parent.kind.sends() && node.kind.receives());
        (node.arrived && parent.arrived && is_call).then_some(Self {
            caller: from,
            callee,
            messaging: parent.kind == SpanKind::Producer || node.kind == SpanKind::Consumer,
        })
    }

    /// Returns the duration in nanoseconds: the caller's wait, or the processing of the message. `None` while in flight.
    pub(crate) fn nano(self, nodes: &[SpanNode]) -> Option<u64> {
        let waits = !self.messaging && nodes[self.caller].kind == SpanKind::Client;
        duration(&nodes[if waits { self.caller } else { self.callee }])
    }

    /// Returns the queue time of the message in nanoseconds: from the end of the producer to the start of the consumer.
    pub(crate) fn queued_nano(self, nodes: &[SpanNode]) -> Option<u64> {
        let sent = nodes[self.caller].end_unix_nano.filter(|_| self.messaging)?;
        nodes[self.callee].start_unix_nano.checked_sub(sent)
    }
}

/// Returns the duration of a span in nanoseconds; `None` while in flight.
pub(crate) fn duration(node: &SpanNode) -> Option<u64> {
    Some(node.end_unix_nano?.saturating_sub(node.start_unix_nano))
}

/// Finds calls of uninstrumented peers: by index, true for client and producer spans without a client, producer, server or
/// consumer span below. Of two nested clients, only the inner one counts.
pub(crate) async fn unanswered(nodes: &[SpanNode]) -> Vec<bool> {
    let mut answered = vec![false; nodes.len()];
    let mut visits = Visits::default();
    // Parents precede their children.
    for (at, node) in nodes.iter().enumerate().rev() {
        visits.one().await;
        if let Some(parent) = node.parent {
            answered[parent] |= answered[at] || node.kind.sends() || Call::to(nodes, at).is_some();
        }
    }
    let mut unanswered = answered;
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for at in range {
            unanswered[at] = nodes[at].arrived && nodes[at].kind.sends() && !unanswered[at];
        }
    }
    unanswered
}

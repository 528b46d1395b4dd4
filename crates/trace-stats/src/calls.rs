//! Where a trace goes from one service to another.

use trace_model::work::{Visits, strides, visited};
use trace_model::{SpanKind, SpanNode};

/// A step from a parent to its child that leaves a service, or that both sides call one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Where the calling span stands among the nodes.
    pub(crate) caller: usize,
    /// Where the called one does.
    pub(crate) callee: usize,
    /// Whether a message lies between them, so that the caller does not wait.
    pub(crate) messaging: bool,
}

impl Call {
    /// The call by which a span was reached; `None` where its parent is missing or of the same service without both sides of a call.
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

    /// How long it took, in nanoseconds: as long as the caller waited, or the message was worked on. `None` while that goes on.
    pub(crate) fn nano(self, nodes: &[SpanNode]) -> Option<u64> {
        let waits = !self.messaging && nodes[self.caller].kind == SpanKind::Client;
        duration(&nodes[if waits { self.caller } else { self.callee }])
    }

    /// How long its message waited, in nanoseconds: from the end of the producer to the start of the consumer.
    pub(crate) fn queued_nano(self, nodes: &[SpanNode]) -> Option<u64> {
        let sent = nodes[self.caller].end_unix_nano.filter(|_| self.messaging)?;
        nodes[self.callee].start_unix_nano.checked_sub(sent)
    }
}

/// How long a span took, in nanoseconds; `None` while it is in flight.
pub(crate) fn duration(node: &SpanNode) -> Option<u64> {
    Some(node.end_unix_nano?.saturating_sub(node.start_unix_nano))
}

/// Which spans call somebody of whom no span is there: by position, the sending ones below which no other one sends or receives. An outer
/// one of two that send is answered by whatever answers the inner one.
pub(crate) async fn unanswered(nodes: &[SpanNode]) -> Vec<bool> {
    let mut answered = vec![false; nodes.len()];
    let mut visits = Visits::default();
    // Parents come before their children.
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

//! Calls between services.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trace_model::{Span, SpanNode, StatusCode, TraceId};

use crate::calls::{Call, duration};
use crate::figures::Counts;
use crate::peer::Peer;
use crate::{EDGES, Figures, Queue};

/// Target of calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Callee {
    /// An instrumented service; the empty string is spans without `service.name`.
    Service(Arc<str>),
    /// An uninstrumented peer, inferred from calls: a database, a broker, a service without tracing. Empty if the calls do not
    /// name it.
    External(Arc<str>),
}

impl Callee {
    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        let (Self::Service(name) | Self::External(name)) = self;
        name
    }
}

/// All calls from one service to another, or to itself.
#[derive(Clone, Debug)]
pub struct Edge {
    /// `service.name` of the caller.
    pub caller: Arc<str>,
    /// Target of the calls.
    pub callee: Callee,
    /// True for messages: the caller does not wait.
    pub messaging: bool,
    /// Queue of all these messages, if the spans of both sides name it.
    pub queue: Option<Queue>,
    /// Count, latency and errors.
    pub figures: Figures,
}

type Ends = (Arc<str>, Callee, bool, Option<Queue>);

/// Edges under construction.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    by_ends: HashMap<Ends, Counts>,
    left_out: u64,
}

impl Counting {
    /// Adds a call; `queue` is the one named by the spans of both sides.
    pub(crate) fn add(&mut self, trace_id: TraceId, nodes: &[SpanNode], call: Call, queue: Option<Queue>) {
        let (from, to) = (&nodes[call.caller], &nodes[call.callee]);
        let ends = (
            from.key.service.clone(),
            Callee::Service(to.key.service.clone()),
            call.messaging,
            queue,
        );
        let failed = [from, to].iter().any(|node| node.status == StatusCode::Error);
        if let Some(counts) = self.edge(ends) {
            counts.add(trace_id, to, call.nano(nodes), failed);
            if let Some(nano) = call.queued_nano(nodes) {
                counts.add_queued(nano);
            }
        }
    }

    /// Adds a call of an uninstrumented peer.
    pub(crate) fn add_external(&mut self, trace_id: TraceId, node: &SpanNode, span: &Span, queue: Option<Queue>) {
        let peer = Peer::of(span);
        let name = peer.as_ref().map_or("", Peer::name);
        let messaging = node.kind == trace_model::SpanKind::Producer;
        let ends = (node.key.service.clone(), Callee::External(name.into()), messaging, queue);
        if let Some(counts) = self.edge(ends) {
            counts.add(trace_id, node, duration(node), node.status == StatusCode::Error);
        }
    }

    fn edge(&mut self, ends: Ends) -> Option<&mut Counts> {
        let has_room = self.by_ends.len() < EDGES;
        match self.by_ends.entry(ends) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(new) if has_room => Some(new.insert(Counts::default())),
            Entry::Vacant(_) => {
                self.left_out += 1;
                None
            }
        }
    }

    /// Returns the edges ordered by their ends, and the number of calls beyond the limit.
    pub(crate) fn finish(self) -> (Vec<Edge>, u64) {
        let edge = |((caller, callee, messaging, queue), counts): (Ends, Counts)| Edge {
            caller,
            callee,
            messaging,
            queue,
            figures: counts.finish(),
        };
        let mut edges: Vec<_> = self.by_ends.into_iter().map(edge).collect();
        edges.sort_unstable_by(|one, other| {
            let rank = |edge: &Edge| (edge.caller.clone(), edge.callee.clone(), edge.messaging, edge.queue.clone());
            rank(one).cmp(&rank(other))
        });
        (edges, self.left_out)
    }
}

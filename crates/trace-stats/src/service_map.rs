//! Which service calls which.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trace_model::{Span, SpanNode, StatusCode, TraceId};

use crate::calls::{Call, duration};
use crate::peer::Peer;
use crate::place::Highest;
use crate::{Latencies, SpanPlace};

/// How many edges are told apart; names are the senders' text.
pub const EDGES: usize = 2_000;

/// Who is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Callee {
    /// A service that sends spans of its own; the empty string is those without `service.name`.
    Service(Arc<str>),
    /// Somebody who is known by the calls alone: a database, a broker, a service without tracing. Empty where the calls do not say who.
    External(Arc<str>),
}

impl Callee {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        let (Self::Service(name) | Self::External(name)) = self;
        name
    }
}

/// All calls from one service to another, or to itself.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Who calls.
    pub caller: Arc<str>,
    /// Who is called.
    pub callee: Callee,
    /// Whether by messages, for which the caller does not wait.
    pub messaging: bool,
    /// How many calls.
    pub calls: u64,
    /// Of these, on either side with status error.
    pub errors: u64,
    /// How long the caller waited; of a message, how long it was worked on.
    pub latencies: Latencies,
    /// How long messages waited between their producer's end and their consumer's start.
    pub queued: Latencies,
    /// The slowest call: its called span, or the calling one where that is all there is.
    pub slowest: Option<SpanPlace>,
    /// The last call that failed, likewise.
    pub failed: Option<SpanPlace>,
}

#[derive(Debug, Default)]
struct Counts {
    calls: u64,
    errors: u64,
    latencies: Latencies,
    queued: Latencies,
    slowest: Highest,
    failed: Highest,
}

impl Counts {
    fn add(&mut self, trace_id: TraceId, node: &SpanNode, nano: Option<u64>, failed: bool) {
        self.calls += 1;
        if let Some(nano) = nano {
            self.latencies.record(nano);
            self.slowest.offer(nano, trace_id, &node.key);
        }
        if failed {
            self.errors += 1;
            self.failed.offer(node.start_unix_nano, trace_id, &node.key);
        }
    }
}

type Ends = (Arc<str>, Callee, bool);

/// Edges as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    by_ends: HashMap<Ends, Counts>,
    left_out: u64,
}

impl Counting {
    pub(crate) fn add(&mut self, trace_id: TraceId, nodes: &[SpanNode], call: Call) {
        let (from, to) = (&nodes[call.caller], &nodes[call.callee]);
        let ends = (
            from.key.service.clone(),
            Callee::Service(to.key.service.clone()),
            call.messaging,
        );
        let failed = [from, to].iter().any(|node| node.status == StatusCode::Error);
        if let Some(counts) = self.edge(ends) {
            counts.add(trace_id, to, call.nano(nodes), failed);
            if let Some(nano) = call.queued_nano(nodes) {
                counts.queued.record(nano);
            }
        }
    }

    /// A call of somebody of whom there is no span.
    pub(crate) fn add_external(&mut self, trace_id: TraceId, node: &SpanNode, span: &Span) {
        let peer = Peer::of(span);
        let name = peer.as_ref().map_or("", Peer::name);
        let messaging = node.kind == trace_model::SpanKind::Producer;
        let ends = (node.key.service.clone(), Callee::External(name.into()), messaging);
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

    /// By their ends, and how many calls are on none of them.
    pub(crate) fn finish(self) -> (Vec<Edge>, u64) {
        let edge = |((caller, callee, messaging), counts): (Ends, Counts)| Edge {
            caller,
            callee,
            messaging,
            calls: counts.calls,
            errors: counts.errors,
            latencies: counts.latencies,
            queued: counts.queued,
            slowest: counts.slowest.place(),
            failed: counts.failed.place(),
        };
        let mut edges: Vec<_> = self.by_ends.into_iter().map(edge).collect();
        edges.sort_unstable_by(|one, other| {
            let rank = |edge: &Edge| (edge.caller.clone(), edge.callee.clone(), edge.messaging);
            rank(one).cmp(&rank(other))
        });
        (edges, self.left_out)
    }
}

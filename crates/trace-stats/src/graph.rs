//! Graph of the service map.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::{Callee, Edge, Figures, Queue, QueueAction, QueueUse, Survey};

/// A node of the service map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// An instrumented service; the empty string is spans without `service.name`.
    Service(Arc<str>),
    /// A queue, shared by publish, receive and ack spans.
    Queue(Queue),
    /// An uninstrumented peer, inferred from calls.
    Peer(Arc<str>),
}

impl Party {
    /// Returns its name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        match self {
            Self::Service(name) | Self::Peer(name) => name,
            Self::Queue(queue) => &queue.name,
        }
    }

    fn of(callee: &Callee) -> Self {
        match callee {
            Callee::Service(name) => Self::Service(name.clone()),
            Callee::External(name) => Self::Peer(name.clone()),
        }
    }
}

/// Calls or messages from one party to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphEdge {
    /// Index of the source in [`ServiceGraph::parties`].
    pub from: usize,
    /// Index of the target.
    pub to: usize,
    /// True for messages: the source does not wait.
    pub is_message: bool,
    /// Source of its figures.
    pub counted: Counted,
}

/// Location of figures in a [`Survey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Index in [`Survey::edges`].
    Edge(usize),
    /// Index in [`Survey::queue_uses`].
    Use(usize),
}

impl Counted {
    /// Returns the figures.
    #[must_use]
    pub fn figures(self, survey: &Survey) -> Option<&Figures> {
        match self {
            Self::Edge(at) => survey.edges.get(at).map(|edge| &edge.figures),
            Self::Use(at) => survey.queue_uses.get(at).map(|uses| &uses.figures),
        }
    }
}

/// Services, queues and peers with the edges between them. Both are ordered by name, independent of the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceGraph {
    /// Services, queues and uninstrumented peers.
    pub parties: Vec<Party>,
    /// Messages through a queue are two edges; acknowledgments are an edge only if the service does not receive.
    pub edges: Vec<GraphEdge>,
    /// Number of calls to peers without a name.
    pub unnamed: u64,
}

impl ServiceGraph {
    /// Builds the graph of a survey, with the edges and services whose names `keeps` accepts.
    #[must_use]
    pub fn new(survey: &Survey, keeps: impl Fn(&[&str]) -> bool) -> Self {
        let mut found: BTreeMap<(Party, Party, bool), Counted> = BTreeMap::new();
        let mut unnamed = 0;
        for (at, edge) in survey.edges.iter().enumerate().filter(|(_, edge)| edge.queue.is_none()) {
            if edge.callee.name().is_empty() && matches!(edge.callee, Callee::External(_)) {
                unnamed += edge.figures.calls;
                continue;
            }
            let ends = (Party::Service(edge.caller.clone()), Party::of(&edge.callee), edge.messaging);
            found.insert(ends, Counted::Edge(at));
        }
        for (at, uses) in survey.queue_uses.iter().enumerate() {
            let (service, queue) = (Party::Service(uses.service.clone()), Party::Queue(uses.queue.clone()));
            let ends = match uses.action {
                QueueAction::Publish => (service, queue, true),
                QueueAction::Receive => (queue, service, true),
                QueueAction::Settle if receives(survey, uses) => continue,
                QueueAction::Settle => (service, queue, false),
            };
            found.insert(ends, Counted::Use(at));
        }
        found.retain(|(from, to, _), _| keeps(&[from.name(), to.name()]));
        let services = survey.operations.iter().map(|operation| &operation.service);
        let services = services.filter(|service| keeps(&[service])).cloned().map(Party::Service);
        let ends = found.keys().flat_map(|(from, to, _)| [from.clone(), to.clone()]);
        let parties: Vec<_> = services.chain(ends).collect::<BTreeSet<_>>().into_iter().collect();
        let positions: HashMap<&Party, usize> = parties.iter().enumerate().map(|(at, party)| (party, at)).collect();
        let graph_edge = |((from, to, is_message), counted): (&(Party, Party, bool), &Counted)| GraphEdge {
            from: positions[from],
            to: positions[to],
            is_message: *is_message,
            counted: *counted,
        };
        let edges = found.iter().map(graph_edge).collect();
        Self { parties, edges, unnamed }
    }

    /// Returns all figures of a party: incoming calls, outgoing calls, and queue uses. Edges that duplicate a queue use are
    /// omitted.
    #[must_use]
    pub fn details(survey: &Survey, party: &Party) -> Vec<Counted> {
        let is_of = |edge: &Edge| Party::Service(edge.caller.clone()) == *party || Party::of(&edge.callee) == *party;
        let is_of_queue = |edge: &Edge| edge.queue.is_some() && matches!(edge.callee, Callee::External(_));
        let edges = survey
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| is_of(edge) && !is_of_queue(edge));
        let uses = survey.queue_uses.iter().enumerate().filter(|(_, uses)| match party {
            Party::Service(service) => uses.service == *service,
            Party::Queue(queue) => uses.queue == *queue,
            Party::Peer(_) => false,
        });
        let edges = edges.map(|(at, _)| Counted::Edge(at));
        edges.chain(uses.map(|(at, _)| Counted::Use(at))).collect()
    }
}

/// Returns true if the service of a queue use also receives from the queue.
fn receives(survey: &Survey, of: &QueueUse) -> bool {
    let is_same = |uses: &&QueueUse| uses.service == of.service && uses.queue == of.queue;
    survey
        .queue_uses
        .iter()
        .filter(is_same)
        .any(|uses| uses.action == QueueAction::Receive)
}

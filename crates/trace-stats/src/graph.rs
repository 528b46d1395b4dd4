//! The service map as a graph.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::{Callee, Edge, Figures, Queue, QueueAction, QueueUse, Survey};

/// A node of the service map.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// A service that sends spans; the empty string is those without `service.name`.
    Service(Arc<str>),
    /// A queue, which publish, receive and ack spans share.
    Queue(Queue),
    /// An uninstrumented peer, known by the calls alone.
    Peer(Arc<str>),
}

impl Party {
    /// Its name.
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
pub struct Link {
    /// Index of its source in [`ServiceGraph::parties`].
    pub from: usize,
    /// Index of its target.
    pub to: usize,
    /// Whether they are messages, for which the source does not wait.
    pub is_message: bool,
    /// Where its figures are.
    pub counted: Counted,
}

/// Where figures are in a [`Survey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// In [`Survey::edges`].
    Edge(usize),
    /// In [`Survey::queue_uses`].
    Use(usize),
}

impl Counted {
    /// The figures.
    #[must_use]
    pub fn figures(self, survey: &Survey) -> Option<&Figures> {
        match self {
            Self::Edge(at) => survey.edges.get(at).map(|edge| &edge.figures),
            Self::Use(at) => survey.queue_uses.get(at).map(|uses| &uses.figures),
        }
    }
}

/// Who calls whom, and by which queues. Parties and links are in the order of their names, whatever the figures are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceGraph {
    /// Services, queues, uninstrumented peers.
    pub parties: Vec<Party>,
    /// What goes from one to another. Messages by a queue are two links; acknowledgments are none if the service receives, too.
    pub links: Vec<Link>,
    /// Calls of peers that no span names.
    pub unnamed: u64,
}

impl ServiceGraph {
    /// The graph of a survey, of links and services whose names are kept.
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
        let link = |((from, to, is_message), counted): (&(Party, Party, bool), &Counted)| Link {
            from: positions[from],
            to: positions[to],
            is_message: *is_message,
            counted: *counted,
        };
        let links = found.iter().map(link).collect();
        Self { parties, links, unnamed }
    }

    /// Everything in which a party takes part: what it is called by, what it calls, and its queues. What stands for one of the queues
    /// already is left out.
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

/// Whether the service that uses a queue receives from it.
fn receives(survey: &Survey, of: &QueueUse) -> bool {
    let is_same = |uses: &&QueueUse| uses.service == of.service && uses.queue == of.queue;
    survey
        .queue_uses
        .iter()
        .filter(is_same)
        .any(|uses| uses.action == QueueAction::Receive)
}

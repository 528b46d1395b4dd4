//! Broken traces: context propagation failed between two services, so the called side started a trace of its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{Rule, SpanKey, SpanKind, SpanNode, Store, TraceId};

use super::Warning;
use super::judged::Judged;
use crate::SpanPlace;
use crate::calls::Call;
use crate::peer::Peer;

/// Maximum number of roots, and of unanswered calls, that are compared; the latest ones.
const FRAGMENTS_MAX: usize = 1_000;
/// Maximum number of remembered pairs of services that call each other.
const PAIRS_MAX: usize = 2_000;
/// Maximum number of remembered host names per pair.
const HOSTS_MAX: usize = 8;
/// Calls per pair that are searched for host names.
const SEARCHED_CALLS_MAX: usize = 32;
/// Maximum time from sending a message to its consumption, in nanoseconds; a later consumer is not evidence.
const DELIVERY_NANO_MAX: u64 = 5_000_000_000;

/// A span that started a trace of its own, and the call that most likely caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Root of the second part.
    pub span: SpanPlace,
    /// Name of that root.
    pub name: Arc<str>,
    /// The call in the first part.
    pub call: SpanPlace,
}

impl Broken {
    pub(super) fn warning(&self) -> Warning {
        Warning {
            rule: Rule::BrokenTrace,
            count: 1,
            first: self.span.clone(),
            name: self.name.clone(),
        }
    }
}

/// A span that might be one side of a broken call.
#[derive(Debug)]
struct Side {
    trace_id: TraceId,
    key: SpanKey,
    name: Arc<str>,
    messaging: bool,
    start: u64,
    end: u64,
    /// For a call, the named peer. For a consumer, the source of its message.
    peer: Option<Peer>,
}

impl Side {
    fn place(&self) -> SpanPlace {
        SpanPlace {
            trace_id: self.trace_id,
            key: self.key.clone(),
        }
    }

    /// Returns true if the times of a root allow it to be the target of this call.
    fn could_call(&self, root: &Self) -> bool {
        let until = if self.messaging {
            self.end.saturating_add(DELIVERY_NANO_MAX)
        } else {
            self.end
        };
        let ends = if self.messaging { root.start } else { root.end };
        self.messaging == root.messaging && self.start <= root.start && ends <= until && self.trace_id != root.trace_id
    }
}

/// Evidence about a pair of services that call each other.
#[derive(Debug, Default)]
struct Pair {
    /// Host names of the called service.
    hosts: HashSet<String>,
    looked_at: usize,
}

/// Roots and unanswered calls, and the evidence to match them.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    roots: VecDeque<Side>,
    calls: VecDeque<Side>,
    pairs: HashMap<(Arc<str>, Arc<str>), Pair>,
    /// True if something changed since the last comparison.
    pub(super) changed: bool,
    comparing: Option<Comparing>,
}

impl Fragments {
    pub(super) fn retain(&mut self, is_there: impl Fn(TraceId) -> bool) {
        let before = self.roots.len() + self.calls.len();
        self.roots.retain(|end| is_there(end.trace_id));
        self.calls.retain(|end| is_there(end.trace_id));
        if self.roots.len() + self.calls.len() != before {
            self.change();
        }
    }

    /// Removes the fragments of a trace.
    pub(super) fn forget(&mut self, trace_id: TraceId) {
        self.retain(|known| known != trace_id);
    }

    /// Collects fragments and evidence from one span of a trace.
    pub(super) fn learn(&mut self, store: &Store, trace: &Judged, at: usize) {
        let (nodes, trace_id) = (trace.tree.nodes(), trace.trace_id);
        let node = &nodes[at];
        work::add(VISIT);
        if let Some(call) = Call::to(nodes, at) {
            self.learn_pair(store, trace_id, &nodes[call.caller], &node.key.service);
        }
        let Some(end_unix_nano) = node.end_unix_nano.filter(|_| node.arrived) else {
            return;
        };
        // A root with links has a known origin.
        let is_root = node.parent.is_none() && !node.cyclic && node.kind.receives() && !node.has_links;
        if !is_root && !trace.unanswered[at] {
            return;
        }
        let mut end = Side {
            trace_id,
            key: node.key.clone(),
            name: node.name.clone(),
            messaging: matches!(node.kind, SpanKind::Producer | SpanKind::Consumer),
            start: node.start_unix_nano,
            end: end_unix_nano,
            peer: None,
        };
        if !is_root || end.messaging {
            end.peer = store.span(trace_id, &node.key).as_ref().and_then(Peer::of);
        }
        match end.peer {
            _ if is_root => push(&mut self.roots, end),
            Some(Peer::Database(_)) => return,
            _ => push(&mut self.calls, end),
        }
        self.change();
    }

    fn change(&mut self) {
        self.changed = true;
        self.comparing = None;
    }

    fn learn_pair(&mut self, store: &Store, trace_id: TraceId, from: &SpanNode, to: &Arc<str>) {
        let ends = (from.key.service.clone(), to.clone());
        if self.pairs.len() >= PAIRS_MAX && !self.pairs.contains_key(&ends) {
            return;
        }
        if !self.pairs.contains_key(&ends) {
            self.change();
        }
        let pair = self.pairs.entry(ends).or_default();
        if pair.looked_at == SEARCHED_CALLS_MAX || !from.kind.sends() {
            return;
        }
        pair.looked_at += 1;
        let peer = store.span(trace_id, &from.key).as_ref().and_then(Peer::of);
        if let Some(peer) = peer.filter(|_| pair.hosts.len() < HOSTS_MAX)
            && pair.hosts.insert(peer.name().to_owned())
        {
            self.change();
        }
    }

    /// Returns true if there is evidence in addition to the times: the peer's name, a queue named by both, or other calls to the
    /// same host.
    fn is_evident(&self, call: &Side, root: &Side) -> bool {
        let callee = &root.key.service;
        match &call.peer {
            Some(peer) if peer.names(callee) => true,
            Some(queue @ Peer::Broker(_)) if root.peer.as_ref() == Some(queue) => true,
            Some(peer) => self.pair(call, callee).is_some_and(|pair| pair.hosts.contains(peer.name())),
            None => self.pair(call, callee).is_some(),
        }
    }

    fn pair(&self, call: &Side, callee: &Arc<str>) -> Option<&Pair> {
        self.pairs.get(&(call.key.service.clone(), callee.clone()))
    }

    /// Compares until [`work::done`] is `until`. When done, returns the roots with exactly one possible call, where no other root
    /// matches that call.
    pub(super) fn compare(&mut self, until: u64) -> Option<Vec<Broken>> {
        let mut comparing = self.comparing.take().unwrap_or_default();
        comparing.callers.resize(self.calls.len(), 0);
        while let Some(root) = self.roots.get(comparing.candidates.len()) {
            // A comparison reads two cache lines at most.
            work::add(self.calls.len() * VISIT);
            let is_candidate = |call: &Side| call.could_call(root) && self.is_evident(call, root);
            let found: Vec<usize> = (0..self.calls.len())
                .filter(|from| is_candidate(&self.calls[*from]))
                .collect();
            for from in &found {
                comparing.callers[*from] += 1;
            }
            comparing.candidates.push(match found[..] {
                [from] => Some(from),
                _ => None,
            });
            if work::done() >= until && comparing.candidates.len() < self.roots.len() {
                self.comparing = Some(comparing);
                return None;
            }
        }
        self.changed = false;
        let only = comparing.candidates.iter().zip(&self.roots);
        let pairs = only.filter_map(|(only, root)| Some((root, (*only)?)));
        let pairs = pairs.filter(|(_, from)| comparing.callers[*from] == 1);
        let broken = pairs.map(|(root, from)| Broken {
            span: root.place(),
            name: root.name.clone(),
            call: self.calls[from].place(),
        });
        Some(broken.collect())
    }
}

/// Progress of comparing all roots with all calls.
#[derive(Debug, Default)]
struct Comparing {
    /// For each compared root, its call if there is exactly one.
    candidates: Vec<Option<usize>>,
    /// By call: number of matching roots.
    callers: Vec<usize>,
}

fn push(ends: &mut VecDeque<Side>, end: Side) {
    if ends.len() == FRAGMENTS_MAX {
        ends.pop_front();
    }
    ends.push_back(end);
}

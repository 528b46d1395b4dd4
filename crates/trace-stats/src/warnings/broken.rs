//! Traces that were broken on their way from one service to another: the called side began a trace of its own.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{Rule, SpanKey, SpanKind, SpanNode, Store, TraceId};

use super::Warning;
use super::judged::Judged;
use crate::SpanPlace;
use crate::calls::Call;
use crate::peer::Peer;

/// How many beginnings of traces, and how many calls without an answer, are compared; the latest ones.
const COMPARED: usize = 1_000;
/// How many pairs of services that call each other are remembered.
const KNOWN: usize = 2_000;
/// How many names of hosts are remembered for each.
const HOSTS: usize = 8;
/// How many calls of a pair are looked at for these.
const LOOKED_AT: usize = 32;
/// A message is consumed within this time after it was sent, in nanoseconds; later it could be anybody's.
const DELIVERY: u64 = 5_000_000_000;

/// A span that began a trace of its own, and the call that it most likely answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The root of the second part.
    pub span: SpanPlace,
    /// Its name.
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
    /// Of a call: whom it names. Of a consumer: where it took its message from.
    peer: Option<Peer>,
}

impl Side {
    fn place(&self) -> SpanPlace {
        SpanPlace {
            trace_id: self.trace_id,
            key: self.key.clone(),
        }
    }

    /// Whether, by its time alone, a root could be what this calls.
    fn could_call(&self, root: &Self) -> bool {
        let until = if self.messaging {
            self.end.saturating_add(DELIVERY)
        } else {
            self.end
        };
        let ends = if self.messaging { root.start } else { root.end };
        self.messaging == root.messaging && self.start <= root.start && ends <= until && self.trace_id != root.trace_id
    }
}

/// What is known of a pair of services that call each other.
#[derive(Debug, Default)]
struct Pair {
    /// Under which names the called one is reached.
    hosts: HashSet<String>,
    looked_at: usize,
}

/// Both sides of calls that could belong together, and what makes that likely.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    roots: VecDeque<Side>,
    calls: VecDeque<Side>,
    pairs: HashMap<(Arc<str>, Arc<str>), Pair>,
    /// Whether anything changed since they were compared.
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

    /// Forgets what a trace said.
    pub(super) fn forget(&mut self, trace_id: TraceId) {
        self.retain(|known| known != trace_id);
    }

    /// Takes what a span of a trace says.
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
        // One with links says itself where it comes from.
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
        if self.pairs.len() >= KNOWN && !self.pairs.contains_key(&ends) {
            return;
        }
        if !self.pairs.contains_key(&ends) {
            self.change();
        }
        let pair = self.pairs.entry(ends).or_default();
        if pair.looked_at == LOOKED_AT || !from.kind.sends() {
            return;
        }
        pair.looked_at += 1;
        let peer = store.span(trace_id, &from.key).as_ref().and_then(Peer::of);
        if let Some(peer) = peer.filter(|_| pair.hosts.len() < HOSTS)
            && pair.hosts.insert(peer.name().to_owned())
        {
            self.change();
        }
    }

    /// Whether something besides the time says that this calls that: its name, the queue that both name, or other calls to the same host.
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

    /// Compares until [`work::done`] is `until`; returns the roots with the one call that each can answer, where no other root can answer that
    /// one, once they are known.
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

/// A comparison of all roots with all calls, as far as it is.
#[derive(Debug, Default)]
struct Comparing {
    /// Of the roots that were compared: the call that each can answer, if it is only one.
    candidates: Vec<Option<usize>>,
    /// By call: how many roots can answer it.
    callers: Vec<usize>,
}

fn push(ends: &mut VecDeque<Side>, end: Side) {
    if ends.len() == COMPARED {
        ends.pop_front();
    }
    ends.push_back(end);
}

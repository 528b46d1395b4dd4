//! Which span stands below which.
//!
//! Built from the records alone, in any order: the result depends on what arrived, never on when. Nothing here recurses, so a
//! trace may be as deep as it likes.

use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use crate::call::CallId;
use crate::store::Node as Span;
use crate::{RepeatedLimits, SpanId, SpanKind, Store, TraceId};

mod node;
mod shared_ids;

use node::Missing;
pub use node::SpanNode;
use shared_ids::ById;

/// One trace as a tree with its times: parents before their children, depth first, siblings by start.
///
/// A node is named by its position in [`SpanTree::nodes`]. That holds for this tree only: the next one has others.
#[derive(Clone, Debug, Default)]
pub struct SpanTree {
    nodes: Vec<SpanNode>,
    /// By consumer: the producer of the trace that only a link joins it to.
    linked: HashMap<usize, usize>,
    /// What spans with many siblings call.
    calls: HashMap<usize, CallId>,
    /// What makes calls repeated.
    limits: RepeatedLimits,
}

impl SpanTree {
    /// Reads a trace; the tree of one that is not there is empty.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Self {
        let marks = store.error_marks(trace_id);
        let rows: Vec<_> = marks.iter().map(|(span_id, mark)| (*span_id, mark.time_unix_nano)).collect();
        let mut tree = Self::build(&store.nodes(trace_id), &rows);
        tree.linked = linked_producers(store, trace_id, &tree);
        tree.calls = calls(store, trace_id, &tree);
        tree.limits = store.repeated_limits();
        tree
    }

    /// Of spans, and of ids that shall be rows even if no span has them, with the time at which they are first spoken of.
    pub(crate) fn build(spans: &[Span], rows: &[(SpanId, u64)]) -> Self {
        let mut links = Links::new(spans, rows);
        links.break_cycles(spans);
        links.find_starts(spans);
        links.walk(spans)
    }

    /// All of them, in the order of rows.
    #[must_use]
    pub fn nodes(&self) -> &[SpanNode] {
        &self.nodes
    }

    /// The children of a node, by start.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let below = self.nodes.get(at).map_or(0, |node| node.descendants);
        self.siblings(at + 1, at + 1 + below)
    }

    /// Nodes without a parent, by start.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        self.siblings(0, self.nodes.len())
    }

    /// The span that sent the message which a consumer received: its parent, or a producer that it links to.
    #[must_use]
    pub fn producer(&self, at: usize) -> Option<usize> {
        let node = self.nodes.get(at).filter(|node| node.kind == SpanKind::Consumer)?;
        let is_producer = |parent: &usize| self.nodes[*parent].kind == SpanKind::Producer;
        node.parent.filter(is_producer).or_else(|| self.linked.get(&at).copied())
    }

    /// What a span calls; `None` for one that is no call, or has few siblings.
    pub(crate) fn call(&self, at: usize) -> Option<CallId> {
        self.calls.get(&at).copied()
    }

    /// What makes calls repeated.
    pub(crate) const fn repeated_limits(&self) -> RepeatedLimits {
        self.limits
    }

    /// From one sibling to the next, over what is below.
    fn siblings(&self, first: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let next = move |at: &usize| Some(at + 1 + self.nodes.get(*at)?.descendants);
        std::iter::successors(Some(first), next).take_while(move |at| *at < end)
    }
}

/// The producers that consumers are joined to by links alone. Of several, as a batch of messages has, it is the one that ended last before
/// the consumer started, else the first one: the consumer did not wait for any that came later.
fn linked_producers(store: &Store, trace_id: TraceId, tree: &SpanTree) -> HashMap<usize, usize> {
    let nodes = tree.nodes();
    let is_joined = |at: usize| nodes[at].has_links && nodes[at].kind == SpanKind::Consumer && tree.producer(at).is_none();
    let consumers: Vec<usize> = (0..nodes.len()).filter(|at| is_joined(*at)).collect();
    if consumers.is_empty() {
        return HashMap::new();
    }
    let producers = nodes.iter().enumerate().filter(|(_, node)| node.kind == SpanKind::Producer);
    let by_id: HashMap<SpanId, usize> = producers.map(|(at, node)| (node.key.span_id, at)).collect();
    let producer = |consumer: usize| {
        let start = nodes[consumer].start_unix_nano;
        let linked = store.links_within(trace_id, &nodes[consumer].key);
        let linked = linked.into_iter().filter_map(|id| by_id.get(&id).copied());
        linked.max_by_key(|at| match nodes[*at].end_unix_nano.filter(|end| *end <= start) {
            Some(end) => (true, end),
            None => (false, u64::MAX - nodes[*at].start_unix_nano),
        })
    };
    let joined = consumers
        .into_iter()
        .filter_map(|consumer| Some((consumer, producer(consumer)?)));
    joined.collect()
}

/// What the children of those call that have so many that they may repeat a call. Reading that costs a look at a span's bytes.
fn calls(store: &Store, trace_id: TraceId, tree: &SpanTree) -> HashMap<usize, CallId> {
    let nodes = tree.nodes();
    let has_many = |node: &SpanNode| {
        node.parent
            .is_some_and(|parent| nodes[parent].children >= RepeatedLimits::FEWEST)
    };
    let children = nodes.iter().enumerate().filter(|(_, node)| node.arrived && has_many(node));
    let hasher = DefaultHashBuilder::default();
    let call = |(at, node): (usize, &SpanNode)| Some((at, store.call_id(trace_id, node, &hasher)?));
    children.filter_map(call).collect()
}

/// Parents by position: positions past the spans are the missing ones.
struct Links {
    parents: Vec<Option<usize>>,
    missing: Vec<Missing>,
    cyclic: Vec<bool>,
    /// Spans whose id another span has as well, by position; there are few.
    duplicates: HashSet<usize>,
    /// When each of them begins.
    starts: Vec<u64>,
}

impl Links {
    fn new(spans: &[Span], rows: &[(SpanId, u64)]) -> Self {
        let by_id = ById::new(spans);
        let mut links = Self {
            parents: Vec::with_capacity(spans.len()),
            missing: Vec::new(),
            cyclic: vec![false; spans.len()],
            duplicates: by_id.duplicates().collect(),
            starts: Vec::new(),
        };
        let mut missing_at: HashMap<SpanId, usize> = HashMap::new();
        for (at, span) in spans.iter().enumerate() {
            let parent = match (by_id.calling_side(span), span.parent_span_id) {
                (Some(calling), _) => Some(calling),
                (None, None) => None,
                (None, Some(id)) if id == span.key.span_id => {
                    links.cyclic[at] = true;
                    None
                }
                (None, Some(id)) => Some(by_id.parent(id, span).unwrap_or_else(|| {
                    *missing_at.entry(id).or_insert_with(|| {
                        links.missing.push(Missing { id, start: u64::MAX });
                        spans.len() + links.missing.len() - 1
                    })
                })),
            };
            links.parents.push(parent);
        }
        for (id, start) in rows.iter().filter(|(id, _)| !by_id.contains(*id)) {
            missing_at.entry(*id).or_insert_with(|| {
                links.missing.push(Missing { id: *id, start: *start });
                spans.len() + links.missing.len() - 1
            });
        }
        links
    }

    /// When each span begins: one that does not say so begins with its parent.
    fn find_starts(&mut self, spans: &[Span]) {
        const UNKNOWN: u64 = u64::MAX;
        let known = |span: &Span| (span.start_unix_nano > 0 || span.parent_span_id.is_none()).then_some(span.start_unix_nano);
        let mut starts: Vec<u64> = spans.iter().map(|span| known(span).unwrap_or(UNKNOWN)).collect();
        starts.extend(self.missing.iter().map(|missing| missing.start));
        for (at, parent) in self.parents.iter().enumerate() {
            if let Some(parent) = parent.filter(|parent| *parent >= spans.len()) {
                starts[parent] = starts[parent].min(starts[at]);
            }
        }
        let first = starts.iter().copied().filter(|start| *start != UNKNOWN).min();
        let first = first
            .or_else(|| spans.iter().filter_map(|span| span.end_unix_nano).min())
            .unwrap_or(0);
        let mut above = Vec::new();
        for at in 0..spans.len() {
            // `UNKNOWN` is a start that can be sent, too.
            let mut here = Some(at).filter(|at| known(&spans[*at]).is_none() && starts[*at] == UNKNOWN);
            let mut start = first;
            while let Some(unknown) = here {
                above.push(unknown);
                let parent = self.parents[unknown];
                start = parent.map_or(first, |parent| starts[parent]);
                here = parent.filter(|parent| *parent < spans.len() && start == UNKNOWN && known(&spans[*parent]).is_none());
            }
            for unknown in above.drain(..) {
                starts[unknown] = if start == UNKNOWN { first } else { start };
            }
        }
        for missing in &mut starts[spans.len()..] {
            *missing = if *missing == UNKNOWN { first } else { *missing };
        }
        self.starts = starts;
    }

    /// Follows parents from every span; where that leads back, the earliest span of the circle becomes a root.
    fn break_cycles(&mut self, spans: &[Span]) {
        const NEW: usize = 0;
        let mut seen = vec![NEW; spans.len()];
        for start in 0..spans.len() {
            // A mark of its own for each walk: meeting it again means a circle.
            let mark = start + 1;
            let mut at = Some(start);
            while let Some(here) = at.filter(|here| *here < spans.len() && seen[*here] == NEW) {
                seen[here] = mark;
                at = self.parents[here];
            }
            if let Some(here) = at.filter(|here| *here < spans.len() && seen[*here] == mark) {
                let first = self.earliest_of_circle(spans, here);
                self.parents[first] = None;
                self.cyclic[first] = true;
            }
        }
    }

    fn earliest_of_circle(&self, spans: &[Span], from: usize) -> usize {
        let circle = std::iter::successors(Some(from), |here| self.parents[*here].filter(|next| *next != from));
        circle
            .min_by(|one, other| order(&spans[*one], &spans[*other]))
            .unwrap_or(from)
    }

    /// Depth first, siblings by start.
    fn walk(&self, spans: &[Span]) -> SpanTree {
        let total = spans.len() + self.missing.len();
        let Children { roots, first, all } = self.children(spans);
        let children = |at: usize| &all[first[at]..first[at + 1]];

        let no_name: Arc<str> = "".into();
        let mut hosts: HashMap<u32, u32> = HashMap::new();
        let mut nodes: Vec<SpanNode> = Vec::with_capacity(total);
        let mut stack: Vec<(usize, Option<usize>)> = roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((at, parent)) = stack.pop() {
            let here = nodes.len();
            let below = children(at);
            let node = match spans.get(at) {
                Some(span) => SpanNode {
                    duplicate: self.duplicates.contains(&at),
                    ..node::node(span, self.starts[at], self.cyclic[at])
                },
                None => node::missing(
                    &self.missing[at - spans.len()],
                    self.starts[at],
                    below.iter().map(|child| &spans[*child]),
                    &no_name,
                ),
            };
            // By the first row on it, as all else does not depend on what came first either.
            let host = if node.host == u32::MAX {
                node.host
            } else {
                let next = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
                *hosts.entry(node.host).or_insert(next)
            };
            nodes.push(SpanNode {
                host,
                depth: parent.map_or(0, |parent: usize| nodes[parent].depth + 1),
                parent,
                children: below.len(),
                ..node
            });
            stack.extend(below.iter().rev().map(|child| (*child, Some(here))));
        }
        count_descendants(&mut nodes);
        SpanTree {
            nodes,
            ..SpanTree::default()
        }
    }

    fn children(&self, spans: &[Span]) -> Children {
        let mut by_start: Vec<usize> = (0..spans.len()).collect();
        by_start.sort_unstable_by_key(|at| (self.starts[*at], &spans[*at].key));

        let total = spans.len() + self.missing.len();
        let mut first = vec![0; total + 1];
        for parent in self.parents.iter().flatten() {
            first[parent + 1] += 1;
        }
        for at in 0..total {
            first[at + 1] += first[at];
        }
        let mut all = vec![0; first[total]];
        let mut next = first.clone();
        let mut roots = Vec::new();
        for at in by_start {
            let Some(parent) = self.parents[at] else {
                roots.push(at);
                continue;
            };
            // A missing parent stands where its first child does.
            if parent >= spans.len() && next[parent] == first[parent] {
                roots.push(parent);
            }
            all[next[parent]] = at;
            next[parent] += 1;
        }
        // Behind all others stand those without children, in the order in which they were asked for.
        let childless = (spans.len()..total).filter(|at| first[*at] == first[at + 1]);
        roots.extend(childless);
        Children { roots, first, all }
    }
}

/// Who stands below whom, by start: the children of `at` are `all[first[at]..first[at + 1]]`.
struct Children {
    roots: Vec<usize>,
    first: Vec<usize>,
    all: Vec<usize>,
}

/// By start; the key decides between equals, so that the order of arrival does not.
fn order(one: &Span, other: &Span) -> std::cmp::Ordering {
    (one.start_unix_nano, &one.key).cmp(&(other.start_unix_nano, &other.key))
}

/// A node's descendants are the nodes after it that are deeper.
fn count_descendants(nodes: &mut [SpanNode]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..=nodes.len() {
        let depth = nodes.get(at).map_or(0, |node| node.depth);
        while let Some(last) = open.pop_if(|last| at == nodes.len() || nodes[*last].depth >= depth) {
            nodes[last].descendants = at - last - 1;
        }
        open.push(at);
    }
}

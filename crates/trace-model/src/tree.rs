//! Which span stands below which.
//!
//! Built from the records alone, in any order: the result depends on what arrived, never on when. Nothing here recurses, so a
//! trace may be as deep as it likes.

use std::cmp::Reverse;

use hashbrown::HashMap;

use crate::store::Node as Span;
use crate::{SpanId, SpanKind};

/// One place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A span: its position among those that the tree was built of.
    Span(usize),
    /// A parent that has not arrived, with its id.
    Missing(SpanId),
}

/// The tree, parents before their children.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<TreeNode>,
}

#[derive(Debug)]
pub(crate) struct TreeNode {
    pub(crate) place: Place,
    pub(crate) depth: usize,
    /// Where the parent stands in [`Tree::nodes`].
    pub(crate) parent: Option<usize>,
    /// Direct children.
    pub(crate) children: usize,
    /// All nodes below; those are the next ones in [`Tree::nodes`].
    pub(crate) descendants: usize,
    /// Whether its parent was ignored because following parents from here leads back here.
    pub(crate) cyclic: bool,
}

impl Tree {
    /// Of spans, and of ids that shall be rows even if no span has them.
    pub(crate) fn build(spans: &[Span], rows: &[SpanId]) -> Self {
        let mut links = Links::new(spans, rows);
        links.break_cycles(spans);
        links.walk(spans)
    }
}

/// Spans by id: of most ids there is one, the others are linked to it.
struct ById {
    first: HashMap<SpanId, usize>,
    next: Vec<Option<usize>>,
}

impl ById {
    fn new(spans: &[Span]) -> Self {
        let mut by_id = Self {
            first: HashMap::with_capacity(spans.len()),
            next: Vec::with_capacity(spans.len()),
        };
        for (at, span) in spans.iter().enumerate() {
            by_id.next.push(by_id.first.insert(span.key.span_id, at));
        }
        by_id
    }

    fn of(&self, id: SpanId) -> impl Iterator<Item = usize> + Clone {
        std::iter::successors(self.first.get(&id).copied(), |at| self.next[*at])
    }
}

/// Parents by position: positions past the spans are the missing ones.
struct Links {
    parents: Vec<Option<usize>>,
    missing: Vec<SpanId>,
    cyclic: Vec<bool>,
}

impl Links {
    fn new(spans: &[Span], rows: &[SpanId]) -> Self {
        let by_id = ById::new(spans);
        let mut links = Self {
            parents: Vec::with_capacity(spans.len()),
            missing: Vec::new(),
            cyclic: vec![false; spans.len()],
        };
        let mut missing_at: HashMap<SpanId, usize> = HashMap::new();
        for (at, span) in spans.iter().enumerate() {
            let twin = calling_twin(spans, by_id.of(span.key.span_id), at);
            let parent = match (twin, span.parent_span_id) {
                (Some(twin), _) => Some(twin),
                (None, None) => None,
                (None, Some(id)) if id == span.key.span_id => {
                    links.cyclic[at] = true;
                    None
                }
                (None, Some(id)) => Some(parent_among(spans, by_id.of(id), span).unwrap_or_else(|| {
                    *missing_at.entry(id).or_insert_with(|| {
                        links.missing.push(id);
                        spans.len() + links.missing.len() - 1
                    })
                })),
            };
            links.parents.push(parent);
        }
        for id in rows.iter().filter(|id| by_id.of(**id).next().is_none()) {
            missing_at.entry(*id).or_insert_with(|| {
                links.missing.push(*id);
                spans.len() + links.missing.len() - 1
            });
        }
        links
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
    fn walk(&self, spans: &[Span]) -> Tree {
        let total = spans.len() + self.missing.len();
        let Children { roots, first, all } = self.children(spans);
        let children = |at: usize| &all[first[at]..first[at + 1]];

        let mut tree = Tree {
            nodes: Vec::with_capacity(total),
        };
        let mut stack: Vec<(usize, Option<usize>)> = roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((at, parent)) = stack.pop() {
            let here = tree.nodes.len();
            tree.nodes.push(TreeNode {
                place: if at < spans.len() {
                    Place::Span(at)
                } else {
                    Place::Missing(self.missing[at - spans.len()])
                },
                depth: parent.map_or(0, |parent: usize| tree.nodes[parent].depth + 1),
                parent,
                children: children(at).len(),
                descendants: 0,
                cyclic: self.cyclic.get(at).copied().unwrap_or(false),
            });
            stack.extend(children(at).iter().rev().map(|child| (*child, Some(here))));
        }
        count_descendants(&mut tree.nodes);
        tree
    }

    fn children(&self, spans: &[Span]) -> Children {
        let mut by_start: Vec<usize> = (0..spans.len()).collect();
        by_start.sort_unstable_by(|one, other| order(&spans[*one], &spans[*other]));

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
fn count_descendants(nodes: &mut [TreeNode]) {
    let mut open: Vec<usize> = Vec::new();
    for at in 0..=nodes.len() {
        let depth = nodes.get(at).map_or(0, |node| node.depth);
        while let Some(last) = open.pop_if(|last| at == nodes.len() || nodes[*last].depth >= depth) {
            nodes[last].descendants = at - last - 1;
        }
        open.push(at);
    }
}

/// In Zipkin's model both sides of a call report the same id: then the calling side is the parent of the called one.
fn calling_twin(spans: &[Span], twins: impl Iterator<Item = usize>, at: usize) -> Option<usize> {
    if !receives(spans[at].kind) {
        return None;
    }
    let calling = twins.filter(|twin| matches!(spans[*twin].kind, SpanKind::Client | SpanKind::Producer));
    calling.min_by_key(|twin| &spans[*twin].key)
}

/// Of the spans that share the parent's id: the child's own service, else the side that was called.
fn parent_among(spans: &[Span], candidates: impl Iterator<Item = usize>, child: &Span) -> Option<usize> {
    let rank = |at: usize| {
        (
            spans[at].key.service == child.key.service,
            receives(spans[at].kind),
            Reverse(&spans[at].key),
        )
    };
    candidates.max_by_key(|at| rank(*at))
}

const fn receives(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Server | SpanKind::Consumer)
}

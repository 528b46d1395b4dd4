//! Which span stands below which.
//!
//! Built from the records alone, in any order: the result depends on what arrived, never on when. Nothing here recurses, so a
//! trace may be as deep as it likes.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::{SpanId, SpanKind, SpanRecord};

/// One place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A span: its position among the records.
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
    pub(crate) node: Node,
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
    pub(crate) fn build(spans: &[SpanRecord]) -> Self {
        let mut links = Links::new(spans);
        links.break_cycles(spans);
        links.walk(spans)
    }
}

/// Parents by position: positions past the spans are the missing ones.
struct Links {
    parents: Vec<Option<usize>>,
    missing: Vec<SpanId>,
    cyclic: Vec<bool>,
}

impl Links {
    fn new(spans: &[SpanRecord]) -> Self {
        let mut by_id: HashMap<SpanId, Vec<usize>> = HashMap::with_capacity(spans.len());
        for (at, span) in spans.iter().enumerate() {
            by_id.entry(span.span_id).or_default().push(at);
        }
        let mut links = Self {
            parents: Vec::with_capacity(spans.len()),
            missing: Vec::new(),
            cyclic: vec![false; spans.len()],
        };
        let mut missing_at: HashMap<SpanId, usize> = HashMap::new();
        for (at, span) in spans.iter().enumerate() {
            let twins = by_id.get(&span.span_id).map_or(&[][..], Vec::as_slice);
            let parent = match (calling_twin(spans, twins, at), span.parent_span_id) {
                (Some(twin), _) => Some(twin),
                (None, None) => None,
                (None, Some(id)) if id == span.span_id => {
                    links.cyclic[at] = true;
                    None
                }
                (None, Some(id)) => Some(by_id.get(&id).map_or_else(
                    || {
                        *missing_at.entry(id).or_insert_with(|| {
                            links.missing.push(id);
                            spans.len() + links.missing.len() - 1
                        })
                    },
                    |candidates| parent_among(spans, candidates, span),
                )),
            };
            links.parents.push(parent);
        }
        links
    }

    /// Follows parents from every span; where that leads back, the earliest span of the circle becomes a root.
    fn break_cycles(&mut self, spans: &[SpanRecord]) {
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

    fn earliest_of_circle(&self, spans: &[SpanRecord], from: usize) -> usize {
        let circle = std::iter::successors(Some(from), |here| self.parents[*here].filter(|next| *next != from));
        circle
            .min_by_key(|at| (spans[*at].start_unix_nano, spans[*at].key()))
            .unwrap_or(from)
    }

    /// Depth first, siblings by start.
    fn walk(&self, spans: &[SpanRecord]) -> Tree {
        let total = spans.len() + self.missing.len();
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); total];
        let mut roots: Vec<usize> = (spans.len()..total).collect();
        for (at, parent) in self.parents.iter().enumerate() {
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(at);
        }
        let start = |at: usize| if at < spans.len() { Some(&spans[at]) } else { None };
        for siblings in &mut children {
            siblings.sort_by_cached_key(|at| start(*at).map(|span| (span.start_unix_nano, span.key())));
        }
        // A missing parent stands where its first child does.
        roots.sort_by_cached_key(|at| {
            start(*at)
                .or_else(|| children[*at].first().and_then(|child| start(*child)))
                .map(|span| (span.start_unix_nano, span.key()))
        });

        let mut tree = Tree {
            nodes: Vec::with_capacity(total),
        };
        let mut stack: Vec<(usize, Option<usize>)> = roots.iter().rev().map(|root| (*root, None)).collect();
        while let Some((at, parent)) = stack.pop() {
            let depth = parent.map_or(0, |parent: usize| tree.nodes[parent].depth + 1);
            let here = tree.nodes.len();
            let node = if at < spans.len() {
                Node::Span(at)
            } else {
                Node::Missing(self.missing[at - spans.len()])
            };
            let cyclic = self.cyclic.get(at).copied().unwrap_or(false);
            tree.nodes.push(TreeNode {
                node,
                depth,
                parent,
                children: children[at].len(),
                descendants: 0,
                cyclic,
            });
            stack.extend(children[at].iter().rev().map(|child| (*child, Some(here))));
        }
        count_descendants(&mut tree.nodes);
        tree
    }
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
fn calling_twin(spans: &[SpanRecord], twins: &[usize], at: usize) -> Option<usize> {
    if twins.len() < 2 || !receives(spans[at].kind) {
        return None;
    }
    let calling = twins
        .iter()
        .copied()
        .filter(|twin| matches!(spans[*twin].kind, SpanKind::Client | SpanKind::Producer));
    calling.min_by_key(|twin| spans[*twin].key())
}

/// Of the spans that share the parent's id: the child's own service, else the side that was called.
fn parent_among(spans: &[SpanRecord], candidates: &[usize], child: &SpanRecord) -> usize {
    let rank = |at: usize| {
        (
            spans[at].origin.service == child.origin.service,
            receives(spans[at].kind),
            Reverse(spans[at].key()),
        )
    };
    candidates.iter().copied().max_by_key(|at| rank(*at)).unwrap_or_default()
}

const fn receives(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Server | SpanKind::Consumer)
}

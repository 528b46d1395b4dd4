//! Orders nodes as rows: depth first, siblings by start.

use std::sync::Arc;

use hashbrown::HashMap;

use super::SpanTree;
use super::links::Links;
use super::node;
use crate::SpanNode;
use crate::store::{RecordPlace, SpanRecord as Span};
use crate::work::{Visits, sort_by, strides, visited};

/// Children by start: those of `at` are `all[first[at]..first[at + 1]]`.
struct Children {
    roots: Vec<usize>,
    first: Vec<usize>,
    all: Vec<usize>,
}

impl Links {
    /// Depth first, siblings by start. Returns the place of each node's record, too.
    pub(super) async fn walk(&self, spans: &[Span]) -> (SpanTree, Vec<RecordPlace>) {
        let total = spans.len() + self.missing.len();
        let Children { roots, first, all } = self.children(spans).await;
        let children = |at: usize| &all[first[at]..first[at + 1]];

        let no_name: Arc<str> = "".into();
        let mut hosts: HashMap<u32, u32> = HashMap::new();
        let mut nodes: Vec<SpanNode> = Vec::with_capacity(total);
        let mut places = Vec::with_capacity(total);
        let mut stack: Vec<(usize, Option<usize>)> = roots.iter().rev().map(|root| (*root, None)).collect();
        let mut visits = Visits::default();
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
            // By the first row on it, so that the order of arrival does not matter here either.
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
            places.push(spans.get(at).map_or(RecordPlace::NONE, |span| span.place));
            stack.extend(below.iter().rev().map(|child| (*child, Some(here))));
            // A node takes four cache lines, and both its texts are shared.
            visits.many(4).await;
        }
        count_descendants(&mut nodes).await;
        let tree = SpanTree {
            nodes,
            ..SpanTree::default()
        };
        (tree, places)
    }

    async fn children(&self, spans: &[Span]) -> Children {
        let mut by_start: Vec<(u64, usize)> = self.starts[..spans.len()].iter().copied().zip(0..).collect();
        let order = |(one, at): &(u64, usize), (other, other_at): &(u64, usize)| {
            one.cmp(other).then_with(|| spans[*at].key.cmp(&spans[*other_at].key))
        };
        sort_by(&mut by_start, order).await;

        let total = spans.len() + self.missing.len();
        let mut first = vec![0; total + 1];
        for range in strides(spans.len()) {
            visited(range.len()).await;
            for parent in self.parents[range].iter().flatten() {
                first[parent + 1] += 1;
            }
        }
        for at in 0..total {
            first[at + 1] += first[at];
        }
        let mut all = vec![0; first[total]];
        let mut next = first.clone();
        let mut roots = Vec::new();
        for range in strides(by_start.len()) {
            visited(range.len()).await;
            for (_, at) in &by_start[range] {
                let Some(parent) = self.parents[*at] else {
                    roots.push(*at);
                    continue;
                };
                // A missing parent is at the position of its first child.
                if parent >= spans.len() && next[parent] == first[parent] {
                    roots.push(parent);
                }
                all[next[parent]] = *at;
                next[parent] += 1;
            }
        }
        // Those without children are after all others, in the order of the request.
        let childless = (spans.len()..total).filter(|at| first[*at] == first[at + 1]);
        roots.extend(childless);
        Children { roots, first, all }
    }
}

/// A node's descendants are the nodes after it that are deeper.
async fn count_descendants(nodes: &mut [SpanNode]) {
    let mut open: Vec<usize> = Vec::new();
    let count = nodes.len();
    for range in strides(count + 1) {
        visited(range.len()).await;
        for at in range {
            let depth = nodes.get(at).map_or(0, |node| node.depth);
            while let Some(last) = open.pop_if(|last| at == count || nodes[*last].depth >= depth) {
                nodes[last].descendants = at - last - 1;
            }
            open.push(at);
        }
    }
}

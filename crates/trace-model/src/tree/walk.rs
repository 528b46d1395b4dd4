//! Orders nodes as rows: depth first, siblings by start.

use std::sync::Arc;

use hashbrown::HashMap;

use super::SpanTree;
use super::links::{Links, Missing};
use crate::store::RecordPlace;
use crate::work::{Visits, sort_by, strides, visited};
use crate::{SpanKey, SpanNode as Span};

/// Children by start: those of `at` are `all[first[at]..first[at + 1]]`.
struct Children {
    roots: Vec<usize>,
    first: Vec<usize>,
    all: Vec<usize>,
}

impl Children {
    fn of(&self, at: usize) -> &[usize] {
        &self.all[self.first[at]..self.first[at + 1]]
    }
}

impl Links {
    /// Makes rows of spans: depth first, siblings by start. Returns the place of each row's record, too.
    pub(super) async fn walk(self, mut spans: Vec<Span>, mut places: Vec<RecordPlace>) -> (SpanTree, Vec<RecordPlace>) {
        let children = self.children(&spans).await;
        let arrived = spans.len();
        let nothing: Arc<str> = "".into();
        let mut visits = Visits::default();
        for (missing, at) in self.missing.iter().zip(arrived..) {
            let mut end = self.starts[at];
            for child in children.of(at) {
                let child = &spans[*child];
                end = end.max(child.end_unix_nano.unwrap_or(child.start_unix_nano));
                visits.one().await;
            }
            spans.push(row_of(missing, (self.starts[at], end), &nothing));
            places.push(RecordPlace::NONE);
        }
        let order = self.number(&mut spans, arrived, &children).await;
        // In place, since a large trace takes many pages, and each new one its time. The node of a row changes places with the one that is
        // there: siblings mostly arrive one after the other, and stay next to each other until their rows are reached.
        let mut place_of: Vec<usize> = (0..order.len()).collect();
        let mut node_at = place_of.clone();
        for (row, node) in order.into_iter().enumerate() {
            let from = place_of[node];
            if from != row {
                spans.swap(row, from);
                places.swap(row, from);
                let moved = node_at[row];
                (node_at[from], place_of[moved]) = (moved, from);
                // A node takes three cache lines.
                visits.many(6).await;
            }
            visits.one().await;
        }
        count_descendants(&mut spans).await;
        let tree = SpanTree {
            nodes: spans,
            ..SpanTree::default()
        };
        (tree, places)
    }

    /// Writes into each node what it has of its place in the tree, and returns the nodes in the order of rows.
    async fn number(&self, nodes: &mut [Span], arrived: usize, children: &Children) -> Vec<usize> {
        let mut order = Vec::with_capacity(nodes.len());
        let mut hosts: HashMap<u32, u32> = HashMap::new();
        // A node, and its parent's row and depth.
        let mut stack: Vec<(usize, Option<(usize, usize)>)> = children.roots.iter().rev().map(|root| (*root, None)).collect();
        let mut visits = Visits::default();
        while let Some((at, parent)) = stack.pop() {
            let row = order.len();
            order.push(at);
            let (node, below) = (&mut nodes[at], children.of(at));
            if at < arrived {
                let ends_before = node.end_unix_nano.is_some_and(|end| end < node.start_unix_nano);
                node.has_invalid_times = ends_before || node.start_unix_nano != self.starts[at];
                node.start_unix_nano = self.starts[at];
                node.cyclic = self.cyclic[at];
                node.duplicate = self.duplicates.contains(&at);
                // By the first row on it, so that the order of arrival does not matter here either.
                let host = u32::try_from(hosts.len()).unwrap_or(u32::MAX);
                node.host = *hosts.entry(node.host).or_insert(host);
            }
            node.parent = parent.map(|(row, _)| row);
            node.depth = parent.map_or(0, |(_, depth)| depth + 1);
            node.children = below.len();
            let here = Some((row, node.depth));
            stack.extend(below.iter().rev().map(|child| (*child, here)));
            visits.many(4).await;
        }
        order
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

/// Returns the node of a span that has not arrived, which has these times and no place in the tree yet.
fn row_of(missing: &Missing, (start, end): (u64, u64), nothing: &Arc<str>) -> Span {
    Span {
        arrived: false,
        start_unix_nano: start,
        end_unix_nano: Some(end),
        ..Span::new(SpanKey::new(missing.id, nothing.clone()), nothing.clone())
    }
}

/// A node's descendants are the nodes after it that are deeper.
async fn count_descendants(nodes: &mut [Span]) {
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

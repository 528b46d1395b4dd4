//! When each span of a tree begins and ends, without a clock.

use crate::{SpanNode, SpanTree};

/// From when to when a node was, in nanoseconds since the Unix epoch; never ends before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Time {
    pub(super) const fn nano(self) -> u64 {
        self.end - self.start
    }

    /// The part of it that lies within another; `None` where they don't even touch.
    pub(super) fn within(self, other: Self) -> Option<Self> {
        let (start, end) = (self.start.max(other.start), self.end.min(other.end));
        (start <= end).then_some(Self { start, end })
    }
}

/// By node. A span in flight ends at the last moment that the trace tells of. In a file nothing is in flight: there a span without an end
/// lasts as long as [is known](known_ends).
pub(super) fn times(tree: &SpanTree) -> Vec<Time> {
    let nodes = tree.nodes();
    let last = nodes
        .iter()
        .map(|node| node.start_unix_nano.max(node.end_unix_nano.unwrap_or(0)))
        .max();
    let last = last.unwrap_or_default();
    let is_cut_off = |node: &SpanNode| node.is_saved && node.end_unix_nano.is_none();
    let known = nodes.iter().any(is_cut_off).then(|| known_ends(tree));
    let time = |(at, node): (usize, &SpanNode)| {
        let open = known.as_ref().filter(|_| node.is_saved).map_or(last, |known| known[at]);
        Time {
            start: node.start_unix_nano,
            end: node.end_unix_nano.unwrap_or(open).max(node.start_unix_nano),
        }
    };
    nodes.iter().enumerate().map(time).collect()
}

/// By node, until when it is known to have lasted: its end, or else the last moment that the nodes below it tell of.
pub(super) fn known_ends(tree: &SpanTree) -> Vec<u64> {
    let nodes = tree.nodes();
    let moment = |node: &SpanNode| node.end_unix_nano.unwrap_or(0).max(node.start_unix_nano);
    let mut known: Vec<u64> = nodes.iter().map(moment).collect();
    // Parents are before their children.
    for at in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[at].parent.filter(|parent| nodes[*parent].end_unix_nano.is_none()) {
            known[parent] = known[parent].max(known[at]);
        }
    }
    known
}

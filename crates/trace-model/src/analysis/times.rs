//! When each span of a tree begins and ends, without a clock.

use crate::SpanTree;

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

/// By node. A span in flight ends at the last moment that the trace tells of.
pub(super) fn times(tree: &SpanTree) -> Vec<Time> {
    let nodes = tree.nodes();
    let last = nodes
        .iter()
        .map(|node| node.start_unix_nano.max(node.end_unix_nano.unwrap_or(0)))
        .max();
    let last = last.unwrap_or_default();
    let time = |node: &crate::SpanNode| Time {
        start: node.start_unix_nano,
        end: node.end_unix_nano.unwrap_or(last).max(node.start_unix_nano),
    };
    nodes.iter().map(time).collect()
}

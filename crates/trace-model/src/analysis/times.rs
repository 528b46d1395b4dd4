//! Start and end of each span of a tree, without a clock.

use crate::work::{Visits, strides, visited};
use crate::{SpanNode, SpanTree};

/// Start and end of a node in nanoseconds since the Unix epoch; the end is never before the start.
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

/// Returns the times by node. A span in flight ends at the last moment in the trace. In a file nothing is in flight: there a span
/// without an end lasts as long as [is known](known_ends).
pub(super) async fn times(tree: &SpanTree) -> Vec<Time> {
    let nodes = tree.nodes();
    let (mut last, mut is_cut_off) = (0, false);
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for node in &nodes[range] {
            last = last.max(moment(node));
            is_cut_off |= node.is_saved && node.end_unix_nano.is_none();
        }
    }
    let known = if is_cut_off { known_ends(tree).await } else { Vec::new() };
    let mut times = Vec::with_capacity(nodes.len());
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        for at in range {
            let node = &nodes[at];
            let open = known.get(at).filter(|_| node.is_saved).copied().unwrap_or(last);
            times.push(Time {
                start: node.start_unix_nano,
                end: node.end_unix_nano.unwrap_or(open).max(node.start_unix_nano),
            });
        }
    }
    times
}

/// The latest time in a node.
fn moment(node: &SpanNode) -> u64 {
    node.end_unix_nano.unwrap_or(0).max(node.start_unix_nano)
}

/// Returns the known ends by node: the end, or else the latest time in the nodes below.
pub(super) async fn known_ends(tree: &SpanTree) -> Vec<u64> {
    let nodes = tree.nodes();
    let mut known: Vec<u64> = Vec::with_capacity(nodes.len());
    for range in strides(nodes.len()) {
        visited(range.len()).await;
        known.extend(nodes[range].iter().map(moment));
    }
    let mut visits = Visits::default();
    // Parents are before their children.
    for at in (0..nodes.len()).rev() {
        visits.one().await;
        if let Some(parent) = nodes[at].parent.filter(|parent| nodes[*parent].end_unix_nano.is_none()) {
            known[parent] = known[parent].max(known[at]);
        }
    }
    known
}

//! The tree of a trace.
//!
//! Built from the records alone, in any order: the result depends on what arrived, never on when. Nothing here recurses, so a
//! trace may be as deep as it likes.

use hashbrown::HashMap;

use crate::call::CallId;
use crate::store::RecordPlace;
use crate::work::drop_in_steps;
use crate::{RepeatedLimits, SpanId, SpanKind, SpanNode, Store, TraceId};

mod links;
mod reader;
mod shared_ids;
mod walk;

use links::Links;
pub(crate) use reader::Read;
pub use reader::TraceReader;

/// One trace as a tree with its times: parents before their children, depth first, siblings by start.
///
/// A node is named by its position in [`SpanTree::nodes`]. That holds for this tree only: the next one has others.
#[derive(Clone, Debug, Default)]
pub struct SpanTree {
    nodes: Vec<SpanNode>,
    /// By consumer, the producer of the trace that only a link joins it to.
    linked: HashMap<usize, usize>,
    /// By node, the calls of spans with many siblings; empty if there are none.
    calls: Vec<Option<CallId>>,
    /// Limits of repeated calls.
    limits: RepeatedLimits,
}

impl SpanTree {
    /// Reads a trace; the tree of one that is not there is empty.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Self {
        Self::reader(store, trace_id).finish(store)
    }

    /// Reads a trace in steps.
    #[must_use]
    pub fn reader(store: &Store, trace_id: TraceId) -> TraceReader<Self> {
        TraceReader::new(store, trace_id).then(async |read| read.tree)
    }

    /// Builds a tree of spans, and of ids that must be rows even if no span has them, with the time of their first reference. `places` has the
    /// place of each span's record; returns the tree with that of each node's.
    async fn build(spans: Vec<SpanNode>, places: Vec<RecordPlace>, rows: &[(SpanId, u64)]) -> (Self, Vec<RecordPlace>) {
        let mut links = Links::new(&spans, rows).await;
        links.break_cycles(&spans).await;
        links.find_starts(&spans).await;
        links.walk(spans, places).await
    }

    /// Drops the nodes in steps.
    pub(crate) async fn drop_in_steps(self) {
        drop_in_steps(self.nodes).await;
    }

    /// Returns all nodes in the order of rows.
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

    /// The span that sent the message which a consumer received: a producer that is its parent or that it links to, else a parent that
    /// had ended before.
    #[must_use]
    pub fn producer(&self, at: usize) -> Option<usize> {
        let linked = || self.linked.get(&at).copied();
        self.parent_producer(at).or_else(linked).or_else(|| self.sender(at))
    }

    /// The parent of a consumer, if it is a producer.
    fn parent_producer(&self, at: usize) -> Option<usize> {
        self.sender(at)
            .filter(|parent| self.nodes[*parent].kind == SpanKind::Producer)
    }

    /// The parent of a consumer, if it sent its message: a producer, or any span that did not wait for the consumer, since it had
    /// ended before. Programs that inject their context by hand have no span for sending.
    pub(crate) fn sender(&self, at: usize) -> Option<usize> {
        let node = self.nodes.get(at).filter(|node| node.kind == SpanKind::Consumer)?;
        let parent = node.parent?;
        let above = &self.nodes[parent];
        let has_ended = above.arrived && above.end_unix_nano.is_some_and(|end| end <= node.start_unix_nano);
        (above.kind == SpanKind::Producer || has_ended).then_some(parent)
    }

    /// Returns the identity of a span's call; `None` if it is not a call, or has few siblings.
    pub(crate) fn call(&self, at: usize) -> Option<CallId> {
        self.calls.get(at).copied().flatten()
    }

    /// Returns the limits of repeated calls.
    pub(crate) const fn repeated_limits(&self) -> RepeatedLimits {
        self.limits
    }

    /// Iterates over siblings, past the nodes below them.
    fn siblings(&self, first: usize, end: usize) -> impl Iterator<Item = usize> + '_ {
        let next = move |at: &usize| Some(at + 1 + self.nodes.get(*at)?.descendants);
        std::iter::successors(Some(first), next).take_while(move |at| *at < end)
    }
}

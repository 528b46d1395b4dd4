//! One trace as rows, some of them folded away.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::store::Trace;
use crate::tree::{Node, Tree};
use crate::{Revision, SpanId, SpanKey, SpanKind, SpanRecord, StatusCode, Store, TraceId};

/// What a row says of its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The service; empty when it has none.
    pub service: Arc<str>,
    /// What was done.
    pub name: Arc<str>,
    /// The part it played.
    pub kind: SpanKind,
    /// How it ended.
    pub status: StatusCode,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch; `None` while it is in flight.
    pub end_unix_nano: Option<u64>,
    /// For a consumer below its producer: when the producer ended, in nanoseconds since the Unix epoch. From then to the start
    /// the message waited in the queue.
    pub queued_unix_nano: Option<u64>,
    /// Whether an envelope held it as well.
    pub reached_sentry: bool,
}

/// One row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the cursor holds on to, instead of a row number: rows move while a person reads.
    pub key: SpanKey,
    /// 0 for a root.
    pub depth: usize,
    /// Direct children.
    pub children: usize,
    /// How many rows are folded away below this one; 0 when it is open.
    pub hidden: usize,
    /// Whether its parent was ignored because following parents from here leads back here.
    pub cyclic: bool,
    /// The span; `None` for a parent that has not arrived.
    pub line: Option<Line>,
}

/// The rows of one trace: a cache that [`Outline::refresh`] rebuilds when the trace or the folds change.
#[derive(Debug)]
pub struct Outline {
    trace_id: TraceId,
    folded: HashSet<SpanKey>,
    tree: Tree,
    /// Positions in the tree's nodes.
    visible: Vec<usize>,
    keys: Vec<SpanKey>,
    built: Option<Revision>,
}

impl Outline {
    /// Nothing is folded and nothing read yet.
    #[must_use]
    pub fn new(trace_id: TraceId) -> Self {
        Self {
            trace_id,
            folded: HashSet::new(),
            tree: Tree::default(),
            visible: Vec::new(),
            keys: Vec::new(),
            built: None,
        }
    }

    /// Which trace it shows.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Catches up with the store; costs nothing when nothing changed. A trace that left is empty.
    pub fn refresh(&mut self, store: &Store) {
        let now = store.trace_revision(self.trace_id);
        if now.is_some() && now == self.built {
            return;
        }
        let spans = store.spans_of(self.trace_id).map(Trace::spans).unwrap_or_default();
        self.tree = Tree::build(spans);
        let key = |node: &Node| match node {
            Node::Span(at) => spans[*at].key(),
            Node::Missing(span_id) => SpanKey {
                span_id: *span_id,
                service: "".into(),
            },
        };
        self.keys = self.tree.nodes.iter().map(|node| key(&node.node)).collect();
        self.built = now;
        self.lay_out();
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.visible.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.visible.is_empty()
    }

    /// The rows at these positions; fewer where there are fewer.
    #[must_use]
    pub fn rows(&self, store: &Store, positions: Range<usize>) -> Vec<Row> {
        let wanted = self.visible.iter().skip(positions.start).take(positions.len());
        wanted.map(|at| self.row(store, *at)).collect()
    }

    /// The row at a position.
    #[must_use]
    pub fn key(&self, position: usize) -> Option<&SpanKey> {
        self.visible.get(position).map(|at| &self.keys[*at])
    }

    /// Where a span stands now. One that was only known as a missing parent is found by its id when it has arrived; one that
    /// is folded away stands where its folded ancestor does.
    #[must_use]
    pub fn position(&self, key: &SpanKey) -> Option<usize> {
        let at = self.keys.iter().position(|known| known == key);
        let at = at.or_else(|| self.node_of(key.span_id))?;
        Some(self.visible.partition_point(|visible| *visible <= at).saturating_sub(1))
    }

    /// The parent's row.
    #[must_use]
    pub fn parent(&self, position: usize) -> Option<usize> {
        let depth = self.tree.nodes[*self.visible.get(position)?].depth;
        (0..position)
            .rev()
            .find(|above| self.tree.nodes[self.visible[*above]].depth < depth)
    }

    /// Folds or unfolds what is below a span; one without children stays as it is.
    pub fn fold(&mut self, key: &SpanKey, folded: bool) {
        let has_children = |key: &SpanKey| {
            let at = self.keys.iter().position(|known| known == key);
            at.is_some_and(|at| self.tree.nodes[at].children > 0)
        };
        let changed = if folded {
            has_children(key) && self.folded.insert(key.clone())
        } else {
            self.folded.remove(key)
        };
        if changed {
            self.lay_out();
        }
    }

    /// Whether a span's rows are folded away.
    #[must_use]
    pub fn is_folded(&self, key: &SpanKey) -> bool {
        self.folded.contains(key)
    }

    /// Whether there is anything below a span.
    #[must_use]
    pub fn has_children(&self, key: &SpanKey) -> bool {
        let at = self.keys.iter().position(|known| known == key);
        at.is_some_and(|at| self.tree.nodes[at].children > 0)
    }

    fn queued(&self, trace: &Trace, parent: Option<usize>, span: &SpanRecord) -> Option<u64> {
        let parent = trace.get(&self.keys[parent?])?;
        let hop = (parent.kind, span.kind) == (SpanKind::Producer, SpanKind::Consumer);
        (hop && !parent.in_flight() && parent.end_unix_nano < span.start_unix_nano).then_some(parent.end_unix_nano)
    }

    fn node_of(&self, span_id: SpanId) -> Option<usize> {
        self.keys.iter().position(|known| known.span_id == span_id)
    }

    fn lay_out(&mut self) {
        self.visible.clear();
        let mut at = 0;
        while let Some(node) = self.tree.nodes.get(at) {
            self.visible.push(at);
            let hidden = if self.folded.contains(&self.keys[at]) {
                node.descendants
            } else {
                0
            };
            at += 1 + hidden;
        }
    }

    fn row(&self, store: &Store, at: usize) -> Row {
        let node = &self.tree.nodes[at];
        let key = self.keys[at].clone();
        let hidden = if self.folded.contains(&key) { node.descendants } else { 0 };
        let trace = store.spans_of(self.trace_id);
        let line = trace
            .and_then(|trace| trace.get(&key).map(|span| (trace, span)))
            .map(|(trace, span)| Line {
                service: span.origin.service.clone(),
                name: span.name.clone(),
                kind: span.kind,
                status: span.status,
                start_unix_nano: span.start_unix_nano,
                end_unix_nano: (!span.in_flight()).then_some(span.end_unix_nano),
                queued_unix_nano: self.queued(trace, node.parent, span),
                reached_sentry: trace.reached_sentry(span.span_id),
            });
        Row {
            key,
            depth: node.depth,
            children: node.children,
            hidden,
            cyclic: node.cyclic,
            line,
        }
    }
}

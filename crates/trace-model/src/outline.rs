//! One trace as rows, some of them folded away.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::tree::{Place, Tree, TreeNode};
use crate::{Revision, Source, SpanId, SpanKey, SpanKind, StatusCode, Store, TraceId};

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
    /// How it came here; a span that came in several ways has the one that is shown.
    pub source: Source,
    /// Whether it was in a Sentry envelope.
    pub in_envelope: bool,
    /// Whether the filter has found it; false without one.
    pub found: bool,
}

/// An error event on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMark {
    /// When it happened, in nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// What it says in one line; cut when it is long.
    pub title: Arc<str>,
    /// The service that reported it.
    pub service: Arc<str>,
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
    /// The span; `None` for a parent that has not arrived, and for a span that is only known because an error happened in it.
    pub line: Option<Line>,
    /// The error events of this span, by time; at most [`ERROR_MARKS`] of them.
    pub errors: Vec<ErrorMark>,
}

/// How many error events a row tells one by one.
pub const ERROR_MARKS: usize = 16;

/// The rows of one trace: a cache that [`Outline::refresh`] rebuilds when the trace or the folds change.
#[derive(Debug)]
pub struct Outline {
    trace_id: TraceId,
    folded: HashSet<SpanKey>,
    tree: Tree,
    /// Positions in the tree's nodes.
    visible: Vec<usize>,
    keys: Vec<SpanKey>,
    errors: HashMap<SpanId, Vec<ErrorMark>>,
    /// Positions in `keys`, by span id.
    by_id: HashTable<usize>,
    hasher: DefaultHashBuilder,
    built: Option<Revision>,
    /// How often it will be behind before it is built anew.
    rest: usize,
}

/// A tree of so many spans is built within a small part of a frame.
const SPANS_PER_FRAME: usize = 10_000;

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
            errors: HashMap::new(),
            by_id: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            built: None,
            rest: 0,
        }
    }

    /// Which trace it shows.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Catches up with the store; costs nothing when nothing changed. A trace that left is empty.
    ///
    /// The tree of a large trace that is still growing is not built for every frame, but only each time it was asked for as often as
    /// building it costs frames: until then this answers false, and should be asked again.
    pub fn refresh(&mut self, store: &Store) -> bool {
        let now = store.trace_revision(self.trace_id);
        if now.is_some() && now == self.built {
            return true;
        }
        if self.built.is_some() && now.is_some() && self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        let spans = store.nodes(self.trace_id);
        let marks = store.error_marks(self.trace_id);
        let rows: Vec<SpanId> = marks.iter().map(|(span_id, _)| *span_id).collect();
        self.tree = Tree::build(&spans, &rows);
        self.errors.clear();
        for (span_id, mark) in marks {
            let marks = self.errors.entry(span_id).or_default();
            if marks.len() < ERROR_MARKS {
                marks.push(mark);
            }
        }
        let key = |node: &TreeNode| match node.place {
            Place::Span(at) => spans[at].key.clone(),
            Place::Missing(span_id) => SpanKey {
                span_id,
                service: "".into(),
            },
        };
        self.keys = self.tree.nodes.iter().map(key).collect();
        let (keys, hasher) = (&self.keys, &self.hasher);
        let hash = |at: &usize| hasher.hash_one(keys[*at].span_id);
        self.by_id.clear();
        self.by_id.reserve(keys.len(), hash);
        for at in 0..keys.len() {
            self.by_id.insert_unique(hash(&at), at, hash);
        }
        self.built = now;
        self.rest = keys.len() / SPANS_PER_FRAME;
        self.lay_out();
        true
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
        let at = self.node_of(key).or_else(|| self.first_of(key.span_id))?;
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
        let changed = if folded {
            self.has_children(key) && self.folded.insert(key.clone())
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
        self.node_of(key).is_some_and(|at| self.tree.nodes[at].children > 0)
    }

    /// When a consumer's producer ended.
    fn queued(&self, store: &Store, parent: Option<usize>, line: &Line) -> Option<u64> {
        if line.kind != SpanKind::Consumer {
            return None;
        }
        let producer = store.line(self.trace_id, &self.keys[parent?])?;
        let sent = producer.end_unix_nano.filter(|_| producer.kind == SpanKind::Producer)?;
        (sent < line.start_unix_nano).then_some(sent)
    }

    fn node_of(&self, key: &SpanKey) -> Option<usize> {
        let is_it = |at: &usize| self.keys[*at] == *key;
        self.by_id.find(self.hasher.hash_one(key.span_id), is_it).copied()
    }

    fn first_of(&self, span_id: SpanId) -> Option<usize> {
        let all = self.by_id.iter_hash(self.hasher.hash_one(span_id)).copied();
        all.filter(|at| self.keys[*at].span_id == span_id).min()
    }

    fn lay_out(&mut self) {
        self.visible.clear();
        let mut at = 0;
        while let Some(node) = self.tree.nodes.get(at) {
            self.visible.push(at);
            let folded = !self.folded.is_empty() && self.folded.contains(&self.keys[at]);
            at += 1 + if folded { node.descendants } else { 0 };
        }
    }

    fn row(&self, store: &Store, at: usize) -> Row {
        let node = &self.tree.nodes[at];
        let key = self.keys[at].clone();
        let hidden = if self.folded.contains(&key) { node.descendants } else { 0 };
        let line = store.line(self.trace_id, &key).map(|line| Line {
            queued_unix_nano: self.queued(store, node.parent, &line),
            ..line
        });
        let errors = self.errors.get(&key.span_id).cloned().unwrap_or_default();
        Row {
            errors,
            key,
            depth: node.depth,
            children: node.children,
            hidden,
            cyclic: node.cyclic,
            line,
        }
    }
}

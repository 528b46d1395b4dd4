//! One trace as rows, some of them folded away.

use std::ops::Range;
use std::sync::Arc;

use crate::{
    Analysis, ClockTrouble, EventMark, Gap, Group, Lint, Repeated, Revision, Source, SpanId, SpanKey, SpanKind, SpanSubject,
    SpanTree, StatusCode, Store, TraceId,
};

mod folds;
mod layout;
mod reading;
mod row;

use folds::Folds;
use layout::Layout;
use reading::{Index, Reader};

/// What a row says of its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The service; empty when it has none.
    pub service: Arc<str>,
    /// What was done.
    pub name: Arc<str>,
    /// To what, where the name does not say it.
    pub subject: SpanSubject,
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
    /// It is a message or a warning: its severity is below that of an error.
    pub mild: bool,
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
    /// Whether a reference of its was ignored because it leads back here: its parent's, or a link to itself.
    pub cyclic: bool,
    /// The span; `None` for a parent that has not arrived, and for a span that is only known because an error happened in it.
    pub line: Option<Line>,
    /// The error events of this span, by time; at most [`ERROR_MARKS`] of them.
    pub errors: Vec<ErrorMark>,
    /// Its place in [`Outline::tree`]; of a group, its first member's.
    pub node: usize,
    /// Set where the row stands for several spans, of which it shows the first one.
    pub group: Option<Group>,
    /// What the trace's analysis says of it.
    pub reading: Reading,
    /// What happened in it, by time; at most [`crate::EVENT_MARKS`].
    pub events: Vec<EventMark>,
    /// How many links there are: its own, and those of other spans to it.
    pub links: usize,
}

/// What the analysis of a trace says of one row. Times are those of the row: straightened when it is.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Reading {
    /// How long it worked itself, in nanoseconds.
    pub self_nano: u64,
    /// Its parts of the critical path and those of what is folded away below it, by time, from and to, in nanoseconds since the Unix
    /// epoch.
    pub critical: Vec<(u64, u64)>,
    /// The parts of it that none of its children covers, by time.
    pub gaps: Vec<Gap>,
    /// The call that its children repeat.
    pub repeated: Option<Repeated>,
    /// How its times contradict its parent's.
    pub clock: Option<ClockTrouble>,
    /// What straightening the clocks adds to its times, in nanoseconds; added already when they are straightened.
    pub shift_nano: i64,
    /// What is wrong with it.
    pub lints: Vec<Lint>,
}

/// How many error events a row tells one by one.
pub const ERROR_MARKS: usize = 16;

/// The rows of one trace: a cache that [`Outline::refresh`] rebuilds when the trace or the folds change.
#[derive(Debug)]
pub struct Outline {
    trace_id: TraceId,
    folds: Arc<Folds>,
    straight: bool,
    tree: SpanTree,
    analysis: Analysis,
    layout: Layout,
    index: Index,
    built: Option<Revision>,
    /// What replaces all of the above when it is complete.
    reader: Option<Reader>,
    /// How often it will be behind before it is built anew.
    rest: usize,
}

impl Outline {
    /// Nothing is folded and nothing read yet.
    #[must_use]
    pub fn new(trace_id: TraceId) -> Self {
        Self {
            trace_id,
            folds: Arc::default(),
            straight: false,
            tree: SpanTree::default(),
            analysis: Analysis::default(),
            layout: Layout::default(),
            index: Index::default(),
            built: None,
            reader: None,
            rest: 0,
        }
    }

    /// Which trace it shows.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The tree of the revision that it shows.
    #[must_use]
    pub const fn tree(&self) -> &SpanTree {
        &self.tree
    }

    /// What can be read out of it.
    #[must_use]
    pub const fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.visible.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layout.visible.is_empty()
    }

    /// The rows at these positions; fewer where there are fewer.
    #[must_use]
    pub fn rows(&self, store: &Store, positions: Range<usize>) -> Vec<Row> {
        let wanted = self.layout.visible.iter().skip(positions.start).take(positions.len());
        wanted.map(|at| self.row(store, *at)).collect()
    }

    /// The row at a position.
    #[must_use]
    pub fn key(&self, position: usize) -> Option<&SpanKey> {
        Some(&self.tree.nodes()[self.node(position)?].key)
    }

    /// The place in the tree of the row at a position; of a group, its first member's.
    #[must_use]
    pub fn node(&self, position: usize) -> Option<usize> {
        self.layout.visible.get(position).copied()
    }

    /// Where a span stands now. One that was only known as a missing parent is found by its id when it has arrived; one that
    /// is folded away stands where its folded ancestor, or its group, does.
    #[must_use]
    pub fn position(&self, key: &SpanKey) -> Option<usize> {
        let at = self.node_of(key).or_else(|| self.first_of(key.span_id))?;
        Some(self.row_of(at))
    }

    /// Where a node's row stands; of one that is folded away, the row that hides it.
    #[must_use]
    pub fn row_of(&self, node: usize) -> usize {
        self.layout.row_of(node)
    }

    /// The parent's row.
    #[must_use]
    pub fn parent(&self, position: usize) -> Option<usize> {
        let parent = self.tree.nodes()[self.node(position)?].parent?;
        Some(self.row_of(parent))
    }

    /// Whether it shows times with the clocks straightened.
    #[must_use]
    pub const fn is_straight(&self) -> bool {
        self.straight
    }

    /// Shows times with the clocks straightened, or as they came.
    pub fn set_straight(&mut self, straight: bool) {
        if self.straight != straight {
            self.straight = straight;
            self.lay_out();
        }
    }

    /// The next node of a kind, in the order of rows, whether its row is folded away or not; after the last one comes the first.
    #[must_use]
    pub fn next(&self, from: usize, forward: bool, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let count = self.tree.nodes().len();
        let from = from.min(count.checked_sub(1)?);
        if forward {
            (from + 1..count).chain(0..=from).find(|at| wanted(*at))
        } else {
            (0..from).rev().chain((from..count).rev()).find(|at| wanted(*at))
        }
    }

    /// The place in the tree of a span.
    #[must_use]
    pub fn node_of(&self, key: &SpanKey) -> Option<usize> {
        let mut all = self.index.with_id(key.span_id);
        all.find(|at| self.tree.nodes()[*at].key == *key)
    }

    /// Of which change of the trace it is; `None` before the first [`Outline::refresh`].
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.built
    }

    /// The error events of the span at a place in the tree, by time; at most [`ERROR_MARKS`] of them.
    #[must_use]
    pub fn errors(&self, node: usize) -> &[ErrorMark] {
        let node = self.tree.nodes().get(node);
        node.map(|node| self.index.errors(node.key.span_id)).unwrap_or_default()
    }

    /// The first place in the tree of a span with this id.
    #[must_use]
    pub fn first_of(&self, span_id: SpanId) -> Option<usize> {
        let all = self.index.with_id(span_id);
        all.filter(|at| self.tree.nodes()[*at].key.span_id == span_id).min()
    }
}

//! One trace as rows, some of them folded.

use std::ops::Range;
use std::sync::Arc;

use crate::{
    Analysis, ClockTrouble, ErrorMark, EventMark, Gap, Group, Lint, Repeated, Revision, RowSpan, SpanId, SpanKey, SpanTree,
    Store, TraceId,
};

mod folding;
mod folds;
mod index;
mod layout;
mod overview;
mod reading;
mod row;

use crate::work::Steps;
use folding::Folded;
use folds::Folds;
use index::Indexed;
use layout::Layout;
pub use overview::{Column, Overview};
use reading::Reader;

/// One row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Key that the cursor keeps instead of a row number: rows move under a reader.
    pub key: SpanKey,
    /// 0 for a root.
    pub depth: usize,
    /// Direct children.
    pub children: usize,
    /// Number of rows folded below this one; 0 when it is open.
    pub hidden: usize,
    /// True if one of its references was ignored because it is cyclic: its parent's, or a link to itself.
    pub cyclic: bool,
    /// The span; `None` for a parent that has not arrived, and for a span that is only known because an error happened in it.
    pub line: Option<RowSpan>,
    /// The error events of this span, by time; at most [`crate::ERROR_MARKS`] of them.
    pub errors: Vec<ErrorMark>,
    /// Position in [`Outline::tree`]; of a group, its first member's.
    pub node: usize,
    /// Set if the row represents several spans, of which it shows the first one.
    pub group: Option<Group>,
    /// Analysis of the row.
    pub reading: RowAnalysis,
    /// Events by time; at most [`crate::EVENT_MARKS`].
    pub events: Vec<EventMark>,
    /// Number of links, its own and those of other spans to it.
    pub links: usize,
}

/// Analysis of one row. Times are those of the row: corrected if clock-skew correction is on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RowAnalysis {
    /// Self time in nanoseconds.
    pub self_nano: u64,
    /// Its parts of the critical path and those of rows folded below it, by time, from and to, in nanoseconds since the Unix
    /// epoch.
    pub critical: Vec<(u64, u64)>,
    /// The parts of it that none of its children covers, by time.
    pub gaps: Vec<Gap>,
    /// The call that its children repeat.
    pub repeated: Option<Repeated>,
    /// Contradiction between its times and its parent's.
    pub clock: Option<ClockTrouble>,
    /// Clock-skew correction in nanoseconds; included in the times if correction is on.
    pub shift_nano: i64,
    /// Lints of its span.
    pub lints: Vec<Lint>,
}
/// The rows of one trace: a cache that [`Outline::refresh`] rebuilds when the trace or the folds change.
#[derive(Debug)]
pub struct Outline {
    trace_id: TraceId,
    folds: Arc<Folds>,
    /// True if clock-skew correction is on, or being turned on.
    straight: bool,
    read: Arc<Indexed>,
    layout: Layout,
    built: Option<Revision>,
    /// Reader whose result replaces all of the above when it is complete.
    reader: Option<Reader>,
    /// Change of folds or of the correction that replaces the rows when it is complete.
    folding: Option<Steps<Folded>>,
    /// Tree that is dropped in steps.
    leaving: Option<Steps<()>>,
    /// Refresh calls to skip before the next rebuild (throttle).
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
            read: Arc::default(),
            layout: Layout::default(),
            built: None,
            reader: None,
            folding: None,
            leaving: None,
            rest: 0,
        }
    }

    /// Returns the id of its trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The tree of the revision that it shows.
    #[must_use]
    pub fn tree(&self) -> &SpanTree {
        &self.read.tree
    }

    /// Returns the analysis of the trace.
    #[must_use]
    pub fn analysis(&self) -> &Analysis {
        &self.read.analysis
    }

    /// The whole trace in one line, on the shown clock.
    #[must_use]
    pub fn overview(&self) -> &Overview {
        &self.layout.overview
    }

    /// Returns the depth of the deepest row; roots have 0.
    #[must_use]
    pub const fn deepest(&self) -> usize {
        self.layout.deepest
    }

    /// Returns true while a change of folds is being computed: the rows are those before it.
    #[must_use]
    pub const fn is_folding(&self) -> bool {
        self.folding.is_some()
    }

    /// Returns the nodes that failed, or in which an error was reported, in the order of rows.
    #[must_use]
    pub fn failed(&self) -> &[usize] {
        self.read.failed()
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layout.visible.len()
    }

    /// Returns true without rows.
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
        Some(&self.tree().nodes()[self.node(position)?].key)
    }

    /// The place in the tree of the row at a position; of a group, its first member's.
    #[must_use]
    pub fn node(&self, position: usize) -> Option<usize> {
        self.layout.visible.get(position).copied()
    }

    /// Returns the row of a span. One that was only known as a missing parent is found by its id when it has arrived; a folded
    /// one is at its folded ancestor, or at its group.
    #[must_use]
    pub fn position(&self, key: &SpanKey) -> Option<usize> {
        let at = self.node_of(key).or_else(|| self.first_of(key.span_id))?;
        Some(self.row_of(at))
    }

    /// Returns the row of a node; of a folded one, the row that hides it.
    #[must_use]
    pub fn row_of(&self, node: usize) -> usize {
        self.layout.row_of(node)
    }

    /// The parent's row.
    #[must_use]
    pub fn parent(&self, position: usize) -> Option<usize> {
        let parent = self.tree().nodes()[self.node(position)?].parent?;
        Some(self.row_of(parent))
    }

    /// Returns true if clock-skew correction is on.
    #[must_use]
    pub const fn is_straight(&self) -> bool {
        self.layout.straight
    }

    /// Returns true if clock-skew correction is on, or being turned on: of a large trace that takes a few frames.
    #[must_use]
    pub const fn is_correcting_clocks(&self) -> bool {
        self.straight
    }

    /// Turns clock-skew correction on if it is off, and off if it is on.
    pub fn toggle_straight(&mut self) {
        self.set_straight(!self.straight);
    }

    /// Turns clock-skew correction on or off.
    pub fn set_straight(&mut self, straight: bool) {
        if self.straight != straight {
            self.straight = straight;
            self.lay_out();
        }
    }

    /// Returns the next node that matches, in the order of rows, whether its row is folded or not; after the last one it wraps
    /// around.
    #[must_use]
    pub fn next(&self, from: usize, forward: bool, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let count = self.tree().nodes().len();
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
        self.read.node_of(key)
    }

    /// Returns the trace's revision that is shown; `None` before the first [`Outline::refresh`].
    #[must_use]
    pub const fn revision(&self) -> Option<Revision> {
        self.built
    }

    /// The error events of the span at a place in the tree, by time; at most [`crate::ERROR_MARKS`] of them.
    #[must_use]
    pub fn errors(&self, node: usize) -> &[ErrorMark] {
        let node = self.tree().nodes().get(node);
        node.map(|node| self.read.errors(node.key.span_id)).unwrap_or_default()
    }

    /// The first place in the tree of a span with this id.
    #[must_use]
    pub fn first_of(&self, span_id: SpanId) -> Option<usize> {
        self.read.first_of(span_id)
    }
}

//! Layout of rows: which nodes are rows, and the part of the critical path on each.

use std::sync::Arc;

use super::folds::Folds;
use super::index::Indexed;
use super::overview::Overview;
use crate::Analysis;
use crate::work::{Visits, sort_by};

/// The rows of a tree.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Positions in the tree's nodes.
    pub(super) visible: Vec<usize>,
    /// The critical path by row, then by time.
    pub(super) critical: Vec<Critical>,
    /// Depth of the deepest row; roots have 0.
    pub(super) deepest: usize,
    /// The whole trace in one line.
    pub(super) overview: Arc<Overview>,
    /// True if clock-skew correction is on.
    pub(super) straight: bool,
}

/// A part of the critical path on a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Critical {
    /// The row's place in the tree.
    pub(super) node: usize,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Layout {
    /// Lays out a tree; an overview that is known is not computed again.
    pub(super) async fn of(read: &Indexed, folds: &Folds, straight: bool, overview: Option<Arc<Overview>>) -> Self {
        let Indexed { tree, analysis, .. } = read;
        let overview = match overview {
            Some(overview) => overview,
            None => Arc::new(Overview::of(tree, analysis, straight).await),
        };
        let mut layout = Self {
            overview,
            straight,
            ..Self::default()
        };
        let mut groups = analysis.groups().iter().peekable();
        let mut visits = Visits::default();
        let mut at = 0;
        while let Some(node) = tree.nodes().get(at) {
            layout.visible.push(at);
            layout.deepest = layout.deepest.max(node.depth);
            while groups.next_if(|(first, _)| *first < at).is_some() {}
            at += match groups.peek() {
                Some((first, group)) if *first == at && !folds.is_open(tree, at, group.count, &mut visits).await => group.count,
                _ if folds.hides_below(&node.key) => 1 + node.descendants,
                _ => 1,
            };
            visits.one().await;
        }
        layout.put_critical_path(analysis, straight, &mut visits).await;
        layout
    }

    /// Puts each section of the path to the last span on the row that shows or hides its node. Time in a queue is drawn as such.
    async fn put_critical_path(&mut self, analysis: &Analysis, straight: bool, visits: &mut Visits) {
        let Ok(path) = analysis.path_to_last_span() else { return };
        for section in path.sections.iter().filter(|section| !section.queued) {
            let shift = if straight { analysis.shift_nano(section.node) } else { 0 };
            self.critical.push(Critical {
                node: self.visible[self.row_of(section.node)],
                start: section.start_unix_nano.saturating_add_signed(shift),
                end: section.end_unix_nano.saturating_add_signed(shift),
            });
            visits.one().await;
        }
        let rank = |part: &Critical| (part.node, part.start);
        sort_by(&mut self.critical, |one, other| rank(one).cmp(&rank(other))).await;
        self.critical.dedup_by(|part, before| {
            let touches = part.node == before.node && part.start <= before.end;
            if touches {
                before.end = before.end.max(part.end);
            }
            touches
        });
    }

    /// Returns a node's row; of a folded one, the row that hides it.
    pub(super) fn row_of(&self, node: usize) -> usize {
        self.visible.partition_point(|visible| *visible <= node).saturating_sub(1)
    }

    /// Returns true if a group is one row.
    pub(super) fn is_closed(&self, first: usize, count: usize) -> bool {
        let row = self.row_of(first);
        let next = self.visible.get(row + 1);
        self.visible
            .get(row)
            .is_some_and(|visible| *visible != first || next.is_none_or(|next| *next >= first + count))
    }
}

//! Folding: folds change, and the rows are computed anew, in steps.

use std::sync::Arc;

use super::Outline;
use super::folds::{Change, Folds};
use super::layout::Layout;
use crate::work::Steps;
use crate::{Group, SpanKey};

/// Work of a change that is done at once: the rows of some thousand spans.
const AT_ONCE: u64 = 1 << 22;

/// Folds, and the rows by them.
pub(super) struct Folded {
    folds: Arc<Folds>,
    layout: Layout,
}

impl Outline {
    /// Folds or unfolds the rows below a span; one without children is unchanged. A row that represents a group is opened, and a
    /// member's group is closed.
    pub fn fold(&mut self, key: &SpanKey, folded: bool) {
        let Some(node) = self.node_of(key) else { return };
        if let Some((first, Group { count, .. })) = self.analysis().group_of(node) {
            self.change(Change::Group {
                first,
                count,
                open: !folded,
            });
        } else if !folded || self.tree().nodes()[node].children > 0 {
            self.change(Change::Below { node, folded });
        }
    }

    /// Returns true if there is something to fold or unfold at a span.
    #[must_use]
    pub fn can_fold(&self, key: &SpanKey) -> bool {
        self.node_of(key)
            .is_some_and(|node| self.tree().nodes()[node].children > 0 || self.analysis().group_of(node).is_some())
    }

    /// Returns true if a span's rows are folded: those below it, or those of the group that it represents.
    #[must_use]
    pub fn is_folded(&self, key: &SpanKey) -> bool {
        let Some(at) = self.node_of(key) else { return false };
        match self.analysis().group_of(at) {
            Some((first, group)) => self.layout.is_closed(first, group.count),
            None => self.folds.hides_below(key),
        }
    }

    /// Returns true if there are rows below a span.
    #[must_use]
    pub fn has_children(&self, key: &SpanKey) -> bool {
        self.node_of(key).is_some_and(|at| self.tree().nodes()[at].children > 0)
    }

    /// Folds everything: only roots are rows.
    pub fn fold_all(&mut self) {
        self.fold_to_depth(0);
    }

    /// Opens everything, groups too.
    pub fn unfold_all(&mut self) {
        self.change(Change::Open);
    }

    /// Folds what is deeper than `depth`, of which 0 is a root's, and opens what is not.
    pub fn fold_to_depth(&mut self, depth: usize) {
        self.change(Change::ToDepth(depth));
    }

    /// Shows these nodes, in the order of rows, with what is above them; folds all else.
    pub fn fold_to(&mut self, nodes: Vec<usize>) {
        self.change(Change::To(nodes));
    }

    /// Opens what hides a span.
    pub fn reveal(&mut self, key: &SpanKey) {
        if let Some(at) = self.node_of(key).or_else(|| self.first_of(key.span_id)) {
            self.change(Change::Reveal(at));
        }
    }

    /// Returns the group that the row of a node represents.
    pub(super) fn closed_group(&self, at: usize) -> Option<Group> {
        let (first, group) = self.analysis().group_of(at)?;
        (first == at && self.layout.is_closed(first, group.count)).then_some(group)
    }

    /// Computes the rows again.
    pub(super) fn lay_out(&mut self) {
        self.change(Change::Nothing);
    }

    /// Changes folds and computes the rows again, in steps: at once unless the trace is large.
    fn change(&mut self, change: Change) {
        // Changes that are not complete yet come first.
        let before = self.folding.take();
        let (read, folds, straight) = (self.read.clone(), self.folds.clone(), self.straight);
        let overview = (self.layout.straight == straight).then(|| self.layout.overview.clone());
        self.folding = Some(Steps::new(async move {
            let mut folds = match before {
                Some(before) => before.await.folds,
                None => folds,
            };
            if !matches!(change, Change::Nothing) {
                change.apply(&read, Arc::make_mut(&mut folds)).await;
            }
            let layout = Layout::of(&read, &folds, straight, overview).await;
            Folded { folds, layout }
        }));
        self.fold_part(AT_ONCE);
    }

    /// Continues a change of folds until about so much work is done; returns true if there are new rows.
    pub(super) fn fold_part(&mut self, work: u64) -> bool {
        let Some(folded) = self.folding.as_mut().and_then(|folding| folding.run(work)) else {
            return false;
        };
        self.folding = None;
        (self.folds, self.layout) = (folded.folds, folded.layout);
        true
    }
}

//! Folds of an outline.

use std::collections::HashSet;
use std::sync::Arc;

use super::Outline;
use super::layout::Layout;
use crate::work::at_once;
use crate::{SpanKey, SpanTree};

/// Folds of the user, by keys that survive a rebuild of the tree.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    /// Spans whose descendants are hidden.
    folded: HashSet<SpanKey>,
    /// Members of open groups: a group is known by any of them, as others may arrive before its first.
    opened: HashSet<SpanKey>,
}

impl Outline {
    /// Folds or unfolds the rows below a span; one without children is unchanged. A row that represents a group is opened, and a
    /// member's group is closed.
    pub fn fold(&mut self, key: &SpanKey, folded: bool) {
        let Some(at) = self.node_of(key) else { return };
        let changed = if let Some((first, group)) = self.analysis.group_of(at) {
            self.open_group(first, group.count, !folded)
        } else if folded {
            self.tree.nodes()[at].children > 0 && Arc::make_mut(&mut self.folds).folded.insert(key.clone())
        } else {
            Arc::make_mut(&mut self.folds).folded.remove(key)
        };
        if changed {
            self.lay_out();
        }
    }

    /// Returns true if a span's rows are folded: those below it, or those of the group that it represents.
    #[must_use]
    pub fn is_folded(&self, key: &SpanKey) -> bool {
        let Some(at) = self.node_of(key) else { return false };
        match self.analysis.group_of(at) {
            Some((first, group)) => !self.is_open(first, group.count),
            None => self.folds.folded.contains(key),
        }
    }

    /// Returns true if there are rows below a span.
    #[must_use]
    pub fn has_children(&self, key: &SpanKey) -> bool {
        self.node_of(key).is_some_and(|at| self.tree.nodes()[at].children > 0)
    }

    /// Folds everything: only roots are rows.
    pub fn fold_all(&mut self) {
        self.fold_to_depth(0);
    }

    /// Opens everything, groups too.
    pub fn unfold_all(&mut self) {
        let groups = self.analysis.groups().iter();
        self.folds = Arc::new(Folds {
            folded: HashSet::new(),
            opened: groups.map(|(first, _)| self.tree.nodes()[*first].key.clone()).collect(),
        });
        self.lay_out();
    }

    /// Folds what is deeper than `depth`, of which 0 is a root's, and opens what is not.
    pub fn fold_to_depth(&mut self, depth: usize) {
        let nodes = self.tree.nodes();
        let deep = nodes.iter().filter(|node| node.children > 0 && node.depth >= depth);
        self.folds = Arc::new(Folds {
            folded: deep.map(|node| node.key.clone()).collect(),
            opened: HashSet::new(),
        });
        self.lay_out();
    }

    /// Shows these nodes, by their place in the tree, with what is above them; folds all else.
    pub fn fold_to(&mut self, keep: impl Fn(usize) -> bool) {
        let nodes = self.tree.nodes();
        let mut open = vec![false; nodes.len()];
        let mut folds = Folds::default();
        for at in (0..nodes.len()).rev() {
            let kept = keep(at);
            if let Some(parent) = nodes[at].parent.filter(|_| kept || open[at]) {
                open[parent] = true;
            }
            if kept && let Some((first, _)) = self.analysis.group_of(at) {
                folds.opened.insert(nodes[first].key.clone());
            }
            if !open[at] && nodes[at].children > 0 {
                folds.folded.insert(nodes[at].key.clone());
            }
        }
        self.folds = Arc::new(folds);
        self.lay_out();
    }

    /// Opens what hides a span.
    pub fn reveal(&mut self, key: &SpanKey) {
        let Some(at) = self.node_of(key).or_else(|| self.first_of(key.span_id)) else {
            return;
        };
        let nodes = self.tree.nodes();
        let folds = Arc::make_mut(&mut self.folds);
        let mut above = nodes[at].parent;
        while let Some(parent) = above {
            folds.folded.remove(&nodes[parent].key);
            above = nodes[parent].parent;
        }
        if let Some((first, group)) = self.analysis.group_of(at) {
            self.open_group(first, group.count, true);
        }
        self.lay_out();
    }

    /// True when that changes something.
    fn open_group(&mut self, first: usize, count: usize, open: bool) -> bool {
        let before = self.is_open(first, count);
        let (nodes, folds) = (self.tree.nodes(), Arc::make_mut(&mut self.folds));
        if open {
            folds.opened.insert(nodes[first].key.clone());
        } else {
            for member in &nodes[first..first + count] {
                folds.opened.remove(&member.key);
            }
        }
        before != open
    }

    fn is_open(&self, first: usize, count: usize) -> bool {
        self.folds.is_open(&self.tree, first, count)
    }

    /// Returns the group that the row of a node represents.
    pub(super) fn closed_group(&self, at: usize) -> Option<crate::Group> {
        let (first, group) = self.analysis.group_of(at)?;
        (first == at && !self.is_open(first, group.count)).then_some(group)
    }

    /// Computes the rows again.
    pub(super) fn lay_out(&mut self) {
        self.layout = at_once(Layout::of(&self.tree, &self.analysis, &self.folds, self.straight));
    }
}

impl Folds {
    pub(super) fn is_open(&self, tree: &SpanTree, first: usize, count: usize) -> bool {
        let members = &tree.nodes()[first..first + count];
        !self.opened.is_empty() && members.iter().any(|member| self.opened.contains(&member.key))
    }

    pub(super) fn hides_below(&self, key: &SpanKey) -> bool {
        !self.folded.is_empty() && self.folded.contains(key)
    }
}

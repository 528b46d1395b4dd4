//! What is folded away.

use std::collections::HashSet;

use super::{Critical, Outline};
use crate::SpanKey;

/// What a person has folded, by what survives that the tree is built anew.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// Spans whose descendants are hidden.
    folded: HashSet<SpanKey>,
    /// Members of groups that are open: a group is known by any of them, as others may come before its first.
    opened: HashSet<SpanKey>,
}

impl Outline {
    /// Folds or unfolds what is below a span; one without children stays as it is. A row that stands for a group is opened, and a
    /// member's group is closed.
    pub fn fold(&mut self, key: &SpanKey, folded: bool) {
        let Some(at) = self.node_of(key) else { return };
        let changed = if let Some((first, group)) = self.analysis.group_of(at) {
            self.open_group(first, group.count, !folded)
        } else if folded {
            self.tree.nodes()[at].children > 0 && self.folds.folded.insert(key.clone())
        } else {
            self.folds.folded.remove(key)
        };
        if changed {
            self.lay_out();
        }
    }

    /// Whether a span's rows are folded away: those below it, or those of the group that it stands for.
    #[must_use]
    pub fn is_folded(&self, key: &SpanKey) -> bool {
        let Some(at) = self.node_of(key) else { return false };
        match self.analysis.group_of(at) {
            Some((first, group)) => !self.is_open(first, group.count),
            None => self.folds.folded.contains(key),
        }
    }

    /// Whether there is anything below a span.
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
        self.folds = Folds::default();
        for (first, _) in self.analysis.groups() {
            self.folds.opened.insert(self.tree.nodes()[*first].key.clone());
        }
        self.lay_out();
    }

    /// Folds what is deeper than `depth`, of which 0 is a root's, and opens what is not.
    pub fn fold_to_depth(&mut self, depth: usize) {
        let nodes = self.tree.nodes();
        let deep = nodes.iter().filter(|node| node.children > 0 && node.depth >= depth);
        self.folds = Folds {
            folded: deep.map(|node| node.key.clone()).collect(),
            opened: HashSet::new(),
        };
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
        self.folds = folds;
        self.lay_out();
    }

    /// Opens what hides a span.
    pub fn reveal(&mut self, key: &SpanKey) {
        let Some(at) = self.node_of(key).or_else(|| self.first_of(key.span_id)) else {
            return;
        };
        let nodes = self.tree.nodes();
        let mut above = nodes[at].parent;
        while let Some(parent) = above {
            self.folds.folded.remove(&nodes[parent].key);
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
        let nodes = self.tree.nodes();
        if open {
            self.folds.opened.insert(nodes[first].key.clone());
        } else {
            for member in &nodes[first..first + count] {
                self.folds.opened.remove(&member.key);
            }
        }
        before != open
    }

    fn is_open(&self, first: usize, count: usize) -> bool {
        let opened = &self.folds.opened;
        !opened.is_empty()
            && self.tree.nodes()[first..first + count]
                .iter()
                .any(|member| opened.contains(&member.key))
    }

    /// The group that the row of a node stands for.
    pub(super) fn closed_group(&self, at: usize) -> Option<crate::Group> {
        let (first, group) = self.analysis.group_of(at)?;
        (first == at && !self.is_open(first, group.count)).then_some(group)
    }

    pub(super) fn hides_below(&self, key: &SpanKey) -> bool {
        !self.folds.folded.is_empty() && self.folds.folded.contains(key)
    }

    pub(super) fn lay_out(&mut self) {
        self.visible.clear();
        let mut groups = self.analysis.groups().iter().peekable();
        let mut at = 0;
        while let Some(node) = self.tree.nodes().get(at) {
            self.visible.push(at);
            while groups.next_if(|(first, _)| *first < at).is_some() {}
            at += match groups.peek() {
                Some((first, group)) if *first == at && !self.is_open(at, group.count) => group.count,
                _ if self.hides_below(&node.key) => 1 + node.descendants,
                _ => 1,
            };
        }
        self.lay_out_critical_path();
    }

    /// Puts each section of the path to the last span on the row that shows or hides its node. Time in a queue is drawn as such.
    fn lay_out_critical_path(&mut self) {
        self.critical.clear();
        let Ok(path) = self.analysis.path_to_last_span() else { return };
        for section in path.sections.iter().filter(|section| !section.queued) {
            let shift = if self.straight {
                self.analysis.shift_nano(section.node)
            } else {
                0
            };
            self.critical.push(Critical {
                node: self.visible[self.row_of(section.node)],
                start: section.start_unix_nano.saturating_add_signed(shift),
                end: section.end_unix_nano.saturating_add_signed(shift),
            });
        }
        self.critical.sort_unstable_by_key(|part| (part.node, part.start));
        self.critical.dedup_by(|part, before| {
            let touches = part.node == before.node && part.start <= before.end;
            if touches {
                before.end = before.end.max(part.end);
            }
            touches
        });
    }
}

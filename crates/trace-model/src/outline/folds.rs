//! Folds of an outline.

use std::sync::Arc;

use hashbrown::HashSet;

use super::Outline;
use super::index::Indexed;
use super::layout::Layout;
use crate::hash::{self, State};
use crate::work::{Steps, Visits, add};
use crate::{Group, SpanKey, SpanTree};

/// Work of a change that is done at once: the rows of some thousand spans.
const AT_ONCE: u64 = 1 << 22;

/// Folds of the user, by keys that survive a rebuild of the tree: their hashes, which cost nothing to drop.
#[derive(Clone, Debug, Default)]
pub(super) struct Folds {
    /// Spans whose descendants are hidden.
    folded: HashSet<u64, State>,
    /// Members of open groups: a group is known by any of them, as others may arrive before its first.
    opened: HashSet<u64, State>,
}

/// A change of folds. Nodes are those of the tree that was shown when it was requested.
#[derive(Debug)]
enum Change {
    /// None: the rows are laid out again.
    Nothing,
    /// Folds or unfolds what is below a node.
    Below { node: usize, folded: bool },
    /// Opens or closes a group.
    Group { first: usize, count: usize, open: bool },
    /// Folds what is deeper, and opens what is not; groups are closed.
    ToDepth(usize),
    /// Opens everything, groups too.
    Open,
    /// Shows these nodes, in the order of rows, with what is above them; folds all else.
    To(Vec<usize>),
    /// Opens what hides a node.
    Reveal(usize),
}

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

impl Change {
    async fn apply(self, read: &Indexed, folds: &mut Folds) {
        let (nodes, groups) = (read.tree.nodes(), read.analysis.groups());
        let mut visits = Visits::default();
        match self {
            Self::Nothing => {}
            Self::Below { node, folded: true } => {
                folds.folded.insert(hashed(&nodes[node].key));
            }
            Self::Below { node, folded: false } => {
                folds.folded.remove(&hashed(&nodes[node].key));
            }
            Self::Group { first, open: true, .. } => {
                folds.opened.insert(hashed(&nodes[first].key));
            }
            Self::Group {
                first,
                count,
                open: false,
            } => {
                for member in &nodes[first..first + count] {
                    folds.opened.remove(&hashed(&member.key));
                    visits.one().await;
                }
            }
            Self::Open => {
                *folds = Folds::default();
                for (first, _) in groups {
                    folds.opened.insert(hashed(&nodes[*first].key));
                    visits.one().await;
                }
            }
            Self::ToDepth(depth) => {
                *folds = Folds::default();
                for node in nodes {
                    if node.children > 0 && node.depth >= depth {
                        folds.folded.insert(hashed(&node.key));
                    }
                    visits.one().await;
                }
            }
            Self::To(kept) => folds.show_only(read, &kept).await,
            Self::Reveal(node) => {
                let mut above = nodes[node].parent;
                while let Some(parent) = above {
                    folds.folded.remove(&hashed(&nodes[parent].key));
                    above = nodes[parent].parent;
                    visits.one().await;
                }
                if let Some((first, _)) = read.analysis.group_of(node) {
                    folds.opened.insert(hashed(&nodes[first].key));
                }
            }
        }
    }
}

impl Folds {
    async fn show_only(&mut self, read: &Indexed, kept: &[usize]) {
        *self = Self::default();
        let nodes = read.tree.nodes();
        let mut open = vec![false; nodes.len()];
        let mut kept = kept.iter().rev().peekable();
        let mut visits = Visits::default();
        for at in (0..nodes.len()).rev() {
            let is_kept = kept.next_if_eq(&&at).is_some();
            if let Some(parent) = nodes[at].parent.filter(|_| is_kept || open[at]) {
                open[parent] = true;
            }
            if is_kept && let Some((first, _)) = read.analysis.group_of(at) {
                self.opened.insert(hashed(&nodes[first].key));
            }
            if !open[at] && nodes[at].children > 0 {
                self.folded.insert(hashed(&nodes[at].key));
            }
            visits.one().await;
        }
    }

    pub(super) async fn is_open(&self, tree: &SpanTree, first: usize, count: usize, visits: &mut Visits) -> bool {
        if self.opened.is_empty() {
            return false;
        }
        for member in &tree.nodes()[first..first + count] {
            if self.opened.contains(&hashed(&member.key)) {
                return true;
            }
            visits.one().await;
        }
        false
    }

    pub(super) fn hides_below(&self, key: &SpanKey) -> bool {
        !self.folded.is_empty() && self.folded.contains(&hashed(key))
    }
}

fn hashed(key: &SpanKey) -> u64 {
    add(key.service.len());
    hash::of(key)
}

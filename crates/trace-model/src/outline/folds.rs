//! Folds of an outline, and their changes.

use hashbrown::HashSet;

use super::index::Indexed;
use crate::hash::{self, State};
use crate::work::{Visits, add};
use crate::{SpanKey, SpanTree};

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
pub(super) enum Change {
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

impl Change {
    pub(super) async fn apply(self, read: &Indexed, folds: &mut Folds) {
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

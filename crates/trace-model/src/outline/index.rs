//! A trace that was read, with indexes of its nodes.

use std::hash::BuildHasher;

use hashbrown::{HashMap, HashTable};

use crate::hash::State;
use crate::sentry::Gravity;
use crate::tree::Read;
use crate::work::{VISIT, Visits, add, drop_in_steps, strides, visited};
use crate::{Analysis, ERROR_MARKS, ErrorMark, SpanId, SpanKey, SpanTree, StatusCode};

/// A tree with its analysis and indexes.
#[derive(Debug, Default)]
pub(super) struct Indexed {
    pub(super) tree: SpanTree,
    pub(super) analysis: Analysis,
    index: Index,
}

/// Indexes of nodes and error events.
#[derive(Debug, Default)]
struct Index {
    /// The first node of each span id.
    first: HashMap<SpanId, usize, State>,
    /// The other nodes of these ids, by the hash of their key: any number may share an id.
    others: HashTable<(u64, usize)>,
    errors: HashMap<SpanId, Vec<ErrorMark>, State>,
    /// Nodes that failed, or in which an error was reported, in the order of rows.
    failed: Vec<usize>,
    hasher: State,
}

impl Indexed {
    pub(super) async fn of(read: Read) -> Self {
        let analysis = Analysis::read(&read.tree).await;
        let index = Index::of(&read).await;
        Self {
            tree: read.tree,
            analysis,
            index,
        }
    }

    /// Returns the node of a span.
    pub(super) fn node_of(&self, key: &SpanKey) -> Option<usize> {
        let is_it = |at: usize| {
            add(VISIT);
            self.tree.nodes()[at].key == *key
        };
        let first = self.first_of(key.span_id)?;
        if is_it(first) {
            return Some(first);
        }
        let hash = self.index.hasher.hash_one(key);
        self.index.others.find(hash, |(_, at)| is_it(*at)).map(|(_, at)| *at)
    }

    /// Returns the first node with an id.
    pub(super) fn first_of(&self, span_id: SpanId) -> Option<usize> {
        self.index.first.get(&span_id).copied()
    }

    /// Returns the error events on the row of a span id, by time; at most [`ERROR_MARKS`].
    pub(super) fn errors(&self, span_id: SpanId) -> &[ErrorMark] {
        self.index.errors.get(&span_id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the nodes that failed, or in which an error was reported, in the order of rows.
    pub(super) fn failed(&self) -> &[usize] {
        &self.index.failed
    }

    /// Drops what owns a lot in steps.
    pub(super) async fn drop_in_steps(self) {
        self.tree.drop_in_steps().await;
        drop_in_steps(self.index.errors.into_values().collect()).await;
    }
}

impl Index {
    async fn of(read: &Read) -> Self {
        let mut index = Self::default();
        let mut visits = Visits::default();
        for (span_id, mark) in &read.marks {
            let marks = index.errors.entry(*span_id).or_default();
            if marks.len() < ERROR_MARKS {
                marks.push(mark.clone());
            }
            visits.one().await;
        }
        let nodes = read.tree.nodes();
        index.first.reserve(nodes.len());
        for range in strides(nodes.len()) {
            visited(2 * range.len()).await;
            for at in range {
                let (key, status) = (&nodes[at].key, nodes[at].status);
                if *index.first.entry(key.span_id).or_insert(at) != at {
                    add(key.service.len());
                    let hash = index.hasher.hash_one(key);
                    index.others.insert_unique(hash, (hash, at), |(hash, _)| *hash);
                }
                let is_reported = || {
                    let errors = index.errors.get(&key.span_id);
                    errors.is_some_and(|errors| errors.iter().any(|error| error.gravity != Gravity::Mild))
                };
                if status == StatusCode::Error || (!index.errors.is_empty() && is_reported()) {
                    index.failed.push(at);
                }
            }
        }
        index
    }
}

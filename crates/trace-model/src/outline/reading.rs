//! Updates an outline from the store.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};

use super::folds::Folds;
use super::layout::Layout;
use super::{ERROR_MARKS, ErrorMark, Outline};
use crate::hash::State;
use crate::tree::Read;
use crate::work::{Steps, Visits, strides, visited};
use crate::{Analysis, Revision, SpanId, SpanTree, Store, TraceReader};

/// A tree of so many spans is built within a small part of a frame.
const SPANS_PER_FRAME: usize = 10_000;

/// A trace on its way to rows.
#[derive(Debug)]
pub(super) struct Reader {
    /// The trace's last change when this began.
    of: Option<Revision>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Reading(Box<TraceReader<Indexed>>),
    LayingOut(Steps<Built>),
}

/// A trace that was read, with what finds its nodes.
#[derive(Debug)]
struct Indexed {
    tree: SpanTree,
    analysis: Analysis,
    index: Index,
}

/// The same, laid out.
struct Built {
    indexed: Indexed,
    layout: Layout,
    /// Folds by which it is laid out.
    folds: Arc<Folds>,
    straight: bool,
}

/// Index of nodes and error events by span id.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Positions in the tree's nodes.
    by_id: HashTable<(u64, usize)>,
    errors: HashMap<SpanId, Vec<ErrorMark>>,
    hasher: State,
}

impl Index {
    async fn of(read: &Read) -> Self {
        let mut index = Self::default();
        let nodes = read.tree.nodes();
        index.by_id.reserve(nodes.len(), |(hash, _)| *hash);
        for range in strides(nodes.len()) {
            visited(2 * range.len()).await;
            for at in range {
                let hash = index.hasher.hash_one(nodes[at].key.span_id);
                index.by_id.insert_unique(hash, (hash, at), |(hash, _)| *hash);
            }
        }
        let mut visits = Visits::default();
        for (span_id, mark) in &read.marks {
            let marks = index.errors.entry(*span_id).or_default();
            if marks.len() < ERROR_MARKS {
                marks.push(mark.clone());
            }
            visits.one().await;
        }
        index
    }

    /// Nodes that may have an id, in no particular order.
    pub(super) fn with_id(&self, span_id: SpanId) -> impl Iterator<Item = usize> {
        self.by_id.iter_hash(self.hasher.hash_one(span_id)).map(|(_, at)| *at)
    }

    /// The error events on the row of a span id, by time; at most [`ERROR_MARKS`] of them.
    pub(super) fn errors(&self, span_id: SpanId) -> &[ErrorMark] {
        self.errors.get(&span_id).map(Vec::as_slice).unwrap_or_default()
    }
}

async fn index(read: Read) -> Indexed {
    let analysis = Analysis::read(&read.tree).await;
    let index = Index::of(&read).await;
    Indexed {
        tree: read.tree,
        analysis,
        index,
    }
}

async fn lay_out(indexed: Indexed, folds: Arc<Folds>, straight: bool) -> Built {
    let layout = Layout::of(&indexed.tree, &indexed.analysis, &folds, straight).await;
    Built {
        indexed,
        layout,
        folds,
        straight,
    }
}

impl Outline {
    /// Catches up with the store at once; true when the rows are those of its last change, as they are unless a large trace is growing.
    pub fn refresh(&mut self, store: &Store) -> bool {
        self.refresh_part(store, u64::MAX)
    }

    /// Updates from the store as far as about so much [work](crate::work) permits; free if nothing changed. Returns false while
    /// the rows are those of an earlier revision. An evicted trace is empty at once.
    ///
    /// The rows of a large trace that is growing are not built for every frame: after they were, this answers false as often as building them
    /// costs frames.
    pub fn refresh_part(&mut self, store: &Store, work: u64) -> bool {
        let now = store.trace_revision(self.trace_id);
        if now.is_none() {
            *self = Self {
                folds: std::mem::take(&mut self.folds),
                straight: self.straight,
                ..Self::new(self.trace_id)
            };
            return true;
        }
        if self.reader.is_none() {
            if now == self.built {
                return true;
            }
            if self.built.is_some() && self.rest > 0 {
                self.rest -= 1;
                return false;
            }
            self.reader = Some(Reader {
                of: now,
                stage: Stage::Reading(Box::new(TraceReader::new(store, self.trace_id).then(index))),
            });
        }
        self.read_part(store, work);
        now == self.built
    }

    /// Returns true if [`Outline::read_part`] has work left.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.reader.is_some()
    }

    /// Continues [`Outline::refresh_part`] until about so much [work](crate::work) is done; returns true while more is left.
    pub fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let until = crate::work::done().saturating_add(work);
        let Some(reader) = &mut self.reader else { return false };
        if let Stage::Reading(trace) = &mut reader.stage
            && let Some(indexed) = trace.step(store, work)
        {
            reader.stage = Stage::LayingOut(Steps::new(lay_out(indexed, self.folds.clone(), self.straight)));
        }
        let left = until.saturating_sub(crate::work::done());
        let Stage::LayingOut(steps) = &mut reader.stage else {
            return true;
        };
        let Some(built) = steps.run(left) else { return true };
        let is_current = Arc::ptr_eq(&built.folds, &self.folds) && built.straight == self.straight;
        self.built = reader.of;
        self.reader = None;
        let Indexed { tree, analysis, index } = built.indexed;
        self.rest = tree.nodes().len() / SPANS_PER_FRAME;
        (self.tree, self.analysis, self.index, self.layout) = (tree, analysis, index, built.layout);
        drop(built.folds);
        if !is_current {
            // Something was folded meanwhile.
            self.lay_out();
        }
        false
    }
}

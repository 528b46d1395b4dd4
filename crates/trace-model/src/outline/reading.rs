//! Updates an outline from the store.

use std::sync::Arc;

use super::Outline;
use super::folds::Folds;
use super::index::Indexed;
use super::layout::Layout;
use crate::work::{Steps, done};
use crate::{Revision, Store, TraceReader};

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

/// A trace that was read, laid out.
struct Built {
    read: Indexed,
    layout: Layout,
    /// Folds by which it is laid out.
    folds: Arc<Folds>,
}

async fn lay_out(read: Indexed, folds: Arc<Folds>, straight: bool) -> Built {
    let layout = Layout::of(&read, &folds, straight, None).await;
    Built { read, layout, folds }
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
            if self.built.is_some() || self.reader.is_some() {
                let before = std::mem::replace(self, Self::new(self.trace_id));
                (self.folds, self.straight) = (before.folds.clone(), before.straight);
                self.leaving = Some(before.leave());
            }
            self.read_part(store, work);
            return true;
        }
        if self.reader.is_none() {
            if now == self.built {
                self.read_part(store, work);
                return self.folding.is_none();
            }
            if self.built.is_some() && self.rest > 0 {
                self.rest -= 1;
                return false;
            }
            self.reader = Some(Reader {
                of: now,
                stage: Stage::Reading(Box::new(TraceReader::new(store, self.trace_id).then(Indexed::of))),
            });
        }
        self.read_part(store, work);
        now == self.built && self.folding.is_none()
    }

    /// Returns true if [`Outline::read_part`] has work left.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.reader.is_some() || self.folding.is_some() || self.leaving.is_some()
    }

    /// Continues [`Outline::refresh_part`] and changes of folds until about so much [work](crate::work) is done; returns true if there are new rows.
    pub fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let until = done().saturating_add(work);
        if let Some(leaving) = &mut self.leaving
            && leaving.run(work).is_some()
        {
            self.leaving = None;
        }
        let is_folded = self.fold_part(until.saturating_sub(done()));
        self.build_part(store, until) || is_folded
    }

    fn build_part(&mut self, store: &Store, until: u64) -> bool {
        let Some(reader) = &mut self.reader else { return false };
        let left = || until.saturating_sub(done());
        if let Stage::Reading(trace) = &mut reader.stage
            && let Some(read) = trace.step(store, left())
        {
            reader.stage = Stage::LayingOut(Steps::new(lay_out(read, self.folds.clone(), self.straight)));
        }
        let Stage::LayingOut(steps) = &mut reader.stage else {
            return false;
        };
        let Some(Built { read, layout, folds }) = steps.run(left()) else {
            return false;
        };
        let is_current = Arc::ptr_eq(&folds, &self.folds) && layout.straight == self.straight && self.folding.is_none();
        drop(folds);
        self.built = reader.of;
        self.reader = None;
        self.rest = read.tree.nodes().len() / SPANS_PER_FRAME;
        let before = std::mem::replace(&mut self.read, Arc::new(read));
        self.layout = layout;
        if !is_current {
            // Something was folded meanwhile.
            self.lay_out();
        }
        self.leaving = Some(Steps::new(leave(self.leaving.take(), before)));
        true
    }

    /// Drops the outline in steps.
    #[must_use]
    pub fn leave(self) -> Steps<()> {
        Steps::new(leave(self.leaving, self.read))
    }
}

/// Drops a tree once nothing else reads it.
async fn leave(before: Option<Steps<()>>, read: Arc<Indexed>) {
    if let Some(before) = before {
        before.await;
    }
    if let Some(read) = Arc::into_inner(read) {
        read.drop_in_steps().await;
    }
}

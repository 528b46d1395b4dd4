//! The selected trace compared with another one, or with the median of its operation.

mod columns;
mod keys;
mod shown;

use std::sync::Arc;

use trace_model::work::{self, Steps};
use trace_model::{Outline, Revision, Store, TraceId, TraceReader, TraceSummary};
use trace_stats::{Difference, Differing, MedianPass, Profile, RootOperation, Totals};

use super::{Action, List, ListFilter, Waterfall};
use crate::layout::ListParts;
use crate::table::{TableCells, TableState};
use columns::CompareRow;
use shown::{Key, Order, Shown};

/// Lines about the two sides, above the rows.
pub const SIDES: u16 = 3;

/// [Work](trace_model::work) on the marked trace before a frame, at most.
const WORK_PER_FRAME: u64 = 1 << 22;
/// A trace of so many spans is read within a small part of a frame.
const SPANS_PER_FRAME: usize = 10_000;

/// The baseline of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Baseline {
    /// The trace that was marked.
    Marked,
    /// The median of the traces of its operation.
    #[default]
    Median,
}

/// A trace by call path, read in steps: kept as it was last, also after its eviction.
#[derive(Debug)]
pub struct Profiled {
    /// Summary of the trace, as in the list.
    pub summary: TraceSummary,
    /// True once it was evicted.
    pub left: bool,
    /// Reader of the next profile, with the trace's last change when it began.
    reader: Option<(Revision, TraceReader<Profile>)>,
    /// At how many frames it stays behind before it is read anew.
    rest: usize,
    revision: Option<Revision>,
    profile: Arc<Profile>,
}

impl Profiled {
    fn new(store: &Store, trace_id: TraceId) -> Option<Self> {
        let mut marked = Self {
            summary: store.trace(trace_id)?,
            left: false,
            reader: None,
            rest: 0,
            revision: None,
            profile: Arc::default(),
        };
        marked.refresh(store, WORK_PER_FRAME);
        Some(marked)
    }

    /// Catches up with the store as far as so much work permits, and with a large trace that is growing at some of the frames only.
    fn refresh(&mut self, store: &Store, work: u64) {
        let trace_id = self.summary.trace_id;
        let Some(now) = store.trace_revision(trace_id) else {
            self.left = true;
            self.reader = None;
            return;
        };
        if self.reader.is_none() {
            if self.revision == Some(now) && !self.left {
                return;
            }
            if self.rest > 0 {
                self.rest -= 1;
                return;
            }
            self.reader = Some((now, Profile::reader(store, trace_id)));
        }
        self.read_part(store, work);
    }

    /// Returns true if [`Profiled::read_part`] has something to do.
    pub(super) const fn is_reading(&self) -> bool {
        self.reader.is_some()
    }

    /// Continues to read, for about so much work; true when there is a new profile.
    pub(super) fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let Some((revision, reader)) = &mut self.reader else {
            return false;
        };
        let Some(profile) = reader.step(store, work) else {
            return false;
        };
        if let Some(summary) = store.trace(self.summary.trace_id) {
            self.summary = summary;
            self.profile = Arc::new(profile);
            self.revision = Some(*revision);
            self.rest = self.summary.spans / SPANS_PER_FRAME;
            self.left = false;
        }
        self.reader = None;
        true
    }
}

/// The median of an operation, as far as it has been read.
#[derive(Debug)]
enum Median {
    Reading(Box<MedianPass>),
    Read(Option<Arc<Profile>>),
}

/// Median of an operation.
#[derive(Debug)]
pub struct OperationMedian {
    /// Of which trace.
    trace_id: TraceId,
    /// Operation of the trace; `None` while its root has not arrived.
    pub operation: Option<RootOperation>,
    /// Traces read so far.
    pub traces: usize,
    /// True if none of these has an error.
    pub without_errors: bool,
    /// Number of traces that were too large for it.
    pub too_large: usize,
    profile: Median,
}

/// Input of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CacheKey {
    trace_id: TraceId,
    revision: Option<Revision>,
    baseline: Baseline,
    marked: Option<(TraceId, Option<Revision>)>,
    /// Nothing is being read for the median.
    is_read: bool,
}

impl CacheKey {
    /// Returns true if it is the same comparison, at whatever state of its traces.
    fn is_alike(self, other: Self) -> bool {
        let sides = |of: Self| (of.trace_id, of.baseline, of.marked.map(|(trace_id, _)| trace_id), of.is_read);
        sides(self) == sides(other)
    }
}

/// The state of the comparison.
#[derive(Debug, Default)]
pub struct Compare {
    median: Option<OperationMedian>,
    /// The median is asked for although a trace is marked.
    prefers_median: bool,
    by_change: bool,
    table: TableState<Key>,
    baseline: Baseline,
    /// The selected trace.
    selected: Option<Profiled>,
    /// Input of the comparison on the screen, or of the one being computed.
    of: Option<CacheKey>,
    /// Order and filter of the rows.
    order: Option<Order>,
    shown: Shown,
    /// Computation of the next comparison.
    next: Option<Steps<Shown>>,
}

impl Compare {
    /// Returns the median of the selected trace's operation, once it was requested.
    #[must_use]
    pub const fn median(&self) -> Option<&OperationMedian> {
        self.median.as_ref()
    }

    /// Returns the baseline of the selected trace.
    #[must_use]
    pub const fn baseline(&self) -> Baseline {
        self.baseline
    }

    /// Returns true if rows are sorted by change of self time, instead of shown as a tree.
    #[must_use]
    pub const fn is_by_change(&self) -> bool {
        self.by_change
    }

    /// Returns true if there is a baseline to compare with.
    #[must_use]
    pub fn is_compared(&self) -> bool {
        !self.shown.comparison.rows.is_empty()
    }

    /// Returns the number of rows that differ.
    #[must_use]
    pub const fn differing(&self) -> Differing {
        self.shown.differing
    }

    /// Returns the totals of the baseline, once they are known.
    #[must_use]
    pub const fn before(&self) -> Option<Totals> {
        self.shown.before
    }

    /// The selected trace in numbers.
    #[must_use]
    pub const fn after(&self) -> Totals {
        self.shown.after
    }

    /// Returns the painted cells.
    #[must_use]
    pub const fn cells(&self) -> &TableCells {
        self.table.cells()
    }

    /// Returns the number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.shown.rows.len()
    }

    /// Returns true without rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.shown.rows.is_empty()
    }

    /// Returns the part of the list that was read for the median, in percent, while it is being read.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        match &self.median.as_ref()?.profile {
            Median::Reading(pass) => Some(pass.percent()),
            Median::Read(_) => None,
        }
    }

    fn selected(&self) -> Option<&Difference> {
        self.row(self.table.position())
    }

    fn row(&self, at: usize) -> Option<&Difference> {
        self.shown.comparison.rows.get(*self.shown.rows.get(at)?)
    }

    /// Continues to read the median, for about so much work; true while there is more to read.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(median) = &mut self.median else { return false };
        let Median::Reading(pass) = &mut median.profile else {
            return false;
        };
        let more = pass.step(store, work);
        (median.traces, median.too_large) = (pass.traces(), pass.too_large());
        median.without_errors = pass.is_without_errors();
        if !more {
            let read = std::mem::replace(&mut median.profile, Median::Read(None));
            if let Median::Reading(pass) = read {
                median.profile = Median::Read(pass.finish().map(Arc::new));
            }
        }
        more
    }

    /// Chooses the baseline; requests the median if it is needed.
    fn choose(&mut self, store: &Store, trace_id: TraceId, marked: Option<&Profiled>) {
        let is_another = |marked: &Profiled| marked.summary.trace_id != trace_id;
        self.baseline = if marked.is_some_and(is_another) && !self.prefers_median {
            Baseline::Marked
        } else {
            Baseline::Median
        };
        let asked = self.median.as_ref().filter(|median| median.trace_id == trace_id);
        if self.baseline == Baseline::Median && asked.is_none_or(|median| median.operation.is_none()) {
            // Its root may have arrived since.
            let operation = RootOperation::of(store, trace_id);
            let profile = operation.clone().map_or(Median::Read(None), |operation| {
                Median::Reading(Box::new(MedianPass::new(store, operation, trace_id)))
            });
            self.median = Some(OperationMedian {
                trace_id,
                operation,
                traces: 0,
                without_errors: false,
                too_large: 0,
                profile,
            });
        }
    }

    /// Returns true if a comparison is being computed, or the selected trace read for it.
    #[must_use]
    pub fn is_comparing(&self) -> bool {
        self.next.is_some() || self.selected.as_ref().is_some_and(Profiled::is_reading)
    }

    /// Continues reading and comparing, until about so much work is done; returns true if there is something new to show.
    pub(super) fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        let is_read = self.selected.as_mut().is_some_and(|selected| selected.read_part(store, work));
        let left = until.saturating_sub(work::done());
        self.compare_part(left) || is_read
    }

    fn compare_part(&mut self, work: u64) -> bool {
        let Some(shown) = self.next.as_mut().and_then(|next| next.run(work)) else {
            return false;
        };
        self.show(shown);
        self.next = None;
        true
    }

    pub(super) fn fit(&mut self, store: &Store, waterfall: &Waterfall, marked: &mut Option<Profiled>, parts: &ListParts) {
        let outline = waterfall.outline().filter(|outline| outline.revision().is_some());
        let trace_id = outline.map(Outline::trace_id);
        if self.selected.as_ref().map(|selected| selected.summary.trace_id) != trace_id {
            self.selected = trace_id.and_then(|trace_id| Profiled::new(store, trace_id));
            self.show(Shown::default());
            (self.next, self.of) = (None, None);
        }
        if let Some(trace_id) = trace_id {
            self.choose(store, trace_id, marked.as_ref());
            for side in marked.iter_mut().chain(&mut self.selected) {
                side.refresh(store, WORK_PER_FRAME);
            }
            self.compare(trace_id, marked.as_ref());
            self.compare_part(WORK_PER_FRAME);
        }
        let Shown {
            comparison, rows, most, ..
        } = &self.shown;
        self.table.lay_out::<Self>(parts.head, parts.rows, |at| {
            let difference = comparison.rows.get(*rows.get(at)?)?;
            let depth = if self.by_change { 0 } else { difference.depth };
            Some(CompareRow {
                difference,
                depth,
                most: *most,
            })
        });
    }

    fn show(&mut self, mut shown: Shown) {
        self.table.set_keys(std::mem::take(&mut shown.keys));
        self.shown = shown;
    }

    /// Begins to compare what has changed, or to order it anew.
    fn compare(&mut self, trace_id: TraceId, marked: Option<&Profiled>) {
        let Some(selected) = self.selected.as_ref().filter(|selected| selected.revision.is_some()) else {
            return;
        };
        let marked = marked.filter(|_| self.baseline == Baseline::Marked);
        let of = CacheKey {
            trace_id,
            revision: selected.revision,
            baseline: self.baseline,
            marked: marked.map(|marked| (marked.summary.trace_id, marked.revision)),
            is_read: self.percent().is_none(),
        };
        let order = Order {
            by_change: self.by_change,
            narrow: self.table.words().clone(),
        };
        // Of traces that grow all the time, each comparison that was begun is completed.
        let is_begun = self.next.is_some() && self.of.is_some_and(|begun| begun.is_alike(of));
        let is_other = self.of != Some(of) && !is_begun;
        if !is_other && self.order.as_ref() == Some(&order) {
            return;
        }
        if is_other || self.next.is_some() {
            let median = self.median.as_ref().and_then(|median| match &median.profile {
                Median::Read(profile) => profile.clone(),
                Median::Reading(_) => None,
            });
            let before = match self.baseline {
                Baseline::Marked => marked.map(|marked| marked.profile.clone()),
                Baseline::Median => median,
            };
            let after = selected.profile.clone();
            self.next = Some(Steps::new(Shown::of(before, after, order.clone())));
            self.of = Some(of);
        } else {
            self.next = Some(Steps::new(self.shown.without_rows().ordered(order.clone())));
        }
        self.order = Some(order);
    }
}

impl List for Compare {
    fn narrow(&self) -> &ListFilter {
        self.table.narrow()
    }

    fn has_rows(&self) -> bool {
        !self.shown.rows.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut ListFilter {
        self.table.narrow_mut()
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match action {
            Action::Sort => {
                self.by_change = !self.by_change;
                self.table.restart();
            }
            Action::NextMatch | Action::PreviousMatch => {
                let count = self.shown.rows.len();
                let here = self.table.position();
                let differs = |at: &usize| self.shown.comparison.rows[self.shown.rows[*at]].differs;
                let next = if action == Action::NextMatch {
                    (here + 1..count).chain(0..count.min(here + 1)).find(differs)
                } else {
                    (0..here).rev().chain((here..count).rev()).find(differs)
                };
                let Some(next) = next else {
                    return Err("nothing differs by enough to speak of");
                };
                self.table.go_to(next);
            }
            _ => return self.table.update(action),
        }
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.table.select_row(row)
    }
}

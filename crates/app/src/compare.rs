//! The selected trace beside another one, or beside the median of its operation.

mod keys;

use std::cmp::Reverse;

use trace_model::{Revision, SpanKey, Store, TraceId, TraceReader, TraceSummary};
use trace_stats::{Comparison, Difference, Differing, MedianPass, Profile, RootOperation, Totals};

use super::{Action, List, Narrow, Picker, Waterfall};

/// How many lines are about the two sides, above the rows.
pub const SIDES: u16 = 3;

/// How much [work](trace_model::work) on the marked trace may be done before a frame.
const WORK_PER_FRAME: u64 = 1 << 22;
/// A trace of so many spans is read within a small part of a frame.
const SPANS_PER_FRAME: usize = 10_000;

/// What the selected trace is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Against {
    /// The trace that was marked.
    Marked,
    /// What traces of its operation usually do.
    #[default]
    Median,
}

/// The trace that others are compared with: kept as it was last, also when it has left the memory.
#[derive(Debug)]
pub struct Marked {
    /// What the list said of it.
    pub summary: TraceSummary,
    /// Whether it has left.
    pub left: bool,
    /// What replaces the profile when it is complete, with the trace's last change when it began.
    reader: Option<(Revision, TraceReader<Profile>)>,
    /// At how many frames it stays behind before it is read anew.
    rest: usize,
    revision: Option<Revision>,
    profile: Profile,
}

impl Marked {
    fn new(store: &Store, trace_id: TraceId) -> Option<Self> {
        let mut marked = Self {
            summary: store.trace(trace_id)?,
            left: false,
            reader: None,
            rest: 0,
            revision: None,
            profile: Profile::default(),
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

    /// Whether [`Marked::read_part`] has something to do.
    pub(super) const fn is_reading(&self) -> bool {
        self.reader.is_some()
    }

    /// Goes on reading, until about so much work is done; true when there is a new profile.
    pub(super) fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let Some((revision, reader)) = &mut self.reader else {
            return false;
        };
        let Some(profile) = reader.step(store, work) else {
            return false;
        };
        if let Some(summary) = store.trace(self.summary.trace_id) {
            self.summary = summary;
            self.profile = profile;
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
    Read(Option<Profile>),
}

/// Whose median that is.
#[derive(Debug)]
pub struct Usual {
    /// Of which trace.
    trace_id: TraceId,
    /// What it is one of; `None` while its root has not arrived.
    pub operation: Option<RootOperation>,
    /// How many traces it is made of so far.
    pub traces: usize,
    /// Whether none of these has an error.
    pub without_errors: bool,
    /// How many were too large for it.
    pub too_large: usize,
    median: Median,
}

/// What a cursor holds on to: the first spans of a row; the row's number where neither side has one.
type Key = (Option<SpanKey>, Option<SpanKey>, usize);

/// What a comparison depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Of {
    trace_id: TraceId,
    revision: Option<Revision>,
    against: Against,
    marked: Option<(TraceId, Option<Revision>)>,
    /// Nothing is being read for the median.
    is_read: bool,
}

/// The state of the comparison.
#[derive(Debug, Default)]
pub struct Compare {
    usual: Option<Usual>,
    /// The median is asked for although a trace is marked.
    wants_usual: bool,
    by_change: bool,
    narrow: Narrow,
    against: Against,
    of: Option<Of>,
    /// How it is ordered and narrowed.
    shown: Option<(bool, String)>,
    comparison: Comparison,
    before: Option<Totals>,
    after: Totals,
    differing: Differing,
    /// The largest change of what spans worked themselves, in nanoseconds.
    most: u64,
    rows: Vec<usize>,
    keys: Vec<Key>,
    picker: Picker<Key>,
}

impl Compare {
    /// What is usual for the selected trace, once that was asked for.
    #[must_use]
    pub const fn usual(&self) -> Option<&Usual> {
        self.usual.as_ref()
    }

    /// What the selected trace is compared with.
    #[must_use]
    pub const fn against(&self) -> Against {
        self.against
    }

    /// Whether rows stand by how much their own time changed, instead of as a tree.
    #[must_use]
    pub const fn is_by_change(&self) -> bool {
        self.by_change
    }

    /// Whether there is something to compare with.
    #[must_use]
    pub const fn is_compared(&self) -> bool {
        !self.comparison.rows.is_empty()
    }

    /// How many rows differ.
    #[must_use]
    pub const fn differing(&self) -> Differing {
        self.differing
    }

    /// What it is compared with in numbers, once that is known.
    #[must_use]
    pub const fn before(&self) -> Option<Totals> {
        self.before
    }

    /// The selected trace in numbers.
    #[must_use]
    pub const fn after(&self) -> Totals {
        self.after
    }

    /// By how much the time that spans worked themselves changed at most, in nanoseconds.
    #[must_use]
    pub const fn most(&self) -> u64 {
        self.most
    }

    /// The rows in view, and whether the cursor is there.
    pub fn visible(&self) -> impl Iterator<Item = (&Difference, bool)> {
        let visible = self.picker.visible();
        let rows = self.rows.iter().enumerate().skip(visible.start).take(visible.len());
        rows.map(|(at, row)| (&self.comparison.rows[*row], at == self.picker.position()))
    }

    /// How many rows are listed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How much of the list has been looked at for the median, in percent, while that goes on.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        match &self.usual.as_ref()?.median {
            Median::Reading(pass) => Some(pass.percent()),
            Median::Read(_) => None,
        }
    }

    fn selected(&self) -> Option<&Difference> {
        self.comparison.rows.get(*self.rows.get(self.picker.position())?)
    }

    /// Goes on reading what is usual, about so much work; true while there is more to read.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(usual) = &mut self.usual else { return false };
        let Median::Reading(pass) = &mut usual.median else {
            return false;
        };
        let more = pass.step(store, work);
        (usual.traces, usual.too_large) = (pass.traces(), pass.too_large());
        usual.without_errors = pass.is_without_errors();
        if !more {
            let read = std::mem::replace(&mut usual.median, Median::Read(None));
            if let Median::Reading(pass) = read {
                usual.median = Median::Read(pass.finish());
            }
        }
        more
    }

    /// What the trace is compared with; what is usual is asked for where it is needed.
    fn choose(&mut self, store: &Store, trace_id: TraceId, marked: Option<&Marked>) {
        let is_another = |marked: &Marked| marked.summary.trace_id != trace_id;
        self.against = if marked.is_some_and(is_another) && !self.wants_usual {
            Against::Marked
        } else {
            Against::Median
        };
        let asked = self.usual.as_ref().filter(|usual| usual.trace_id == trace_id);
        if self.against == Against::Median && asked.is_none_or(|usual| usual.operation.is_none()) {
            // Its root may have arrived since.
            let operation = RootOperation::of(store, trace_id);
            let median = operation.clone().map_or(Median::Read(None), |operation| {
                Median::Reading(Box::new(MedianPass::new(store, operation, trace_id)))
            });
            self.usual = Some(Usual {
                trace_id,
                operation,
                traces: 0,
                without_errors: false,
                too_large: 0,
                median,
            });
        }
    }

    pub(super) fn fit(&mut self, store: &Store, waterfall: &Waterfall, marked: &mut Option<Marked>, height: usize) {
        let outline = waterfall.outline().filter(|outline| outline.revision().is_some());
        let Some(outline) = outline else {
            (self.comparison, self.of, self.before) = (Comparison::default(), None, None);
            self.lay_out();
            return self.picker.fit(&self.keys, height);
        };
        self.choose(store, outline.trace_id(), marked.as_ref());
        if let Some(marked) = marked.as_mut() {
            marked.refresh(store, WORK_PER_FRAME);
        }
        let marked = marked.as_ref().filter(|_| self.against == Against::Marked);
        let of = Of {
            trace_id: outline.trace_id(),
            revision: outline.revision(),
            against: self.against,
            marked: marked.map(|marked| (marked.summary.trace_id, marked.revision)),
            is_read: self.percent().is_none(),
        };
        if self.of != Some(of) {
            let usual = self.usual.as_ref().and_then(|usual| match &usual.median {
                Median::Read(profile) => profile.as_ref(),
                Median::Reading(_) => None,
            });
            let before = marked.map(|marked| &marked.profile);
            let before = before.or_else(|| usual.filter(|_| self.against == Against::Median));
            let after = Profile::of(outline.tree(), outline.analysis());
            self.before = before.map(|before| before.totals);
            self.after = after.totals;
            self.comparison = before.map_or_else(Comparison::default, |before| Comparison::of(before, &after));
            let changes = self.comparison.rows.iter().map(|row| row.self_change().unsigned_abs());
            self.most = changes.max().unwrap_or(0);
            self.differing = self.comparison.differing();
            self.of = Some(of);
            self.shown = None;
        }
        let shown = (self.by_change, self.narrow.line().text().to_owned());
        if self.shown.as_ref() != Some(&shown) {
            self.lay_out();
            self.shown = Some(shown);
        }
        self.picker.fit(&self.keys, height);
    }

    fn lay_out(&mut self) {
        let all = &self.comparison.rows;
        let kept = |row: &Difference| self.narrow.keeps(&[&*row.service, &*row.name, row.kind.name()]);
        self.rows = (0..all.len()).filter(|at| kept(&all[*at])).collect();
        if self.by_change {
            self.rows.sort_by_key(|at| Reverse(all[*at].self_change().unsigned_abs()));
        }
        let key = |at: &usize| {
            let row = &all[*at];
            let number = if row.first_after.is_none() { *at } else { 0 };
            (row.first_after.clone(), row.first_before.clone(), number)
        };
        self.keys = self.rows.iter().map(key).collect();
    }
}

impl List for Compare {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match action {
            Action::Sort => {
                self.by_change = !self.by_change;
                self.picker = Picker::default();
            }
            Action::NextMatch | Action::PreviousMatch => {
                let count = self.rows.len();
                let here = self.picker.position();
                let differs = |at: &usize| self.comparison.rows[self.rows[*at]].differs;
                let next = if action == Action::NextMatch {
                    (here + 1..count).chain(0..count.min(here + 1)).find(differs)
                } else {
                    (0..here).rev().chain((here..count).rev()).find(differs)
                };
                let Some(next) = next else {
                    return Err("nothing differs by enough to speak of");
                };
                self.picker.go_to(next, &self.keys);
            }
            _ => self.picker.update(action, &self.keys),
        }
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.picker.select_row(row, &self.keys)
    }
}

//! The list of traces: which one is selected, and which ones are in view.

use std::ops::Range;
use std::time::Duration;

use trace_model::{RANKED, RankBy, Ranking, Store, TraceId, TraceSummary};

use super::{Action, scrolled, window};

/// A sort key of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Column {
    /// When they arrived, the latest first: their starts may be in another order.
    #[default]
    Arrival,
    /// The longest first.
    Duration,
    /// Most failed first.
    Errors,
    /// Most spans first.
    Spans,
}

impl Column {
    const fn next(self) -> Self {
        match self {
            Self::Arrival => Self::Duration,
            Self::Duration => Self::Errors,
            Self::Errors => Self::Spans,
            Self::Spans => Self::Arrival,
        }
    }

    const fn rank_by(self) -> Option<RankBy> {
        match self {
            Self::Arrival => None,
            Self::Duration => Some(RankBy::Duration),
            Self::Errors => Some(RankBy::Errors),
            Self::Spans => Some(RankBy::Spans),
        }
    }
}

/// Records visited per frame to sort: a small part of a frame's time.
const RECORDS_PER_FRAME: usize = 20_000;
/// Between two looks at all traces, at least; in nanoseconds.
const AGAIN: u64 = 1_000_000_000;
/// In nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// Returns true if moments span a day or more, so that times of day are ambiguous.
pub(crate) fn span_days(unix_nanos: impl Iterator<Item = u64>) -> bool {
    span(unix_nanos) >= DAY
}

fn span(unix_nanos: impl Iterator<Item = u64>) -> u64 {
    let (first, last) = unix_nanos.fold((u64::MAX, 0), |(first, last), nano| (first.min(nano), last.max(nano)));
    last.saturating_sub(first)
}

/// The list's state. The first row is selected, whichever trace that is, until the user moves; then the rows stay where they are, whatever
/// comes.
#[derive(Debug)]
pub struct TraceList {
    selected: Option<TraceId>,
    following: bool,
    /// The selected trace is on its way: its absence does not mean that it left.
    awaited: bool,
    first: usize,
    height: usize,
    /// Position of the selected trace at the last frame: if it is evicted, its successor there is selected.
    position: usize,
    column: Column,
    reversed: bool,
    /// For every column but the arrival.
    ranking: Option<Ranking>,
    /// When the last look at all traces began.
    ranked_at: u64,
    /// The newest trace when the list was last followed.
    newest: Option<TraceId>,
    /// Time that the starts of the listed traces span, in nanoseconds.
    starts_span: u64,
}

/// The selection of the list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bookmark {
    selected: Option<TraceId>,
    following: bool,
}

impl Default for TraceList {
    fn default() -> Self {
        Self {
            selected: None,
            following: true,
            awaited: false,
            first: 0,
            height: 1,
            position: 0,
            column: Column::Arrival,
            reversed: false,
            ranking: None,
            ranked_at: 0,
            newest: None,
            starts_span: 0,
        }
    }
}

impl TraceList {
    /// The trace that the waterfall shows.
    #[must_use]
    pub const fn selected(&self) -> Option<TraceId> {
        self.selected
    }

    /// Returns the trace that the next frame shows; `None` while that is not known.
    pub(super) fn shown(&self, store: &Store) -> Option<TraceSummary> {
        if self.following && self.ranking.is_none() {
            return self.at(store, 0).and_then(|trace_id| store.trace(trace_id));
        }
        store.trace(self.selected?)
    }

    /// Returns true if the first row is selected: while the latest arrivals are first, each one is selected as it arrives.
    #[must_use]
    pub const fn following(&self) -> bool {
        self.following
    }

    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Returns the sort key, and true if the order is reversed: oldest or least first.
    #[must_use]
    pub const fn sorted(&self) -> (Column, bool) {
        (self.column, self.reversed)
    }

    /// Returns the number of visited traces until the order by the column is known.
    #[must_use]
    pub fn sorting(&self) -> Option<usize> {
        let ranking = self.ranking.as_ref().filter(|ranking| ranking.is_new());
        ranking.and_then(Ranking::looked_at)
    }

    /// Returns true if more traces are listed than the order by the column holds.
    #[must_use]
    pub fn is_cut(&self, store: &Store) -> bool {
        self.ranking.is_some() && store.listed() > RANKED
    }

    /// Returns the time by which the order must be updated, if it is outdated at this time in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn is_behind(&self, store: &Store, unix_nano: u64) -> Option<Duration> {
        let ranking = self.ranking.as_ref()?;
        if ranking.looked_at().is_some() {
            return Some(Duration::ZERO);
        }
        let due = self.ranked_at.saturating_add(AGAIN).saturating_sub(unix_nano);
        ranking.is_behind(store).then(|| Duration::from_nanos(due))
    }

    /// Returns the number of traces that have arrived since the list last followed, and are not in view.
    #[must_use]
    pub fn new_since(&self, store: &Store) -> usize {
        let newest = self.newest.filter(|_| !self.following && self.column == Column::Arrival);
        newest
            .and_then(|newest| store.position(newest))
            .map_or(0, |newer| newer.min(self.first))
    }

    /// The traces in view.
    #[must_use]
    pub fn rows(&self, store: &Store) -> Vec<TraceSummary> {
        let Range { start, end } = self.visible();
        match &self.ranking {
            Some(ranking) => {
                let shown = ranking.order().iter().skip(start).take(end - start);
                shown.filter_map(|trace_id| store.trace(*trace_id)).collect()
            }
            None if self.reversed => {
                let listed = store.listed();
                let mut rows = store.traces(listed.saturating_sub(end)..listed.saturating_sub(start));
                rows.reverse();
                rows
            }
            None => store.traces(start..end),
        }
    }

    /// Selects one trace, which may not have arrived yet.
    pub const fn select(&mut self, trace_id: TraceId) {
        self.selected = Some(trace_id);
        self.awaited = true;
        self.following = false;
    }

    /// Selects the trace in a row of those in view, if there is one.
    pub(super) fn select_row(&mut self, store: &Store, row: usize) {
        if let Some(trace_id) = self.at(store, self.first + row).filter(|_| row < self.height) {
            self.selected = Some(trace_id);
            self.position = self.first + row;
            (self.awaited, self.following) = (false, false);
        }
    }

    /// Returns the selection, to return to.
    pub(super) const fn bookmark(&self) -> Bookmark {
        Bookmark {
            selected: self.selected,
            following: self.following,
        }
    }

    /// Selects what was selected before.
    pub(super) const fn return_to(&mut self, bookmark: Bookmark) {
        self.selected = bookmark.selected;
        self.following = bookmark.following;
        self.awaited = false;
    }

    /// Stays where it is.
    pub const fn hold(&mut self) {
        self.following = false;
    }

    /// Sorts by another column, most first; by the same one, the other way round. Where the first row was followed, the new first row is.
    pub fn sort_by(&mut self, column: Column) {
        self.reversed = self.column == column && !self.reversed;
        self.column = column;
        self.ranking = column.rank_by().map(|by| Ranking::new(by, self.reversed));
        self.ranked_at = 0;
        self.first = 0;
        if self.following {
            self.position = 0;
        }
    }

    pub(super) fn update(&mut self, store: &Store, action: Action) {
        match action {
            Action::Sort => return self.sort_by(self.column.next()),
            Action::SortReversed => return self.sort_by(self.column),
            _ => {}
        }
        let last = self.len(store).saturating_sub(1);
        let position = scrolled(self.position, action, self.height).min(last);
        if let Some(trace_id) = self.at(store, position) {
            self.selected = Some(trace_id);
            self.awaited = false;
            self.position = position;
        }
        // The newest is the first row: going there means following it.
        let to_the_top = position == 0 && matches!(action, Action::First | Action::Up | Action::PageUp);
        self.following = to_the_top && self.column == Column::Arrival && !self.reversed;
    }

    pub(super) fn fit(&mut self, store: &Store, height: usize, unix_nano: u64) {
        self.height = height.max(1);
        self.rank(store, unix_nano);
        if self.following || self.newest.is_none_or(|newest| store.trace(newest).is_none()) {
            self.newest = store.traces(0..1).pop().map(|trace| trace.trace_id);
        }
        // The first row is unknown until all traces were looked at.
        let follows = self.following && self.sorting().is_none();
        let held = self.selected.filter(|_| !follows);
        match held.and_then(|trace_id| self.position_of(store, trace_id)) {
            Some(position) => {
                // The row under the reader stays where it is on the screen.
                let on_screen = self.position.saturating_sub(self.first);
                if on_screen < self.height {
                    self.first = position.saturating_sub(on_screen);
                }
                self.position = position;
                self.awaited = false;
            }
            None if held.is_some() && (self.awaited || self.is_looked_for(store)) => {}
            None => {
                let last = self.len(store).saturating_sub(1);
                self.position = if self.following { 0 } else { self.position.min(last) };
                self.selected = self.at(store, self.position);
            }
        }
        let highest_first = self.len(store).saturating_sub(self.height);
        self.first = window(self.first, self.position, self.height).min(highest_first);
        let ends = [0, store.listed().saturating_sub(1)]
            .into_iter()
            .flat_map(|at| store.traces(at..at + 1));
        self.starts_span = span(ends.chain(self.rows(store)).map(|trace| trace.start_unix_nano));
    }

    /// Returns true if times need their date: those in view, the first and the last arrival span a day or more.
    #[must_use]
    pub const fn is_dated(&self) -> bool {
        self.starts_span >= DAY
    }

    fn rank(&mut self, store: &Store, unix_nano: u64) {
        let waited = unix_nano.saturating_sub(self.ranked_at) >= AGAIN;
        let Some(ranking) = &mut self.ranking else { return };
        if ranking.looked_at().is_none() && waited && ranking.is_behind(store) {
            ranking.begin(store);
            self.ranked_at = unix_nano;
        }
        ranking.step(store, RECORDS_PER_FRAME);
        // Evicted traces have no row.
        let shown = ranking.order().iter().skip(self.first).take(self.height);
        let gone: Vec<_> = shown
            .filter(|trace_id| store.position(**trace_id).is_none())
            .copied()
            .collect();
        for trace_id in gone {
            ranking.forget(trace_id);
        }
    }

    fn len(&self, store: &Store) -> usize {
        self.ranking
            .as_ref()
            .map_or_else(|| store.listed(), |ranking| ranking.order().len())
    }

    fn at(&self, store: &Store, position: usize) -> Option<TraceId> {
        let listed = store.listed();
        let newest_first = match &self.ranking {
            Some(ranking) => return ranking.order().get(position).copied(),
            None if self.reversed => listed.checked_sub(position + 1)?,
            None => position,
        };
        let trace = store.traces(newest_first..newest_first + 1).pop();
        trace.map(|trace| trace.trace_id)
    }

    fn position_of(&self, store: &Store, trace_id: TraceId) -> Option<usize> {
        match &self.ranking {
            Some(ranking) => ranking.order().iter().position(|ranked| *ranked == trace_id),
            None if self.reversed => store.position(trace_id).map(|newer| store.listed() - 1 - newer),
            None => store.position(trace_id),
        }
    }

    /// Returns true if a trace that is not listed may still be found, or ranked.
    fn is_looked_for(&self, store: &Store) -> bool {
        let unranked = self.ranking.is_some() && self.selected.is_some_and(|selected| store.position(selected).is_some());
        unranked || store.search_progress().is_some_and(|progress| !progress.is_complete())
    }
}

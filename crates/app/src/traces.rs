//! The list of traces: which one is selected, and which ones are in view.

mod columns;

use std::ops::Range;
use std::time::Duration;

use ratatui_core::layout::Rect;
use trace_model::{RANKED, Ranking, Store, TraceId, TraceSummary};

use super::{Action, Mode, scrolled, window};
use crate::content::{Line, Means, Piece, Role};
use crate::format;
use crate::table::{Query, SortOrder, TableCells, sort_cycle};
use columns::TraceRow;
pub use columns::{sentry_reach, trace_length, trace_names};

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
    order: SortOrder,
    /// For every order but that of the arrival.
    ranking: Option<Ranking>,
    /// When the last look at all traces began.
    ranked_at: u64,
    /// The newest trace when the list was last followed.
    newest: Option<TraceId>,
    /// Time that the starts of the listed traces span, in nanoseconds.
    starts_span: u64,
    /// The traces in view at the last frame.
    in_view: Vec<TraceSummary>,
    cells: TableCells,
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
            order: SortOrder::default(),
            ranking: None,
            ranked_at: 0,
            newest: None,
            starts_span: 0,
            in_view: Vec::new(),
            cells: TableCells::default(),
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

    /// Returns the order of the rows.
    #[must_use]
    pub const fn order(&self) -> SortOrder {
        self.order
    }

    /// Returns true in the order of arrival, the latest first: their starts may be in another order.
    fn is_newest_first(&self) -> bool {
        self.ranking.is_none() && !self.order.is_reversed
    }

    /// Returns the painted cells.
    #[must_use]
    pub const fn cells(&self) -> &TableCells {
        &self.cells
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
        let newest = self.newest.filter(|_| !self.following && self.ranking.is_none());
        newest
            .and_then(|newest| store.position(newest))
            .map_or(0, |newer| newer.min(self.first))
    }

    /// The traces in view, as they were when the frame was prepared.
    #[must_use]
    pub fn in_view(&self) -> &[TraceSummary] {
        &self.in_view
    }

    fn rows(&self, store: &Store) -> Vec<TraceSummary> {
        let Range { start, end } = self.visible();
        match &self.ranking {
            Some(ranking) => {
                let shown = ranking.order().iter().skip(start).take(end - start);
                shown.filter_map(|trace_id| store.trace(*trace_id)).collect()
            }
            None if self.order.is_reversed => {
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

    /// Sorts by a column, by its number; by the same one in the other direction. If the first row was followed, the new first row is.
    pub(super) fn sort_by(&mut self, column: usize) {
        self.sort(self.order.toggled(column));
    }

    fn sort(&mut self, order: SortOrder) {
        let Some(stored) = order.stored::<Self>() else { return };
        self.order = order;
        self.ranking = stored.by.map(|by| Ranking::new(by, order.is_reversed));
        self.ranked_at = 0;
        self.first = 0;
        if self.following {
            self.position = 0;
        }
    }

    pub(super) fn update(&mut self, store: &Store, action: Action) {
        match action {
            Action::Sort => return self.sort(self.order.next(&sort_cycle::<Self>())),
            Action::SortReversed => return self.sort_by(self.order.column),
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
        self.following = to_the_top && self.is_newest_first();
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
        self.in_view = self.rows(store);
        let ends = ends.map(|trace| trace.start_unix_nano);
        self.starts_span = span(ends.chain(self.in_view.iter().map(|trace| trace.start_unix_nano)));
    }

    /// Lays the rows in view out, below the title in the first line of the area; `row` returns what the cells of a trace need.
    pub(super) fn lay_out<'a>(
        &'a mut self,
        area: Rect,
        filter: &str,
        title: usize,
        row: impl Fn(&'a TraceSummary) -> TraceRow<'a>,
    ) {
        let selected = self.selected;
        let rows: Vec<_> = self
            .in_view
            .iter()
            .map(|trace| (row(trace), Some(trace.trace_id) == selected))
            .collect();
        let query = Query {
            order: self.order,
            words: filter.to_owned(),
        };
        self.cells.lay_out_below_title::<Self>(area, query, &rows, title);
    }

    /// Returns what the order is called, with the number of listed traces, and what an older order lacks.
    #[must_use]
    pub fn about(&self, store: &Store, mode: Mode) -> Line {
        let mut line = Line::from(self.about_order(store, mode));
        let listed = store.listed() as u64;
        if listed > 0 {
            line.push(format!(" · {}", format::compact(listed)).means(Role::Dim));
        }
        line
    }

    fn about_order(&self, store: &Store, mode: Mode) -> Piece {
        if let Some(looked_at) = self.sorting() {
            return format!("sorting … {} looked at", format::count(looked_at as u64, "trace")).means(Role::Warning);
        }
        let new = self.new_since(store);
        if self.is_newest_first() && self.following && mode != Mode::Files {
            return "following newest".means(Role::Dim);
        }
        if self.is_newest_first() && new > 0 {
            return format!("↑ {} new · g follows", format::grouped(new as u64)).means(Role::Accent);
        }
        let names = self.order.stored::<Self>().map_or([""; 2], |stored| stored.names);
        let name = names[usize::from(self.order.is_reversed)];
        if self.is_cut(store) {
            return format!("{name}, the first {}", format::grouped(RANKED as u64)).means(Role::Dim);
        }
        name.means(Role::Dim)
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
            None if self.order.is_reversed => listed.checked_sub(position + 1)?,
            None => position,
        };
        let trace = store.traces(newest_first..newest_first + 1).pop();
        trace.map(|trace| trace.trace_id)
    }

    fn position_of(&self, store: &Store, trace_id: TraceId) -> Option<usize> {
        match &self.ranking {
            Some(ranking) => ranking.order().iter().position(|ranked| *ranked == trace_id),
            None if self.order.is_reversed => store.position(trace_id).map(|newer| store.listed() - 1 - newer),
            None => store.position(trace_id),
        }
    }

    /// Returns true if a trace that is not listed may still be found, or ranked.
    fn is_looked_for(&self, store: &Store) -> bool {
        let unranked = self.ranking.is_some() && self.selected.is_some_and(|selected| store.position(selected).is_some());
        unranked || store.search_progress().is_some_and(|progress| !progress.is_complete())
    }
}

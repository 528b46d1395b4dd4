//! Log records: all of them, or those of the selected trace.
//!
//! Both screens are a [`LogScreen`]: a list of the store that is read by position, a histogram above it, and the record under the cursor below it or
//! to its right. Only rows in view are decoded.

mod component;
mod histogram;
mod parts;
mod patterns;
mod record;
mod rows;

use std::cell::Cell;
use std::ops::{Range, RangeInclusive};

use jiff::tz::TimeZone;
use query::LogLine;
use ratatui_core::layout::Rect;
use trace_model::{LogEdits, LogId, LogView, Store, Value};

use crate::details::whole;
use crate::format::Now;
use crate::table::{Query, Rows, SortOrder, TableCells, Window};
use crate::{Action, Filtered};
pub use component::{LogTab, TraceLogs};
pub use histogram::{Histogram, HistogramRow};
pub use parts::LogParts;
pub use patterns::PatternList;
pub use record::RecordDetails;
use rows::{LogRow, ShownLog};

/// Shortest time that can be shown, in nanoseconds.
const SHORTEST: u64 = 1_000_000;

/// The part of the screen that gets the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFocus {
    /// The list.
    #[default]
    List,
    /// The record under the cursor.
    Record,
}

/// State of a screen of log records.
#[derive(Debug)]
pub struct LogScreen {
    view: LogView,
    window: Window<LogId>,
    focus: LogFocus,
    /// The newest record when the list was last followed.
    newest: Option<LogId>,
    /// The times that are listed; `None` for all.
    times: Option<RangeInclusive<u64>>,
    /// The positions of these times, found by visits to many blocks of the list: a frame needs them often.
    counted: Cell<Option<Counted>>,
    /// Columns of the histogram between which the pointer is dragged.
    dragged: Option<(u16, u16)>,
    /// The rows in view.
    lines: Vec<ShownLog>,
    cells: TableCells,
    histogram: Histogram,
    record: RecordDetails,
    /// The patterns of what is listed, if they are shown.
    patterns: Option<PatternList>,
    /// True if the user has put the record to the right of the list.
    is_beside: bool,
}

/// State of a list of the store: while it is the same, the list has the same records. Unlike the store's revision it changes with each record of
/// an evicted trace that leaves, and not with spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ListState {
    edits: LogEdits,
    records: usize,
}

impl ListState {
    fn of(store: &Store, view: LogView) -> Self {
        Self {
            edits: store.log_edits(view),
            records: store.listed_logs(view),
        }
    }
}

/// The positions of the records of some times.
#[derive(Clone, Copy, Debug)]
struct Counted {
    list: ListState,
    of: (u64, u64),
    start: usize,
    end: usize,
}

/// Records of a list in a range of positions.
struct Listed<'a> {
    store: &'a Store,
    view: LogView,
    positions: Range<usize>,
}

impl Rows<LogId> for Listed<'_> {
    fn count(&self) -> usize {
        self.positions.len()
    }

    fn key(&self, position: usize) -> Option<LogId> {
        let at = self.positions.start.saturating_add(position);
        let is_listed = self.positions.contains(&at);
        is_listed.then(|| self.store.logs_at(self.view, at..at + 1).pop()).flatten()
    }

    /// Of a record that has left it is the position of its successor.
    fn position(&self, key: &LogId) -> Option<usize> {
        let before = self.store.logs_before(self.view, *key);
        Some(before.saturating_sub(self.positions.start))
    }
}

impl LogScreen {
    /// Returns the screen of a list that follows its newest record.
    pub(crate) fn new(view: LogView) -> Self {
        Self {
            view,
            window: Window::following(),
            focus: LogFocus::default(),
            newest: None,
            times: None,
            counted: Cell::new(None),
            dragged: None,
            lines: Vec::new(),
            cells: TableCells::default(),
            histogram: Histogram::default(),
            record: RecordDetails::default(),
            patterns: None,
            is_beside: false,
        }
    }

    /// Returns the list that it shows.
    #[must_use]
    pub const fn view(&self) -> LogView {
        self.view
    }

    /// Returns the list as one with a filter.
    #[must_use]
    pub const fn filtered(&self) -> Filtered {
        match self.view {
            LogView::All => Filtered::Logs,
            LogView::Trace => Filtered::TraceLogs,
        }
    }

    /// Returns the part that gets the keys.
    #[must_use]
    pub const fn focus(&self) -> LogFocus {
        self.focus
    }

    /// Returns true if the newest record is under the cursor, whichever that is.
    #[must_use]
    pub const fn is_following(&self) -> bool {
        self.window.is_following()
    }

    /// Returns the times that are listed; `None` for all.
    #[must_use]
    pub const fn times(&self) -> Option<&RangeInclusive<u64>> {
        self.times.as_ref()
    }

    /// Returns the cells of the rows in view.
    #[must_use]
    pub const fn cells(&self) -> &TableCells {
        &self.cells
    }

    /// Returns the histogram.
    #[must_use]
    pub const fn histogram(&self) -> &Histogram {
        &self.histogram
    }

    /// Returns the columns of the histogram between which the pointer is dragged, from left to right.
    #[must_use]
    pub fn dragged(&self) -> Option<RangeInclusive<u16>> {
        self.dragged.map(|(from, to)| from.min(to)..=from.max(to))
    }

    /// Returns the record under the cursor.
    #[must_use]
    pub const fn record(&self) -> &RecordDetails {
        &self.record
    }

    /// Returns the patterns of what is listed, if they are shown.
    #[must_use]
    pub const fn patterns(&self) -> Option<&PatternList> {
        self.patterns.as_ref()
    }

    /// Returns true while something is read for it.
    pub(crate) fn is_reading(&self) -> bool {
        self.patterns.as_ref().is_some_and(PatternList::is_reading)
    }

    /// Reads until about this much work is done; returns true if there is something new.
    fn step(&mut self, store: &Store, work: u64) -> bool {
        let patterns = self.patterns.as_mut();
        patterns.is_some_and(|patterns| patterns.step(store, work))
    }

    /// Returns when it is to be read again, in nanoseconds since the Unix epoch.
    pub(crate) fn due(&self, store: &Store) -> Option<u64> {
        self.patterns.as_ref().and_then(|patterns| patterns.due(store))
    }

    /// Shows the patterns of what is listed, or the records again.
    fn toggle_patterns(&mut self) {
        self.focus = LogFocus::List;
        self.patterns = match self.patterns.take() {
            Some(_) => None,
            None => Some(PatternList::new(self.view)),
        };
    }

    /// Returns true if the user has put the record to the right of the list.
    #[must_use]
    pub const fn is_beside(&self) -> bool {
        self.is_beside
    }

    /// Returns the number of listed records.
    #[must_use]
    pub fn len(&self, store: &Store) -> usize {
        self.positions(store).len()
    }

    /// Returns true if no record is listed.
    #[must_use]
    pub fn is_empty(&self, store: &Store) -> bool {
        self.positions(store).is_empty()
    }

    /// Returns true if there is more to show than a reason for the lack of records; while a filter is typed its results come and go.
    #[must_use]
    pub fn has_parts(&self, store: &Store, is_typing: bool) -> bool {
        is_typing || store.log_times(self.view).is_some()
    }

    /// Returns the number of records that are newer than the newest one when the list was last followed.
    #[must_use]
    pub fn new_since(&self, store: &Store) -> usize {
        let Some(newest) = self.newest.filter(|_| !self.is_following()) else {
            return 0;
        };
        let known = self.store_position_after(store, newest);
        store.listed_logs(self.view).saturating_sub(known)
    }

    fn store_position_after(&self, store: &Store, id: LogId) -> usize {
        let before = store.logs_before(self.view, id);
        before + usize::from(store.log_position(self.view, id).is_some())
    }

    /// Returns the value under the cursor of the record, else its body, else its attributes; with a name.
    pub(crate) fn value(&self, zone: &TimeZone) -> Option<(String, String)> {
        let under_cursor = match self.focus {
            LogFocus::Record => self.record.value_under_cursor(zone),
            LogFocus::List => None,
        };
        under_cursor.or_else(|| {
            let record = self.record.record()?;
            Some(match &record.body {
                Value::Empty => ("attributes".to_owned(), whole(&Value::Map(record.attributes.clone()))),
                body => ("body".to_owned(), whole(body)),
            })
        })
    }

    /// Returns the positions in the store's list of the records that are listed here.
    fn positions(&self, store: &Store) -> Range<usize> {
        let Some(times) = &self.times else {
            return 0..store.listed_logs(self.view);
        };
        let list = ListState::of(store, self.view);
        let of = (*times.start(), *times.end());
        let known = self.counted.get().filter(|known| (known.list, known.of) == (list, of));
        let counted = known.unwrap_or_else(|| {
            let start = store.logs_earlier_than(self.view, *times.start());
            let end = match times.end().checked_add(1) {
                Some(end) => store.logs_earlier_than(self.view, end),
                None => store.listed_logs(self.view),
            };
            let end = end.max(start);
            Counted { list, of, start, end }
        });
        self.counted.set(Some(counted));
        counted.start..counted.end
    }

    fn rows<'a>(&self, store: &'a Store) -> Listed<'a> {
        Listed {
            store,
            view: self.view,
            positions: self.positions(store),
        }
    }

    /// Gives the keys to the other part.
    fn turn_focus(&mut self) {
        self.window.hold();
        self.focus = match self.focus {
            LogFocus::List if self.record.pane.page().is_some() => LogFocus::Record,
            _ => LogFocus::List,
        };
    }

    /// Moves the cursor in the list, or in the record.
    fn move_by(&mut self, store: &Store, action: Action) {
        if let Some(patterns) = &mut self.patterns {
            return patterns.update(action);
        }
        match self.focus {
            LogFocus::List => {
                let rows = self.rows(store);
                self.window.update_following(action, &rows);
            }
            LogFocus::Record => self.record.pane.update(action),
        }
    }

    /// Puts the cursor on a row in view. Returns whether it was there already.
    fn select_row(&mut self, store: &Store, row: usize) -> Option<bool> {
        if let Some(patterns) = &mut self.patterns {
            return patterns.select_row(row);
        }
        self.focus = LogFocus::List;
        self.window.hold();
        let rows = self.rows(store);
        self.window.select_row(row, &rows)
    }

    /// Shows other times, if an action asks for that.
    fn change_times(&mut self, store: &Store, action: Action) -> bool {
        let shown = self.shown_times(store);
        let (start, end) = (*shown.start(), *shown.end());
        let length = (end - start).max(SHORTEST);
        let center = self.window.selected().map_or(end, |id| id.time_unix_nano()).clamp(start, end);
        let moved = |by: u64, is_later: bool| {
            if is_later {
                start.saturating_add(by)..=end.saturating_add(by)
            } else {
                let by = by.min(start);
                start - by..=end - by
            }
        };
        let times = match action {
            Action::WholeTrace => None,
            Action::ZoomIn if length <= 2 * SHORTEST => return true,
            Action::ZoomIn => {
                // What is under the cursor stays where it is on the screen.
                let before = u64::try_from(u128::from(center - start) / 2).unwrap_or(0);
                let first = center - before;
                Some(first..=first.saturating_add(length / 2))
            }
            Action::ZoomOut => Some(start.saturating_sub(length / 2)..=end.saturating_add(length / 2)),
            Action::PanLeft => Some(moved(length / 4, false)),
            Action::PanRight => Some(moved(length / 4, true)),
            Action::ZoomToSpan => self.times_in_view(),
            _ => return false,
        };
        self.show_times(store, times);
        true
    }

    /// Shows the records of these times; all where these are as long.
    fn show_times(&mut self, store: &Store, times: Option<RangeInclusive<u64>>) {
        let all = store.log_times(self.view);
        let is_all = |times: &RangeInclusive<u64>| {
            all.as_ref()
                .is_none_or(|all| times.start() <= all.start() && times.end() >= all.end())
        };
        self.times = times.filter(|times| !is_all(times));
        if self.times.is_some() {
            self.window.hold();
        }
    }

    /// Returns the times of the histogram: those that are listed.
    fn shown_times(&self, store: &Store) -> RangeInclusive<u64> {
        let all = || store.log_times(self.view).unwrap_or(0..=0);
        self.times.clone().unwrap_or_else(all)
    }

    /// Returns the times of the rows in view.
    fn times_in_view(&self) -> Option<RangeInclusive<u64>> {
        let first = self.lines.first()?.id.time_unix_nano();
        let last = self.lines.last()?.id.time_unix_nano();
        Some(first..=last.max(first.saturating_add(SHORTEST)))
    }

    /// Catches up with the store.
    fn fit(&mut self, store: &Store, parts: &LogParts, now: &Now) {
        let rows = self.rows(store);
        self.window.fit_in_place(&rows, parts.rows.height.into());
        if self.is_following() {
            self.newest = self.window.selected().copied();
        }
        let visible = self.window.visible();
        let shown = rows.positions.start + visible.start..(rows.positions.start + visible.end).min(rows.positions.end);
        let ids = store.logs_at(self.view, shown);
        let known = std::mem::take(&mut self.lines);
        let line = |id: &LogId| {
            let known = known.iter().find(|line| line.id == *id).cloned();
            known.or_else(|| Some(LogLine::of(&store.stored_log(*id)?).into()))
        };
        self.lines = ids.iter().filter_map(line).collect();
        let selected = self.window.selected().copied();
        let cells: Vec<_> = self
            .lines
            .iter()
            .map(|line| (LogRow { line, now }, Some(line.id) == selected))
            .collect();
        let query = Query {
            order: SortOrder::default(),
            words: String::new(),
        };
        self.cells.lay_out::<LogTable>(parts.head, query, &cells);
        let times = self.shown_times(store);
        self.histogram.fit(store, self.view, &times, parts.bars);
        self.record.fit(store, selected, parts.record, &now.zone);
        if let Some(patterns) = &mut self.patterns {
            patterns.fit(store, &times, (parts.head, parts.rows), now);
        }
    }

    /// Drags the pointer over the histogram, from the column where it was pressed.
    fn drag(&mut self, column: u16) -> bool {
        let Some((from, to)) = self.dragged.filter(|(_, to)| *to != column) else {
            return false;
        };
        self.dragged = Some((from, column));
        to != column
    }

    /// Shows the times over which the pointer was dragged.
    fn release(&mut self, store: &Store, bars: Rect) -> bool {
        let Some((from, to)) = self.dragged.take() else { return false };
        if from != to {
            let times = self.histogram.times_of(from.min(to)..=from.max(to), bars);
            self.show_times(store, times);
        }
        true
    }
}

/// The table of records.
#[derive(Debug)]
struct LogTable;

#[cfg(test)]
mod tests {
    use trace_files::{Input, read_alone};
    use trace_model::work;

    use super::*;

    /// Stores records of these times in seconds, each with a text of one of three patterns.
    pub(super) fn add(store: &mut Store, seconds: impl Iterator<Item = u64>) {
        let records: Vec<String> = seconds
            .map(|second| {
                let text = ["order 7 is late", "stock of 9 chairs is low", "done"][usize::try_from(second % 3).unwrap()];
                format!(r#"{{"timeUnixNano":"{second}000000000","severityNumber":9,"body":{{"stringValue":"{text} {second}"}}}}"#)
            })
            .collect();
        let request = format!(
            r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
            records.join(",")
        );
        let input = Input::new("records".to_owned(), request.into_bytes());
        read_alone(&input, &mut |part| {
            store.add(part.batch);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    }

    #[test]
    fn positions_of_times_are_found_once_until_the_list_or_the_times_change() {
        let mut store = Store::new(1 << 28);
        add(&mut store, 1_000..41_000);
        let mut screen = LogScreen::new(LogView::All);
        let seconds = |from: u64, to: u64| Some(from * 1_000_000_000..=to * 1_000_000_000);
        let count = |screen: &LogScreen, store: &Store, expected| {
            let (length, found) = work::of(|| screen.len(store));
            assert_eq!(length, expected);
            assert!(found > 0, "it is looked for");
            let ((), again) = work::of(|| (0..20).for_each(|_| assert_eq!(screen.len(store), expected)));
            assert_eq!(again, 0);
        };
        screen.show_times(&store, seconds(20_001, 50_000));
        count(&screen, &store, 20_999);
        add(&mut store, 41_000..41_010);
        count(&screen, &store, 21_009);
        add(&mut store, 30_000..30_001);
        count(&screen, &store, 21_010);
        screen.show_times(&store, seconds(2_000, 30_000));
        count(&screen, &store, 28_002);
    }
}

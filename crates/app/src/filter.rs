//! Filters of lists: the line in which one is typed, and those typed before in any list.

use trace_model::filter::MAX_LENGTH;
use trace_model::{Clock, Filter, FilterError, LogCondition, LogQuery, LogView, Records, Store};

use super::Action;
use super::line::InputLine;
use crate::App;

/// Filters that are remembered, at most.
const REMEMBERED: usize = 100;

/// A list with a filter of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filtered {
    /// The traces.
    Traces,
    /// All log records.
    Logs,
    /// The log records of a trace.
    TraceLogs,
}

impl Filtered {
    /// Returns what a filter finds.
    #[must_use]
    pub const fn records(self) -> Records {
        match self {
            Self::Traces => Records::Spans,
            Self::Logs | Self::TraceLogs => Records::Logs,
        }
    }

    /// Returns true if the store filters the list.
    #[must_use]
    pub fn is_set(self, store: &Store) -> bool {
        match self {
            Self::Traces => store.filter().is_some(),
            Self::Logs => store.log_query(LogView::All).is_some(),
            Self::TraceLogs => store
                .log_query(LogView::Trace)
                .is_some_and(|query| !query.filter.is_empty() || query.condition.is_some()),
        }
    }

    /// Sets the filter of the list. One that is equal to the previous one changes nothing: what was found stays.
    fn set(self, store: &mut Store, filter: Filter) {
        match self {
            Self::Traces => {
                let filter = Some(filter).filter(|filter| !filter.is_empty());
                if store.filter() != filter.as_ref() {
                    store.set_filter(filter);
                }
            }
            Self::Logs => self.change(store, LogView::All, |query| query.filter = filter),
            Self::TraceLogs => self.change(store, LogView::Trace, |query| query.filter = filter),
        }
    }

    /// Returns the condition of a list of log records in addition to its filter.
    #[must_use]
    pub fn condition(self, store: &Store) -> Option<&LogCondition> {
        store.log_query(self.log_view()?)?.condition.as_ref()
    }

    /// Sets the condition of a list of log records in addition to its filter.
    pub(super) fn set_condition(self, store: &mut Store, condition: Option<LogCondition>) {
        if let Some(view) = self.log_view() {
            self.change(store, view, |query| query.condition = condition);
        }
    }

    const fn log_view(self) -> Option<LogView> {
        match self {
            Self::Traces => None,
            Self::Logs => Some(LogView::All),
            Self::TraceLogs => Some(LogView::Trace),
        }
    }

    /// Changes the query of a list of log records; the list of a trace has one while it is open.
    fn change(self, store: &mut Store, view: LogView, change: impl FnOnce(&mut LogQuery)) {
        let known = store.log_query(view);
        if known.is_none() && self == Self::TraceLogs {
            return;
        }
        let mut query = known.cloned().unwrap_or_default();
        change(&mut query);
        let is_needed = self == Self::TraceLogs || !query.filter.is_empty() || query.condition.is_some();
        let query = Some(query).filter(|_| is_needed);
        if known != query.as_ref() {
            store.set_log_query(view, query);
        }
    }
}

/// The filters' state. What is typed is applied at every key, as long as it is a filter.
#[derive(Debug, Default)]
pub struct FilterLine {
    open: Option<Filtered>,
    line: InputLine,
    error: Option<FilterError>,
    /// The texts of the filters that are set; empty while none is.
    set: [String; 3],
    /// Filters that were kept or cleared, oldest first, none twice.
    history: Vec<String>,
    /// Steps back in the history; 0 is the text that was being typed.
    back: usize,
    typed: String,
}

impl FilterLine {
    /// Returns true if a filter is being typed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Returns the list whose filter is being typed.
    #[must_use]
    pub const fn open_on(&self) -> Option<Filtered> {
        self.open
    }

    /// Returns true if the filter of this list is being typed.
    #[must_use]
    pub fn is_open_on(&self, list: Filtered) -> bool {
        self.open == Some(list)
    }

    /// The line that is typed.
    #[must_use]
    pub const fn line(&self) -> &InputLine {
        &self.line
    }

    /// Error of the line. The previous filter stays set until the line is valid.
    #[must_use]
    pub const fn error(&self) -> Option<&FilterError> {
        self.error.as_ref()
    }

    /// The text of the filter that is set for a list; empty while none is.
    #[must_use]
    pub fn set_text(&self, list: Filtered) -> &str {
        &self.set[list as usize]
    }

    /// Returns true if there is a filter to recall.
    pub(super) fn has_history(&self) -> bool {
        self.history.len() > self.back
    }

    /// Begins to type, with the filter that is set for a list.
    pub(super) fn open(&mut self, list: Filtered) {
        self.open = Some(list);
        self.error = None;
        self.back = 0;
        self.line = InputLine::of(&self.set[list as usize]);
    }

    /// Lists all again.
    pub(super) fn clear(&mut self, list: Filtered, store: &mut Store) {
        self.remember(list);
        self.open = None;
        self.error = None;
        self.line = InputLine::default();
        self.set[list as usize].clear();
        list.set(store, Filter::default());
    }

    /// The list's filter ends with the list.
    pub(super) fn forget(&mut self, list: Filtered) {
        self.remember(list);
        self.set[list as usize].clear();
    }

    pub(super) fn paste(&mut self, text: &str, store: &mut Store, clock: &Clock) {
        self.line.insert(text.chars(), MAX_LENGTH);
        self.apply(store, clock);
    }

    pub(super) fn update(&mut self, action: Action, store: &mut Store, clock: &Clock) {
        let Some(list) = self.open else { return };
        match action {
            Action::KeepFilter if self.error.is_none() => {
                self.remember(list);
                self.open = None;
            }
            Action::ClearFilter => self.clear(list, store),
            Action::Earlier => self.recall(self.back + 1, store, clock),
            Action::Later => self.recall(self.back.saturating_sub(1), store, clock),
            _ if self.line.update(action, MAX_LENGTH) => self.apply(store, clock),
            _ => {}
        }
    }

    fn recall(&mut self, back: usize, store: &mut Store, clock: &Clock) {
        if back > self.history.len() || back == self.back {
            return;
        }
        if self.back == 0 {
            self.line.text().clone_into(&mut self.typed);
        }
        let text = match back {
            0 => &self.typed,
            back => &self.history[self.history.len() - back],
        };
        self.line = InputLine::of(text);
        self.back = back;
        self.apply(store, clock);
    }

    fn apply(&mut self, store: &mut Store, clock: &Clock) {
        let Some(list) = self.open else { return };
        let text = self.line.text();
        match Filter::parse_for(text, list.records(), clock) {
            Ok(filter) => {
                self.error = None;
                text.trim().clone_into(&mut self.set[list as usize]);
                list.set(store, filter);
            }
            Err(error) => self.error = Some(error),
        }
    }

    fn remember(&mut self, list: Filtered) {
        let set = self.set[list as usize].clone();
        if set.is_empty() {
            return;
        }
        self.history.retain(|known| *known != set);
        if self.history.len() == REMEMBERED {
            self.history.remove(0);
        }
        self.history.push(set);
    }
}

impl App {
    /// Returns the clock of times in filters: the moment that is shown, of files the time of the newest record.
    pub(super) fn clock(&self) -> Clock {
        let in_files = Some(self.files.newest_unix_nano).filter(|newest| *newest > 0);
        Clock {
            unix_nano: in_files.unwrap_or(self.shown_unix_nano),
            zone: self.zone.clone(),
        }
    }
}

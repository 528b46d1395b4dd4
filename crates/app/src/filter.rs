//! The filter: the line in which it is typed, and those typed before.

use trace_model::filter::MAX_LENGTH;
use trace_model::{Filter, FilterError, Store};

use super::Action;
use super::line::InputLine;

/// Filters that are remembered, at most.
const REMEMBERED: usize = 100;

/// The filter's state. What is typed is applied at every key, as long as it is a filter.
#[derive(Debug, Default)]
pub struct FilterLine {
    open: bool,
    line: InputLine,
    error: Option<FilterError>,
    /// The text of the filter that is set; empty while none is.
    set: String,
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
        self.open
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

    /// The text of the filter that is set; empty while none is.
    #[must_use]
    pub fn set_text(&self) -> &str {
        &self.set
    }

    /// Returns true if there is a filter to recall.
    pub(super) fn has_history(&self) -> bool {
        self.history.len() > self.back
    }

    /// Begins to type, with the filter that is set.
    pub(super) fn open(&mut self) {
        self.open = true;
        self.error = None;
        self.back = 0;
        self.line = InputLine::of(&self.set);
    }

    /// Lists all again.
    pub(super) fn clear(&mut self, store: &mut Store) {
        self.remember();
        self.open = false;
        self.line = InputLine::default();
        self.apply(store);
    }

    pub(super) fn paste(&mut self, text: &str, store: &mut Store) {
        self.line.insert(text.chars(), MAX_LENGTH);
        self.apply(store);
    }

    pub(super) fn update(&mut self, action: Action, store: &mut Store) {
        match action {
            Action::KeepFilter if self.error.is_none() => {
                self.remember();
                self.open = false;
            }
            Action::ClearFilter => self.clear(store),
            Action::Earlier => self.recall(self.back + 1, store),
            Action::Later => self.recall(self.back.saturating_sub(1), store),
            _ if self.line.update(action, MAX_LENGTH) => self.apply(store),
            _ => {}
        }
    }

    fn recall(&mut self, back: usize, store: &mut Store) {
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
        self.apply(store);
    }

    fn apply(&mut self, store: &mut Store) {
        let text = self.line.text();
        match Filter::parse(text) {
            Ok(filter) => {
                self.error = None;
                text.trim().clone_into(&mut self.set);
                let filter = Some(filter).filter(|filter| !filter.is_empty());
                // A space more is the same filter: what was found stays.
                if store.filter() != filter.as_ref() {
                    store.set_filter(filter);
                }
            }
            Err(error) => self.error = Some(error),
        }
    }

    fn remember(&mut self) {
        if self.set.is_empty() {
            return;
        }
        self.history.retain(|known| *known != self.set);
        if self.history.len() == REMEMBERED {
            self.history.remove(0);
        }
        self.history.push(self.set.clone());
    }
}

//! Lists with a cursor: what keys do in them.

use trace_stats::SpanPlace;

use crate::layer::Shown;

use super::{Action, App, Compare, ListFilter, Notice, Screen};

/// Rows with a cursor, which words narrow.
pub trait List {
    /// The line in which the words are typed.
    fn narrow(&self) -> &ListFilter;

    /// The same, to be changed.
    fn narrow_mut(&mut self) -> &mut ListFilter;

    /// Returns true if there are rows.
    fn has_rows(&self) -> bool;

    /// Moves the cursor, or orders the rows otherwise.
    ///
    /// # Errors
    /// Reason that it is impossible, for the user.
    fn update(&mut self, action: Action) -> Result<(), &'static str>;

    /// Sorts by a column, by its number; by the same one in the other direction.
    fn sort_by(&mut self, _column: usize) {}

    /// Puts the cursor on a row in view, counted from 0. Returns whether it was there already, `None` without such a row.
    fn select_row(&mut self, row: usize) -> Option<bool>;
}

impl App {
    /// Does what a key asks for in the list that is on top, where that means nothing special there.
    pub(super) fn update_list(&mut self, action: Action) {
        match action {
            Action::Filter => {
                if let Some(narrow) = self.narrow_mut() {
                    narrow.open();
                }
            }
            Action::Open | Action::Right => self.enter(),
            Action::OpenFailed => self.enter_failed(),
            _ => {
                if let Some(Err(why)) = self.list_mut().map(|list| list.update(action)) {
                    self.say(why);
                }
            }
        }
    }

    /// Jumps to a span that a row names, if it names one.
    pub(super) fn jump_if(&mut self, target: Option<(SpanPlace, String)>) {
        if let Some((place, label)) = target {
            self.jump_to(&place, label);
        }
    }

    /// The same for what failed.
    pub(super) fn jump_to_failed(&mut self, target: Option<(SpanPlace, String)>) {
        match target {
            Some((place, label)) => self.jump_to(&place, label),
            None => self.say("none of these failed"),
        }
    }

    pub(super) fn say(&mut self, text: &str) {
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: true,
        });
    }

    /// Returns the time of the next [`App::survey`] in nanoseconds since the Unix epoch; `None` if nothing is due.
    #[must_use]
    pub fn survey_due(&self) -> Option<u64> {
        if self.compared_percent().is_some() {
            return Some(0);
        }
        self.aggregates.due(&self.store, self.is_surveyed())
    }

    /// Reads on in the traces, about so many spans: what the lists show, and what is warned of. True while there is more to be read now.
    pub fn survey(&mut self, unix_nano: u64, work: u64) -> bool {
        let surveyed = self.is_surveyed();
        let compare = match self.screens.top_mut() {
            Some(Screen::Compare(compare)) => Some(compare),
            _ => None,
        };
        let comparing = compare.is_some_and(|compare| compare.step(&self.store, work));
        self.aggregates.step(&self.store, surveyed, unix_nano, work) || comparing
    }

    /// Returns the part that was read for the topmost comparison, in percent, while it is being read.
    #[must_use]
    pub fn compared_percent(&self) -> Option<usize> {
        Compare::shown(self)?.percent()
    }
}

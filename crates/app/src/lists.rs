//! Lists with a cursor: what keys do in them.

use trace_stats::SpanPlace;

use super::{Action, App, Narrow, Notice, Screen, Tab};
use crate::keymap::KeyContext;

/// Rows with a cursor, which words narrow.
pub trait List {
    /// The line in which the words are typed.
    fn narrow(&self) -> &Narrow;

    /// The same, to be changed.
    fn narrow_mut(&mut self) -> &mut Narrow;

    /// Whether there are rows.
    fn has_rows(&self) -> bool;

    /// Moves the cursor, or orders the rows otherwise.
    ///
    /// # Errors
    /// Why that can't be done, for the person.
    fn update(&mut self, action: Action) -> Result<(), &'static str>;

    /// Puts the cursor on a row in view, counted from 0. Returns whether it was there already, `None` without such a row.
    fn select_row(&mut self, row: usize) -> Option<bool>;
}

impl App {
    /// Does what a key asked for in the list that is on top; false for one that means something else.
    pub(super) fn update_list(&mut self, action: Action) -> bool {
        let Some(list) = self.list_mut() else { return false };
        match action {
            Action::Filter => list.narrow_mut().open(),
            Action::Sort
            | Action::SortReversed
            | Action::NextMatch
            | Action::PreviousMatch
            | Action::Up
            | Action::Down
            | Action::PageUp
            | Action::PageDown
            | Action::First
            | Action::Last => {
                if let Err(why) = list.update(action) {
                    self.say(why);
                }
            }
            Action::TogglePicture => self.service_map.toggle_picture(),
            Action::Left | Action::Right if self.key_context() == KeyContext::ServiceMap && self.service_map.is_picture() => {
                let _ = self.service_map.update(action);
            }
            Action::Open | Action::Right => self.open_row(),
            Action::OpenFailed => self.open_failed(),
            Action::Left => {
                self.warnings.close();
            }
            Action::NextPane | Action::PreviousPane => self.switch_list(),
            _ => return false,
        }
        true
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

    /// When there is something to do for [`App::survey`], in nanoseconds since the Unix epoch; `None` while there is not.
    #[must_use]
    pub fn survey_due(&self) -> Option<u64> {
        if matches!(self.screens.top(), Some(Screen::Compare(compare)) if compare.percent().is_some()) {
            return Some(0);
        }
        self.many.due(&self.store, self.is_surveyed())
    }

    /// Reads on in the traces, about so many spans: what the lists show, and what is warned of. True while there is more to be read now.
    pub fn survey(&mut self, unix_nano: u64, work: u64) -> bool {
        let surveyed = self.is_surveyed();
        let comparing = match self.screens.top_mut() {
            Some(Screen::Compare(compare)) => compare.step(&self.store, work),
            _ => false,
        };
        self.many.step(&self.store, surveyed, unix_nano, work) || comparing
    }

    /// How much has been read for the comparison on top, in percent, while that goes on.
    #[must_use]
    pub fn compared_percent(&self) -> Option<usize> {
        match self.screens.top() {
            Some(Screen::Compare(compare)) => compare.percent(),
            _ => None,
        }
    }

    const fn is_surveyed(&self) -> bool {
        matches!(self.screens.tab(), Tab::Operations | Tab::ServiceMap)
    }
}

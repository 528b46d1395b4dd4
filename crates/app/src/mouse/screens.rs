//! Clicks on popups and on screens that are lists.

use ratatui_core::layout::Position;

use super::{Action, App, EventResult};
use crate::Hit;
use crate::keymap::KeyContext;

impl App {
    /// Runs a command; a click outside of the popup closes it, whatever was typed there.
    pub(super) fn press_popup(&mut self, at: Position, is_inside: bool) -> EventResult {
        let rows = self.geometry.popup.map(|popup| popup.rows).unwrap_or_default();
        if rows.contains(at)
            && let Some(_) = self.select_row(usize::from(at.y - rows.y))
        {
            let chosen = if self.key_context().is_editing() {
                Action::KeepFilter
            } else {
                Action::Open
            };
            return EventResult::Changed(self.update(chosen));
        }
        if is_inside {
            return EventResult::Nothing;
        }
        self.screens.popup = None;
        EventResult::Changed(None)
    }

    /// On a row it selects, again it opens; on the name of a column it sorts by that.
    pub(super) fn press_screen(&mut self, at: Position, hit: Option<Hit>) -> EventResult {
        if let Some(result) = self.press_on_top(at, hit) {
            return result;
        }
        if let Some((Hit::SortBy(column), list)) = hit.zip(self.list_mut()) {
            list.sort_by(column);
            return EventResult::Changed(None);
        }
        if let Some(answer) = self.press_service_map(at) {
            return answer;
        }
        let rows = self.geometry.rows;
        if rows.contains(at) {
            return self.press_listed(usize::from(at.y - rows.y));
        }
        EventResult::Nothing
    }

    fn press_listed(&mut self, row: usize) -> EventResult {
        self.notice = None;
        if self.key_context() == KeyContext::ListFilter {
            // A click on a row ends the search.
            self.update(Action::KeepFilter);
        }
        match self.select_row(row) {
            Some(true) => EventResult::Changed(self.update(Action::Open)),
            Some(false) => EventResult::Changed(None),
            None => EventResult::Nothing,
        }
    }
}

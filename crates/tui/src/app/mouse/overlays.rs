//! Clicks on what lies over the panes.

use ratatui::layout::Position;

use super::{Action, Answer, App};
use crate::app::{List, Overlay};
use crate::view::{operation_column, overlay_rows};

impl App {
    /// On a row it selects, again it opens; on the name of a column it sorts by that; beside all of it it closes.
    pub(super) fn press_overlay(&mut self, at: Position) -> Answer {
        let area = self.panes.overlay;
        let rows = overlay_rows(self, area);
        if rows.contains(at) {
            return self.press_listed(usize::from(at.y - rows.y));
        }
        if let Some(column) = operation_column(self, area, at) {
            self.operations.sort_by(column);
            return Answer::Changed(None);
        }
        if area.contains(at) {
            return Answer::Nothing;
        }
        // Beside it is out of it, whatever was being typed there.
        self.overlay = None;
        Answer::Changed(None)
    }

    fn press_listed(&mut self, row: usize) -> Answer {
        if self.overlay == Some(Overlay::Palette) {
            // A command is there to be done.
            return match self.palette.select_row(row) {
                Some(_) => Answer::Changed(self.update(Action::KeepFilter)),
                None => Answer::Nothing,
            };
        }
        self.notice = None;
        if self.is_narrowing() {
            // Whoever points at a row has found it.
            self.update(Action::KeepFilter);
        }
        let again = if self.overlay == Some(Overlay::CrossCheck) {
            let position = self.cross_check.visible().start + row;
            self.waterfall.select_position(position)
        } else {
            self.list_mut().and_then(|list| list.select_row(row))
        };
        match again {
            Some(true) => Answer::Changed(self.update(Action::Open)),
            Some(false) => Answer::Changed(None),
            None => Answer::Nothing,
        }
    }
}

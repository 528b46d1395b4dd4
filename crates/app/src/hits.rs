//! Targets of clicks: collected while a frame is drawn, looked up at a click.

use ratatui_core::layout::{Position, Rect};

use super::Action;

/// Meaning of a click on a part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The same as a key with this action.
    Action(Action),
    /// To sort the list on top by a column, by its number.
    SortBy(usize),
    /// To go to a section of the details, by name.
    Section(&'static str),
    /// To put the cursor on a line of a column of the details, or to open what is there.
    DetailLine(usize, usize),
    /// Nothing: it is a part of a popup.
    Popup,
}

/// The parts of a frame that can be clicked; the later ones lie above the others.
#[derive(Clone, Debug, Default)]
pub struct Hits(Vec<(Rect, Hit)>);

impl Hits {
    /// Adds a part above all others.
    pub fn add(&mut self, area: Rect, hit: Hit) {
        if !area.is_empty() {
            self.0.push((area, hit));
        }
    }

    /// Forgets all parts: something lies over them.
    pub fn cover(&mut self) {
        self.0.clear();
    }

    /// All of them, the lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (Rect, Hit)> {
        self.0.iter().copied()
    }

    /// Returns the meaning of a click at a position.
    pub(super) fn at(&self, position: Position) -> Option<Hit> {
        let mut above_first = self.0.iter().rev();
        above_first.find(|(area, _)| area.contains(position)).map(|(_, hit)| *hit)
    }
}

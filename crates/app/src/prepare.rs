//! Areas of everything on a screen of some size, computed before a frame from the state alone, and the meaning of the pointer after it.

use ratatui_core::layout::Rect;

use super::App;
use super::layout::{Panes, PopupArea};

/// Areas of everything on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The parts of the screen.
    pub panes: Panes,
    /// The rows of the list that is the topmost screen, if it is one.
    pub rows: Rect,
    /// The popup, if one is open.
    pub popup: Option<PopupGeometry>,
}

/// Areas of a popup's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopupGeometry {
    /// Its border, and what is inside.
    pub area: PopupArea,
    /// The line that is edited, if there is one.
    pub line: Rect,
    /// Its rows.
    pub rows: Rect,
}

impl Geometry {
    /// Of no screen.
    pub(super) fn none() -> Self {
        Self {
            panes: Panes::of(Rect::ZERO, super::splits::Splits::default()),
            rows: Rect::ZERO,
            popup: None,
        }
    }
}

impl App {
    /// Computes the areas of everything on a screen of this size. Changes nothing.
    #[must_use]
    pub fn prepare(&self, screen: Rect) -> Geometry {
        let panes = Panes::of(screen, self.splits());
        let (screen, popup) = self.place(panes.body);
        Geometry {
            panes,
            rows: screen.rows,
            popup: popup.and_then(|placed| {
                Some(PopupGeometry {
                    area: placed.popup?,
                    line: placed.line,
                    rows: placed.rows,
                })
            }),
        }
    }
}

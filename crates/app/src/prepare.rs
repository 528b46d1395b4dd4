//! Where everything is on a screen of some size: made before a frame, from the state alone, and what the pointer refers to after it.

use ratatui_core::layout::Rect;

use super::layout::{ListParts, Panes, PopupArea};
use super::{App, Help, Popup, Screen, Tab, palette_parts};

/// Where everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The parts of the screen.
    pub panes: Panes,
    /// The rows of the list that is the topmost screen, if it is one.
    pub rows: Rect,
    /// The popup, if one is open.
    pub popup: Option<PopupGeometry>,
}

/// Where the parts of a popup are.
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
            panes: Panes::of(Rect::ZERO, super::layout::Splits::default()),
            rows: Rect::ZERO,
            popup: None,
        }
    }
}

impl App {
    /// Where everything is on a screen of this size. Nothing changes by it.
    #[must_use]
    pub fn prepare(&self, screen: Rect) -> Geometry {
        let panes = Panes::of(screen, self.splits());
        Geometry {
            panes,
            rows: self.rows_of(panes.body),
            popup: self.popup_in(panes.body),
        }
    }

    fn popup_in(&self, body: Rect) -> Option<PopupGeometry> {
        let without_line = |area: PopupArea, rows: Rect| PopupGeometry {
            area,
            line: Rect::ZERO,
            rows,
        };
        Some(match self.screens.popup()? {
            Popup::Help(_) => {
                let area = Help::area(body);
                // The last line is for the words that are searched for.
                let rows = Rect {
                    height: area.inner.height.saturating_sub(1),
                    ..area.inner
                };
                without_line(area, rows)
            }
            Popup::Copy => {
                let area = self.copy_area(body);
                without_line(area, area.inner)
            }
            Popup::Palette(_) => {
                let (area, line, rows) = palette_parts(body);
                PopupGeometry { area, line, rows }
            }
        })
    }

    fn rows_of(&self, body: Rect) -> Rect {
        match (self.screens.top(), self.screens.tab()) {
            (Some(Screen::CrossCheck(_)), _) => self.cross_check_parts(body).rows,
            (Some(Screen::Compare(_)), _) => ListParts::below_lines(body, super::COMPARE_SIDES).1.rows,
            (Some(Screen::Logs(_)), _) => ListParts::of(body, super::LOGS_BELOW).rows,
            (None, Tab::Operations | Tab::ServiceMap) => ListParts::of(body, 0).rows,
            (None, Tab::Warnings) => ListParts::of(body, super::WARNINGS_BELOW).rows,
            (Some(Screen::Output), _) | (None, Tab::Traces | Tab::Ingest) => Rect::ZERO,
        }
    }
}

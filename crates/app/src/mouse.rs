//! The mouse: what is under the pointer, and what is done with it.

mod screens;
mod service_map;

use ratatui_core::layout::{Position, Rect};

use super::layout::Panes;
use super::{Action, App, EventResult, Hit, Pane, Tab, WaterfallParts};

/// Rows of a notch of the wheel.
const NOTCH: usize = 3;

/// A title line that is dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Divider {
    /// Between list and waterfall.
    List,
    /// Between waterfall and details below it.
    Details,
    /// Between the waterfall and the details to its right.
    Beside,
}

/// An event of the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Position, in cells.
    pub at: Position,
    /// Kind of event.
    pub kind: PointerKind,
    /// True if Control was held.
    pub control: bool,
    /// True if Shift was held.
    pub shift: bool,
}

/// Kind of a mouse event. Others are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointerKind {
    /// A notch of the wheel up.
    WheelUp,
    /// A notch of the wheel down.
    WheelDown,
    /// The left button is pressed.
    Press,
    /// The pointer moves while it is.
    Drag,
    /// It is released.
    Release,
}

impl App {
    /// Does what the mouse asks for. What is under the pointer is what the last frame showed there.
    pub(super) fn mouse(&mut self, pointer: Pointer) -> EventResult {
        match pointer.kind {
            PointerKind::WheelUp => self.wheel(pointer, Action::Up),
            PointerKind::WheelDown => self.wheel(pointer, Action::Down),
            PointerKind::Press => return self.press(pointer.at),
            PointerKind::Drag => {
                if !self.drag_on_top(pointer.at) && !self.drag(pointer.at) {
                    return EventResult::Nothing;
                }
            }
            PointerKind::Release => {
                self.dragged = None;
                if !self.release_on_top() {
                    return EventResult::Nothing;
                }
            }
        }
        EventResult::Changed(None)
    }

    fn wheel(&mut self, pointer: Pointer, action: Action) {
        let at = pointer.at;
        if !self.shows_panes() {
            for _ in 0..NOTCH {
                self.update(action);
            }
            return;
        }
        let parts = WaterfallParts::of(self.geometry.panes.waterfall, self.waterfall.zoom().is_zoomed());
        let up = action == Action::Up;
        if parts.bars.contains(at) && pointer.control {
            return self.waterfall.zoom_at(at.x - parts.bars.x, up);
        }
        if parts.bars.contains(at) && pointer.shift {
            return self.waterfall.pan_by(if up { -8 } else { 8 });
        }
        let Some(pane) = self.pane_at(at) else { return };
        // The keys still go where they went.
        let focused = std::mem::replace(&mut self.screens.pane, pane);
        for _ in 0..NOTCH {
            self.move_in_pane(action);
        }
        self.screens.pane = focused;
    }

    /// Returns true if list, waterfall and details are the topmost layer.
    pub(super) fn shows_panes(&self) -> bool {
        self.screens.popup().is_none() && self.screens.tab() == Tab::Traces && self.screens.top().is_none()
    }

    fn pane_at(&self, at: Position) -> Option<Pane> {
        let Panes {
            traces,
            waterfall,
            details,
            ..
        } = self.geometry.panes;
        let panes = [(traces, Pane::Traces), (waterfall, Pane::Waterfall), (details, Pane::Details)];
        panes.into_iter().find(|(area, _)| area.contains(at)).map(|(_, pane)| pane)
    }

    fn press(&mut self, at: Position) -> EventResult {
        let hit = self.hits.at(at);
        if let Some(Hit::Action(action)) = hit {
            if matches!(action, Action::Tab(_)) && self.key_context().is_editing() {
                // A click elsewhere ends typing.
                self.update(Action::KeepFilter);
            }
            return EventResult::Changed(self.update(action));
        }
        if self.screens.popup().is_some() {
            return self.press_popup(at, hit == Some(Hit::Popup));
        }
        if !self.shows_panes() {
            return self.press_screen(at, hit);
        }
        if self.key_context().is_editing() {
            return EventResult::Nothing;
        }
        self.notice = None;
        if let Some(Hit::SortBy(column)) = hit {
            self.screens.pane = Pane::Traces;
            self.traces.sort_by(column);
            return EventResult::Changed(None);
        }
        if let Some(Hit::Section(name)) = hit {
            self.screens.pane = Pane::Details;
            self.traces.hold();
            self.details.pane.open_section(name);
            return EventResult::Changed(None);
        }
        let title = |area: Rect| area.height > 0 && at.y == area.y;
        let between = self.geometry.panes.waterfall.right();
        let is_between = self.geometry.panes.are_beside() && at.x == between && at.y > self.geometry.panes.waterfall.y;
        self.dragged = if is_between {
            Some(Divider::Beside)
        } else if title(self.geometry.panes.waterfall) {
            // Of the details, too, where they begin in the same line.
            Some(Divider::List)
        } else if title(self.geometry.panes.details) {
            Some(Divider::Details)
        } else {
            None
        };
        let Some(pane) = self.pane_at(at) else {
            return EventResult::Nothing;
        };
        let focused = std::mem::replace(&mut self.screens.pane, pane) == pane;
        let below = |area: Rect| at.y.checked_sub(area.y + 1).map(usize::from);
        match pane {
            Pane::Traces => {
                let Some(row) = below(self.geometry.panes.traces) else {
                    return EventResult::Changed(None);
                };
                let was = self.traces.selected();
                self.traces.select_row(&self.store, row);
                self.forget_trail();
                if focused && was.is_some() && self.traces.selected() == was {
                    return EventResult::Changed(self.update(Action::Open));
                }
            }
            Pane::Waterfall => {
                let parts = WaterfallParts::of(self.geometry.panes.waterfall, self.waterfall.zoom().is_zoomed());
                let row = parts.rows.contains(at).then(|| usize::from(at.y - parts.rows.y));
                let Some(again) = row.and_then(|row| self.waterfall.select_row(row)) else {
                    return EventResult::Changed(None);
                };
                self.traces.hold();
                if self.waterfall.fold_column(parts) == Some(at.x) {
                    self.waterfall.update(Action::ToggleFold, None);
                } else if focused && again {
                    return EventResult::Changed(self.update(Action::Open));
                }
            }
            Pane::Details => {
                self.traces.hold();
                if let Some(Hit::DetailLine(column, line)) = hit
                    && self.details.pane.select_line(column, line)
                    && focused
                {
                    return EventResult::Changed(self.update(Action::Open));
                }
            }
        }
        EventResult::Changed(None)
    }

    /// Returns true if a divider has moved.
    fn drag(&mut self, at: Position) -> bool {
        let Some(divider) = self.dragged else { return false };
        let before = self.splits;
        match divider {
            Divider::List => self.splits.list = Some(at.y.saturating_sub(self.geometry.panes.traces.y)),
            Divider::Details => self.splits.details = Some(self.geometry.panes.footer.y.saturating_sub(at.y)),
            Divider::Beside => self.splits.width = Some(self.geometry.panes.details.right().saturating_sub(at.x + 1)),
        }
        self.splits != before
    }
}

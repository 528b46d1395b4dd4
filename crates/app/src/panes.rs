//! The traces tab: list, waterfall and details.

use ratatui_core::layout::Rect;

use crate::keymap::KeyContext;
use crate::layer::{Component, Outcome, Placed};
use crate::{Action, App, Filtered, Layer, Notice, Pane, TraceList};

/// Its panes are fitted whatever is on top: others show the selected trace, too.
impl Component for TraceList {
    fn part(app: &App) -> Option<KeyContext> {
        Some(match app.screens.pane {
            _ if app.filter.is_open_on(Filtered::Traces) => KeyContext::Filter,
            _ if app.waterfall.find().is_open() => KeyContext::Find,
            Pane::Traces => KeyContext::Traces,
            Pane::Waterfall => KeyContext::Waterfall,
            Pane::Details => KeyContext::Details,
        })
    }

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, Rect::ZERO)
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        app.update_panes(action);
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::Toggle(Layer::Copy) | Action::Down if app.shows_setup() => Some(true),
            Action::Filter => Some(Self::has_rows(app) || app.store.filter().is_some()),
            Action::ToggleFold if app.screens.pane == Pane::Details => Some(app.details.pane.can_fold()),
            Action::Open if app.screens.pane == Pane::Details => Some(app.details.pane.can_fold() || app.details.pane.can_open()),
            _ if app.screens.pane != Pane::Traces => app.waterfall.can(action),
            _ => None,
        }
    }

    fn has_rows(app: &App) -> bool {
        app.traces.selected().is_some()
    }

    fn back(app: &mut App) -> bool {
        app.back_in_panes();
        true
    }

    fn leave(app: &mut App) -> bool {
        app.screens.trail().next().is_some() && app.return_from_jump()
    }

    fn count(app: &App) -> Option<u64> {
        Some(app.store.totals().traces as u64)
    }

    fn count_ever(app: &App) -> u64 {
        let totals = app.store.totals();
        totals.traces as u64 + totals.evicted_traces
    }
}

impl App {
    /// Does what a key asked for in the list, the waterfall or the details.
    fn update_panes(&mut self, action: Action) {
        let pane = self.screens.pane;
        match action {
            Action::Filter if pane != Pane::Traces && self.waterfall.selected().is_some() => self.waterfall.open_find(),
            Action::Filter => {
                self.screens.pane = Pane::Traces;
                self.filter.open(Filtered::Traces);
            }
            Action::Up | Action::Down | Action::First | Action::Last if self.shows_setup() => self.move_in_setup(action),
            Action::NextPane => self.screens.pane = pane.next(),
            Action::PreviousPane => self.screens.pane = pane.next().next(),
            Action::Grow | Action::Shrink => self.resize(action == Action::Grow),
            Action::TurnDetails => self.turn_details(),
            Action::Open if pane == Pane::Details && self.details.pane.can_open() && !self.details.pane.can_fold() => {
                self.toggle(Layer::Value);
            }
            Action::Open if pane != Pane::Details => self.screens.pane = pane.inner(),
            Action::JumpBack if !self.waterfall.has_jumped() && self.return_from_jump() => {}
            _ if self.reads(action) => self.traces.hold(),
            _ => self.move_in_pane(action),
        }
    }

    /// One level out within the tab.
    pub(super) fn back_in_panes(&mut self) {
        let pane = self.screens.pane;
        if self.store.filter().is_some() && (pane == Pane::Traces || self.store.listed() == 0) {
            self.filter.clear(Filtered::Traces, &mut self.store);
            self.screens.pane = Pane::Traces;
        } else if pane != Pane::Traces && self.waterfall.find().is_set() {
            self.waterfall.clear_find();
        } else if pane == Pane::Details || !self.return_from_jump() {
            self.screens.pane = pane.outer();
        }
    }

    pub(super) fn move_in_pane(&mut self, action: Action) {
        match self.screens.pane {
            Pane::Traces => {
                self.forget_trail();
                self.traces.update(&self.store, action);
            }
            Pane::Waterfall => {
                self.traces.hold();
                self.waterfall.update(action, None);
            }
            Pane::Details => {
                self.traces.hold();
                self.details.pane.update(action);
            }
        }
    }

    pub(super) fn pin(&mut self) {
        let Some(trace) = self.traces.selected().and_then(|trace_id| self.store.trace(trace_id)) else {
            return;
        };
        self.traces.hold();
        self.store.pin(trace.trace_id, !trace.pinned);
        let text = if trace.pinned {
            "no longer pinned: this trace leaves when it is among the longest quiet ones and the memory is full"
        } else {
            "★ pinned: this trace stays when the memory is full"
        };
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: false,
        });
    }
}

//! One event of a group, full size.

use ratatui_core::layout::Rect;

use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed};
use crate::layout::ListParts;
use crate::{Action, App, Layer, ListFilter, Tab};

/// The screen; its state is the tab's.
#[derive(Debug)]
pub struct ErrorScreen;

impl Component for ErrorScreen {
    fn place(_: &App, body: Rect) -> Placed {
        let parts = ListParts::of(body, 0);
        Placed::screen(body, parts.head.union(parts.rows))
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.errors.fit_details(&app.store, placed.rows);
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextMatch | Action::PreviousMatch => app.go_to_event(action == Action::NextMatch),
            Action::CopyValue => return Outcome::Done(app.copy_error()),
            Action::Open | Action::Right => app.open_error(),
            Action::Left => {
                app.screens.close();
            }
            _ => app.errors.details.pane.update(action),
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::ToggleFold => Some(app.errors.details.pane.can_fold()),
            Action::Open => Some(app.errors.target().is_some()),
            Action::Toggle(Layer::Error) => Some(true),
            _ => app.errors.can(action),
        }
    }

    fn narrow(_: &App) -> Option<&ListFilter> {
        None
    }

    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        app.errors.details.pane.select_row(row)
    }
}

impl Opened for ErrorScreen {
    fn rejection(app: &App) -> Option<&'static str> {
        let is_there = app.screens.tab() == Tab::Errors && app.errors.shown.is_some();
        (!is_there).then_some("no error under the cursor: 3 goes to Errors")
    }

    fn open(_: &mut App) -> Self {
        Self
    }
}

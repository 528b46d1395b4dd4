//! Layers of the screen: tabs, screens above them, and popups. The table `layers!` at the crate's root names them all with their components;
//! what each of them has is the trait [`Component`].

mod dispatch;
mod table;

use ratatui_core::layout::{Position, Rect};

use crate::format::Now;
use crate::keymap::KeyContext;
use crate::layout::PopupArea;
use crate::{Action, App, Effect, EventResult, Hit, List, ListFilter};
pub use table::{Layer, Popup, Screen, Tab};

/// Behavior of a layer. Its state is in the app for a tab, in its variant for a screen or a popup.
pub(crate) trait Component {
    /// True if it shows the survey of all traces, which is read while it is on the screen.
    const SHOWS_SURVEY: bool = false;

    /// Returns the areas of its parts between header and footer.
    fn place(app: &App, body: Rect) -> Placed;

    /// Catches up before a frame in which its parts are there.
    fn fit(_: &mut App, _: &Placed, _: &Now) {}

    /// The part of it that gets the keys, if that has a context of its own.
    fn part(_: &App) -> Option<KeyContext> {
        None
    }

    /// Does what a key asked for, if that means something only here.
    fn update(_: &mut App, _: Action) -> Outcome {
        Outcome::Ignored
    }

    /// Returns true if a command can do something now, if only the layer knows.
    fn can(_: &App, _: Action) -> Option<bool> {
        None
    }

    /// Its rows, if it is a list.
    fn list(_: &App) -> Option<&dyn List> {
        None
    }

    /// The same, to be changed.
    fn list_mut(_: &mut App) -> Option<&mut dyn List> {
        None
    }

    /// The words that narrow it.
    fn narrow(app: &App) -> Option<&ListFilter> {
        Self::list(app).map(List::narrow)
    }

    /// The same, to be changed.
    fn narrow_mut(app: &mut App) -> Option<&mut ListFilter> {
        Self::list_mut(app).map(List::narrow_mut)
    }

    /// Returns true if there are rows to move among; a text always has some.
    fn has_rows(app: &App) -> bool {
        Self::list(app).is_none_or(List::has_rows)
    }

    /// Puts the cursor on a row in view, counted from 0. Returns whether it was there already, `None` without such a row.
    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        Self::list_mut(app)?.select_row(row)
    }

    /// Does what a press of the pointer asks for, if that means something only here.
    fn press(_: &mut App, _: Position, _: Option<Hit>) -> Option<EventResult> {
        None
    }

    /// Follows the pointer while it is pressed; returns true if something has changed.
    fn drag(_: &mut App, _: Position) -> bool {
        false
    }

    /// The pointer is released; returns true if something has changed.
    fn release(_: &mut App) -> bool {
        false
    }

    /// One level in, from the row under the cursor.
    fn enter(_: &mut App) {}

    /// One level in, to what failed of the row under the cursor.
    fn enter_failed(_: &mut App) {}

    /// One level out within it; false where it is at its outermost.
    fn back(_: &mut App) -> bool {
        false
    }

    /// The same for the key that would quit the program otherwise.
    fn leave(app: &mut App) -> bool {
        Self::back(app)
    }

    /// Returns the number in the tab bar; `None` if the tab counts nothing.
    fn count(_: &App) -> Option<u64> {
        None
    }

    /// Returns the number ever counted: evictions do not make remaining entries new.
    fn count_ever(app: &App) -> u64 {
        Self::count(app).unwrap_or(0)
    }
}

/// A screen above a tab, or a popup. Its state begins when it is opened and ends when it is closed.
pub(crate) trait Opened: Component + Sized {
    /// Message shown instead of opening it without a trace, for a layer of the selected trace.
    const WITHOUT_TRACE: Option<&'static str> = None;

    /// Returns another message that is shown instead of opening it.
    fn rejection(_: &App) -> Option<&'static str> {
        None
    }

    /// Its state when it is opened.
    fn open(app: &mut App) -> Self;
}

/// A screen above a tab, or a popup, on the stack.
pub(crate) trait Shown: Sized {
    /// The screen that is the topmost one, or the popup that is open.
    fn shown(app: &App) -> Option<&Self>;

    /// The same, to be changed.
    fn shown_mut(app: &mut App) -> Option<&mut Self>;
}

/// Result of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It means nothing special here.
    Ignored,
    /// It is done, with what is left to do outside.
    Done(Option<Effect>),
}

/// Areas of a layer's parts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    /// All of a screen, or the border of a popup.
    pub(crate) area: Rect,
    /// Its rows, if it is a list.
    pub(crate) rows: Rect,
    /// Areas of a popup.
    pub(crate) popup: Option<PopupArea>,
    /// The line that is edited in a popup.
    pub(crate) line: Rect,
}

impl Placed {
    /// A screen with these rows.
    pub(crate) fn screen(area: Rect, rows: Rect) -> Self {
        Self {
            area,
            rows,
            ..Self::default()
        }
    }

    /// A popup with these rows.
    pub(crate) fn popup(area: PopupArea, rows: Rect) -> Self {
        Self {
            area: area.border,
            rows,
            popup: Some(area),
            line: Rect::ZERO,
        }
    }
}

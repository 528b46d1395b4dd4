//! Meanings of colors. Views write roles; [`Theme::paint`] maps them to the colors of the terminal. Marks carry the meaning too, so that
//! no color is needed to understand.

mod paint;
mod palette;

use ratatui::style::{Color, Style};

use app::content::service_number;
pub use paint::{ROLES, Theme, ThemeKind};

/// Keys, links, what is new.
pub(super) const ACCENT: Color = Color::Indexed(75);
/// The title of the pane that the keys go to.
pub(super) const FOCUS: Color = Color::Indexed(74);
/// A failure.
pub(super) const ERROR: Color = Color::Indexed(203);
/// A success.
pub(super) const GOOD: Color = Color::Indexed(77);
/// In progress, or a problem.
pub(super) const WARNING: Color = Color::Indexed(221);
/// A match of the filter.
pub(super) const FOUND: Color = Color::Indexed(213);
/// Secondary text.
pub(super) const DIM: Color = Color::Indexed(245);
/// The line of the critical path, where it is not on a bar.
pub(super) const CRITICAL: Color = Color::Indexed(230);
/// A divider.
pub(super) const RULE: Color = Color::Indexed(239);
/// Behind the row under the cursor.
pub(super) const CURSOR: Color = Color::Indexed(237);
/// Behind the row under the cursor of a pane that the keys do not go to.
pub(super) const CURSOR_AWAY: Color = Color::Indexed(235);
/// Behind the mark of an error on a bar.
pub(super) const ERROR_GROUND: Color = Color::Indexed(160);
/// That mark.
pub(super) const ON_ERROR: Color = Color::Indexed(231);

/// A service's color as a role: it identifies the service, not the color.
pub(super) fn service(name: &str) -> Color {
    if name.is_empty() {
        return DIM;
    }
    service_color(service_number(name))
}

/// The same for a service's number.
pub(super) fn service_color(number: u32) -> Color {
    let [_, red, green, blue] = number.to_be_bytes();
    Color::Rgb(red, green, blue)
}

/// A moment at which an error happened, on a bar of whatever color.
pub(super) const ERROR_MARK: Style = Style::new().fg(ON_ERROR).bg(ERROR_GROUND);

/// The row under the cursor: marked in the pane that has the focus, hinted at in the others.
pub(super) fn cursor(focused: bool) -> Style {
    if focused {
        Style::new().bg(CURSOR)
    } else {
        Style::new().bg(CURSOR_AWAY)
    }
}

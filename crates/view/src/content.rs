//! Draws content of the app: its roles get their style here.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::{cells, theme};
use app::content::{Line, Piece, Role};

/// Returns the style of a role.
pub(super) fn style(role: Role) -> Style {
    let style = Style::new();
    match role {
        Role::Plain => style,
        Role::Dim => style.fg(theme::DIM),
        Role::Rule => style.fg(theme::RULE),
        Role::Accent => style.fg(theme::ACCENT),
        Role::Good => style.fg(theme::GOOD),
        Role::Warning => style.fg(theme::WARNING),
        Role::Error => style.fg(theme::ERROR),
        Role::Found => style.fg(theme::FOUND),
        Role::Critical => style.fg(theme::CRITICAL),
        Role::Absent => style.fg(theme::WARNING).italic(),
        Role::Missing => style.fg(theme::ERROR).bold(),
        Role::Different => style.fg(theme::WARNING).bold(),
        Role::Service(number) => style.fg(theme::service_color(number)),
    }
}

/// Returns the style of a mark of the cross-check.
pub(super) fn verdict(mark: char) -> Style {
    style(Role::verdict(mark))
}

/// Returns a piece with the style of its role.
pub(super) fn span(piece: Piece) -> Span<'static> {
    let style = style_of(&piece);
    Span::styled(piece.text, style)
}

fn style_of(piece: &Piece) -> Style {
    let style = style(piece.role);
    if piece.is_strong { style.bold() } else { style }
}

/// Draws a line from the left, as far as there is room.
pub(super) fn draw(frame: &mut Frame, line: &Line, area: Rect) {
    let buffer = frame.buffer_mut();
    let pieces = line.pieces.iter();
    pieces.fold(area, |rest, piece| cells::text(buffer, &piece.text, style_of(piece), rest));
}

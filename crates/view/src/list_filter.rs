//! The line by which a list is narrowed, as the last line of its page.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::filter::Shown;
use super::{format, theme};
use app::ListFilter;

/// Before what is typed.
const LABEL: &str = " / ";

/// Draws the line, with the terminal's cursor in it while it is typed, and right of it how much is left of the list.
pub(super) fn draw(frame: &mut Frame, narrow: &ListFilter, left: &str, row: Rect) {
    let left = Span::raw(format!(" {left} ")).fg(theme::DIM);
    let beside = u16::try_from(left.width()).unwrap_or(u16::MAX);
    let label = u16::try_from(format::columns(LABEL)).unwrap_or(0).min(row.width);
    let field = Rect {
        x: row.x + label,
        width: (row.width - label).saturating_sub(beside),
        ..row
    };
    frame.render_widget(Line::from(LABEL.bold().fg(theme::ACCENT)), row);
    let cursor = format::columns(narrow.line().before_cursor());
    let shown = Shown::of(narrow.line().text(), cursor, usize::from(field.width));
    frame.render_widget(Span::raw(shown.text).bold().fg(theme::FOUND), field);
    if narrow.is_open()
        && let Some(column) = super::filter::column(field, cursor.saturating_sub(shown.from))
    {
        frame.set_cursor_position((column, field.y));
    }
    let rest = Rect {
        x: field.right(),
        width: row.right().saturating_sub(field.right()),
        ..row
    };
    frame.render_widget(left, rest);
}

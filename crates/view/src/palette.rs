//! The command palette.

use ratatui::Frame;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{cursor, format, hint, list_filter, popup, theme};
use app::{Layer, Palette, PopupGeometry};

/// Columns of the keys.
const KEYS: usize = 12;

pub(super) fn draw(frame: &mut Frame, palette: &Palette, PopupGeometry { area, line, rows }: PopupGeometry) {
    popup::draw(frame, Layer::Palette, String::new(), area);
    if line.is_empty() {
        return;
    }
    let left = format::count(palette.len() as u64, "command");
    list_filter::draw(frame, palette.words(), &left, line);
    if palette.is_empty() {
        let text = Line::from("no command has all these words".fg(theme::DIM));
        frame.render_widget(hint([text]), rows);
    }
    for (row, (command, selected)) in rows.rows().zip(palette.rows()) {
        if selected {
            cursor(frame, row, row.x.saturating_sub(1), true);
        }
        let keys = format::exactly(&command.keys, KEYS);
        let help = format::at_most(command.help, usize::from(row.width).saturating_sub(KEYS + 3));
        let line = Line::from(vec![" ".into(), keys.bold().fg(theme::ACCENT), " ".into(), help.into()]);
        frame.render_widget(line, row);
    }
}

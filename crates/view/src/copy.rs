//! The copy menu.

use ratatui::Frame;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{format, popup, theme};
use app::layout::PopupArea;
use app::{App, Layer};

pub(super) fn draw(frame: &mut Frame, app: &App, area: PopupArea) {
    popup::draw(frame, Layer::Copy, String::new(), area);
    let room = usize::from(area.inner.width).saturating_sub(3);
    for (row, bound) in area.inner.rows().zip(app.copies()) {
        let line = Line::from(vec![
            format!("{}  ", bound.labels()).bold().fg(theme::ACCENT),
            format::at_most(bound.binding.help, room).into(),
        ]);
        frame.render_widget(line, row);
    }
}

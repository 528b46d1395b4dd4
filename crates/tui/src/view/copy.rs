//! The menu of what can be copied.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::{format, theme};
use crate::app::{Action, App};
use crate::keymap::Place;

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let is_one = |place: Place, action: Action| place == Place::Copy || action == Action::CopyDsn;
    let entries = app
        .keymap
        .iter()
        .filter(|bound| is_one(bound.binding.place, bound.binding.action));
    let entries: Vec<_> = entries.map(|bound| (bound.labels(), bound.binding.help)).collect();
    let widest = entries.iter().map(|(_, help)| format::columns(help)).max().unwrap_or(0);
    let width = u16::try_from(widest + 9).unwrap_or(u16::MAX).min(area.width);
    let height = u16::try_from(entries.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let area = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let block = Block::bordered()
        .border_style(Style::new().fg(theme::ACCENT))
        .title(" Copy of the selected span ")
        .title_bottom(" a key copies · Esc close ");
    let room = usize::from(width).saturating_sub(8);
    let line = |(key, help): (String, &'static str)| {
        Line::from(vec![
            format!("  {key}  ").bold().fg(theme::ACCENT),
            format::at_most(help, room).into(),
        ])
    };
    let lines: Vec<_> = entries.into_iter().map(line).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

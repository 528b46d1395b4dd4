//! Popups: a border in the middle of the screen, over everything else, which is dimmed.

use ratatui::Frame;
use ratatui::style::{Modifier, Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use super::theme;
use app::Layer;
use app::layout::PopupArea;

/// Dims the screen, and draws an empty popup on it.
pub(super) fn draw(frame: &mut Frame, layer: Layer, bottom: String, area: PopupArea) {
    for cell in &mut frame.buffer_mut().content {
        cell.set_style(
            Style::new()
                .fg(theme::DIM)
                .remove_modifier(Modifier::BOLD | Modifier::REVERSED),
        );
        cell.bg = ratatui::style::Color::Reset;
    }
    let block = Block::bordered()
        .border_style(Style::new().fg(theme::ACCENT))
        .title(format!(" {} ", layer.name()).bold())
        .title_bottom(Line::from(bottom.fg(theme::DIM)));
    frame.render_widget(Clear, area.margin);
    frame.render_widget(block, area.border);
}

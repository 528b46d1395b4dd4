//! The copy menu.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{format, popup, theme};
use app::keymap::{Bound, KeyContext};
use app::layout::PopupArea;
use app::{Action, App};

/// What can be copied, each with its key.
fn entries(app: &App) -> Vec<&Bound> {
    let copies = |bound: &&Bound| {
        let binding = bound.binding;
        !bound.keys.is_empty() && !binding.is_fixed && !matches!(binding.action, Action::CopyMenu | Action::Back | Action::Quit)
    };
    let mut entries: Vec<_> = app.keymap.of(KeyContext::Copy, app.mode).filter(copies).collect();
    entries.sort_by_key(|bound| bound.section.contexts.len());
    entries
}

/// Where the menu is.
pub(super) fn area(app: &App, body: Rect) -> PopupArea {
    let widest = entries(app)
        .iter()
        .map(|bound| format::columns(bound.binding.help))
        .max()
        .unwrap_or(0);
    let lines = u16::try_from(entries(app).len()).unwrap_or(u16::MAX);
    PopupArea::of(body, u16::try_from(widest + 3).unwrap_or(u16::MAX), lines)
}

pub(super) fn draw(frame: &mut Frame, app: &App, body: Rect) {
    let area = area(app, body);
    popup::draw(frame, " Copy ", String::new(), area);
    let room = usize::from(area.inner.width).saturating_sub(3);
    for (row, bound) in area.inner.rows().zip(entries(app)) {
        let line = Line::from(vec![
            format!("{}  ", bound.labels()).bold().fg(theme::ACCENT),
            format::at_most(bound.binding.help, room).into(),
        ]);
        frame.render_widget(line, row);
    }
}

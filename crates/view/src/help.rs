//! The help popup.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::{format, hint, list_filter, popup, theme};
use app::{App, Help, HelpLine, Layer, PopupGeometry};

pub(super) fn draw(frame: &mut Frame, app: &App, help: &Help, PopupGeometry { area, rows, .. }: PopupGeometry) {
    let inner = area.inner;
    let height = usize::from(rows.height);
    let below = help.below(height);
    let bottom = if below > 0 {
        format!(" ↓ {} ", format::count(below as u64, "line"))
    } else {
        String::new()
    };
    popup::draw(frame, Layer::Help, bottom, area);
    let mut is_empty = true;
    for (row, line) in rows.rows().zip(help.visible(height)) {
        is_empty = false;
        frame.render_widget(painted(line), row);
    }
    if is_empty {
        frame.render_widget(hint([Line::from("no match".fg(theme::DIM))]), rows);
    }
    let last = Rect {
        y: rows.bottom(),
        height: 1,
        ..inner
    }
    .intersection(inner);
    if last.is_empty() {
        return;
    }
    if help.narrow().is_open() || !help.narrow().is_empty() {
        list_filter::draw(frame, help.narrow(), "", last);
    } else {
        let key = app.keymap.iter().find(|bound| bound.binding.action == app::Action::Filter);
        let key = key
            .and_then(|bound| bound.keys.first())
            .map_or_else(String::new, |key| key.label());
        frame.render_widget(Line::from(vec![key.bold().fg(theme::ACCENT), " search".fg(theme::DIM)]), last);
    }
}

fn painted(line: &HelpLine) -> Line<'static> {
    match line {
        HelpLine::Title(title) => Line::from(title.to_uppercase().bold()),
        HelpLine::Pair(left, column, right) => {
            let fill = " ".repeat(column.saturating_sub(format::columns(left)));
            Line::from(vec![left.clone().bold().fg(theme::ACCENT), fill.into(), right.clone().into()])
        }
        HelpLine::Empty => Line::default(),
    }
}

//! The command palette, over everything else.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear};

use super::{format, hint, narrow, theme};
use crate::app::{App, List};

/// How wide the keys are.
const KEYS: usize = 12;

/// How many commands there is room for.
#[must_use]
pub fn rows(area: Rect) -> usize {
    usize::from(rows_area(area).height)
}

/// Where they stand.
pub(super) fn rows_area(area: Rect) -> Rect {
    parts(area).1
}

/// The palette and its rows. It stands where the eye is, and leaves something of what is behind.
fn parts(area: Rect) -> (Rect, Rect) {
    let width = area.width.min(90);
    let height = area.height.min(20);
    let outer = Rect {
        x: area.x + (area.width - width) / 2,
        width,
        height,
        ..area
    };
    let inner = outer.inner(Margin::new(1, 1)).intersection(outer);
    let rows = Rect {
        y: inner.y.saturating_add(1),
        height: inner.height.saturating_sub(1),
        ..inner
    };
    (outer, rows.intersection(outer))
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let (outer, rows) = parts(area);
    let block = Block::bordered()
        .border_style(Style::new().fg(theme::ACCENT))
        .title(" What shall be done? ".bold())
        .title_bottom(" type to find · ↑ ↓ choose · Enter does it · Esc close ");
    frame.render_widget(Clear, outer);
    frame.render_widget(block, outer);
    let line = Rect {
        y: outer.y.saturating_add(1),
        height: 1,
        ..rows
    }
    .intersection(outer);
    if line.is_empty() {
        return;
    }
    let left = format::count(app.palette.len() as u64, "command");
    narrow::draw(frame, app.palette.narrow(), &left, line);
    if app.palette.is_empty() {
        let text = Line::from("nothing that can be done here has all these words".fg(theme::DIM));
        frame.render_widget(hint([text]), rows);
    }
    for (row, (command, selected)) in rows.rows().zip(app.palette.rows()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        let keys = format::exactly(&command.keys, KEYS);
        let help = format::at_most(command.help, usize::from(row.width).saturating_sub(KEYS + 3));
        let line = Line::from(vec![" ".into(), keys.bold().fg(theme::ACCENT), " ".into(), help.into()]);
        frame.render_widget(line, row);
    }
}

//! A value, full size.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::lists::{self, Parts};
use super::{content, cursor, theme};
use app::text::shown;
use app::{App, ValueScreen};

pub(super) fn draw(frame: &mut Frame, app: &App, value: &ValueScreen, area: Rect) {
    let parts = Parts::of(area, 0);
    lists::title(frame, app, [shown(value.name()).into()], parts.title);
    for (row, line) in parts.head.union(parts.rows).rows().zip(value.rows()) {
        if line.is_selected {
            cursor(frame, row, row.x.saturating_sub(1), true);
        }
        content::draw(frame, &line.line, row);
    }
    let status = value.status();
    let all = Line::from(status.clone().fg(theme::DIM));
    lists::last(frame, value.narrow(), &status, all, parts.last);
}

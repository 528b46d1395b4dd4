//! The line in which it is typed what is looked for in a trace: over the title, and over the line below it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::super::{filter, format, theme};
use app::App;

const LABEL: &str = " FIND IN THIS TRACE ";

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let find = app.waterfall.find();
    let top = Rect {
        height: area.height.min(2),
        ..area
    };
    frame.render_widget(Clear, top);
    let text = match find.count() {
        None if find.is_searching() => " searching…".fg(theme::DIM),
        None => " a name, or a term as service:api, status:error, duration:>50ms".fg(theme::DIM),
        Some(0) => " no span of this trace matches".fg(theme::WARNING),
        Some(count) => format!(
            " ◆ {} · Enter goes to the first, n and N to the others · Esc clears",
            format::count(count as u64, "span")
        )
        .fg(theme::FOUND),
    };
    filter::typed(frame, LABEL, (find.line(), find.error()), Line::from(text), area);
}

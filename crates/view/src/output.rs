//! The output of the demo's services.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};

use super::{format, lists, theme};
use app::{App, OutputLine};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let row = Rect { height: 1, ..area }.intersection(area);
    let below = match app.output.behind() {
        0 => "following newest".fg(theme::DIM),
        behind => format!("↓ {}", format::count(behind as u64, "line")).fg(theme::ACCENT),
    };
    lists::title(frame, app, [below], row);
    let body = Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    };
    let service = app::table::longest("", app.output.visible().map(|line| line.service));
    for (row, line) in body.intersection(area).rows().zip(app.output.visible()) {
        frame.render_widget(output_line(line, service, usize::from(row.width)), row);
    }
}

/// The service in so many columns, the level, and what it printed.
fn output_line(line: &OutputLine, service: usize, width: usize) -> Line<'static> {
    let (mark, level) = match line.level.as_str() {
        "ERROR" => ("✗", Style::new().bold().fg(theme::ERROR)),
        "WARN" => ("⚠", Style::new().fg(theme::WARNING)),
        _ => (" ", Style::new().fg(theme::DIM)),
    };
    let before = format!(" {} ", format::exactly(line.service, service));
    let room = width.saturating_sub(format::columns(&before) + LEVEL);
    Line::from(vec![
        before.fg(theme::service(line.service)),
        Span::styled(format::exactly(&format!("{mark} {}", line.level), LEVEL), level),
        format::at_most(&line.text, room).into(),
    ])
}

/// Columns of a mark, a level and a space.
const LEVEL: usize = 8;

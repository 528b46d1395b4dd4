//! The output of the demo's services.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};

use super::{format, lists, theme};
use crate::app::{App, OutputLine};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let row = Rect { height: 1, ..area }.intersection(area);
    let below = match app.output.behind() {
        0 => "following the newest".fg(theme::DIM),
        behind => format!("↓ {}", format::count(behind as u64, "line")).fg(theme::ACCENT),
    };
    lists::title(frame, app, [below], row);
    let body = Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    };
    for (row, line) in body.intersection(area).rows().zip(app.output.visible()) {
        frame.render_widget(output_line(line, usize::from(row.width)), row);
    }
}

fn output_line(line: &OutputLine, width: usize) -> Line<'static> {
    let level = match line.level.as_str() {
        "ERROR" => Style::new().bold().fg(theme::ERROR),
        "WARN" => Style::new().fg(theme::WARNING),
        _ => Style::new().fg(theme::DIM),
    };
    Line::from(vec![
        format!(" {:<8}", line.service).fg(theme::service(line.service)),
        Span::styled(format!("{:<6}", line.level), level),
        format::at_most(&line.text, width.saturating_sub(15)).into(),
    ])
}

//! What the demo's processes print.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::{format, theme};
use crate::app::{App, OutputLine};

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect) {
    let behind = app.output.behind();
    let place = if behind == 0 {
        " ↑ scroll · Esc close ".to_owned()
    } else {
        format!(" ↓ {} below · Esc close ", format::count(behind as u64, "line"))
    };
    let block = Block::bordered()
        .border_style(Style::new().fg(theme::ACCENT))
        .title(" Output of the demo's processes ")
        .title_bottom(place);
    let width = usize::from(area.width.saturating_sub(2));
    let lines: Vec<Line> = app.output.visible().map(|line| output_line(line, width)).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
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

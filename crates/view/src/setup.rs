//! A tab without traces: what has been received, and what to set.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::{format, theme};
use app::{App, SetupLine};

/// Columns of the names.
const NAMES: usize = 22;
/// Columns before the lines on a wide screen.
const INDENT: u16 = 8;

pub(super) fn draw(frame: &mut Frame, app: &App, ways: &[SetupLine], area: Rect) {
    let width = usize::from(area.width);
    let longest = ways
        .iter()
        .map(|way| NAMES + 3 + format::columns(&way.line))
        .max()
        .unwrap_or(0);
    let indent = if longest + usize::from(INDENT) <= width { INDENT } else { 0 };
    let area = Rect {
        x: area.x + indent,
        width: area.width - indent,
        ..area
    };
    let received = app.received();
    let received = if received.is_empty() {
        "No traces yet: nothing received.".to_owned()
    } else {
        format!("No traces yet. Received: {received}.")
    };
    let mut lines = vec![
        Line::default(),
        Line::from(format!("  {received}")),
        Line::default(),
        Line::from("  Set in your program's environment (y copies a line)".fg(theme::DIM)),
    ];
    // Where a line does not fit behind its name, it begins below it.
    let is_below = longest + usize::from(indent) > width;
    for way in ways {
        let mark = if way.is_selected {
            "▸ ".fg(theme::ACCENT)
        } else {
            Span::raw("  ")
        };
        let style = if way.is_selected {
            Span::raw(way.line.clone()).bold()
        } else {
            Span::raw(way.line.clone())
        };
        if is_below {
            lines.push(Line::from(vec![mark, way.name.fg(theme::DIM)]));
            for piece in format::wrapped_words(&way.line, width.saturating_sub(5).max(8)) {
                lines.push(Line::from(format!("    {piece}")));
            }
        } else {
            lines.push(Line::from(vec![mark, format!("{:<NAMES$} ", way.name).fg(theme::DIM), style]));
        }
    }
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

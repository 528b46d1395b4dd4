//! One row of the waterfall.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::{Line as SpanLine, Row, StatusCode};

use super::super::bars::Axis;
use super::super::traces::service_name;
use super::super::{Now, format, theme};
use super::Columns;
use crate::app::LONGEST_RUN;
use crate::text::clean;

pub(super) fn draw(frame: &mut Frame, row: &Row, area: Rect, columns: Columns, axis: Axis, now: &Now) {
    let on_row = |column: Rect| Rect {
        y: area.y,
        height: 1,
        ..column
    };
    let width = usize::from(columns.label.width).saturating_sub(1);
    frame.render_widget(label(row, width), on_row(columns.label));
    if let Some(line) = &row.line {
        frame.render_widget(length(line, now).right_aligned(), on_row(columns.duration));
        bar(frame, line, on_row(columns.bars), axis, now);
    }
    let bars = on_row(columns.bars);
    for error in &row.errors {
        axis.mark(frame.buffer_mut(), bars, error.time_unix_nano, "!", theme::ERROR_MARK);
    }
}

/// Indentation, fold mark, service, name, errors; the names are what gets cut.
pub(in crate::view) fn label(row: &Row, width: usize) -> Line<'static> {
    // A deep tree still shows names: indentation takes a third at most.
    let indent = (1 + 2 * row.depth).min(1 + width / 3);
    let fold = match (row.children, row.hidden) {
        (0, _) => "  ",
        (_, 0) => "▾ ",
        _ => "▸ ",
    };
    let found = row.line.as_ref().is_some_and(|line| line.found);
    let mark = if found { "◆" } else { " " };
    let mut line = Line::from(vec![
        mark.fg(theme::FOUND),
        " ".repeat(indent - 1).into(),
        fold.fg(theme::DIM),
    ]);
    let hidden = if row.hidden > 0 {
        format!(" +{}", format::grouped(row.hidden as u64))
    } else {
        String::new()
    };
    // An error is seen however long the name is.
    let errors = match (&row.line, row.errors.len()) {
        (_, 0) => String::new(),
        (None, 1) => "! ".to_owned(),
        (None, several) => format!("!{several} "),
        (Some(_), 1) => " !".to_owned(),
        (Some(_), several) => format!(" !{several}"),
    };
    let mut left = width.saturating_sub(indent + 2 + hidden.len() + errors.len());
    let mut say = |text: String, style: Style| {
        let text = format::at_most(&text, left);
        left = left.saturating_sub(unicode_width::UnicodeWidthStr::width(text.as_str()));
        line.push_span(Span::styled(text, style));
    };
    if row.cyclic {
        say("↻ ".to_owned(), Style::new().fg(theme::WARNING));
    }
    match &row.line {
        Some(span) => {
            if span.status == StatusCode::Error {
                say("✗ ".to_owned(), Style::new().bold().fg(theme::ERROR));
            }
            say(
                format!("{} ", service_name(&span.service)),
                Style::new().fg(theme::service(&span.service)),
            );
            let name = if span.status == StatusCode::Error {
                Style::new().fg(theme::ERROR)
            } else {
                Style::new()
            };
            let name = if found { name.bold() } else { name };
            say(clean(&span.name).into_owned(), name);
        }
        None if row.errors.is_empty() => say(
            format!("◌ parent {:.8} has not arrived", row.key.span_id),
            Style::new().italic().fg(theme::WARNING),
        ),
        // Below it there are spans: it is more than an error.
        None if row.children > 0 => say("◌ ".to_owned(), Style::new().fg(theme::WARNING)),
        None => {}
    }
    line.push_span(errors.bold().fg(theme::ERROR));
    if let Some(error) = row.errors.first() {
        if row.line.is_none() {
            let service = format::at_most(&format!("{} ", service_name(&error.service)), left);
            left = left.saturating_sub(unicode_width::UnicodeWidthStr::width(service.as_str()));
            line.push_span(service.fg(theme::service(&error.service)));
        }
        // Beside a name only where it says something.
        let space = usize::from(row.line.is_some());
        if row.line.is_none() || left > MINIMUM {
            let title = format::at_most(&clean(&error.title), left.saturating_sub(space));
            line.push_span(" ".repeat(space));
            line.push_span(title.fg(theme::ERROR));
        }
    }
    line.push_span(hidden.fg(theme::DIM));
    line
}

/// An error's title is shown beside a name from this width on.
const MINIMUM: usize = 8;

fn length(line: &SpanLine, now: &Now) -> Line<'static> {
    match line.end_unix_nano {
        Some(end) if end < line.start_unix_nano => Line::from("ends early".fg(theme::WARNING)),
        Some(end) => Line::from(format::duration(end - line.start_unix_nano)),
        None => Line::from(format::running(line.start_unix_nano, now).fg(theme::WARNING)),
    }
}

fn bar(frame: &mut Frame, line: &SpanLine, area: Rect, axis: Axis, now: &Now) {
    let failed = line.status == StatusCode::Error;
    let colour = if failed { theme::ERROR } else { theme::service(&line.service) };
    let style = Style::new().fg(colour);
    let start = line.start_unix_nano;
    let buffer = frame.buffer_mut();
    if let Some(queued) = line.queued_unix_nano {
        axis.dashes(buffer, area, queued, start, Style::new().fg(theme::DIM));
    }
    if let Some(end) = line.end_unix_nano {
        axis.bar(buffer, area, start, end, style);
    } else {
        let come_to = now.unix_nano.min(start.saturating_add(LONGEST_RUN));
        axis.open_bar(buffer, area, start, come_to, style);
        let state = if come_to == now.unix_nano { "running" } else { "no end" };
        at_open_end(frame, state, area, axis, come_to);
    }
    let Some(queued) = line.queued_unix_nano else { return };
    let text = format!(" {} in queue", format::duration(start - queued));
    beside(frame, &text, area, axis, start, line.end_unix_nano.unwrap_or(now.unix_nano));
}

/// Writes right of a bar without an end, or over its last cells where it goes to the edge: that end is no moment.
fn at_open_end(frame: &mut Frame, text: &str, area: Rect, axis: Axis, come_to: u64) {
    let width = u16::try_from(text.len()).unwrap_or(u16::MAX).saturating_add(1);
    if width > area.width / 2 || !axis.shows(come_to, come_to) {
        return;
    }
    let (behind, last) = (axis.column(come_to) + 1, area.width - width);
    let at = Rect {
        x: area.x + behind.min(last),
        width,
        ..area
    };
    frame.render_widget(Line::from(format!(" {text}").fg(theme::WARNING)), at);
    // It still fades.
    if behind > last
        && let Some(cell) = frame.buffer_mut().cell_mut((at.x.saturating_sub(1), at.y))
        && cell.symbol() == "▒"
    {
        cell.set_symbol("░");
    }
}

/// Writes beside a bar: right of it, else left of it, else nowhere.
fn beside(frame: &mut Frame, text: &str, area: Rect, axis: Axis, start: u64, end: u64) {
    if !axis.shows(start, end) {
        return;
    }
    let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX);
    let (first, last) = (axis.column(start), axis.column(end));
    let column = if last + 1 + width <= area.width {
        last + 1
    } else if width < first {
        first - width - 1
    } else {
        return;
    };
    frame.render_widget(
        Line::from(text.to_owned().fg(theme::DIM)),
        Rect {
            x: area.x + column,
            width,
            ..area
        },
    );
}

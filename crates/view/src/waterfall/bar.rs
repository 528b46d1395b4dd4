//! The bar of a row: when the span ran, what it waited for, and what happened meanwhile.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::Line;
use trace_model::sentry::Gravity;
use trace_model::{ClockTrouble, Row, RowSpan, Severity, StatusCode};

use super::super::bars::Axis;
use super::super::{Now, format, theme};
use app::Waterfall;

/// Facts that the bars of all rows share.
pub(super) struct Bars<'a> {
    pub(super) axis: Axis,
    pub(super) now: &'a Now,
    /// [`app::Mode::longest_run`].
    pub(super) longest_run: u64,
    /// True if clock skew is corrected.
    pub(super) is_straight: bool,
    /// The log records of the spans.
    pub(super) waterfall: &'a Waterfall,
}

pub(super) fn draw(frame: &mut Frame, row: &Row, area: Rect, bars: &Bars) {
    let axis = bars.axis;
    if let Some(line) = &row.line {
        let color = if line.status == StatusCode::Error {
            theme::ERROR
        } else {
            theme::service(&line.service)
        };
        let (start, end) = body(frame, row, line, area, bars, color);
        for (from, to) in &row.reading.critical {
            axis.strike(frame.buffer_mut(), area, *from, *to);
        }
        if line.end_unix_nano.is_none() && row.group.is_none() {
            let is_running = format::is_running(line.start_unix_nano, bars.now, bars.longest_run);
            let state = if is_running { "running" } else { "no end" };
            at_open_end(frame, state, area, axis, end);
        }
        gaps(frame, row, area, axis, color);
        if let Some((text, color)) = remark(row, line, bars) {
            beside(frame, &text, color, area, axis, start, end);
        }
        if row.group.is_none() {
            logs(frame, row, (start, end), area, bars);
        }
        for event in &row.events {
            if event.exception && line.status != StatusCode::Error && row.group.is_none() {
                axis.dot(frame.buffer_mut(), area, event.time_unix_nano, "⚠", theme::WARNING);
            } else if event.exception {
                axis.mark(frame.buffer_mut(), area, event.time_unix_nano, "!", theme::ERROR_MARK);
            } else {
                axis.dot(frame.buffer_mut(), area, event.time_unix_nano, "•", theme::DIM);
            }
        }
    } else {
        for (from, to) in &row.reading.critical {
            axis.strike(frame.buffer_mut(), area, *from, *to);
        }
    }
    for gravity in [Gravity::Mild, Gravity::Handled, Gravity::Error] {
        for error in row.errors.iter().filter(|error| error.gravity == gravity) {
            let (buffer, at) = (frame.buffer_mut(), error.time_unix_nano);
            match gravity {
                Gravity::Error => axis.mark(buffer, area, at, "!", theme::ERROR_MARK),
                Gravity::Handled => axis.dot(buffer, area, at, "⚠", theme::WARNING),
                Gravity::Mild => axis.dot(buffer, area, at, "i", theme::WARNING),
            }
        }
    }
}

/// Marks log records on the bar: the worst one of a cell, and none at the ends of the bar, which say when it began and ended.
fn logs(frame: &mut Frame, row: &Row, (start, end): (u64, u64), area: Rect, bars: &Bars) {
    let axis = bars.axis;
    let marks = bars.waterfall.log_marks(row.key.span_id);
    let shift = if bars.is_straight { row.reading.shift_nano } else { 0 };
    let ends = [axis.column(start), axis.column(end)];
    for (is_drawn, symbol, color) in [
        (
            (|severity| severity < Severity::Warn) as fn(Severity) -> bool,
            "·",
            theme::DIM,
        ),
        (|severity| severity == Severity::Warn, "⚠", theme::WARNING),
        (|severity| severity >= Severity::Error, "✗", theme::ERROR),
    ] {
        for (time, severity) in marks.iter().filter(|(_, severity)| is_drawn(*severity)) {
            let at = time.saturating_add_signed(shift);
            let is_within = (start..=end).contains(&at) && !ends.contains(&axis.column(at));
            if is_within && *severity >= Severity::Error {
                axis.mark(frame.buffer_mut(), area, at, symbol, theme::ERROR_MARK);
            } else if is_within {
                axis.dot(frame.buffer_mut(), area, at, symbol, color);
            }
        }
    }
}

/// The bar itself; answers from when to when it is.
fn body(frame: &mut Frame, row: &Row, line: &RowSpan, area: Rect, bars: &Bars, color: Color) -> (u64, u64) {
    let (axis, buffer) = (bars.axis, frame.buffer_mut());
    let style = Style::new().fg(color);
    let start = line.start_unix_nano;
    if let Some(queued) = line.queued_unix_nano {
        axis.dashes(buffer, area, queued, start, Style::new().fg(theme::DIM));
    }
    if let Some(group) = row.group {
        // Many spans, with time between them: not one bar.
        if axis.shows(group.first, group.last) {
            axis.fill(buffer, area, group.first, group.last, "▄", style);
        } else {
            axis.bar(buffer, area, group.first, group.last, style);
        }
        return (group.first, group.last);
    }
    if let Some(end) = line.end_unix_nano {
        axis.bar(buffer, area, start, end, style);
        return (start, end);
    }
    let come_to = bars.now.unix_nano.min(start.saturating_add(bars.longest_run)).max(start);
    axis.open_bar(buffer, area, start, come_to, style);
    (start, come_to)
}

/// Writes right of a bar without an end, or over its last cells where it goes to the edge: that end is not a moment.
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

/// Time of a parent that none of its children covers: hatched, and said where there is room.
fn gaps(frame: &mut Frame, row: &Row, area: Rect, axis: Axis, color: Color) {
    const TEXT: &str = " no span here ";
    for gap in &row.reading.gaps {
        let (from, to) = (gap.start_unix_nano, gap.end_unix_nano);
        let cells = axis.fill(frame.buffer_mut(), area, from, to, "░", Style::new().fg(color));
        let width = u16::try_from(TEXT.len()).unwrap_or(u16::MAX);
        if cells.len() > usize::from(width) + 3 {
            let middle = Rect {
                x: area.x + cells.start + (u16::try_from(cells.len()).unwrap_or(width) - width) / 2,
                width,
                ..area
            };
            let middle = middle.intersection(area);
            for at in middle.positions() {
                // The critical path stands there in reverse, on which no text can be read.
                if let Some(cell) = frame
                    .buffer_mut()
                    .cell_mut(at)
                    .filter(|cell| cell.modifier.contains(Modifier::REVERSED))
                {
                    cell.set_style(Style::new().bg(Color::Reset).remove_modifier(Modifier::REVERSED));
                }
            }
            frame.render_widget(Line::from(TEXT.fg(theme::DIM)), middle);
        }
    }
}

/// Returns a remark for the space right of the bar: only the most important one.
fn remark(row: &Row, line: &RowSpan, bars: &Bars) -> Option<(String, Color)> {
    if bars.is_straight && row.reading.shift_nano != 0 {
        return Some((format!("shifted {}", signed(row.reading.shift_nano)), theme::WARNING));
    }
    match row.reading.clock {
        Some(ClockTrouble::StartsBefore { nano }) if !bars.is_straight => {
            return Some((format!("⚠ clock −{}", format::duration(nano)), theme::WARNING));
        }
        Some(ClockTrouble::EndsAfter { nano }) if !bars.is_straight => {
            return Some((format!("⚠ clock +{}", format::duration(nano)), theme::WARNING));
        }
        _ => {}
    }
    if let Some(queued) = line.queued_unix_nano {
        let waited = line.start_unix_nano.saturating_sub(queued);
        return Some((format!("{} in queue", format::duration(waited)), theme::DIM));
    }
    if let Some(group) = row.group {
        return Some((format!("median {}", format::duration(group.median_nano)), theme::DIM));
    }
    // What is in flight says so itself.
    line.end_unix_nano?;
    let repeated = row.reading.repeated.as_ref()?;
    let total = format::duration(repeated.total_nano);
    Some((
        format!("N+1 × {}, {total}", format::grouped(repeated.count as u64)),
        theme::WARNING,
    ))
}

fn signed(nano: i64) -> String {
    let sign = if nano < 0 { "−" } else { "+" };
    format!("{sign}{}", format::duration(nano.unsigned_abs()))
}

/// Writes next to a bar: right of it, else left of it, else nowhere.
fn beside(frame: &mut Frame, text: &str, color: Color, area: Rect, axis: Axis, start: u64, end: u64) {
    if !axis.shows(start, end) {
        return;
    }
    let text = format!(" {text} ");
    let width = u16::try_from(format::columns(&text)).unwrap_or(u16::MAX);
    let (first, last) = (axis.column(start), axis.column(end));
    let column = if last.saturating_add(1).saturating_add(width) <= area.width.saturating_add(1) {
        last + 1
    } else if width <= first {
        first - width
    } else {
        return;
    };
    let place = Rect {
        x: area.x + column,
        width,
        ..area
    };
    frame.render_widget(Line::from(text.fg(color)), place.intersection(area));
}

//! The log records of a trace, one a line.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::Line;
use trace_model::Log;

use super::details::lines::{log_line, offset, severity_style};
use super::lists::{self, Parts};
use super::{format, hint, theme, traces::service_name};
use crate::app::{App, LISTED_LOGS, LOGS_BELOW, List, LogList};
use crate::text::laid_out;

pub(super) fn draw(frame: &mut Frame, app: &App, list: &LogList, area: Rect) {
    let parts = Parts::of(area, LOGS_BELOW);
    let of = if list.is_of_span() {
        "of the selected span"
    } else {
        "of the trace"
    };
    lists::title(frame, app, [of.into()], parts.title);
    for (head, area) in ["AT", "LEVEL", "SERVICE", "SPAN", "SAID"]
        .into_iter()
        .zip(columns(parts.head))
    {
        frame.render_widget(head.fg(theme::DIM), area);
    }
    let start = app.waterfall.selected().and_then(|(trace_id, _)| app.store.trace(trace_id));
    let start = start.map_or(0, |trace| trace.start_unix_nano);
    for (row, (log, selected)) in parts.rows.rows().zip(list.rows()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        record(frame, app, log, start, row);
    }
    match list.selected() {
        Some(log) => below(frame, log, parts.below),
        None => frame.render_widget(hint([Line::default(), Line::from(nothing(list).fg(theme::DIM))]), parts.rows),
    }
    let left = format::count(list.len() as u64, "record");
    let mut all = Line::from(left.clone());
    if list.is_cut() {
        all.push_span(format!(" · the first {} of them", format::grouped(LISTED_LOGS as u64)).fg(theme::WARNING));
    }
    lists::last(frame, list.narrow(), &left, all, parts.last);
}

fn columns(row: Rect) -> [Rect; 5] {
    let wide = row.width >= 110;
    let widths = [
        Constraint::Length(10),
        Constraint::Length(7),
        Constraint::Length(if wide { 16 } else { 10 }),
        Constraint::Length(if wide { 26 } else { 14 }),
        Constraint::Fill(1),
    ];
    Layout::horizontal(widths).areas(row)
}

fn record(frame: &mut Frame, app: &App, log: &Log, start: u64, row: Rect) {
    let [at, level, service, span, said] = columns(row);
    let fitted = |text: &str, area: Rect| format::at_most(text, usize::from(area.width).saturating_sub(1));
    let style = severity_style(log.severity);
    frame.render_widget(Line::from(fitted(&offset(log.time_unix_nano, start), at).fg(theme::DIM)), at);
    frame.render_widget(Line::styled(fitted(&level_of(log), level), style), level);
    frame.render_widget(
        Line::from(fitted(&service_name(&log.service), service).fg(theme::service(&log.service))),
        service,
    );
    frame.render_widget(Line::from(fitted(&span_name(app, log), span)), span);
    frame.render_widget(Line::styled(fitted(&log_text(log), said), style), said);
}

fn level_of(log: &Log) -> String {
    if log.severity_text.is_empty() {
        log.severity.name().to_uppercase().replace("UNSPECIFIED", "")
    } else {
        log.severity_text.clone()
    }
}

/// What a record says, without its level.
#[must_use]
pub fn log_text(log: &Log) -> String {
    log_line(&Log {
        severity: trace_model::Severity::Unspecified,
        severity_text: String::new(),
        ..log.clone()
    })
}

/// The span in which it was written, if that is here.
fn span_name(app: &App, log: &Log) -> String {
    let Some(span_id) = log.span_id else { return "–".to_owned() };
    let outline = app.waterfall.outline();
    let node = outline.and_then(|outline| outline.tree().nodes().get(outline.first_of(span_id)?));
    node.filter(|node| node.arrived)
        .map_or_else(|| format!("{span_id:.8}…"), |node| node.name.to_string())
}

/// The whole text, as far as there is room, since a row may cut it.
fn below(frame: &mut Frame, log: &Log, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = vec![Line::from("─".repeat(width).fg(theme::RULE))];
    let attributes = log.attributes.iter().map(|attribute| {
        let value = super::details::lines::value(&attribute.value);
        format!("{} = {value}", attribute.key)
    });
    let text = std::iter::once(log_text(log))
        .chain(attributes)
        .collect::<Vec<_>>()
        .join(" · ");
    let pieces = format::wrapped_words(&laid_out(&text), width.max(1));
    lines.extend(pieces.into_iter().map(Line::from));
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn nothing(logs: &LogList) -> &'static str {
    if !logs.narrow().is_empty() {
        "no record has all these words · Esc shows all again"
    } else if logs.is_of_span() {
        "nothing was logged in this span · Tab shows the whole trace"
    } else {
        "nothing was logged in this trace: records come by OTLP (/v1/logs) or from Sentry's SDKs"
    }
}

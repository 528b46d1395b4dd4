//! The log records of a trace, one a line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::Line;
use trace_model::Log;

use super::columns::{self, Column};
use super::lists::{self, Parts};
use super::{Now, content, format, hint, theme};
use app::format::service_name;
use app::text::{self, first_line};
use app::{
    App, LISTED_LOGS, LOGS_BELOW, List, LogList, attribute_value, log_text, offset, severity_mark, severity_role, time_of_day,
};

pub(super) fn draw(frame: &mut Frame, app: &App, list: &LogList, area: Rect, now: &Now) {
    let parts = Parts::of(area, LOGS_BELOW);
    let of = if list.is_of_span() {
        "of the selected span"
    } else {
        "of the trace"
    };
    lists::title(frame, app, [of.into()], parts.title);
    let start = app.waterfall.selected().and_then(|(trace_id, _)| app.store.trace(trace_id));
    let start = start.map_or(0, |trace| trace.start_unix_nano);
    let records: Vec<_> = list
        .rows()
        .map(|(log, selected)| (texts(app, log, start, now), log, selected))
        .collect();
    let columns = columns_of(parts.head, &records.iter().map(|(texts, ..)| texts).collect::<Vec<_>>());
    for (head, area) in HEADS.into_iter().zip(columns) {
        frame.render_widget(head.fg(theme::DIM), area);
    }
    for (row, (texts, log, selected)) in parts.rows.rows().zip(&records) {
        if *selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        record(frame, log, texts, columns::in_row(columns, row));
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

/// The names of the columns.
const HEADS: [&str; 7] = ["at", "time", "level", "service", "span", "body", "attributes"];

/// What a record has in each column.
type Texts = [String; HEADS.len()];

fn texts(app: &App, log: &Log, start: u64, now: &Now) -> Texts {
    [
        offset(log.time_unix_nano, start),
        time_of_day(log.time_unix_nano, now),
        level_of(log),
        service_name(&log.service),
        span_name(app, log),
        first_line(&log_text(log)),
        attributes(log).take(SHOWN_ATTRIBUTES).collect::<Vec<_>>().join(" · "),
    ]
}

/// As wide as the records in view; where there is room, the time of day and the attributes, which are otherwise told of one record.
fn columns_of(row: Rect, records: &[&Texts]) -> [Rect; HEADS.len()] {
    let longest = |at: usize| {
        columns::longest(
            HEADS[at],
            records.iter().map(|texts| format::at_most(&texts[at], row.width.into())),
        )
    };
    let widths = [
        Column::text(longest(0).max(8), 10),
        Column::text(longest(1), 0).if_rest(),
        Column::text(longest(2), 6),
        Column::text(longest(3), 10),
        Column::text(longest(4), 14),
        Column::text(longest(5), 24),
        Column::text(longest(6).min(ATTRIBUTES), 0).if_rest(),
    ];
    let mut columns = columns::fit(row, widths);
    // The last one has the rest.
    if let Some(last) = columns.iter_mut().rfind(|area| !area.is_empty()) {
        last.width = row.right().saturating_sub(last.x);
    }
    columns
}

/// How many attributes of a record its row has, at most; the lines below the list have all.
const SHOWN_ATTRIBUTES: usize = 8;
/// How many columns attributes want, at most: they go on to the edge.
const ATTRIBUTES: usize = 40;

fn record(frame: &mut Frame, log: &Log, texts: &Texts, columns: [Rect; HEADS.len()]) {
    let style = content::style(severity_role(log.severity));
    let styles = [
        Style::new().fg(theme::DIM),
        Style::new().fg(theme::DIM),
        style,
        Style::new().fg(theme::service(&log.service)),
        Style::new(),
        style,
        Style::new().fg(theme::DIM),
    ];
    for ((text, style), area) in texts.iter().zip(styles).zip(columns) {
        let fitted = format::at_most(text, usize::from(area.width).saturating_sub(1));
        frame.render_widget(Line::styled(fitted, style), area);
    }
}

fn level_of(log: &Log) -> String {
    let level = if log.severity_text.is_empty() {
        log.severity.name().to_uppercase().replace("UNSPECIFIED", "")
    } else {
        log.severity_text.clone()
    };
    format!("{}{level}", severity_mark(log.severity))
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
    let attributes = attributes(log).collect::<Vec<_>>().join(" · ");
    let text = log_text(log);
    let texts = [text.trim_end(), &attributes].into_iter().filter(|text| !text.is_empty());
    let pieces = texts.flat_map(|text| text::lines(text, width.max(1)));
    lines.extend(pieces.take(area.height.into()).map(Line::from));
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn attributes(log: &Log) -> impl Iterator<Item = String> {
    log.attributes.iter().map(|attribute| {
        let value = first_line(&attribute_value(attribute));
        format!("{} = {value}", attribute.key)
    })
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

//! The log records of a trace, one a line.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::Line;

use super::lists::{self, Parts};
use super::{format, hint, table, theme};
use app::{App, Hits, LISTED_LOGS, LOGS_BELOW, LogList};

pub(super) fn draw(frame: &mut Frame, app: &App, list: &LogList, area: Rect, hits: &mut Hits) {
    let parts = Parts::of(area, LOGS_BELOW);
    let of = if list.is_of_span() {
        "of the selected span"
    } else {
        "of the trace"
    };
    lists::title(frame, app, [of.into()], parts.title);
    table::draw(frame, list.table().cells(), &parts, hits);
    if list.selected().is_some() {
        below(frame, list, parts.below);
    } else {
        frame.render_widget(hint([Line::default(), Line::from(nothing(list).fg(theme::DIM))]), parts.rows);
    }
    let left = format::count(list.table().len() as u64, "record");
    let mut all = Line::from(left.clone());
    if list.is_cut() {
        all.push_span(format!(" · the first {} of them", format::grouped(LISTED_LOGS as u64)).fg(theme::WARNING));
    }
    lists::last(frame, list.table().words(), &left, all, parts.last);
}

/// The whole text, as far as there is room, since a row may cut it.
fn below(frame: &mut Frame, list: &LogList, area: Rect) {
    let width = usize::from(area.width);
    let mut lines = list.details(width);
    let room = usize::from(area.height.saturating_sub(1));
    if lines.len() > room {
        lines.truncate(room);
        if let Some(last) = lines.last_mut() {
            *last = format!("{} …", format::at_most(last, width.saturating_sub(2)));
        }
    }
    let lines = lines.into_iter().map(Line::from);
    let lines = std::iter::once(Line::from("─".repeat(width).fg(theme::RULE))).chain(lines);
    for (row, line) in area.rows().zip(lines) {
        frame.render_widget(line, row);
    }
}

fn nothing(logs: &LogList) -> &'static str {
    if !logs.table().words().is_empty() {
        "no record has all these words · Esc shows all again"
    } else if logs.is_of_span() {
        "nothing was logged in this span · Tab shows the whole trace"
    } else {
        "nothing was logged in this trace: records come by OTLP (/v1/logs) or from Sentry's SDKs"
    }
}

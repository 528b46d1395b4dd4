//! What is done in all traces: how often, how long, and with what end.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::{SpanKind, SpanSubject};
use trace_stats::{Operation, Survey};

use super::columns::{self, Column};
use super::lists::{self, Parts};
use super::subject::described;
use super::{breadcrumb, flush_right, format, theme};
use app::format::service_name;
use app::{App, Hit, Hits, List, OperationColumn, OperationList};

/// How many cells the histogram has at least, and at most.
const SHAPE: (u16, u16) = (10, 40);
/// How many columns the names of a service and of an operation have at least.
const NAMES: (u16, u16) = (10, 16);
/// How many columns a number has.
const NUMBER: u16 = 9;
/// From these widths on there are more columns.
const WIDE: u16 = 100;
const WIDEST: u16 = 150;
const SECOND: u64 = 1_000_000_000;

/// The columns; those without room have no width.
struct Columns {
    service: Rect,
    name: Rect,
    kind: Rect,
    count: Rect,
    rate: Rect,
    errors: Rect,
    percentiles: [Rect; 4],
    time: Rect,
    average: Rect,
    total: Rect,
    shape: Rect,
}

impl Columns {
    /// Names are as wide as the longest one; what they leave is for more numbers and for the histogram. Where they are cut, histogram, p50,
    /// errors and count leave, in this order.
    fn of(row: Rect, (longest_service, longest_name): (u16, u16)) -> Self {
        let (wide, widest) = (row.width >= WIDE, row.width >= WIDEST);
        let when = |is_there: bool, width: u16| Column::fixed(if is_there { width } else { 0 });
        let widths = [
            Column::text(usize::from(longest_service).max("▴service".len()), NAMES.0),
            Column::text(longest_name.into(), NAMES.1),
            Column::fixed(if widest { 10 } else { 2 }),
            Column::fixed(7).if_room(),
            when(wide, 10),
            Column::fixed(8).if_room(),
            Column::fixed(NUMBER).if_room(),
            when(widest, NUMBER),
            Column::fixed(NUMBER),
            when(wide, NUMBER),
            when(wide, 8),
            // Two numbers, and as much again for the histogram.
            Column::fixed(2 * NUMBER + SHAPE.0).if_rest(),
            Column::fixed(SHAPE.0 + 1).if_room(),
        ];
        let [
            service,
            name,
            kind,
            count,
            rate,
            errors,
            p50,
            p90,
            p99,
            max,
            time,
            more,
            shape,
        ] = columns::fit(row, widths);
        let number = |at: u16| Rect {
            x: more.x + at * NUMBER,
            width: more.width.min(NUMBER),
            ..more
        };
        let (average, total) = (number(0), number(1));
        let shape = Rect {
            x: if more.is_empty() { shape.x } else { total.right() },
            ..shape
        };
        let rest = row.right().saturating_sub(shape.x).min(SHAPE.1 + 1);
        let shape = Rect {
            width: if shape.is_empty() { 0 } else { rest },
            ..shape
        };
        Self {
            service,
            name,
            kind,
            count,
            rate,
            errors,
            percentiles: [p50, p90, p99, max],
            time,
            average,
            total,
            shape,
        }
    }
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let parts = Parts::of(area, 0);
    lists::title(frame, app, [breadcrumb::scope(app)], parts.title);
    heading(frame, &app.operations, parts.head, hits);
    if let Some(survey) = app.many.survey() {
        let total = survey.operations.iter().map(|operation| operation.total_nano);
        let total = total.fold(0, u64::saturating_add);
        for (row, (operation, selected)) in parts.rows.rows().zip(app.operations.visible(survey)) {
            if selected {
                frame.buffer_mut().set_style(row, theme::cursor(true));
            }
            let columns = Columns::of(row, app.operations.longest());
            draw_row(frame, survey, operation, total, &columns);
        }
    }
    let list = &app.operations;
    if list.is_empty() {
        let empty = "no spans yet: each service, name and kind of span will have a row here, with its latencies";
        lists::nothing(frame, app, list.narrow(), empty, parts.rows);
    }
    let mut all = Line::from(vec![
        format::count(list.len() as u64, "operation").into(),
        " · ".fg(theme::DIM),
    ]);
    all.spans.extend(lists::about(app).spans);
    let others = app.many.survey().and_then(|survey| survey.other_operations.as_ref());
    if let Some(others) = others {
        let text = format!(
            " · and {} of others, too many to tell apart",
            format::count(others.count, "span")
        );
        all.push_span(text.fg(theme::WARNING));
    }
    if parts.head.width < WIDEST {
        lists::right(&mut all, "→ calls  ← is called  ⇢ sends  ⇠ receives ", parts.last);
    }
    let left = format::count(list.len() as u64, "operation");
    lists::last(frame, list.narrow(), &left, all, parts.last);
}

fn heading(frame: &mut Frame, list: &OperationList, row: Rect, hits: &mut Hits) {
    use OperationColumn as By;
    let (sort, reversed) = list.sort();
    let columns = Columns::of(row, list.longest());
    let [p50, p90, p99, max] = columns.percentiles;
    let left = [
        ("service", By::Service, columns.service),
        ("operation", By::Service, columns.name),
    ];
    let right = [
        ("spans", By::Count, columns.count),
        ("errors", By::Errors, columns.errors),
        ("p50", By::P50, p50),
        ("p90", By::P90, p90),
        ("p99", By::P99, p99),
        ("max", By::Max, max),
        ("time", By::Time, columns.time),
    ];
    for (_, by, area) in left.iter().chain(&right) {
        hits.add(*area, Hit::SortOperations(*by));
    }
    hits.add(columns.shape, Hit::SortOperations(By::Time));
    let mark = |by: By| match (by == sort, reversed != (by == By::Service)) {
        (false, _) => "",
        (true, false) => "▾",
        (true, true) => "▴",
    };
    let named = |text: &str, by: By| {
        let text = format!("{}{text}", mark(by));
        if by == sort {
            text.bold().fg(theme::ACCENT)
        } else {
            text.fg(theme::DIM)
        }
    };
    // The sort that has no column of its own where there is little room.
    let hidden = right.iter().find(|(_, by, area)| *by == sort && area.is_empty());
    let hidden = hidden.map(|(text, by, _)| format!("{}by {text}", mark(*by)).bold().fg(theme::ACCENT));
    for (text, by, area) in left {
        let text = match &hidden {
            Some(hidden) if text == "operation" && columns.shape.is_empty() => hidden.clone(),
            _ if text == "operation" => text.fg(theme::DIM),
            _ => named(text, by),
        };
        frame.render_widget(text, area);
    }
    for (text, by, area) in right {
        frame.render_widget(Line::from(named(text, by)).right_aligned(), area);
    }
    match hidden {
        Some(hidden) => frame.render_widget(Line::from(hidden).right_aligned(), columns.shape),
        None => frame.render_widget(" short→long".fg(theme::DIM), columns.shape),
    }
    if columns.kind.width > 2 {
        frame.render_widget("kind".fg(theme::DIM), columns.kind);
    }
    for (text, area) in [("rate", columns.rate), ("average", columns.average), ("total", columns.total)] {
        frame.render_widget(Line::from(text.fg(theme::DIM)).right_aligned(), area);
    }
}

fn draw_row(frame: &mut Frame, survey: &Survey, operation: &Operation, total: u64, columns: &Columns) {
    let fitted = |text: &str, area: Rect| format::at_most(text, usize::from(area.width).saturating_sub(1));
    frame.render_widget(
        fitted(&service_name(&operation.service), columns.service).fg(theme::service(&operation.service)),
        columns.service,
    );
    let room = usize::from(columns.name.width).saturating_sub(1);
    let subject = SpanSubject {
        text: (&*operation.subject).into(),
        status: None,
    };
    frame.render_widget(
        Line::from(described(&operation.name, Style::new(), &subject, room)),
        columns.name,
    );
    let kind = if columns.kind.width > 2 {
        operation.kind.name()
    } else {
        kind_mark(operation.kind)
    };
    frame.render_widget(kind.fg(theme::DIM), columns.kind);
    let mut right = |text: Span<'static>, area: Rect| flush_right(frame, text, area);
    right(format::compact(operation.count).into(), columns.count);
    right(rate(operation.count, survey.observed_nano()).fg(theme::DIM), columns.rate);
    right(
        lists::share(operation.errors, operation.count).fg(theme::ERROR),
        columns.errors,
    );
    let latencies = &operation.latencies;
    if latencies.count() == 0 {
        right("no end".fg(theme::WARNING), columns.percentiles[0]);
        return;
    }
    for (percent, area) in [50.0, 90.0, 99.0].into_iter().zip(columns.percentiles) {
        right(format::duration(latencies.percentile(percent)).into(), area);
    }
    right(format::duration(latencies.max()).into(), columns.percentiles[3]);
    right(lists::share(operation.total_nano, total).fg(theme::DIM), columns.time);
    let average = operation.total_nano / latencies.count().max(1);
    right(format::duration(average).fg(theme::DIM), columns.average);
    right(format::duration(operation.total_nano).fg(theme::DIM), columns.total);
    let shape = lists::columns(&latencies.shape(usize::from(columns.shape.width.saturating_sub(1))));
    right(shape.fg(theme::service(&operation.service)), columns.shape);
}

/// A kind in one cell: both sides of a call mostly have the same name.
const fn kind_mark(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "→",
        SpanKind::Server => "←",
        SpanKind::Producer => "⇢",
        SpanKind::Consumer => "⇠",
        SpanKind::Internal | SpanKind::Unspecified => "",
    }
}

/// How often in the time from which the spans come; nothing for less than a second of it.
fn rate(count: u64, observed_nano: u64) -> String {
    if observed_nano < SECOND {
        return String::new();
    }
    let per = |unit: u64| u128::from(count) * u128::from(unit) * 10 / u128::from(observed_nano);
    let tenths = |tenths: u128| format!("{}.{}", tenths / 10, tenths % 10);
    match (per(SECOND), per(60 * SECOND)) {
        (second @ 100.., _) => format!("{}/s", format::compact(u64::try_from(second / 10).unwrap_or(u64::MAX))),
        (second @ 10.., _) => format!("{}/s", tenths(second)),
        (_, minute @ 10..) => format!("{}/min", tenths(minute)),
        _ => match per(3_600 * SECOND) {
            // Traces of different times: there is no rate.
            0 => String::new(),
            hour => format!("{}/h", tenths(hour)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_in_the_unit_that_makes_it_readable() {
        let rates = [
            (5, 1),
            (50_000, SECOND),
            (12, 10 * SECOND),
            (6, 60 * SECOND),
            (1, 1_800 * SECOND),
        ];
        let rates = rates.map(|(count, observed)| rate(count, observed));
        assert_eq!(rates, ["", "50.0k/s", "1.2/s", "6.0/min", "2.0/h"]);
    }
}

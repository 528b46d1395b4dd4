//! The service map: as a tree, each service with the calls that it makes below it, or as a picture.

mod edges;
mod picture;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Stylize};
use ratatui::text::{Line, Span};
use trace_stats::{Callee, Edge, Figures, Survey};

use super::columns::{self, Column};
use super::lists::{self, Parts};
use super::{breadcrumb, flush_right, format, theme};
use app::format::service_name;
use app::text::shown;
use app::{App, Hit, Hits, List, MapColumn, MapRow, Order, ServiceMap};

/// From this width on there are more columns.
const WIDE: u16 = 100;

/// What a name has at least.
const NAME: u16 = 16;

/// The columns; those without room have no width.
#[derive(Clone, Copy)]
struct Columns {
    name: Rect,
    bar: Rect,
    calls: Rect,
    errors: Rect,
    p50: Rect,
    p99: Rect,
    queue: Rect,
}

impl Columns {
    /// For a longest name.
    fn of(row: Rect, longest: usize) -> Self {
        let wide = row.width >= WIDE;
        let number = if wide { 10 } else { 9 };
        let widths = [
            Column::text(longest, NAME),
            Column::fixed(if wide { row.width / 5 } else { 8 }),
            Column::fixed(if wide { 10 } else { 7 }),
            Column::fixed(8),
            Column::fixed(number),
            Column::fixed(number),
            Column::fixed(number),
        ];
        let [name, bar, calls, errors, p50, p99, queue] = columns::fit(row, widths);
        Self {
            name,
            bar,
            calls,
            errors,
            p50,
            p99,
            queue,
        }
    }

    /// The same columns in another row.
    fn in_row(&self, row: Rect) -> Self {
        let all = [self.name, self.bar, self.calls, self.errors, self.p50, self.p99, self.queue];
        let [name, bar, calls, errors, p50, p99, queue] = columns::in_row(all, row);
        Self {
            name,
            bar,
            calls,
            errors,
            p50,
            p99,
            queue,
        }
    }

    /// Those that rows can be sorted by, with their names.
    fn named(&self) -> [(&'static str, MapColumn, Rect); 6] {
        [
            ("name", MapColumn::Name, self.name),
            ("calls", MapColumn::Calls, self.calls),
            ("errors", MapColumn::Errors, self.errors),
            ("p50", MapColumn::P50, self.p50),
            ("p99", MapColumn::P99, self.p99),
            ("in queue", MapColumn::Queued, self.queue),
        ]
    }
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, hits: &mut Hits) {
    let parts = Parts::of(area, 0);
    lists::title(frame, app, [breadcrumb::scope(app)], parts.title);
    let map = &app.service_map;
    match (app.many.survey(), map.picture()) {
        (Some(survey), Some(picture)) => picture::draw(frame, survey, picture, map.order(), ServiceMap::area(area), hits),
        (survey, _) => draw_tree(frame, app, survey, &parts, hits),
    }
    let mut all = lists::about(app);
    let survey = app.many.survey();
    let left_out = survey.map_or(0, |survey| survey.other_calls);
    if left_out > 0 {
        let text = format!(
            " · and {} between others, too many to tell apart",
            format::count(left_out, "call")
        );
        all.push_span(text.fg(theme::WARNING));
    }
    if let Some(picture) = map.picture() {
        let unnamed = picture.graph().unnamed;
        if unnamed > 0 {
            all.push_span(format!(" · {} to unnamed peers", format::count(unnamed, "call")).fg(theme::DIM));
        }
        lists::right(
            &mut all,
            "edge: calls p50 ✗ errors  ╌ message, p50 in queue  ↻ cycle  ◇ uninstrumented ",
            parts.last,
        );
    } else {
        lists::right(&mut all, "⇢ message  ◇ uninstrumented  ↻ cycle ", parts.last);
    }
    let left = format::count(map.services() as u64, "service");
    lists::last(frame, map.narrow(), &left, all, parts.last);
}

fn draw_tree(frame: &mut Frame, app: &App, survey: Option<&Survey>, parts: &Parts, hits: &mut Hits) {
    const HEAD: &str = "service → calls";
    let map = &app.service_map;
    let most = usize::from(parts.head.width);
    let names = survey
        .into_iter()
        .flat_map(|survey| map.visible().map(move |(row, _)| name_columns(survey, row, most)));
    let columns = Columns::of(parts.head, names.fold(format::columns(HEAD) + 1, usize::max));
    heading(frame, map.order(), &columns, HEAD, hits);
    let mut rows = 0;
    if let Some(survey) = survey {
        let most = survey.edges.iter().map(|edge| edge.figures.calls).max().unwrap_or(1);
        for (row, (shown, selected)) in parts.rows.rows().zip(map.visible()) {
            if selected {
                frame.buffer_mut().set_style(row, theme::cursor(true));
            }
            match shown {
                MapRow::Service(service) => draw_service(frame, survey, service, row),
                MapRow::Call { edge, back, last } => {
                    if let Some(edge) = survey.edges.get(*edge) {
                        draw_call(frame, edge, (*back, *last), most, &columns.in_row(row));
                    }
                }
            }
            rows += 1;
        }
    }
    if rows == 0 {
        let empty = "no spans yet: each service will be here, and below it what it calls";
        lists::nothing(frame, app, map.narrow(), empty, parts.rows);
    }
}

fn heading(frame: &mut Frame, order: Order, columns: &Columns, first: &'static str, hits: &mut Hits) {
    for (_, by, area) in columns.named() {
        hits.add(area, Hit::SortMap(by));
    }
    let named = |text: &str, by: MapColumn| {
        let mark = match (order.column == by, order.is_reversed != (by == MapColumn::Name)) {
            (false, _) => "",
            (true, false) => "▾",
            (true, true) => "▴",
        };
        let text = format!("{mark}{text}");
        if order.column == by {
            text.bold().fg(theme::ACCENT)
        } else {
            text.fg(theme::DIM)
        }
    };
    if !first.is_empty() {
        frame.render_widget(named(first, MapColumn::Name), columns.name);
    }
    for (name, by, area) in columns.named().into_iter().skip(1) {
        frame.render_widget(Line::from(named(name, by)).right_aligned(), area);
    }
}

fn draw_service(frame: &mut Frame, survey: &Survey, service: &str, row: Rect) {
    let of = survey.operations.iter().filter(|operation| &*operation.service == service);
    let (spans, errors) = of.fold((0, 0), |(spans, errors), operation| {
        (spans + operation.count, errors + operation.errors)
    });
    let is_called = survey
        .edges
        .iter()
        .any(|edge| matches!(&edge.callee, Callee::Service(callee) if &**callee == service));
    let calls = survey.edges.iter().any(|edge| &*edge.caller == service);
    let mut line = Line::from(vec![
        "● ".fg(theme::service(service)),
        service_name(service).bold().fg(theme::service(service)),
        format!("  {}", format::count(spans, "span")).fg(theme::DIM),
    ]);
    if errors > 0 {
        line.push_span(format!(" · {} failed", format::compact(errors)).fg(theme::ERROR));
    }
    let about = match (is_called, calls) {
        (false, false) => " · entry, no calls",
        (true, false) => " · no calls",
        (false, true) => " · entry",
        (true, true) => "",
    };
    line.push_span(about.fg(theme::DIM));
    frame.render_widget(line, row);
}

fn draw_call(frame: &mut Frame, edge: &Edge, (back, last): (bool, bool), most: u64, columns: &Columns) {
    let line = call_name(edge, (back, last), columns.name.width.into());
    frame.render_widget(line, columns.name);
    draw_figures(frame, &edge.figures, most, call_color(edge), columns);
}

fn call_color(edge: &Edge) -> Color {
    match &edge.callee {
        Callee::Service(name) => theme::service(name),
        Callee::External(_) => theme::DIM,
    }
}

/// How many columns a name takes, as far as they matter: a service has its line for itself.
fn name_columns(survey: &Survey, row: &MapRow, most: usize) -> usize {
    match row {
        MapRow::Service(_) => 0,
        MapRow::Call { edge, back, last } => {
            let edge = survey.edges.get(*edge);
            edge.map_or(0, |edge| call_name(edge, (*back, *last), most).width())
        }
    }
}

/// What is called, in at most so many columns.
fn call_name(edge: &Edge, (back, last): (bool, bool), width: usize) -> Line<'static> {
    let arrow = if edge.messaging { "⇢ " } else { "→ " };
    let branch = format!("  {}{arrow}", if last { "└" } else { "├" });
    let (name, mark) = match &edge.callee {
        Callee::Service(name) if *name == edge.caller => (service_name(name), " ↻ itself"),
        Callee::Service(name) => (service_name(name), if back { " ↻" } else { "" }),
        Callee::External(name) if name.is_empty() => ("unnamed peers".to_owned(), ""),
        Callee::External(name) => (shown(name), ""),
    };
    let mut line = Line::from(branch.fg(theme::DIM));
    if matches!(edge.callee, Callee::External(_)) {
        line.push_span("◇ ".fg(theme::DIM));
    }
    let room = width.saturating_sub(line.width() + mark.chars().count() + 1);
    line.push_span(format::at_most(&name, room).fg(call_color(edge)));
    line.push_span(mark.fg(theme::WARNING));
    line
}

/// All columns but the name's.
fn draw_figures(frame: &mut Frame, figures: &Figures, most: u64, color: Color, columns: &Columns) {
    let bar = bar(figures.calls, most, usize::from(columns.bar.width).saturating_sub(1));
    frame.render_widget(bar.fg(color), columns.bar);
    let mut right = |text: Span<'static>, area: Rect| flush_right(frame, text, area);
    right(format::compact(figures.calls).into(), columns.calls);
    right(lists::share(figures.errors, figures.calls).fg(theme::ERROR), columns.errors);
    if figures.latencies.count() == 0 {
        right("no end".fg(theme::WARNING), columns.p50);
    } else {
        right(format::duration(figures.latencies.percentile(50.0)).into(), columns.p50);
        right(format::duration(figures.latencies.percentile(99.0)).into(), columns.p99);
    }
    if figures.queued.count() > 0 {
        right(
            format::duration(figures.queued.percentile(50.0)).fg(theme::WARNING),
            columns.queue,
        );
    }
}

/// A bar for a number, to an eighth of a cell, by its logarithm: one call can be seen beside a million.
fn bar(number: u64, most: u64, cells: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let bits = |number: u64| u64::from(number.max(1).ilog2() + 1);
    let eighths = cells as u64 * 8 * bits(number) / bits(most).max(1);
    let full = usize::try_from(eighths / 8).unwrap_or(cells).min(cells);
    let rest = if full == cells {
        0
    } else {
        usize::try_from(eighths % 8).unwrap_or(0)
    };
    format!("{}{}", "█".repeat(full), EIGHTHS[rest])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_can_be_seen_and_fits() {
        assert_eq!(bar(1_000, 1_000, 4), "████");
        assert_eq!(
            (bar(1, 1_000_000, 10), bar(0, 0, 3), bar(1, 1, 0)),
            ("▌".into(), "███".into(), String::new())
        );
        assert_eq!(bar(u64::MAX, 1, 3).chars().count(), 3, "never more than there is room for");
    }
}

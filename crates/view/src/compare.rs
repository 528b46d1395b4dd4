//! The selected trace compared with another one: differences in spans and in times.

mod row;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::TraceSummary;
use trace_stats::{Differing, MEDIAN_TRACES, Totals};
use unicode_width::UnicodeWidthStr;

use super::lists::{self, Parts};
use super::{Now, breadcrumb, format, hint, theme};
use app::format::service_name;
use app::table::{self, ColumnWidth};
use app::text::shown;
use app::{App, Baseline, COMPARE_SIDES, Compare, List, Times};

/// From this width on there are more columns.
const WIDE: u16 = 100;
/// Columns of a self time.
const OWN: u16 = 10;
/// Columns of a label, at least.
const LABEL: u16 = 24;
/// The picture of what changed has at least so many cells on both sides of its middle, and at most so many.
const HALF: (u16, u16) = (10, 40);

pub(super) fn draw(frame: &mut Frame, app: &App, compare: &Compare, area: Rect, now: &Now) {
    let baseline = match compare.baseline() {
        Baseline::Marked => "with the marked trace",
        Baseline::Median => "with the median of its operation",
    };
    let (sides, parts) = Parts::below_lines(area, COMPARE_SIDES);
    // The median is of the traces that are listed.
    let is_scoped = matches!(compare.baseline(), Baseline::Median) && app.store.filter().is_some();
    let scope = is_scoped.then(|| [" · ".fg(theme::DIM), breadcrumb::scope(app)]);
    let about = std::iter::once(baseline.into()).chain(scope.into_iter().flatten());
    lists::title(frame, app, about, parts.title);
    for (line, row) in [before(app, compare, now, sides.width), after(app, compare, now, sides.width)]
        .into_iter()
        .zip(sides.rows())
    {
        frame.render_widget(line, row);
    }
    let columns = columns_of(parts.head, compare);
    heading(frame, compare, columns);
    for (row, (difference, selected)) in parts.rows.rows().zip(compare.visible()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        row::draw(frame, compare, difference, table::in_row(columns, row));
    }
    if compare.is_empty() {
        frame.render_widget(hint([Line::default(), Line::from(nothing(compare))]), parts.rows);
    }
    let mut all = if compare.is_compared() {
        said(compare.differing())
    } else {
        Line::default()
    };
    let legends = [
        "▲ slower  ▼ faster  + new  − gone  ≠ other",
        "▲ slower ▼ faster + new − gone ≠ other",
    ];
    lists::legend(&mut all, &legends, parts.last);
    let left = format::count(compare.len() as u64, "row");
    lists::last(frame, compare.narrow(), &left, all, parts.last);
}

/// Returns the line about the baseline.
fn before(app: &App, compare: &Compare, now: &Now, width: u16) -> Line<'static> {
    let numbers = compare.before();
    match (compare.baseline(), &app.marked, compare.median()) {
        (Baseline::Marked, Some(marked), _) => {
            let mark = if marked.left {
                "= no longer in memory, as it was"
            } else {
                "="
            };
            side(mark, &trace(&marked.summary, now), numbers, width)
        }
        (_, _, Some(median)) => {
            let Some(operation) = &median.operation else {
                return Line::default();
            };
            if median.traces == 0 && compare.percent().is_none() {
                let name = format!(
                    "no other trace of {} {}",
                    service_name(&operation.service),
                    shown(&operation.name)
                );
                return side("~", &name, None, width);
            }
            let of = format::count(median.traces as u64, "trace");
            let newest = if median.traces >= MEDIAN_TRACES { "the newest " } else { "" };
            let well = if median.without_errors { " without errors" } else { "" };
            let more = if median.too_large > 0 {
                format!(
                    ", without {} that are too large for it",
                    format::grouped(median.too_large as u64)
                )
            } else {
                String::new()
            };
            let name = format!(
                "median of {newest}{of}{well}{more}: {} {}",
                service_name(&operation.service),
                shown(&operation.name)
            );
            side("~", &name, numbers, width)
        }
        _ => Line::default(),
    }
}

/// The selected trace.
fn after(app: &App, compare: &Compare, now: &Now, width: u16) -> Line<'static> {
    let selected = app.waterfall.selected().and_then(|(trace_id, _)| app.store.trace(trace_id));
    let Some(summary) = selected else { return Line::default() };
    side("▸", &trace(&summary, now), Some(compare.after()), width)
}

fn trace(summary: &TraceSummary, now: &Now) -> String {
    let name = shown(&summary.root.name);
    let service = service_name(&summary.root.service);
    format!(
        "{} {service} {name}",
        Times::of([summary.start_unix_nano, now.unix_nano].into_iter()).text(summary.start_unix_nano, now)
    )
}

fn side(mark: &str, text: &str, totals: Option<Totals>, width: u16) -> Line<'static> {
    let mut right = vec![];
    if let Some(totals) = totals {
        let duration = if totals.in_flight > 0 {
            "no end".to_owned()
        } else {
            format::duration(totals.nano)
        };
        right.push(Span::raw(format!("  {duration:>9}")));
        right.push(format!("{:>12}", format::count(totals.spans, "span")).fg(theme::DIM));
        let failed = if totals.errors > 0 {
            format!("  ✗{}", format::grouped(totals.errors))
        } else {
            String::new()
        };
        right.push(format!("{failed:<5}").bold().fg(theme::ERROR));
    }
    let taken: usize = right.iter().map(Span::width).sum();
    let room = usize::from(width).saturating_sub(taken + mark.width() + 1);
    let text = format::exactly(&format::at_most(text, room), room);
    let mut line = Line::from(vec![mark.to_owned().bold().fg(theme::ACCENT), " ".into(), text.into()]);
    line.spans.extend(right);
    line
}

/// Mark, label, before, after, change, how many times as long, own time before and after, its change, and that as a picture; those
/// without room have no width.
type Columns = [Rect; 10];

fn columns_of(row: Rect, compare: &Compare) -> Columns {
    let most = row.width.into();
    let labels = compare
        .visible()
        .map(|(difference, _)| row::label_of(compare, difference, most).width());
    let wide = row.width >= WIDE;
    let when = |width: u16| ColumnWidth::fixed(if wide { width } else { 0 });
    let widths = [
        ColumnWidth::fixed(2),
        ColumnWidth::text(labels.fold(heading_of(compare).len(), usize::max), LABEL),
        ColumnWidth::fixed(10),
        ColumnWidth::fixed(10),
        ColumnWidth::fixed(10),
        when(8),
        ColumnWidth::fixed(2 * OWN).if_rest(),
        when(11),
        when(2 * HALF.0 + 3),
    ];
    let [mark, label, before, after, change, times, both, own, picture] = table::fit(row, widths);
    let [own_before, own_after] = [0, 1].map(|at| Rect {
        x: both.x + at * both.width / 2,
        width: both.width / 2,
        ..both
    });
    let mut columns = [mark, label, before, after, change, times, own_before, own_after, own, picture];
    if let Some(picture) = columns.last_mut().filter(|picture| !picture.is_empty()) {
        let half = (row.right().saturating_sub(picture.x + 3) / 2).clamp(HALF.0, HALF.1);
        picture.width = (2 * half + 3).min(row.right().saturating_sub(picture.x));
    }
    columns
}

const fn heading_of(compare: &Compare) -> &'static str {
    if compare.is_by_change() {
        "spans, by own change"
    } else {
        "spans"
    }
}

fn heading(frame: &mut Frame, compare: &Compare, columns: Columns) {
    let [_, label, before, after, change, times, own_before, own_after, own, picture] = columns;
    frame.render_widget(heading_of(compare).fg(theme::DIM), label);
    let (baseline, own_against) = match compare.baseline() {
        Baseline::Marked => ("marked =", "own ="),
        Baseline::Median => ("median ~", "own ~"),
    };
    let names = [
        (baseline, before),
        ("this ▸", after),
        ("change", change),
        ("times", times),
        (own_against, own_before),
        ("own ▸", own_after),
        ("own change", own),
    ];
    for (name, area) in names {
        frame.render_widget(Line::from(name.fg(theme::DIM)).right_aligned(), area);
    }
    if !picture.is_empty() {
        frame.render_widget(Line::from("faster │ slower".fg(theme::DIM)).centered(), picture);
    }
}

/// Returns the number of differences by kind.
fn said(differing: Differing) -> Line<'static> {
    let Differing { changed, new, gone } = differing;
    let mut parts = Vec::new();
    for (number, text, color) in [
        (changed, "changed", theme::WARNING),
        (new, "new", theme::ACCENT),
        (gone, "gone", theme::FOUND),
    ] {
        if number > 0 {
            if !parts.is_empty() {
                parts.push(" · ".fg(theme::DIM));
            }
            parts.push(format!("{} {text}", format::grouped(number as u64)).fg(color));
        }
    }
    if parts.is_empty() {
        parts.push("✓ the same spans, none longer or shorter by enough to speak of".fg(theme::GOOD));
    }
    Line::from(parts)
}

fn nothing(compare: &Compare) -> Span<'static> {
    if !compare.narrow().is_empty() && compare.is_compared() {
        return "nothing here has all these words · Esc shows all again".fg(theme::DIM);
    }
    if let Some(percent) = compare.percent() {
        return format!("reading what traces of this operation usually do … {percent}%").fg(theme::WARNING);
    }
    if compare.is_comparing() {
        return "comparing …".fg(theme::WARNING);
    }
    match compare.median() {
        Some(median) if median.operation.is_none() => {
            "the root of this trace has not arrived: = on another trace marks that one to compare with".fg(theme::DIM)
        }
        Some(median) if median.traces == 0 => {
            "no other trace of this operation (= marks any trace to compare with)".fg(theme::DIM)
        }
        _ => "nothing to compare".fg(theme::DIM),
    }
}

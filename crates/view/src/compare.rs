//! The selected trace compared with another one: differences in spans and in times.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::TraceSummary;
use trace_stats::{Differing, MEDIAN_TRACES, Totals};
use unicode_width::UnicodeWidthStr;

use super::lists::{self, Parts};
use super::{Now, breadcrumb, format, hint, table, theme};
use app::format::service_name;
use app::text::shown;
use app::{App, Baseline, COMPARE_SIDES, Compare, Hits, List, Times};

pub(super) fn draw(frame: &mut Frame, app: &App, compare: &Compare, area: Rect, now: &Now, hits: &mut Hits) {
    let baseline = match compare.baseline() {
        Baseline::Marked => "with the marked trace",
        Baseline::Median => "with the median of its operation",
    };
    let (sides, parts) = Parts::below_lines(area, COMPARE_SIDES);
    // The median is of the traces that are listed.
    let is_scoped = matches!(compare.baseline(), Baseline::Median) && app.store.filter().is_some();
    let scope = is_scoped.then(|| [" · ".fg(theme::DIM), breadcrumb::scope(app)]);
    let order = compare.is_by_change().then(|| " · by own change".fg(theme::DIM));
    let about = std::iter::once(baseline.into())
        .chain(scope.into_iter().flatten())
        .chain(order);
    lists::title(frame, app, about, parts.title);
    for (line, row) in [before(app, compare, now, sides.width), after(app, compare, now, sides.width)]
        .into_iter()
        .zip(sides.rows())
    {
        frame.render_widget(line, row);
    }
    table::draw(frame, compare.cells(), &parts, hits);
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
            "the root has not arrived · = marks another trace to compare".fg(theme::DIM)
        }
        Some(median) if median.traces == 0 => "= on any other trace marks it to compare with".fg(theme::DIM),
        _ => "nothing to compare".fg(theme::DIM),
    }
}

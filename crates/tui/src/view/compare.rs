//! The selected trace beside another one: what it does otherwise, and what takes longer.

mod row;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};
use trace_model::TraceSummary;
use trace_stats::{Differing, MEDIAN_TRACES, Totals};
use unicode_width::UnicodeWidthStr;

use super::lists::{self, Parts};
use super::times::Times;
use super::{Now, format, hint, theme, traces::service_name};
use crate::app::{Against, App, List};
use crate::text::shown;

/// Both sides, a line each, and an empty line.
const SIDES: u16 = 3;
/// From this width on there are more columns.
const WIDE: u16 = 100;
/// The labels need no more than this: what is left makes the picture larger.
const LABEL: u16 = 80;
/// The picture of what changed has at least so many cells on both sides of its middle, and at most so many.
const HALF: (u16, u16) = (10, 40);

/// Where the rows stand; `area` includes the border.
pub(super) fn rows(area: Rect) -> Rect {
    parts(area).1.rows
}

/// The two sides, and the list below them.
fn parts(area: Rect) -> (Rect, Parts) {
    let list = Parts::of(area, 0);
    let sides = list.head.height * SIDES.min(list.rows.height.saturating_sub(1));
    let top = Rect {
        height: sides,
        ..list.head
    };
    let head = Rect {
        y: list.head.y + sides,
        ..list.head
    };
    let rows = Rect {
        y: list.rows.y + sides,
        height: list.rows.height - sides,
        ..list.rows
    };
    (top, Parts { head, rows, ..list })
}

pub(super) fn draw(frame: &mut Frame, app: &App, area: Rect, now: &Now) {
    let keys = match app.compare.against() {
        Against::Marked => " Enter the span · n next difference · s sort · Tab the median · Esc close ",
        Against::Median if app.compare.marked().is_some() => {
            " Enter the span · n next difference · s sort · Tab the marked one · Esc close "
        }
        Against::Median => " Enter the span · n next difference · s sort · = marks another · Esc close ",
    };
    lists::border(frame, " Compare: what this trace does otherwise ", keys, area);
    let (sides, parts) = parts(area);
    for (line, row) in [before(app, now, sides.width), after(app, now, sides.width)]
        .into_iter()
        .zip(sides.rows())
    {
        frame.render_widget(line, row);
    }
    heading(frame, app, parts.head);
    for (row, (difference, selected)) in parts.rows.rows().zip(app.compare.visible()) {
        if selected {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        row::draw(frame, app, difference, row);
    }
    if app.compare.is_empty() {
        frame.render_widget(hint([Line::default(), Line::from(nothing(app))]), parts.rows);
    }
    let mut all = if app.compare.is_compared() {
        said(app.compare.differing())
    } else {
        Line::default()
    };
    lists::right(&mut all, "▲ slower  ▼ faster  + new  − gone  ≠ other ", parts.last);
    let left = format::count(app.compare.len() as u64, "row");
    lists::last(frame, app.compare.narrow(), &left, all, parts.last);
}

/// What the selected trace is compared with.
fn before(app: &App, now: &Now, width: u16) -> Line<'static> {
    let compare = &app.compare;
    let numbers = compare.before();
    match (compare.against(), compare.marked(), compare.usual()) {
        (Against::Marked, Some(marked), _) => {
            let mark = if marked.left {
                "= no longer in memory, as it was"
            } else {
                "="
            };
            side(mark, &trace(&marked.summary, now), numbers, width)
        }
        (_, _, Some(usual)) => {
            let Some(operation) = &usual.operation else {
                return Line::default();
            };
            if usual.traces == 0 && compare.percent().is_none() {
                let name = format!(
                    "no other trace of {} {}",
                    service_name(&operation.service),
                    shown(&operation.name)
                );
                return side("~", &name, None, width);
            }
            let of = format::count(usual.traces as u64, "trace");
            let newest = if usual.traces >= MEDIAN_TRACES { "the newest " } else { "" };
            let well = if usual.without_errors { " without errors" } else { "" };
            let more = if usual.too_large > 0 {
                format!(", without {} that are too large for it", usual.too_large)
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
fn after(app: &App, now: &Now, width: u16) -> Line<'static> {
    let selected = app.waterfall.selected().and_then(|(trace_id, _)| app.store.trace(trace_id));
    let Some(summary) = selected else { return Line::default() };
    side("▸", &trace(&summary, now), Some(app.compare.after()), width)
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

/// The columns; those without room have no width.
struct Columns {
    mark: Rect,
    label: Rect,
    before: Rect,
    after: Rect,
    change: Rect,
    times: Rect,
    own: Rect,
    picture: Rect,
}

impl Columns {
    fn of(row: Rect) -> Self {
        let wide = row.width >= WIDE;
        let when = |width: u16| Constraint::Length(if wide { width } else { 0 });
        // All the columns that have one width.
        let free = row.width.saturating_sub(2 + 30 + 8 + 11 + 3);
        let half = (free.saturating_sub(LABEL) / 2).clamp(HALF.0, HALF.1);
        let widths = [
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(10),
            Constraint::Length(10),
            Constraint::Length(10),
            when(8),
            when(11),
            when(2 * half + 3),
        ];
        let [mark, label, before, after, change, times, own, picture] = Layout::horizontal(widths).areas(row);
        Self {
            mark,
            label,
            before,
            after,
            change,
            times,
            own,
            picture,
        }
    }
}

fn heading(frame: &mut Frame, app: &App, row: Rect) {
    let columns = Columns::of(row);
    let by_change = app.compare.is_by_change();
    let label = if by_change { "SPANS, by own change" } else { "SPANS" };
    frame.render_widget(label.fg(theme::DIM), columns.label);
    let against = match app.compare.against() {
        Against::Marked => "marked =",
        Against::Median => "median ~",
    };
    let names = [
        (against, columns.before),
        ("this ▸", columns.after),
        ("change", columns.change),
        ("times", columns.times),
        ("own change", columns.own),
    ];
    for (name, area) in names {
        frame.render_widget(Line::from(name.fg(theme::DIM)).right_aligned(), area);
    }
    if columns.picture.width > 0 {
        frame.render_widget(Line::from("faster │ slower".fg(theme::DIM)).centered(), columns.picture);
    }
}

/// How many differences there are, by what they are.
fn said(differing: Differing) -> Line<'static> {
    let Differing { changed, new, gone } = differing;
    let mut parts = Vec::new();
    for (number, text, colour) in [
        (changed, "changed", theme::WARNING),
        (new, "new", theme::ACCENT),
        (gone, "gone", theme::FOUND),
    ] {
        if number > 0 {
            if !parts.is_empty() {
                parts.push(" · ".fg(theme::DIM));
            }
            parts.push(format!("{} {text}", format::grouped(number as u64)).fg(colour));
        }
    }
    if parts.is_empty() {
        parts.push("✓ the same spans, none longer or shorter by enough to speak of".fg(theme::GOOD));
    }
    Line::from(parts)
}

fn nothing(app: &App) -> Span<'static> {
    let compare = &app.compare;
    if !compare.narrow().is_empty() && compare.is_compared() {
        return "nothing here has all these words · Esc shows all again".fg(theme::DIM);
    }
    if let Some(percent) = compare.percent() {
        return format!("reading what traces of this operation usually do … {percent} %").fg(theme::WARNING);
    }
    match compare.usual() {
        Some(usual) if usual.operation.is_none() => {
            "the root of this trace has not arrived: = on another trace marks that one to compare with".fg(theme::DIM)
        }
        Some(usual) if usual.traces == 0 => {
            "there is no other trace of this operation: = on any trace marks it to compare with".fg(theme::DIM)
        }
        _ => "nothing to compare".fg(theme::DIM),
    }
}

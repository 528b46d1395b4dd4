//! The selected trace beside another one: what it does otherwise, and what takes longer.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use trace_model::TraceSummary;
use trace_stats::{Change, Difference, MEDIAN_TRACES, Sums};
use unicode_width::UnicodeWidthStr;

use super::lists::{self, Parts};
use super::waterfall::row::indentation;
use super::{Now, format, hint, theme, traces::service_name};
use crate::app::{Against, App};
use crate::text::clean;

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
        draw_row(frame, app, difference, row);
    }
    if app.compare.is_empty() {
        frame.render_widget(hint([Line::default(), Line::from(nothing(app))]), parts.rows);
    }
    let mut all = said(app.compare.all());
    lists::right(&mut all, "▲ slower  ▼ faster  + new  − gone  ≠ other ", parts.last);
    let left = format::count(app.compare.len() as u64, "row");
    lists::last(frame, app.compare.narrow(), &left, all, parts.last);
}

/// What the selected trace is compared with.
fn before(app: &App, now: &Now, width: u16) -> Line<'static> {
    let compare = &app.compare;
    let numbers = compare.before().map(|(nano, spans, errors)| (nano, spans, errors, false));
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
            let Some(operated) = &usual.operated else {
                return Line::default();
            };
            if usual.traces == 0 && compare.percent().is_none() {
                let name = format!(
                    "no other trace of {} {}",
                    service_name(&operated.service),
                    clean(&operated.name)
                );
                return side("~", &name, None, width);
            }
            let of = format::count(usual.traces as u64, "trace");
            let newest = if usual.traces >= MEDIAN_TRACES { "the newest " } else { "" };
            let more = if usual.too_large > 0 {
                format!(", without {} that are too large for it", usual.too_large)
            } else {
                String::new()
            };
            let name = format!(
                "median of {newest}{of}{more}: {} {}",
                service_name(&operated.service),
                clean(&operated.name)
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
    let (spans, errors) = (summary.spans as u64, summary.errors as u64);
    let running = summary.in_flight > 0;
    side(
        "▸",
        &trace(&summary, now),
        Some((summary.duration_nano, spans, errors, running)),
        width,
    )
}

fn trace(summary: &TraceSummary, now: &Now) -> String {
    let name = clean(&summary.root.name);
    let service = service_name(&summary.root.service);
    format!("{} {service} {name}", format::time_of_day(summary.start_unix_nano, now))
}

fn side(mark: &str, text: &str, numbers: Option<(u64, u64, u64, bool)>, width: u16) -> Line<'static> {
    let mut right = vec![];
    if let Some((nano, spans, errors, running)) = numbers {
        let duration = if running {
            "running".to_owned()
        } else {
            format::duration(nano)
        };
        right.push(Span::raw(format!("  {duration:>9}")));
        right.push(format!("{:>12}", format::count(spans, "span")).fg(theme::DIM));
        let failed = if errors > 0 {
            format!("  ✗{}", format::grouped(errors))
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

fn draw_row(frame: &mut Frame, app: &App, row: &Difference, area: Rect) {
    let columns = Columns::of(area);
    let (mark, colour) = mark(row);
    frame.render_widget(mark.bold().fg(colour), columns.mark);
    let depth = if app.compare.is_by_change() { 0 } else { row.depth };
    frame.render_widget(
        label(row, depth, usize::from(columns.label.width).saturating_sub(1)),
        columns.label,
    );
    let mut right = |text: Span<'static>, area: Rect| frame.render_widget(Line::from(text).right_aligned(), area);
    right(took(row.before.as_ref()), columns.before);
    right(took(row.after.as_ref()), columns.after);
    let text = match row.duration {
        Change::New => "new".to_owned(),
        Change::Gone => "gone".to_owned(),
        Change::Running => "running".to_owned(),
        Change::Same | Change::Slower | Change::Faster => signed(row.change()),
    };
    let changed = if row.duration == Change::Same { theme::DIM } else { colour };
    right(text.fg(changed), columns.change);
    if row.duration == Change::Running {
        return;
    }
    right(times(row).fg(changed), columns.times);
    let own = row.self_change();
    let is_own = row.differs && own != 0;
    right(
        signed(own).fg(if is_own { sign_colour(own) } else { theme::DIM }),
        columns.own,
    );
    if columns.picture.width > 0 {
        let half = usize::from(columns.picture.width.saturating_sub(3) / 2);
        frame.render_widget(picture(own, app.compare.most(), is_own, half), columns.picture);
    }
}

/// What became of it, in one character.
const fn mark(row: &Difference) -> (&'static str, Color) {
    match row.duration {
        Change::New => ("+", theme::ACCENT),
        Change::Gone => ("−", theme::FOUND),
        Change::Slower => ("▲", theme::WARNING),
        Change::Faster => ("▼", theme::GOOD),
        Change::Running => ("⠹", theme::WARNING),
        Change::Same if row.differs => ("≠", theme::WARNING),
        Change::Same => (" ", theme::DIM),
    }
}

const fn sign_colour(nano: i64) -> Color {
    if nano > 0 { theme::WARNING } else { theme::GOOD }
}

/// Indentation, service, name; how many spans and how many failed where that is not one and none.
fn label(row: &Difference, depth: usize, width: usize) -> Line<'static> {
    let indent = indentation(depth, width).saturating_sub(1);
    let spans = both(row, |sums| sums.spans);
    let spans = match spans {
        (Some(1) | None, Some(1) | None) => String::new(),
        spans => format!(" ×{}", said_both(spans)),
    };
    let failed = both(row, |sums| sums.errors);
    let failed = match failed {
        (Some(0) | None, Some(0) | None) => String::new(),
        failed => format!(" ✗{}", said_both(failed)),
    };
    let room = width.saturating_sub(indent + spans.width() + failed.width());
    let service = service_name(&row.service);
    let name = clean(&row.name);
    let service_room = if service.width() + 1 + name.width() > room {
        room * 2 / 5
    } else {
        room
    };
    let service = format::at_most(&service, service_room);
    // Of long names the end tells more than the start.
    let name = format::name(&name, room.saturating_sub(service.width() + 1));
    let style = match row.duration {
        Change::New => Style::new().fg(theme::ACCENT),
        Change::Gone => Style::new().fg(theme::FOUND),
        _ if row.differs => Style::new().bold(),
        _ => Style::new(),
    };
    Line::from(vec![
        " ".repeat(indent).into(),
        format!("{service} ").fg(theme::service(&row.service)),
        Span::styled(name, style),
        spans.fg(theme::WARNING),
        failed.bold().fg(theme::ERROR),
    ])
}

fn both(row: &Difference, read: fn(&Sums) -> u64) -> (Option<u64>, Option<u64>) {
    (row.before.as_ref().map(read), row.after.as_ref().map(read))
}

/// `3`, or `3→30` where they differ.
fn said_both(numbers: (Option<u64>, Option<u64>)) -> String {
    match numbers {
        (Some(before), Some(after)) if before != after => {
            format!("{}→{}", format::grouped(before), format::grouped(after))
        }
        (before, after) => format::grouped(after.or(before).unwrap_or(0)),
    }
}

fn took(sums: Option<&Sums>) -> Span<'static> {
    match sums {
        None => "–".fg(theme::DIM),
        Some(sums) if sums.in_flight > 0 => "running".fg(theme::WARNING),
        Some(sums) => format::duration(sums.nano).into(),
    }
}

fn signed(nano: i64) -> String {
    match nano {
        0 => "0".to_owned(),
        1.. => format!("+{}", format::duration(nano.unsigned_abs())),
        _ => format!("−{}", format::duration(nano.unsigned_abs())),
    }
}

/// How many times as long: `×2.0`, `×17`, `×0.5`; nothing where that says nothing.
fn times(row: &Difference) -> String {
    let (Some(before), Some(after)) = both(row, |sums| sums.nano) else {
        return String::new();
    };
    if before == 0 || matches!(row.duration, Change::Same) {
        return String::new();
    }
    let tenths = (u128::from(after) * 10 + u128::from(before) / 2) / u128::from(before);
    match tenths {
        0 => "×<0.1".to_owned(),
        1..100 => format!("×{}.{}", tenths / 10, tenths % 10),
        100..100_000 => format!("×{}", tenths / 10),
        _ => "×>9999".to_owned(),
    }
}

/// A bar to the right for what takes longer, to the left for what takes less time.
fn picture(nano: i64, most: u64, is_own: bool, half: usize) -> Line<'static> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(nano.unsigned_abs()) * (half as u128) * 8 / u128::from(most.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(half * 8).min(half * 8);
    let colour = if is_own { sign_colour(nano) } else { theme::DIM };
    let (left, right) = if nano < 0 {
        let full = "█".repeat(eighths / 8);
        (format!("{}{full}", if eighths % 8 >= 4 { "▐" } else { "" }), String::new())
    } else {
        (String::new(), format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8]))
    };
    Line::from(vec![
        format!(" {left:>half$}").fg(colour),
        "│".fg(theme::RULE),
        format!("{right:<half$}").fg(colour),
    ])
}

/// How many differences there are, by what they are.
fn said(rows: &[Difference]) -> Line<'static> {
    if rows.is_empty() {
        return Line::default();
    }
    let count = |is: &dyn Fn(&Difference) -> bool| rows.iter().filter(|row| row.differs && is(row)).count();
    let new = count(&|row| row.duration == Change::New);
    let gone = count(&|row| row.duration == Change::Gone);
    let other = count(&|_| true) - new - gone;
    let mut parts = Vec::new();
    for (number, text, colour) in [
        (other, "changed", theme::WARNING),
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
    if !compare.narrow().is_empty() && !compare.all().is_empty() {
        return "nothing here has all these words · Esc shows all again".fg(theme::DIM);
    }
    if let Some(percent) = compare.percent() {
        return format!("reading what traces of this operation usually do … {percent} %").fg(theme::WARNING);
    }
    match compare.usual() {
        Some(usual) if usual.operated.is_none() => {
            "the root of this trace has not arrived: = on another trace marks that one to compare with".fg(theme::DIM)
        }
        Some(usual) if usual.traces == 0 => {
            "there is no other trace of this operation: = on any trace marks it to compare with".fg(theme::DIM)
        }
        _ => "nothing to compare".fg(theme::DIM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_sign_and_a_picture_its_side() {
        assert_eq!(
            (signed(1_000_000), signed(-2_000), signed(0)),
            ("+1.00 ms".into(), "−2.00 µs".into(), "0".into())
        );
        let text = |nano, most| picture(nano, most, true, 10).to_string();
        assert_eq!(text(10, 10), format!("{}│{}", " ".repeat(11), "█".repeat(10)));
        assert_eq!(text(-10, 10), format!(" {}│{}", "█".repeat(10), " ".repeat(10)));
        assert_eq!(text(i64::MIN, 0).chars().count(), 22, "never more than there is room for");
    }
}

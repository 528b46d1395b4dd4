//! One row: a call path, with what it is on both sides.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use trace_stats::{Change, Difference, Sums};
use unicode_width::UnicodeWidthStr;

use super::super::waterfall::row::indentation;
use super::super::{flush_right, format, theme};
use super::Columns;
use app::Compare;
use app::format::service_name;

pub(super) fn draw(frame: &mut Frame, compare: &Compare, row: &Difference, columns: Columns) {
    let [
        mark_area,
        label,
        before,
        after,
        change,
        times_area,
        own_before,
        own_after,
        own_area,
        picture_area,
    ] = columns;
    let (mark, color) = mark(row);
    frame.render_widget(mark.bold().fg(color), mark_area);
    let room = usize::from(label.width).saturating_sub(1);
    frame.render_widget(label_of(compare, row, room), label);
    let mut right = |text: Span<'static>, area: Rect| flush_right(frame, text, area);
    right(took(row.before.as_ref(), |sums| sums.nano), before);
    right(took(row.after.as_ref(), |sums| sums.nano), after);
    let text = match row.duration {
        Change::New => "new".to_owned(),
        Change::Gone => "gone".to_owned(),
        Change::Running => "no end".to_owned(),
        Change::Same | Change::Slower | Change::Faster => signed(row.change()),
    };
    let changed = if row.duration == Change::Same { theme::DIM } else { color };
    right(text.fg(changed), change);
    if row.duration == Change::Running {
        return;
    }
    right(times(row).fg(changed), times_area);
    right(took(row.before.as_ref(), |sums| sums.self_nano).fg(theme::DIM), own_before);
    right(took(row.after.as_ref(), |sums| sums.self_nano).fg(theme::DIM), own_after);
    let own = row.self_change();
    let is_own = row.differs && own != 0;
    right(signed(own).fg(if is_own { sign_color(own) } else { theme::DIM }), own_area);
    if !picture_area.is_empty() {
        let half = usize::from(picture_area.width.saturating_sub(3) / 2);
        frame.render_widget(picture(own, compare.most(), is_own, half), picture_area);
    }
}

/// A row's label: by change all begin at the left.
pub(super) fn label_of(compare: &Compare, row: &Difference, width: usize) -> Line<'static> {
    let depth = if compare.is_by_change() { 0 } else { row.depth };
    label(row, depth, width)
}

/// Returns the mark and color of a difference.
const fn mark(row: &Difference) -> (&'static str, Color) {
    match row.duration {
        Change::New => ("+", theme::ACCENT),
        Change::Gone => ("−", theme::FOUND),
        Change::Slower => ("▲", theme::WARNING),
        Change::Faster => ("▼", theme::GOOD),
        Change::Running => ("…", theme::WARNING),
        Change::Same if row.differs => ("≠", theme::WARNING),
        Change::Same => (" ", theme::DIM),
    }
}

const fn sign_color(nano: i64) -> Color {
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
    let name = &row.name;
    let service_room = if format::columns(&service) + 1 + format::columns(name) > room {
        room * 2 / 5
    } else {
        room
    };
    let service = format::at_most(&service, service_room);
    // Of long names the end tells more than the start.
    let name = format::name(name, room.saturating_sub(service.width() + 1));
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

fn took(sums: Option<&Sums>, read: fn(&Sums) -> u64) -> Span<'static> {
    match sums {
        None => "–".fg(theme::DIM),
        Some(sums) if sums.in_flight > 0 => "no end".fg(theme::WARNING),
        Some(sums) => format::duration(read(sums)).into(),
    }
}

fn signed(nano: i64) -> String {
    match nano {
        0 => "0".to_owned(),
        1.. => format!("+{}", format::duration(nano.unsigned_abs())),
        _ => format!("−{}", format::duration(nano.unsigned_abs())),
    }
}

/// Formats a ratio: `×2.0`, `×17`, `×0.5`; empty where it is meaningless.
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
    let color = if is_own { sign_color(nano) } else { theme::DIM };
    let (left, right) = if nano < 0 {
        let full = "█".repeat(eighths / 8);
        (format!("{}{full}", if eighths % 8 >= 4 { "▐" } else { "" }), String::new())
    } else {
        (String::new(), format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8]))
    };
    Line::from(vec![
        format!(" {left:>half$}").fg(color),
        "│".fg(theme::RULE),
        format!("{right:<half$}").fg(color),
    ])
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

//! The columns of the comparison. A new one is an entry of `COLUMNS`.

use trace_stats::{Change, Difference, Sums};

use super::Compare;
use crate::content::{Line, Means, Piece, Role};
use crate::format::{self, service_name};
use crate::indentation;
use crate::table::{Column, Table, Width};

/// From this width on there are more columns.
const WIDE: u16 = 100;
/// Columns of a label, at least.
const LABEL: u16 = 24;
/// The picture of what changed has at least so many cells on both sides of its middle, and at most so many.
const HALF: (u16, u16) = (10, 40);

/// A difference with what its cells need.
pub(crate) struct CompareRow<'a> {
    pub(super) difference: &'a Difference,
    /// Its depth in the tree; 0 if rows are sorted.
    pub(super) depth: usize,
    /// Largest change of self time in nanoseconds.
    pub(super) most: u64,
}

impl Table for Compare {
    type Row<'a> = CompareRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("", Width::Fixed(2), |row, _| {
            let (mark, role) = mark(row.difference);
            mark.strong().means(role).into()
        }),
        Column::<Self>::text("spans", Width::Text(LABEL), |row, room| {
            label(row.difference, row.depth, room)
        }),
        Column::<Self>::number("baseline", Width::Fixed(10), |row, _| {
            took(row.difference.before.as_ref(), |sums| sums.nano).into()
        }),
        Column::<Self>::number("this ▸", Width::Fixed(10), |row, _| {
            took(row.difference.after.as_ref(), |sums| sums.nano).into()
        }),
        Column::<Self>::number("change", Width::Fixed(10), |row, _| {
            change(row.difference).means(changed(row.difference)).into()
        }),
        Column::<Self>::number("times", wide::<8>(), |row, _| {
            times(row.difference).means(changed(row.difference)).into()
        }),
        Column::<Self>::number("own before", wide::<11>(), |row, _| {
            own(row.difference, row.difference.before.as_ref()).into()
        })
        .if_rest(),
        Column::<Self>::number("own ▸", wide::<10>(), |row, _| {
            own(row.difference, row.difference.after.as_ref()).into()
        })
        .if_rest(),
        Column::<Self>::number("own change", wide::<11>(), |row, _| {
            if row.difference.duration == Change::Running {
                return Line::default();
            }
            let own = row.difference.self_change();
            signed(own).means(own_role(row.difference)).into()
        }),
        Column::<Self>::picture("faster │ slower", wide::<{ 2 * HALF.0 + 3 }>(), |row, room| {
            if row.difference.duration == Change::Running {
                return Line::default();
            }
            let half = (room.saturating_sub(3) / 2).min(HALF.1.into());
            picture(row.difference.self_change(), row.most, own_role(row.difference), half)
        })
        .at_most(2 * HALF.1 + 3),
    ];
}

/// Returns the width of a column that a narrow row has no room for.
const fn wide<const COLUMNS: u16>() -> Width {
    Width::Of(|row| if row < WIDE { 0 } else { COLUMNS })
}

/// Returns the mark and the role of a difference.
const fn mark(row: &Difference) -> (&'static str, Role) {
    match row.duration {
        Change::New => ("+", Role::Accent),
        Change::Gone => ("−", Role::Found),
        Change::Slower => ("▲", Role::Warning),
        Change::Faster => ("▼", Role::Good),
        Change::Running => ("…", Role::Warning),
        Change::Same if row.differs => ("≠", Role::Warning),
        Change::Same => (" ", Role::Dim),
    }
}

/// Returns the role of a change in duration.
const fn changed(row: &Difference) -> Role {
    match row.duration {
        Change::Same => Role::Dim,
        _ => mark(row).1,
    }
}

/// Returns the role of a change in self time.
fn own_role(row: &Difference) -> Role {
    match row.self_change() {
        0 => Role::Dim,
        _ if !row.differs => Role::Dim,
        1.. => Role::Warning,
        ..0 => Role::Good,
    }
}

/// Returns indentation, service, name; how many spans and how many failed where that is not one and none.
fn label(row: &Difference, depth: usize, width: usize) -> Line {
    let indent = indentation(depth, width);
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
    let room = width.saturating_sub(indent + format::columns(&spans) + format::columns(&failed));
    let service = service_name(&row.service);
    let name = &row.name;
    let service_room = if format::columns(&service) + 1 + format::columns(name) > room {
        room * 2 / 5
    } else {
        room
    };
    let service = format::at_most(&service, service_room);
    // Of long names the end tells more than the start.
    let name = format::name(name, room.saturating_sub(format::columns(&service) + 1));
    let name = match row.duration {
        Change::New => name.means(Role::Accent),
        Change::Gone => name.means(Role::Found),
        _ if row.differs => name.strong(),
        _ => name.into(),
    };
    Line::from(vec![
        " ".repeat(indent).into(),
        format!("{service} ").means(Role::service(&row.service)),
        name,
        spans.means(Role::Warning),
        failed.strong().means(Role::Error),
    ])
}

fn both(row: &Difference, read: fn(&Sums) -> u64) -> (Option<u64>, Option<u64>) {
    (row.before.as_ref().map(read), row.after.as_ref().map(read))
}

/// Returns `3`, or `3→30` if they differ.
fn said_both(numbers: (Option<u64>, Option<u64>)) -> String {
    match numbers {
        (Some(before), Some(after)) if before != after => {
            format!("{}→{}", format::grouped(before), format::grouped(after))
        }
        (before, after) => format::grouped(after.or(before).unwrap_or(0)),
    }
}

fn took(sums: Option<&Sums>, read: fn(&Sums) -> u64) -> Piece {
    match sums {
        None => "–".means(Role::Dim),
        Some(sums) if sums.in_flight > 0 => "no end".means(Role::Warning),
        Some(sums) => format::duration(read(sums)).into(),
    }
}

/// Returns the self time of one side.
fn own(row: &Difference, sums: Option<&Sums>) -> Piece {
    match row.duration {
        Change::Running => Piece::default(),
        _ => took(sums, |sums| sums.self_nano).or_means(Role::Dim),
    }
}

fn change(row: &Difference) -> String {
    match row.duration {
        Change::New => "new".to_owned(),
        Change::Gone => "gone".to_owned(),
        Change::Running => "no end".to_owned(),
        Change::Same | Change::Slower | Change::Faster => signed(row.change()),
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
    if before == 0 || matches!(row.duration, Change::Same | Change::Running) {
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

/// Returns a bar to the right for what takes longer, to the left for what takes less time.
fn picture(nano: i64, most: u64, role: Role, half: usize) -> Line {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(nano.unsigned_abs()) * (half as u128) * 8 / u128::from(most.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(half * 8).min(half * 8);
    let (left, right) = if nano < 0 {
        let full = "█".repeat(eighths / 8);
        (format!("{}{full}", if eighths % 8 >= 4 { "▐" } else { "" }), String::new())
    } else {
        (String::new(), format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8]))
    };
    Line::from(vec![
        format!(" {left:>half$}").means(role),
        "│".means(Role::Rule),
        format!("{right:<half$}").means(role),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_has_its_sign_and_picture_its_side() {
        assert_eq!(
            (signed(1_000_000), signed(-2_000), signed(0)),
            ("+1.00 ms".into(), "−2.00 µs".into(), "0".into())
        );
        let text = |nano, most| picture(nano, most, Role::Plain, 10).to_string();
        assert_eq!(text(10, 10), format!("{}│{}", " ".repeat(11), "█".repeat(10)));
        assert_eq!(text(-10, 10), format!(" {}│{}", "█".repeat(10), " ".repeat(10)));
        assert_eq!(text(i64::MIN, 0).chars().count(), 22, "never more than there is room for");
    }
}

//! The columns of the waterfall before the bars. A new one is an entry of `COLUMNS`; the bars get what is left.

use ratatui_core::layout::Rect;
use trace_model::{Row, RowSpan};

use super::{Waterfall, tree};
use crate::content::{Line, Means, Piece, Role};
use crate::format::{self, Now};
use crate::table::{Align, Column, Table, Width, cell, room};

/// The column before them, for the cursor.
const CURSOR: u16 = 1;
/// The name of a column that is there only if the trace is checked.
const SENTRY: &str = "Sentry";

/// A row with what its cells need.
#[derive(Clone, Copy, Debug)]
pub struct WaterfallRow<'a> {
    /// The row.
    pub row: &'a Row,
    /// Mark of its cross-check, if it was checked.
    pub mark: Option<char>,
    /// True if clock skew is corrected.
    pub is_straight: bool,
    /// [`crate::Mode::longest_run`].
    pub longest_run: u64,
    /// The time of the frame.
    pub now: &'a Now,
}

impl Table for Waterfall {
    type Row<'a> = WaterfallRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        // Below the name's first columns are the marks of a match and of a fold.
        Column::<Self>::text(
            "   service and span",
            Width::Of(|pane| tree::width(pane).saturating_sub(CURSOR)),
            |row, room| tree::corrected(row.row, room, row.is_straight),
        ),
        Column::<Self>::number(SENTRY, Width::Fixed(1), |row, _| {
            row.mark
                .map_or_else(Line::default, |mark| mark.to_string().means(Role::verdict(mark)).into())
        }),
        Column::<Self>::number("", Width::Fixed(10), |row, _| {
            let span = row.row.line.as_ref();
            span.map_or_else(Piece::default, |span| length(row, span)).into()
        }),
        // The trace waited for the span.
        Column::<Self>::number("", Width::Fixed(1), |row, _| {
            let is_critical = !row.row.reading.critical.is_empty();
            if is_critical { "┃" } else { "" }.means(Role::Critical).into()
        }),
    ];
}

/// Number of these columns.
pub(super) const COUNT: usize = Waterfall::COLUMNS.len();

/// Returns the width of all of them in a pane of some width, with the cursor.
pub(super) fn width(pane: u16) -> u16 {
    let widths = Waterfall::COLUMNS.iter().map(|column| column.width_in(pane));
    widths.fold(CURSOR, u16::saturating_add)
}

/// Returns the areas of the columns in the first line of a pane.
pub(super) fn areas(pane: Rect) -> [Rect; COUNT] {
    let row = Rect { height: 1, ..pane }.intersection(pane);
    let mut x = row.x.saturating_add(CURSOR);
    std::array::from_fn(|at| {
        let width = Waterfall::COLUMNS[at].width_in(row.width);
        let area = Rect { x, width, ..row };
        x = x.saturating_add(width);
        area.intersection(row)
    })
}

/// Returns the names of the columns, each in its place: its last letter is above the end of its column. One that would be over the name before
/// it is left out.
pub(super) fn heads(areas: &[Rect; COUNT], is_checked: bool) -> impl Iterator<Item = (&'static str, Rect)> {
    let mut free_from = 0;
    let named = Waterfall::COLUMNS.iter().zip(*areas);
    let named = named.filter(move |(column, _)| !column.name.is_empty() && (is_checked || column.name != SENTRY));
    named.filter_map(move |(column, area)| {
        let width = u16::try_from(format::columns(column.name)).unwrap_or(u16::MAX);
        let area = match column.align {
            Align::Right => Rect {
                x: area.right().saturating_sub(width),
                width,
                ..area
            },
            Align::Left | Align::Center => Rect {
                width: width.min(area.width),
                ..area
            },
        };
        let has_room = area.x >= free_from;
        free_from = free_from.max(area.x.saturating_add(width));
        has_room.then_some((column.name, area))
    })
}

/// Returns the cells of a row, each in its place.
pub(super) fn cells(areas: &[Rect; COUNT], row: &WaterfallRow<'_>, y: u16) -> impl Iterator<Item = (Line, Rect)> {
    Waterfall::COLUMNS.iter().zip(*areas).map(move |(column, area)| {
        let line = cell(column, row, room(column.align, area));
        let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
        let x = match column.align {
            Align::Right => area.right() - width,
            Align::Left | Align::Center => area.x,
        };
        (line, Rect { x, y, width, ..area })
    })
}

fn length(row: &WaterfallRow<'_>, span: &RowSpan) -> Piece {
    if let Some(group) = row.row.group {
        return format::duration(group.total_nano).into();
    }
    match span.end_unix_nano {
        Some(end) if end < span.start_unix_nano => "ends early".means(Role::Warning),
        Some(end) => format::duration(end - span.start_unix_nano).into(),
        None => format::running(span.start_unix_nano, row.now, row.longest_run).means(Role::Warning),
    }
}

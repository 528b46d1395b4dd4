//! The columns between the tree and the bars. A new one is an entry of `COLUMNS`; the bars get what is left.

use ratatui_core::layout::Rect;
use trace_model::{Row, RowSpan};

use super::Waterfall;
use crate::content::{Line, Means, Piece, Role};
use crate::format::{self, Now};
use crate::table::{Align, Column, Table, Width, cell};

/// A row with what its cells need.
#[derive(Clone, Copy, Debug)]
pub struct WaterfallRow<'a> {
    /// The row.
    pub row: &'a Row,
    /// Mark of its cross-check, if it was checked.
    pub mark: Option<char>,
    /// [`crate::Mode::longest_run`].
    pub longest_run: u64,
    /// The time of the frame.
    pub now: &'a Now,
}

impl Table for Waterfall {
    type Row<'a> = WaterfallRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::number("Sentry", Width::Fixed(1), |row, _| {
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

/// Width of all of them.
pub(super) const WIDTH: u16 = {
    let (mut at, mut width) = (0, 0);
    while at < COUNT {
        width += Waterfall::COLUMNS[at].fixed_width();
        at += 1;
    }
    width
};

/// Returns the areas of the columns in a row, from `x` on.
pub(super) fn areas(row: Rect, x: u16) -> [Rect; COUNT] {
    let mut x = x;
    std::array::from_fn(|at| {
        let width = Waterfall::COLUMNS[at].fixed_width();
        let area = Rect {
            x,
            width,
            height: 1,
            ..row
        };
        x = x.saturating_add(width);
        area.intersection(row)
    })
}

/// Returns the names of the columns, each with the area in which it ends.
pub(super) fn heads(areas: &[Rect; COUNT]) -> impl Iterator<Item = (&'static str, Rect)> {
    let heads = Waterfall::COLUMNS.iter().map(|column| column.name).zip(*areas);
    heads.filter(|(name, _)| !name.is_empty())
}

/// Returns the cells of a row, each in its place.
pub(super) fn cells(areas: &[Rect; COUNT], row: &WaterfallRow<'_>, y: u16) -> impl Iterator<Item = (Line, Rect)> {
    Waterfall::COLUMNS.iter().zip(*areas).map(move |(column, area)| {
        let room = usize::from(area.width);
        let line = cell(column, row, room);
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

//! Columns as data: name, width, cell, rank.

use std::cmp::Reverse;

use trace_model::RankBy;

use super::widths::{Align, ColumnWidth, When};
use crate::content::{Line, Piece};

/// A table: what its rows are made of, and its columns.
pub(crate) trait Table: 'static {
    /// All that the cells of a row need.
    type Row<'a>;

    /// From left to right.
    const COLUMNS: &'static [Column<Self>];

    /// Returns the line of a row that has no cells, such as the title of a group.
    fn whole_line(_: &Self::Row<'_>, _width: usize) -> Option<Line> {
        None
    }

    /// Returns the mark of a row to the left of the cursor.
    fn mark(_: &Self::Row<'_>) -> Option<Piece> {
        None
    }
}

/// A column of a table.
pub(crate) struct Column<T: Table + ?Sized> {
    pub(crate) name: &'static str,
    pub(crate) align: Align,
    width: Width,
    /// A text's width below its least one, if it would be hidden otherwise.
    tight: Option<u16>,
    when: When,
    /// The width up to which the last column grows.
    pub(super) most: u16,
    /// The longest text that is given all its room.
    longest: usize,
    /// Returns what a row shows in at most so many columns of the screen.
    pub(super) cell: for<'a> fn(&T::Row<'a>, usize) -> Line,
    /// Returns the rank of a row, if rows can be sorted by this column.
    rank: Option<for<'a> fn(&T::Row<'a>) -> Rank>,
    /// Order by this column if the store makes it.
    stored: Option<StoredOrder>,
    /// True if the first rows are those with the largest rank, as mostly of numbers.
    pub(super) is_largest_first: bool,
    /// True if the title of the table takes the names of the columns up to this one.
    pub(super) is_below_title: bool,
    /// Returns true for rows that need the column, if it is shown only for these.
    is_used: Option<for<'a> fn(&T::Row<'a>) -> bool>,
    /// True if rows are sorted by it by default.
    is_default: bool,
}

/// The width of a column.
#[derive(Clone, Copy)]
pub(crate) enum Width {
    /// That of the longest text in view, which may be cut to this.
    Text(u16),
    /// Always the same.
    Fixed(u16),
    /// Follows from the width of the row; 0 if the column is not shown.
    Of(fn(u16) -> u16),
}

/// An order that the store makes, because a table has only the rows in view.
#[derive(Clone, Copy)]
pub(crate) struct StoredOrder {
    /// `None` for the order of arrival.
    pub(crate) by: Option<RankBy>,
    /// Names of the order and of the reversed one.
    pub(crate) names: [&'static str; 2],
}

/// The place of a row in an order: large numbers first, text as in a dictionary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Number(Reverse<(u64, u64)>),
    Text(String),
}

impl Rank {
    pub(crate) const fn number(number: u64) -> Self {
        Self::Number(Reverse((number, 0)))
    }

    /// Returns the rank of a share: one of two is more than two of a thousand.
    pub(crate) fn share(part: u64, whole: u64) -> Self {
        Self::Number(Reverse((part.saturating_mul(1_000_000) / whole.max(1), part)))
    }
}

impl<T: Table + ?Sized> Column<T> {
    /// Returns a column of text.
    pub(crate) const fn text(name: &'static str, width: Width, cell: for<'a> fn(&T::Row<'a>, usize) -> Line) -> Self {
        Self {
            name,
            align: Align::Left,
            width,
            tight: None,
            when: When::Always,
            most: u16::MAX,
            longest: usize::MAX,
            cell,
            rank: None,
            stored: None,
            is_largest_first: false,
            is_below_title: false,
            is_used: None,
            is_default: false,
        }
    }

    /// Returns a column of numbers.
    pub(crate) const fn number(name: &'static str, width: Width, cell: for<'a> fn(&T::Row<'a>, usize) -> Line) -> Self {
        Self {
            align: Align::Right,
            is_largest_first: true,
            ..Self::text(name, width, cell)
        }
    }

    /// Returns a column of pictures whose middle is that of the column.
    pub(crate) const fn picture(name: &'static str, width: Width, cell: for<'a> fn(&T::Row<'a>, usize) -> Line) -> Self {
        Self {
            align: Align::Center,
            ..Self::text(name, width, cell)
        }
    }

    /// The same if the others keep their least width.
    pub(crate) const fn if_room(self) -> Self {
        Self {
            when: When::Room,
            ..self
        }
    }

    /// The same if the others have all they want.
    pub(crate) const fn if_rest(self) -> Self {
        Self {
            when: When::Rest,
            ..self
        }
    }

    /// The same up to a width if it is the last one; otherwise the last one grows to the edge.
    pub(crate) const fn at_most(self, most: u16) -> Self {
        Self { most, ..self }
    }

    /// The same, and a longer text than this asks for no more room.
    pub(crate) const fn wants_at_most(self, longest: usize) -> Self {
        Self { longest, ..self }
    }

    /// The same only if some row in view needs it.
    pub(crate) const fn if_used(self, is_used: for<'a> fn(&T::Row<'a>) -> bool) -> Self {
        Self {
            is_used: Some(is_used),
            ..self
        }
    }

    /// The same, and rows can be sorted by it.
    pub(crate) const fn ranked(self, rank: for<'a> fn(&T::Row<'a>) -> Rank) -> Self {
        Self {
            rank: Some(rank),
            ..self
        }
    }

    /// The same, and the store sorts rows by it.
    pub(crate) const fn stored(self, order: StoredOrder) -> Self {
        Self {
            stored: Some(order),
            ..self
        }
    }

    /// The same for a text whose order begins with the largest, such as a time.
    pub(crate) const fn largest_first(self) -> Self {
        Self {
            is_largest_first: true,
            ..self
        }
    }

    /// The same, cut to this width if it would be hidden otherwise.
    pub(crate) const fn or_least(self, least: u16) -> Self {
        Self {
            tight: Some(least),
            ..self
        }
    }

    /// The same, and as wide as needed by the title, which replaces the names of the columns up to this one.
    pub(crate) const fn below_title(self) -> Self {
        Self {
            is_below_title: true,
            ..self
        }
    }

    /// The same, and rows are sorted by it first.
    pub(crate) const fn by_default(self) -> Self {
        Self {
            is_default: true,
            ..self
        }
    }

    pub(super) const fn is_ranked(&self) -> bool {
        self.rank.is_some() || self.stored.is_some()
    }

    pub(super) fn is_needed<'a, 'r>(&self, mut rows: impl Iterator<Item = &'r T::Row<'a>>) -> bool
    where
        T::Row<'a>: 'r,
    {
        self.is_used.is_none_or(|is_used| rows.any(is_used))
    }

    /// Returns its width in a row of this width if no text decides about it, otherwise 0.
    pub(crate) fn width_in(&self, row: u16) -> u16 {
        match self.width {
            Width::Fixed(width) => width,
            Width::Of(width) => width(row),
            Width::Text(_) => 0,
        }
    }

    pub(super) const fn is_measured(&self) -> bool {
        matches!(self.width, Width::Text(_))
    }

    /// Returns the width in a row of this width, with this longest text.
    pub(super) fn width(&self, row: u16, longest: usize) -> ColumnWidth {
        let width = match self.width {
            Width::Text(least) => ColumnWidth::text(longest.min(self.longest), least),
            Width::Fixed(width) => ColumnWidth::fixed(width),
            Width::Of(width) => ColumnWidth::fixed(width(row)),
        };
        width.when(self.when).or_least(self.tight).aligned(self.align)
    }
}

/// Returns the numbers of the columns that rows can be sorted by: the default one, numbers, text.
pub(crate) fn sort_cycle<T: Table>() -> Vec<usize> {
    let columns = T::COLUMNS;
    let ranked = columns.iter().enumerate().filter(|(_, column)| column.is_ranked());
    let mut cycle: Vec<_> = ranked.map(|(at, _)| at).collect();
    cycle.sort_by_key(|at| (!columns[*at].is_default, columns[*at].align != Align::Right));
    cycle
}

impl super::SortOrder {
    /// Returns the order by the next column of a cycle.
    pub(crate) fn next(self, cycle: &[usize]) -> Self {
        let at = cycle.iter().position(|column| *column == self.column);
        let next = at.map_or(0, |at| (at + 1) % cycle.len());
        Self {
            column: cycle.get(next).copied().unwrap_or(self.column),
            is_reversed: false,
        }
    }

    /// Returns the order by a column; by the same one in the other direction.
    pub(crate) const fn toggled(self, column: usize) -> Self {
        Self {
            column,
            is_reversed: self.column == column && !self.is_reversed,
        }
    }

    /// Returns what the store has to do for this order, if it makes it.
    pub(crate) fn stored<T: Table>(self) -> Option<StoredOrder> {
        T::COLUMNS.get(self.column)?.stored
    }

    /// Sorts rows of a table by their cells' ranks; equal ones keep their order.
    pub(crate) fn sort<'a, T: Table, R>(self, rows: &mut [R], row: impl Fn(&R) -> Option<T::Row<'a>>) {
        let Some(rank) = T::COLUMNS.get(self.column).and_then(|column| column.rank) else {
            return;
        };
        rows.sort_by_cached_key(|at| row(at).map(|row| rank(&row)));
        if self.is_reversed {
            rows.reverse();
        }
    }
}

//! Tables: rows with a cursor, an order and words that narrow them, and columns as data.
//!
//! A list has a `TableState` and an array of `Column`s. It gives the keys of its rows to the state when they change, and lays its cells out
//! before each frame: `TableState::lay_out`. Keys, clicks on names of columns and on rows, widths, and what is painted follow from that. A
//! list whose rows stay in the store has a [`Window`] instead, with the same rules for cursor and scrolling.

mod cells;
mod column;
mod widths;
mod window;

pub use cells::{CURSOR, Head, TableCells, TableRow};
pub(crate) use cells::{cell, room};
pub(crate) use column::{Column, Rank, StoredOrder, Table, Width, sort_cycle};
pub use widths::{Align, longest};
pub use window::{Rows, Window};

use ratatui_core::layout::Rect;

use crate::{Action, List, ListFilter};

/// A column by its number, and the direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SortOrder {
    /// Number of the column.
    pub column: usize,
    /// True if the order is reversed.
    pub is_reversed: bool,
}

/// Input of the rows: their order, and the words of the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) order: SortOrder,
    pub(crate) words: String,
}

/// The state of a table whose rows have keys.
#[derive(Clone, Debug)]
pub struct TableState<K> {
    keys: Vec<K>,
    window: Window<K>,
    narrow: ListFilter,
    order: SortOrder,
    /// The columns that rows can be sorted by, in the order in which a key goes through them.
    sortable: Vec<usize>,
    cells: TableCells,
}

impl<K> Default for TableState<K> {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            window: Window::default(),
            narrow: ListFilter::default(),
            order: SortOrder::default(),
            sortable: Vec::new(),
            cells: TableCells::default(),
        }
    }
}

impl<K: Clone + PartialEq> TableState<K> {
    /// Returns the state of a table that can be sorted by those of its columns that have a rank.
    pub(crate) fn sorted<T: Table>() -> Self {
        let sortable = sort_cycle::<T>();
        let column = sortable.first().copied().unwrap_or(0);
        Self {
            order: SortOrder {
                column,
                is_reversed: false,
            },
            sortable,
            ..Self::default()
        }
    }

    /// The key of the row under the cursor.
    #[must_use]
    pub const fn selected(&self) -> Option<&K> {
        self.window.selected()
    }

    /// The number of the row under the cursor.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.window.position()
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns true without rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The words that narrow the rows.
    #[must_use]
    pub const fn words(&self) -> &ListFilter {
        &self.narrow
    }

    /// The order of the rows.
    #[must_use]
    pub const fn order(&self) -> SortOrder {
        self.order
    }

    /// Returns the painted cells.
    #[must_use]
    pub const fn cells(&self) -> &TableCells {
        &self.cells
    }

    /// The numbers of the rows in view, and whether the cursor is there.
    pub fn visible(&self) -> impl Iterator<Item = (usize, bool)> + use<K> {
        let position = self.position();
        let visible = self.window.visible();
        (visible.start..visible.end.min(self.len())).map(move |row| (row, row == position))
    }

    /// The number of rows below those in view.
    #[must_use]
    pub const fn below(&self) -> usize {
        self.len().saturating_sub(self.window.visible().end)
    }

    /// Returns what rows are to be made with. If it has not changed, and nothing else has, they need not be made anew.
    pub(crate) fn query(&self) -> Query {
        Query {
            order: self.order,
            words: self.narrow.line().text().to_owned(),
        }
    }

    /// Takes the keys of new rows. The cursor follows its row.
    pub(crate) fn set_keys(&mut self, keys: Vec<K>) {
        self.keys = keys;
        self.window.find(&*self.keys);
    }

    /// Brings the cursor into view.
    pub(crate) fn fit(&mut self, height: usize) {
        self.window.fit(&*self.keys, height);
    }

    /// Brings the cursor into view and lays out the cells of the rows in view; `row` returns a row by its number.
    pub(crate) fn lay_out<'a, T: Table>(&mut self, head: Rect, rows: Rect, row: impl Fn(usize) -> Option<T::Row<'a>>) {
        self.fit(rows.height.into());
        let rows: Vec<_> = self
            .visible()
            .filter_map(|(at, is_selected)| Some((row(at)?, is_selected)))
            .collect();
        let query = self.query();
        self.cells.lay_out::<T>(head, query, &rows);
    }

    /// Takes the order of another table with the same columns.
    pub(crate) const fn set_order(&mut self, order: SortOrder) {
        self.order = order;
    }

    /// Goes to a row by its number.
    pub(crate) fn go_to(&mut self, position: usize) {
        self.window.go_to(position, &*self.keys);
    }

    /// Moves the cursor.
    pub(crate) fn move_by(&mut self, action: Action) {
        self.window.update(action, &*self.keys);
    }

    /// Goes to the first row of those that are made next.
    pub(crate) fn restart(&mut self) {
        self.window = Window::default();
    }
}

impl<K: Clone + PartialEq> List for TableState<K> {
    fn narrow(&self) -> &ListFilter {
        &self.narrow
    }

    fn narrow_mut(&mut self) -> &mut ListFilter {
        &mut self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.is_empty()
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match action {
            Action::Sort => {
                self.order = self.order.next(&self.sortable);
                self.restart();
            }
            Action::SortReversed => self.sort_by(self.order.column),
            _ => self.window.update(action, &*self.keys),
        }
        Ok(())
    }

    fn sort_by(&mut self, column: usize) {
        if self.sortable.contains(&column) {
            self.order = self.order.toggled(column);
            // The first row is what the order is for.
            self.restart();
        }
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.window.select_row(row, &*self.keys)
    }
}

#[cfg(test)]
mod tests;

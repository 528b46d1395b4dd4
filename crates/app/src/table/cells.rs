//! The cells of the rows in view, laid out before a frame: a view paints them.

use ratatui_core::layout::Rect;

use super::column::{Column, Table};
use super::widths::{self, Align, ColumnWidth, GAP};
use super::{Query, SortOrder};
use crate::content::{Line, Means, Role};
use crate::format;

/// Names of columns, and cells.
#[derive(Clone, Debug, Default)]
pub struct TableCells {
    heads: Vec<Head>,
    rows: Vec<TableRow>,
    /// Column of the screen for the cursor's mark.
    cursor_column: u16,
    /// The longest text of each column since the basis changed: columns grow while the user scrolls, and never jump back.
    longest: Vec<usize>,
    /// The width of a row, and what rows are made with.
    basis: Option<(u16, Query)>,
}

/// A column that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name, with the direction of the order.
    pub name: Line,
    /// Its place in the row of names.
    pub area: Rect,
    /// The side at which names and cells begin.
    pub align: Align,
    /// The number to sort by, if rows can be sorted by it.
    pub column: Option<usize>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// One cell for each column that is shown, or one line for all of them.
    pub cells: Vec<Line>,
    /// True if one line takes all columns.
    pub is_whole: bool,
    /// A mark to the left of the cursor.
    pub mark: Option<Line>,
    /// True if the cursor is there.
    pub is_selected: bool,
}

impl TableCells {
    /// The columns that are shown, from left to right.
    #[must_use]
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// The rows in view.
    #[must_use]
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Returns the column of the screen for the cursor's mark. That of a row is to its left, the cells are to its right.
    #[must_use]
    pub const fn cursor_column(&self) -> u16 {
        self.cursor_column
    }

    /// Lays out rows below the names of their columns. Their first columns of the screen are for the cursor.
    pub(crate) fn lay_out<T: Table>(&mut self, head: Rect, query: Query, rows: &[(T::Row<'_>, bool)]) {
        self.lay_out_below_title::<T>(head, query, rows, 0);
    }

    /// The same below a title in the place of the names of the first columns.
    pub(crate) fn lay_out_below_title<T: Table>(&mut self, head: Rect, query: Query, rows: &[(T::Row<'_>, bool)], title: usize) {
        self.cursor_column = head.x;
        let head = Rect {
            x: head.x.saturating_add(CURSOR),
            width: head.width.saturating_sub(CURSOR),
            ..head
        };
        let columns = T::COLUMNS;
        let widest = usize::from(head.width);
        let whole: Vec<_> = rows.iter().map(|(row, _)| T::whole_line(row, widest)).collect();
        let order = columns.iter().any(Column::is_ranked).then_some(query.order);
        self.begin((head.width, query), columns.len());
        for (column, longest) in columns.iter().zip(&mut self.longest) {
            // Only cells that are measured are made for it.
            let cells = rows
                .iter()
                .zip(&whole)
                .filter(|(_, whole)| whole.is_none() && column.is_measured());
            let cells = cells.map(|((row, _), _)| (column.cell)(row, widest).width());
            // The direction of the order has its cell also while rows are sorted by another column.
            let name = column.name.chars().count() + usize::from(column.is_ranked());
            *longest = cells.fold(name.max(*longest), usize::max);
        }
        let areas = self.areas::<T>(head, rows, title.saturating_sub(CURSOR.into()));
        let shown: Vec<_> = columns
            .iter()
            .enumerate()
            .zip(areas)
            .filter(|(_, area)| !area.is_empty())
            .collect();
        self.heads = heads(&shown, order, columns);
        self.rows = rows
            .iter()
            .zip(whole)
            .map(|((row, is_selected), whole)| {
                let is_whole = whole.is_some();
                let cells = || {
                    shown
                        .iter()
                        .map(|((_, column), area)| cell(column, row, room(column.align, *area)))
                };
                let cells = whole.map_or_else(|| cells().collect(), |whole| vec![whole]);
                TableRow {
                    cells,
                    is_whole,
                    mark: T::mark(row).map(Line::from),
                    is_selected: *is_selected,
                }
            })
            .collect();
    }

    /// Forgets the widths of other rows.
    fn begin(&mut self, basis: (u16, Query), columns: usize) {
        if self.basis.as_ref() != Some(&basis) || self.longest.len() != columns {
            self.longest = vec![0; columns];
            self.basis = Some(basis);
        }
    }

    /// Returns the areas of all columns; those of hidden ones are empty.
    fn areas<T: Table>(&self, head: Rect, rows: &[(T::Row<'_>, bool)], title: usize) -> Vec<Rect> {
        let columns = T::COLUMNS;
        let mut before = 0;
        let wanted = columns.iter().zip(&self.longest).map(|(column, longest)| {
            let title = if column.is_below_title {
                title.saturating_sub(before)
            } else {
                0
            };
            let width = if column.is_needed(rows.iter().map(|(row, _)| row)) {
                column.width(head.width, title.max(*longest))
            } else {
                ColumnWidth::fixed(0)
            };
            before += usize::from(width.wanted());
            width
        });
        let mut areas = widths::fit(head, &wanted.collect::<Vec<_>>());
        let mut shown = areas.iter_mut().zip(columns).filter(|(area, _)| !area.is_empty());
        if let Some((area, column)) = shown.next_back().filter(|(_, column)| column.align != Align::Right) {
            area.width = head.right().saturating_sub(area.x).min(column.most.max(area.width));
        }
        areas
    }
}

/// Columns of the screen for the cursor's mark, and a gap after it.
pub const CURSOR: u16 = 2;

/// Returns the room for a cell in the area of a column.
pub(crate) fn room(align: Align, area: Rect) -> usize {
    usize::from(match align {
        Align::Left => area.width.saturating_sub(GAP),
        Align::Right | Align::Center => area.width,
    })
}

/// Returns the cell of a row. What does not fit is cut at its end: a number without its first digits is another number.
pub(crate) fn cell<T: Table>(column: &Column<T>, row: &T::Row<'_>, room: usize) -> Line {
    let line = (column.cell)(row, room);
    if line.width() <= room {
        return line;
    }
    let mut cut = Line::default();
    let mut left = room;
    for piece in line.pieces {
        let width = piece.width();
        if width >= left {
            // With an ellipsis even if this piece fits: others follow.
            let text = format::at_most(&format!("{}…", piece.text), left);
            cut.push(piece.with_text(text));
            break;
        }
        left -= width;
        cut.push(piece);
    }
    cut
}

/// Returns the names of the columns that are shown. If rows are sorted by one that is not, the last text that has room for it says so.
fn heads<T: Table>(shown: &[((usize, &Column<T>), Rect)], order: Option<SortOrder>, columns: &[Column<T>]) -> Vec<Head> {
    let mark = |column: &Column<T>, order: SortOrder| {
        let is_down = column.is_largest_first != order.is_reversed;
        if is_down { "▾" } else { "▴" }
    };
    let mut heads: Vec<_> = shown
        .iter()
        .map(|((at, column), area)| {
            let name = match order.filter(|order| order.column == *at) {
                Some(order) => format!("{}{}", mark(column, order), column.name).strong().means(Role::Accent),
                None => column.name.means(Role::Dim),
            };
            Head {
                name: name.into(),
                area: *area,
                align: column.align,
                column: column.is_ranked().then_some(*at),
            }
        })
        .collect();
    let hidden = order.filter(|order| !shown.iter().any(|((at, _), _)| *at == order.column));
    if let Some((order, column)) = hidden.and_then(|order| Some((order, columns.get(order.column)?))) {
        let name = Line::from(
            format!("{}by {}", mark(column, order), column.name)
                .strong()
                .means(Role::Accent),
        );
        let has_room = |head: &&mut Head| head.align == Align::Left && room(head.align, head.area) >= name.width();
        if let Some(head) = heads.iter_mut().rev().find(has_room) {
            head.name = name;
        }
    }
    heads
}

//! Paints the cells of a table.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::lists::Parts;
use super::{content, cursor};
use app::content::Line;
use app::table::{Align, CURSOR, TableCells};
use app::{Hit, Hits};

/// Paints the names of columns and the rows, with the cursor. A click on a name sorts.
pub(super) fn draw(frame: &mut Frame, cells: &TableCells, parts: &Parts, hits: &mut Hits) {
    draw_heads(frame, cells, hits);
    draw_rows(frame, cells, parts.rows, true);
}

pub(super) fn draw_heads(frame: &mut Frame, cells: &TableCells, hits: &mut Hits) {
    draw_heads_after(frame, cells, 0, hits);
}

/// Paints the names of columns to the right of a title that ends in a column of the screen.
pub(super) fn draw_heads_after(frame: &mut Frame, cells: &TableCells, end: u16, hits: &mut Hits) {
    for head in cells.heads().iter().filter(|head| end == 0 || head.area.x > end) {
        put(frame, &head.name, head.align, head.area);
        if let Some(column) = head.column {
            hits.add(head.area, Hit::SortBy(column));
        }
    }
}

pub(super) fn draw_rows(frame: &mut Frame, cells: &TableCells, area: Rect, has_keys: bool) {
    for (row, cells_of_row) in area.rows().zip(cells.rows()) {
        if cells_of_row.is_selected {
            cursor(frame, row, cells.cursor_column(), has_keys);
        }
        if let Some(mark) = &cells_of_row.mark {
            content::draw(frame, mark, row);
        }
        if cells_of_row.is_whole {
            let area = Rect {
                x: cells.cursor_column().saturating_add(CURSOR),
                ..row
            };
            let area = area.intersection(row);
            cells_of_row.cells.iter().for_each(|line| content::draw(frame, line, area));
            continue;
        }
        for (cell, head) in cells_of_row.cells.iter().zip(cells.heads()) {
            let area = Rect { y: row.y, ..head.area };
            put(frame, cell, head.align, area);
        }
    }
}

/// Numbers end at the right edge of their column, pictures are in its middle.
fn put(frame: &mut Frame, line: &Line, align: Align, area: Rect) {
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
    let area = match align {
        Align::Left => area,
        Align::Right => Rect {
            x: area.right() - width,
            width,
            ..area
        },
        Align::Center => Rect {
            x: area.x + (area.width - width) / 2,
            width,
            ..area
        },
    };
    content::draw(frame, line, area);
}

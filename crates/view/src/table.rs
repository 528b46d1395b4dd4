//! Paints the cells of a table.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::lists::Parts;
use super::{content, theme};
use app::content::Line;
use app::table::{Align, TableCells};
use app::{Hit, Hits};

/// Paints the names of columns and the rows, with the cursor. A click on a name sorts.
pub(super) fn draw(frame: &mut Frame, cells: &TableCells, parts: &Parts, hits: &mut Hits) {
    draw_heads(frame, cells, hits);
    draw_rows(frame, cells, parts.rows, true);
}

pub(super) fn draw_heads(frame: &mut Frame, cells: &TableCells, hits: &mut Hits) {
    for head in cells.heads() {
        put(frame, &head.name, head.align, head.area);
        if let Some(column) = head.column {
            hits.add(head.area, Hit::SortBy(column));
        }
    }
}

pub(super) fn draw_rows(frame: &mut Frame, cells: &TableCells, area: Rect, has_keys: bool) {
    for (row, cells_of_row) in area.rows().zip(cells.rows()) {
        if cells_of_row.is_selected && has_keys {
            frame.buffer_mut().set_style(row, theme::cursor(true));
        }
        if cells_of_row.is_whole {
            cells_of_row.cells.iter().for_each(|line| content::draw(frame, line, row));
            continue;
        }
        for (cell, head) in cells_of_row.cells.iter().zip(cells.heads()) {
            let area = Rect { y: row.y, ..head.area };
            put(frame, cell, head.align, area);
        }
    }
}

/// Numbers end at the right edge of their column.
fn put(frame: &mut Frame, line: &Line, align: Align, area: Rect) {
    let width = u16::try_from(line.width()).unwrap_or(u16::MAX).min(area.width);
    let area = match align {
        Align::Left => area,
        Align::Right => Rect {
            x: area.right() - width,
            width,
            ..area
        },
    };
    content::draw(frame, line, area);
}

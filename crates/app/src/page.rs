//! A text that may be longer than the screen: sections of lines, in two columns where there is room for them.

use ratatui_core::layout::Rect;

use super::content::{Line, Means, Piece, Role};
use crate::format;

/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 150;

/// Lines in one or two columns.
#[derive(Debug, Default)]
pub struct Page {
    columns: Vec<Vec<Line>>,
}

impl Page {
    /// Lays out for an area; `parts` makes three of them for the width of a column. They are in one column, or the second one is
    /// in a column of its own.
    pub(super) fn of(area: Rect, parts: impl FnOnce(usize) -> [Vec<Line>; 3]) -> Self {
        let inner = usize::from(area.width.saturating_sub(2));
        if area.width >= TWO_COLUMNS {
            let [first, second, third] = parts((inner - GAP) / 2);
            let columns = vec![joined([first, third]), second];
            return Self { columns };
        }
        let columns = vec![joined(parts(inner))];
        Self { columns }
    }

    /// The columns, from left to right.
    #[must_use]
    pub fn columns(&self) -> &[Vec<Line>] {
        &self.columns
    }

    /// Returns the number of lines, of the longer column.
    #[must_use]
    pub fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Parts with an empty line between them.
fn joined<const N: usize>(parts: [Vec<Line>; N]) -> Vec<Line> {
    let mut all = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if !all.is_empty() {
            all.push(Line::default());
        }
        all.extend(part);
    }
    all
}

/// Between two columns.
pub const GAP: usize = 3;

/// A section's name, and what it is about.
pub(super) fn heading(lines: &mut Vec<Line>, name: &str, about: &str, width: usize) {
    let name = name.to_uppercase().strong();
    let column = name.width();
    pair(lines, name, &about.to_owned().means(Role::Dim), column, width);
}

/// Two texts in a row; the right one wraps in its column, and begins on the next line if the left one is wider than its column.
pub(super) fn pair(lines: &mut Vec<Line>, left: impl Into<Piece>, right: &Piece, column: usize, width: usize) {
    // If both do not fit, the right one is indented less.
    let column = if width < column + MINIMUM { 2 } else { column + 2 };
    let mut pieces = format::wrapped_words(&right.text, width.saturating_sub(column).max(1)).into_iter();
    let mut first = Line::from(left.into());
    if first.width() < column {
        let fill = column - first.width();
        first.push(" ".repeat(fill));
        first.push(right.with_text(pieces.next().unwrap_or_default()));
    }
    lines.push(first);
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        lines.push(Line::from(vec![" ".repeat(column).into(), right.with_text(piece)]));
    }
}

/// Columns of the right side of a pair, at least.
const MINIMUM: usize = 24;

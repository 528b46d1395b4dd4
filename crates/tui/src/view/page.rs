//! A text that may be longer than the screen: sections of lines, in two columns where there is room for them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Stylize;
use ratatui::text::{Line, Span};

use super::{format, theme};

/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 150;

/// Lines in one or two columns.
#[derive(Debug)]
pub(super) struct Page {
    columns: Vec<Vec<Line<'static>>>,
}

impl Page {
    /// Lays out for an area; `parts` makes three of them for the width of a column. They stand one below
    /// the other, or the second one beside the others.
    pub(super) fn of(area: Rect, parts: impl FnOnce(usize) -> [Vec<Line<'static>>; 3]) -> Self {
        let inner = usize::from(area.width.saturating_sub(2));
        if area.width >= TWO_COLUMNS {
            let [first, second, third] = parts((inner - GAP) / 2);
            let columns = vec![joined([first, third]), second];
            return Self { columns };
        }
        let columns = vec![joined(parts(inner))];
        Self { columns }
    }

    /// How many lines there are, of the longer column.
    pub(super) fn height(&self) -> usize {
        self.columns.iter().map(Vec::len).max().unwrap_or(0)
    }
}

/// Parts with an empty line between them.
fn joined<const N: usize>(parts: [Vec<Line<'static>>; N]) -> Vec<Line<'static>> {
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
const GAP: usize = 3;

/// Draws a page from line `first` on.
pub(super) fn draw(frame: &mut Frame, page: &Page, first: usize, area: Rect) {
    let inner = area.inner(ratatui::layout::Margin::new(1, 0)).intersection(area);
    let columns = u16::try_from(page.columns.len()).unwrap_or(1).max(1);
    let gap = u16::try_from(GAP).unwrap_or(0);
    let width = (inner.width.saturating_sub(gap * (columns - 1))) / columns;
    for (at, lines) in (0..).zip(&page.columns) {
        let area = Rect {
            x: inner.x + at * (width + gap),
            width,
            ..inner
        };
        for (row, line) in area.rows().zip(lines.iter().skip(first)) {
            frame.render_widget(line, row);
        }
    }
}

/// A section's name, and what it is about.
pub(super) fn heading(lines: &mut Vec<Line<'static>>, name: &str, about: &str, width: usize) {
    let name = Span::raw(name.to_uppercase()).bold();
    let column = name.width();
    pair(lines, name, &Span::raw(about).fg(theme::DIM), column, width);
}

/// Two texts beside each other; the right one goes on below itself, and begins there where the left one is wider than its column.
pub(super) fn pair(lines: &mut Vec<Line<'static>>, left: Span<'static>, right: &Span, column: usize, width: usize) {
    // Where there is not room enough for both, the right one stands a little further in.
    let column = if width < column + MINIMUM { 2 } else { column + 2 };
    let mut pieces = format::wrapped_words(&right.content, width.saturating_sub(column).max(1)).into_iter();
    let mut first = Line::from(left);
    if first.width() < column {
        let fill = column - first.width();
        first.push_span(" ".repeat(fill));
        first.push_span(Span::styled(pieces.next().unwrap_or_default(), right.style));
    }
    lines.push(first);
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        lines.push(Line::from(vec![" ".repeat(column).into(), Span::styled(piece, right.style)]));
    }
}

/// How wide the right side of a pair is at least.
const MINIMUM: usize = 24;

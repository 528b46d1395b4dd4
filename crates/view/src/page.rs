//! Draws a text that may be longer than the screen, in one or two columns.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::content;
use app::{PAGE_GAP, Page};

/// Draws a page from line `first` on.
pub(super) fn draw(frame: &mut Frame, page: &Page, first: usize, area: Rect) {
    let inner = area.inner(ratatui::layout::Margin::new(1, 0)).intersection(area);
    let columns = u16::try_from(page.columns().len()).unwrap_or(1).max(1);
    let gap = u16::try_from(PAGE_GAP).unwrap_or(0);
    let width = (inner.width.saturating_sub(gap * (columns - 1))) / columns;
    for (at, lines) in (0..).zip(page.columns()) {
        let area = Rect {
            x: inner.x + at * (width + gap),
            width,
            ..inner
        };
        for (row, line) in area.rows().zip(lines.iter().skip(first)) {
            content::draw(frame, line, row);
        }
    }
}

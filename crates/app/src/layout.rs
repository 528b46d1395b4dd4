//! Areas of the parts of the screen: geometry only, without contents.

use ratatui_core::layout::{Constraint, Layout, Margin, Rect};

use crate::WaterfallParts;
use crate::splits::{LIST_STEPS, Splits};

/// The parts of the screen. Any of them may be empty on a small one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panes {
    /// Counts, services, listeners.
    pub header: Rect,
    /// The list of traces, with its title line.
    pub traces: Rect,
    /// The spans of a trace, with title and axis in the first line.
    pub waterfall: Rect,
    /// The selected span, with its title line.
    pub details: Rect,
    /// Keys.
    pub footer: Rect,
    /// All between header and footer: what a screen without panes has.
    pub body: Rect,
}

/// Lines of the waterfall, at least.
const WATERFALL: u16 = 3;
/// A narrower screen has no room for two panes in a row.
pub const BESIDE: u16 = 110;
/// Columns of each of two panes in a row, at least.
const NARROWEST: u16 = 40;

impl Panes {
    /// Returns true if the details are to the right of the waterfall.
    #[must_use]
    pub const fn are_beside(&self) -> bool {
        self.details.x > self.waterfall.x
    }

    /// All of it.
    #[must_use]
    pub fn screen(&self) -> Rect {
        self.header.union(self.footer)
    }

    /// Divides the screen: the waterfall gets what the others leave.
    #[must_use]
    pub fn of(screen: Rect, splits: Splits) -> Self {
        let free = screen.height.saturating_sub(3 + WATERFALL);
        let list = splits.list.map(|lines| lines.clamp(2, free.saturating_sub(1).max(2)));
        let list = list.unwrap_or_else(|| {
            let share = (screen.height / 5).clamp(4, 12);
            share.min(splits.list_rows.max(LIST_STEPS[0]).saturating_add(1))
        });
        let details = splits.details.map(|lines| lines.clamp(1, free.saturating_sub(list).max(1)));
        let details = details.unwrap_or_else(|| {
            let share = (screen.height * 3 / 10).clamp(4, 20);
            let both = screen.height.saturating_sub(3 + list);
            let least = WaterfallParts::lines_for(splits.waterfall.rows(screen.height), both.saturating_sub(share));
            share.max(both.saturating_sub(least))
        });
        let heights = [2, list, 0, details, 1].map(Constraint::Length);
        let [header, traces, waterfall, details, footer] =
            Layout::vertical([heights[0], heights[1], Constraint::Min(3), heights[3], heights[4]]).areas(screen);
        let (waterfall, details) = if splits.is_beside(screen) {
            beside(screen, [traces, waterfall, details, footer], splits.width)
        } else {
            (waterfall, details)
        };
        let body = traces.union(waterfall).union(details);
        Self {
            header,
            traces,
            waterfall,
            details,
            footer,
            body,
        }
    }
}

/// Both from below the list to the footer, with a column between them.
fn beside(screen: Rect, [traces, waterfall, details, footer]: [Rect; 4], width: Option<u16>) -> (Rect, Rect) {
    let most = screen.width.saturating_sub(NARROWEST + 1).max(NARROWEST);
    let width = width.unwrap_or(screen.width * 7 / 20).clamp(NARROWEST, most);
    let both = Rect {
        y: traces.bottom(),
        height: footer.y.saturating_sub(traces.bottom()),
        ..waterfall.union(details)
    };
    let left = Rect {
        width: both.width.saturating_sub(width + 1),
        ..both
    };
    let right = Rect {
        x: both.right().saturating_sub(width),
        width: width.min(both.width),
        ..both
    };
    (left, right)
}

/// Returns an area without its title line.
#[must_use]
pub fn below_title(area: Rect) -> Rect {
    Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    }
    .intersection(area)
}

/// The parts of a screen that is a list, one below the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListParts {
    /// The title.
    pub title: Rect,
    /// The names of the columns.
    pub head: Rect,
    /// The rows.
    pub rows: Rect,
    /// About the row under the cursor.
    pub below: Rect,
    /// Total, or the words of the list filter.
    pub last: Rect,
}

impl ListParts {
    /// Divides a screen; at most `below` lines are about the row under the cursor.
    #[must_use]
    pub fn of(area: Rect, below: u16) -> Self {
        let heights = [
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Min(1),
            Constraint::Max(below),
            Constraint::Length(1),
        ];
        let [title, head, rows, below, last] = Layout::vertical(heights).areas(area);
        let inner = |part: Rect| part.inner(Margin::new(1, 0)).intersection(part);
        Self {
            title,
            head: inner(head),
            rows: inner(rows),
            below: inner(below),
            last: inner(last),
        }
    }

    /// The same with a number of lines between title and names of columns, as far as a row is left.
    #[must_use]
    pub fn below_lines(area: Rect, lines: u16) -> (Rect, Self) {
        let list = Self::of(area, 0);
        let lines = list.head.height * lines.min(list.rows.height.saturating_sub(1));
        let between = Rect {
            height: lines,
            ..list.head
        };
        let parts = Self {
            head: Rect {
                y: list.head.y + lines,
                ..list.head
            },
            rows: Rect {
                y: list.rows.y + lines,
                height: list.rows.height - lines,
                ..list.rows
            },
            ..list
        };
        (between, parts)
    }
}

/// A popup: small, in the middle between header and footer, with a margin around it that stays clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopupArea {
    /// The border and a cell around it.
    pub margin: Rect,
    /// The border.
    pub border: Rect,
    /// Area within the border.
    pub inner: Rect,
}

impl PopupArea {
    /// Room for so many columns and lines between header and footer, as far as there is.
    #[must_use]
    pub fn of(body: Rect, columns: u16, lines: u16) -> Self {
        let width = columns.saturating_add(4).min(body.width.saturating_sub(4));
        let height = lines.saturating_add(2).min(body.height.saturating_sub(2));
        let border = Rect {
            x: body.x + (body.width - width) / 2,
            y: body.y + (body.height - height) / 2,
            width,
            height,
        };
        let (x, width) = margin((body.x, body.width), (border.x, border.width));
        let (y, height) = margin((body.y, body.height), (border.y, border.height));
        let margin = Rect { x, y, width, height };
        Self {
            margin: margin.intersection(body),
            border,
            inner: border.inner(Margin::new(2, 1)).intersection(border),
        }
    }
}

/// Fewer columns or lines of what is below a popup say nothing, and are cleared too.
const SLIVER: u16 = 4;

/// Returns start and length of a popup's margin within those of the screen: one cell, or all up to the edge where little would be left.
const fn margin((start, length): (u16, u16), (border, border_length): (u16, u16)) -> (u16, u16) {
    if border.saturating_sub(start) <= SLIVER {
        (start, length)
    } else {
        (border - 1, border_length + 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popup_clears_what_would_be_a_sliver_at_its_sides() {
        let body = |width: u16| Rect::new(0, 2, width, 21);
        for (width, expected) in [(80, (0, 80)), (90, (6, 78)), (120, (21, 78))] {
            let area = PopupArea::of(body(width), 72, 10);
            assert_eq!((area.margin.x, area.margin.width), expected, "of {width} columns");
        }
    }
}

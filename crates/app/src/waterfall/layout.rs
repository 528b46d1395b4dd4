//! Areas of the waterfall's parts.

use ratatui_core::layout::Rect;

use super::columns::{self, WaterfallRow};
use super::tree::{self, indentation};
use crate::content::Line;

/// A pane of fewer lines is a low one.
const LOW: u16 = 14;
/// So many spans, and the whole trace in a line, need a pane that is not a low one.
const SHORT: u16 = LOW - 3;

/// Areas of the pane's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaterfallParts {
    /// Line about the trace.
    pub heading: Rect,
    /// The whole trace in a line; empty on a low pane.
    pub minimap: Rect,
    /// The axis' labels.
    pub scale: Rect,
    /// The spans, a line each.
    pub rows: Rect,
    /// The columns of the bars, over all of the rows.
    pub bars: Rect,
}

impl WaterfallParts {
    /// Divides the pane. On a low one the whole trace in a line gives way to spans, unless a part is shown only.
    #[must_use]
    pub fn of(area: Rect, zoomed: bool) -> Self {
        let minimap = u16::from(area.height >= if zoomed { LOW / 2 } else { LOW });
        let line = |y: u16| {
            Rect {
                y: area.y.saturating_add(y),
                height: 1,
                ..area
            }
            .intersection(area)
        };
        let rows = Rect {
            y: area.y.saturating_add(2 + minimap),
            height: area.height.saturating_sub(2 + minimap),
            ..area
        }
        .intersection(area);
        let bars = WaterfallColumns::of(area).bars;
        Self {
            heading: line(0),
            minimap: Rect {
                height: minimap,
                ..line(1)
            },
            scale: line(1 + minimap),
            rows,
            bars: Rect {
                y: rows.y,
                height: rows.height,
                ..bars
            },
        }
    }

    /// Returns the lines of a pane with room for a number of spans, 0 for an unknown one, that may have `most` lines. All of a short trace is
    /// in view without the whole trace in a line.
    #[must_use]
    pub(crate) fn lines_for(rows: u16, most: u16) -> u16 {
        match (rows, most) {
            (0, _) => most,
            (SHORT.., LOW..) => rows.saturating_add(3),
            _ => rows.saturating_add(2),
        }
    }

    /// Returns the column of a row's fold mark.
    #[must_use]
    pub fn fold_column(&self, depth: usize) -> u16 {
        let width = usize::from(WaterfallColumns::of(self.rows).label.width).saturating_sub(2);
        // Before it are the cursor and the mark of a match.
        u16::try_from(2 + indentation(depth, width)).unwrap_or(u16::MAX)
    }
}

/// Areas of columns and bars, by their first line.
#[derive(Clone, Copy, Debug)]
pub struct WaterfallColumns {
    /// The tree, with the cursor before it.
    pub label: Rect,
    /// The columns before the bars.
    columns: [Rect; columns::COUNT],
    /// The time axis.
    pub bars: Rect,
}

impl WaterfallColumns {
    /// Divides the pane.
    #[must_use]
    pub fn of(area: Rect) -> Self {
        let row = Rect { height: 1, ..area }.intersection(area);
        let at = |x: u16, width: u16| {
            Rect {
                x: area.x.saturating_add(x),
                width,
                ..row
            }
            .intersection(row)
        };
        let bars = columns::width(area.width);
        Self {
            label: at(0, tree::width(area.width)),
            columns: columns::areas(area),
            // The last column of the pane is empty.
            bars: at(bars, area.width.saturating_sub(bars + 1)),
        }
    }

    /// Returns the names of the columns of a trace that is cross-checked, or not, each in its place.
    pub fn heads(&self, is_checked: bool) -> impl Iterator<Item = (&'static str, Rect)> {
        columns::heads(&self.columns, is_checked)
    }

    /// Returns the cells of a row, each in its place of the line `y`.
    pub fn cells(&self, row: &WaterfallRow<'_>, y: u16) -> impl Iterator<Item = (Line, Rect)> {
        columns::cells(&self.columns, row, y)
    }
}

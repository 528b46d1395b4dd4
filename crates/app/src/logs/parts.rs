//! Areas of a screen of log records.

use ratatui_core::layout::{Margin, Rect};

use trace_model::Store;

use super::LogScreen;
use super::histogram::ROWS;
use crate::layout::BESIDE;

/// Columns before the bars of the histogram: mark, severity and peak.
const LABELS: u16 = 21;
/// From this height on the histogram has a line per severity.
const TALL: u16 = 20;
/// Height from which on there is a histogram.
const LOW: u16 = 12;
/// Rows by which a short list grows.
const STEP: usize = 4;

/// The parts of the screen. Any of them may be empty on a small one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogParts {
    /// The title, or the line in which a filter is typed.
    pub title: Rect,
    /// Status of a filter that is typed.
    pub status: Rect,
    /// Labels of the histogram.
    pub labels: Rect,
    /// Bars of the histogram.
    pub bars: Rect,
    /// Times below the bars.
    pub axis: Rect,
    /// The names of the columns.
    pub head: Rect,
    /// The rows.
    pub rows: Rect,
    /// The record under the cursor, with its title.
    pub record: Rect,
    /// True if the record is to the right of the list.
    pub is_beside: bool,
}

/// Takes lines from the top of an area.
fn top(area: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    let taken = Rect { height: lines, ..*area };
    area.y += lines;
    area.height -= lines;
    taken
}

impl LogParts {
    /// Divides a screen. A filter that is typed has a second line. A list that is short leaves its lines to the record, an empty one to the reason.
    #[must_use]
    pub fn of(screen: &LogScreen, store: &Store, is_typing: bool, area: Rect) -> Self {
        let mut rest = area;
        let title = top(&mut rest, 1);
        let status = top(&mut rest, u16::from(is_typing));
        let has_parts = screen.has_parts(store, is_typing);
        let bar_lines = match area.height {
            _ if !has_parts => 0,
            0..LOW => 0,
            LOW..TALL => 1,
            TALL.. => ROWS,
        };
        let bars = top(&mut rest, bar_lines);
        let axis = top(&mut rest, u16::from(bar_lines > 0));
        let labels = LABELS.min(bars.width);
        let right_of_labels = |line: Rect| Rect {
            x: line.x + labels,
            width: line.width - labels,
            ..line
        };
        let has_record = has_parts && screen.patterns().is_none();
        let is_beside = has_record && screen.is_beside() && area.width >= BESIDE;
        let record = if is_beside {
            let width = rest.width / 2;
            rest.width -= width + 1;
            Rect {
                x: rest.right() + 1,
                width,
                ..rest
            }
        } else {
            // In steps, and not while results come and go, so that the record seldom moves.
            let listed = match screen.len(store) {
                listed if is_typing || listed == 0 => usize::MAX,
                listed => listed.next_multiple_of(STEP) + 1,
            };
            let free = rest.height.saturating_sub(u16::try_from(listed).unwrap_or(u16::MAX));
            let share = free.max(area.height * 2 / 5);
            let lines = if has_record {
                share.min(rest.height.saturating_sub(4))
            } else {
                0
            };
            rest.height -= lines;
            Rect {
                y: rest.bottom(),
                height: lines,
                ..rest
            }
        };
        let inner = |part: Rect| part.inner(Margin::new(1, 0)).intersection(part);
        let head = top(&mut rest, 1);
        Self {
            title,
            status,
            labels: Rect { width: labels, ..bars },
            bars: right_of_labels(bars),
            axis: right_of_labels(axis),
            head: inner(head),
            rows: inner(rest),
            record,
            is_beside,
        }
    }
}

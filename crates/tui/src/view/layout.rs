//! Where things stand.

use ratatui::layout::{Constraint, Layout, Margin, Rect};

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
    /// Over the panes: help, output.
    pub overlay: Rect,
}

/// How a person divided the screen, in lines; `None` where nobody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Splits {
    /// The list, with its title.
    pub list: Option<u16>,
    /// The details, with their title.
    pub details: Option<u16>,
}

/// What is left of the waterfall at least.
const WATERFALL: u16 = 3;

impl Panes {
    /// Divides the screen: the waterfall gets what the others leave.
    #[must_use]
    pub fn of(screen: Rect, splits: Splits) -> Self {
        let free = screen.height.saturating_sub(3 + WATERFALL);
        let list = splits.list.map(|lines| lines.clamp(2, free.saturating_sub(1).max(2)));
        let list = list.unwrap_or_else(|| (screen.height / 5).clamp(4, 12));
        let details = splits.details.map(|lines| lines.clamp(1, free.saturating_sub(list).max(1)));
        let details = details.unwrap_or_else(|| (screen.height * 3 / 10).clamp(6, 20));
        let heights = [2, list, 0, details, 1].map(Constraint::Length);
        let [header, traces, waterfall, details, footer] =
            Layout::vertical([heights[0], heights[1], Constraint::Min(3), heights[3], heights[4]]).areas(screen);
        let overlay = screen.inner(Margin::new(2, 2)).intersection(screen);
        Self {
            header,
            traces,
            waterfall,
            details,
            footer,
            overlay,
        }
    }
}

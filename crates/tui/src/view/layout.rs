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

/// How a person divided the screen; `None` where nobody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Splits {
    /// Lines of the list, with its title.
    pub list: Option<u16>,
    /// Lines of the details, with their title, where they stand below the waterfall.
    pub details: Option<u16>,
    /// Columns of the details, where they stand beside it.
    pub width: Option<u16>,
    /// Whether they stand beside it.
    pub beside: Option<bool>,
}

impl Splits {
    /// Whether the details stand beside the waterfall on such a screen: where nobody said so, on a wide one.
    #[must_use]
    pub fn is_beside(self, screen: Rect) -> bool {
        screen.width >= BESIDE && self.beside.unwrap_or(screen.width >= WIDE)
    }
}

/// What is left of the waterfall at least.
const WATERFALL: u16 = 3;
/// A narrower screen has no room for two panes beside each other.
pub const BESIDE: u16 = 110;
/// From this width on there is room for both without being asked.
const WIDE: u16 = 180;
/// Of what is beside each other at least so many columns are left.
const NARROWEST: u16 = 40;

impl Panes {
    /// Whether the details stand beside the waterfall.
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
        let list = list.unwrap_or_else(|| (screen.height / 5).clamp(4, 12));
        let details = splits.details.map(|lines| lines.clamp(1, free.saturating_sub(list).max(1)));
        let details = details.unwrap_or_else(|| (screen.height * 3 / 10).clamp(6, 20));
        let heights = [2, list, 0, details, 1].map(Constraint::Length);
        let [header, traces, waterfall, details, footer] =
            Layout::vertical([heights[0], heights[1], Constraint::Min(3), heights[3], heights[4]]).areas(screen);
        let (waterfall, details) = if splits.is_beside(screen) {
            beside(screen, [traces, waterfall, details, footer], splits.width)
        } else {
            (waterfall, details)
        };
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

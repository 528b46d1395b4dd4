//! The first line in view of a text that may be longer than its pane.

use super::{Action, scrolled};

/// A position in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Scroll {
    first: usize,
}

impl Scroll {
    /// At a line, the first one being 0.
    pub(super) const fn at(first: usize) -> Self {
        Self { first }
    }

    /// The first line in view.
    #[must_use]
    pub const fn first(self) -> usize {
        self.first
    }

    pub(super) const fn update(&mut self, action: Action, page: usize) {
        self.first = scrolled(self.first, action, page);
    }

    /// Keeps the last line at the end of the view where there are enough lines.
    pub(super) fn fit(&mut self, lines: usize, height: usize) {
        self.first = self.first.min(lines.saturating_sub(height));
    }
}

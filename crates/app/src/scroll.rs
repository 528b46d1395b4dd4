//! Moves in texts and lists that may be longer than their pane.

use super::Action;

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

/// Returns the position after a move; the caller clamps it to the end.
pub(crate) const fn scrolled(position: usize, action: Action, page: usize) -> usize {
    match action {
        Action::Up => position.saturating_sub(1),
        Action::Down => position.saturating_add(1),
        Action::PageUp => position.saturating_sub(page),
        Action::PageDown => position.saturating_add(page),
        Action::First => 0,
        Action::Last => usize::MAX,
        _ => position,
    }
}

/// The first row to show, so that `cursor` is among `height` rows and as little moves as possible.
pub(crate) const fn window(first: usize, cursor: usize, height: usize) -> usize {
    if cursor < first {
        cursor
    } else if cursor >= first.saturating_add(height) {
        (cursor + 1).saturating_sub(height)
    } else {
        first
    }
}

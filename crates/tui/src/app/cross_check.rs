//! Which rows of the waterfall the cross-check shows.

use std::ops::Range;

use super::{Waterfall, window};

/// The cross-check's window on the rows of the selected trace. The cursor and the folds are the waterfall's: whoever closes it finds
/// the span there.
#[derive(Debug, Default)]
pub struct CrossCheck {
    first: usize,
    height: usize,
}

impl CrossCheck {
    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// How many rows there is room for.
    pub(super) const fn height(&self) -> usize {
        self.height
    }

    pub(super) fn fit(&mut self, waterfall: &Waterfall, height: usize) {
        self.height = height;
        let rows = waterfall.outline().map_or(0, trace_model::Outline::len);
        self.first = window(self.first, waterfall.position(), height.max(1)).min(rows.saturating_sub(height));
    }
}

//! The spans of one trace: the cursor, the folds, and which rows are in view.

use std::ops::Range;

use trace_model::{Outline, SpanKey, Store, TraceId};

use super::{Action, scrolled, window};

/// The waterfall's state; empty while no trace is selected.
#[derive(Debug, Default)]
pub struct Waterfall {
    outline: Option<Outline>,
    cursor: Option<SpanKey>,
    position: usize,
    /// Until somebody moves the cursor is on the first row, whichever span that turns out to be.
    moved: bool,
    first: usize,
    height: usize,
    /// The rows are not those of the store's last change: a large trace is growing.
    behind: bool,
}

impl Waterfall {
    /// The rows of the trace.
    #[must_use]
    pub const fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// The span under the cursor, with its trace.
    #[must_use]
    pub fn selected(&self) -> Option<(TraceId, &SpanKey)> {
        self.outline.as_ref().map(Outline::trace_id).zip(self.cursor.as_ref())
    }

    /// Where the cursor stands.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Whether the rows have to catch up at one of the next frames.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Shows a trace; does nothing when it is shown already.
    pub(super) fn show(&mut self, trace_id: Option<TraceId>) {
        if self.outline.as_ref().map(Outline::trace_id) != trace_id {
            *self = Self {
                outline: trace_id.map(Outline::new),
                height: self.height,
                ..Self::default()
            };
        }
    }

    /// `page` is how many rows are in view, where that is not this pane.
    pub(super) fn update(&mut self, action: Action, page: Option<usize>) {
        let Some(outline) = &mut self.outline else { return };
        let Some(key) = self.cursor.clone() else { return };
        self.moved = true;
        let folded = outline.is_folded(&key);
        match action {
            Action::ToggleFold => outline.fold(&key, !folded),
            Action::Left if outline.has_children(&key) && !folded => outline.fold(&key, true),
            Action::Left => self.position = outline.parent(self.position).unwrap_or(self.position),
            Action::Right if folded => outline.fold(&key, false),
            Action::Right if outline.has_children(&key) => self.position += 1,
            _ => {
                let page = page.unwrap_or(self.height);
                self.position = scrolled(self.position, action, page).min(outline.len().saturating_sub(1));
            }
        }
        self.cursor = outline.key(self.position).cloned();
    }

    pub(super) fn fit(&mut self, store: &Store, height: usize) {
        self.height = height.max(1);
        let Some(outline) = &mut self.outline else { return };
        self.behind = !outline.refresh(store);
        let kept = self
            .cursor
            .as_ref()
            .filter(|_| self.moved)
            .and_then(|key| outline.position(key));
        self.position = kept.unwrap_or(0).min(outline.len().saturating_sub(1));
        self.cursor = outline.key(self.position).cloned();
        let highest_first = outline.len().saturating_sub(self.height);
        self.first = window(self.first, self.position, self.height).min(highest_first);
    }
}

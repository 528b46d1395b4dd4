//! The list of traces: which one is selected, and which ones are in view.

use std::ops::Range;

use trace_model::{Store, TraceId, TraceSummary};

use super::{Action, scrolled, window};

/// The list's state. It follows the newest trace until somebody moves.
#[derive(Debug)]
pub struct TraceList {
    selected: Option<TraceId>,
    following: bool,
    /// The selected trace is on its way: its absence does not mean that it left.
    awaited: bool,
    first: usize,
    height: usize,
    /// Where the selected trace stood at the last frame: if it leaves, what took its place is selected.
    position: usize,
}

impl Default for TraceList {
    fn default() -> Self {
        Self {
            selected: None,
            following: true,
            awaited: false,
            first: 0,
            height: 1,
            position: 0,
        }
    }
}

impl TraceList {
    /// The trace that the waterfall shows.
    #[must_use]
    pub const fn selected(&self) -> Option<TraceId> {
        self.selected
    }

    /// Whether the newest trace is selected as it comes.
    #[must_use]
    pub const fn following(&self) -> bool {
        self.following
    }

    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Selects one trace, which may not have arrived yet.
    pub const fn select(&mut self, trace_id: TraceId) {
        self.selected = Some(trace_id);
        self.awaited = true;
        self.following = false;
    }

    /// Stays where it is.
    pub const fn hold(&mut self) {
        self.following = false;
    }

    pub(super) fn update(&mut self, store: &Store, action: Action) {
        let last = store.listed().saturating_sub(1);
        let position = scrolled(self.position, action, self.height).min(last);
        if let Some(trace) = at(store, position) {
            self.selected = Some(trace.trace_id);
            self.awaited = false;
            self.position = position;
        }
        // The newest stands at the top: going there means following it.
        self.following = position == 0 && matches!(action, Action::First | Action::Up | Action::PageUp);
    }

    pub(super) fn fit(&mut self, store: &Store, height: usize) {
        self.height = height.max(1);
        let held = self.selected.filter(|_| !self.following);
        match held.and_then(|trace_id| store.position(trace_id)) {
            Some(position) => {
                self.position = position;
                self.awaited = false;
            }
            None if held.is_some() && (self.awaited || is_looked_for(store)) => {}
            None => {
                let last = store.listed().saturating_sub(1);
                self.position = if self.following { 0 } else { self.position.min(last) };
                self.selected = at(store, self.position).map(|trace| trace.trace_id);
            }
        }
        let highest_first = store.listed().saturating_sub(self.height);
        self.first = window(self.first, self.position, self.height).min(highest_first);
    }
}

/// Whether a trace that is not listed may yet be found.
fn is_looked_for(store: &Store) -> bool {
    store.search_progress().is_some_and(|progress| !progress.is_complete())
}

fn at(store: &Store, position: usize) -> Option<TraceSummary> {
    store.traces(position..position + 1).pop()
}

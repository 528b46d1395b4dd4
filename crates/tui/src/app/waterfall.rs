//! The spans of one trace: the cursor, the folds, and which rows are in view.

mod zoom;

use std::ops::Range;

use ratatui::layout::Rect;
use trace_model::{Outline, SpanKey, Store, TraceId};

use super::{Action, scrolled, window};
use crate::view::WaterfallParts;
pub use zoom::{Stretch, Zoom};

/// A span in flight for longer, in nanoseconds, was most likely abandoned: its bar stops growing, so that the others can be seen.
pub const LONGEST_RUN: u64 = 300_000_000_000;

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
    zoom: Zoom,
    /// When the span under the cursor ran.
    ran: Option<Stretch>,
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

    /// Which part of the trace's time the bars show.
    #[must_use]
    pub const fn zoom(&self) -> &Zoom {
        &self.zoom
    }

    /// Zooms around what stands in a column of the bars, counted from the left.
    pub fn zoom_at(&mut self, column: u16, nearer: bool) {
        self.zoom.change_at(column, nearer);
    }

    /// Moves the window by so many columns to the right, or to the left.
    pub fn pan_by(&mut self, columns: i32) {
        self.zoom.pan(columns);
    }

    /// Shows another part of the trace's time, if an action asks for that.
    pub(super) fn zooms(&mut self, action: Action) -> bool {
        let middle = |stretch: Stretch| stretch.start_unix_nano + stretch.nano / 2;
        match action {
            Action::ZoomIn | Action::ZoomOut => {
                let shown = self.zoom.shown();
                // Of a span that begins or ends elsewhere, what is to be seen of it.
                let seen = |ran: Stretch| {
                    let (start, end) = (ran.start_unix_nano, ran.end_unix_nano());
                    if shown.touches(start, end) {
                        Stretch::new(start.max(shown.start_unix_nano), end.min(shown.end_unix_nano()))
                    } else {
                        ran
                    }
                };
                let around = self.ran.map_or(shown, seen);
                self.zoom.change(action == Action::ZoomIn, middle(around));
            }
            Action::ZoomToSpan => {
                if let Some(ran) = self.ran {
                    self.zoom.to(ran);
                }
            }
            Action::WholeTrace => self.zoom.show_whole(),
            Action::PanLeft | Action::PanRight => self.zoom.step(action == Action::PanRight),
            _ => return false,
        }
        true
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

    /// Puts the cursor on a span of the trace that is shown.
    pub(super) fn select(&mut self, key: &SpanKey) {
        self.cursor = Some(key.clone());
        self.moved = true;
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

    /// Catches up with the store; `area` is that of the pane.
    pub(super) fn fit(&mut self, store: &Store, area: Rect, unix_nano: u64) {
        let parts = WaterfallParts::of(area);
        self.height = usize::from(parts.rows.height).max(1);
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
        let selected = outline.rows(store, self.position..self.position + 1).pop();
        self.ran = selected.and_then(|row| row.line).map(|line| {
            let running = unix_nano.min(line.start_unix_nano.saturating_add(LONGEST_RUN));
            Stretch::new(line.start_unix_nano, line.end_unix_nano.unwrap_or(running))
        });
        let whole = whole(store, outline.trace_id(), unix_nano);
        self.zoom.fit(whole, parts.bars.width);
    }
}

/// All of a trace's time, to this moment while something is in flight.
fn whole(store: &Store, trace_id: TraceId, unix_nano: u64) -> Stretch {
    let Some(trace) = store.trace(trace_id) else {
        return Stretch::default();
    };
    let running = if trace.in_flight > 0 {
        unix_nano.saturating_sub(trace.start_unix_nano).min(LONGEST_RUN)
    } else {
        0
    };
    Stretch {
        start_unix_nano: trace.start_unix_nano,
        nano: trace.duration_nano.max(running).max(1),
    }
}

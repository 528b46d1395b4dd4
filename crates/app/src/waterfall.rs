//! The spans of one trace: the cursor, the folds, and which rows are in view.

mod columns;
mod find;
mod jump;
mod layout;
mod logs;
mod tree;
mod zoom;

use std::ops::Range;

use ratatui_core::layout::Rect;
use trace_model::work::{self, Steps};
use trace_model::{Clock, Outline, Row, Severity, SpanId, SpanKey, Store, TraceId};

use super::{Action, scrolled, window};
pub use columns::WaterfallRow;
pub use find::Find;
pub(super) use jump::Jumps;
pub(super) use jump::Went;
pub use layout::{WaterfallColumns, WaterfallParts};
pub(super) use tree::indentation;
pub use tree::tree_line;
pub use zoom::{Stretch, Zoom};

/// The waterfall's state; empty while no trace is selected.
#[derive(Debug, Default)]
pub struct Waterfall {
    outline: Option<Outline>,
    cursor: Option<SpanKey>,
    position: usize,
    /// Until the user moves it, the cursor is on the first row, whichever span that turns out to be.
    moved: bool,
    first: usize,
    height: usize,
    /// The rows are not those of the store's last change: a large trace is growing.
    behind: bool,
    zoom: Zoom,
    /// The row under the cursor.
    row: Option<Row>,
    /// When it ran.
    ran: Option<Stretch>,
    find: Find,
    jumps: Jumps,
    log_marks: logs::LogMarks,
    goal: Option<jump::Goal>,
    /// Rows of traces that were shown before, dropped in steps.
    leaving: Vec<Steps<()>>,
}

/// [Work](trace_model::work) on rows before a frame, at most: some thousand spans are complete at once.
const WORK_PER_FRAME: u64 = 1 << 22;

/// Answer to a key that needs the result of a search that is not complete yet.
const STILL_SEARCHING: &str = "still searching this trace: press the key again in a moment";

impl Waterfall {
    /// The rows of the trace.
    #[must_use]
    pub const fn outline(&self) -> Option<&Outline> {
        self.outline.as_ref()
    }

    /// Returns the log records of a span that are marked on its bar: times in nanoseconds since the Unix epoch, and severities.
    #[must_use]
    pub fn log_marks(&self, span_id: SpanId) -> &[(u64, Severity)] {
        self.log_marks.of_span(span_id)
    }

    /// The span under the cursor, with its trace.
    #[must_use]
    pub fn selected(&self) -> Option<(TraceId, &SpanKey)> {
        self.outline.as_ref().map(Outline::trace_id).zip(self.cursor.as_ref())
    }

    /// Returns the position of the cursor.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height
    }

    /// Returns true if the rows must be updated at one of the next frames.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Returns true if there is more to read of the trace.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.outline.as_ref().is_some_and(Outline::is_reading) || self.find.is_searching() || !self.leaving.is_empty()
    }

    /// Continues to read the trace, for about so much work; true when there are new rows.
    pub(super) fn read_part(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        let left = || until.saturating_sub(work::done());
        if let Some(leaving) = self.leaving.last_mut()
            && leaving.run(work).is_some()
        {
            self.leaving.pop();
        }
        let Some(outline) = &mut self.outline else { return false };
        let is_read = outline.is_reading() && outline.read_part(store, left());
        let is_found = self.find.is_searching() && self.find.search_part(store, outline, left());
        if is_found && self.find.wants_first() {
            self.go_to_first_match(store);
        }
        is_read || is_found
    }

    /// Which part of the trace's time the bars show.
    #[must_use]
    pub const fn zoom(&self) -> &Zoom {
        &self.zoom
    }

    /// The row under the cursor, as it was when the frame was prepared.
    #[must_use]
    pub const fn row(&self) -> Option<&Row> {
        self.row.as_ref()
    }

    /// Returns the search in this trace.
    #[must_use]
    pub const fn find(&self) -> &Find {
        &self.find
    }

    /// Begins to type what is looked for in this trace.
    pub(super) fn open_find(&mut self) {
        self.find.open();
    }

    /// Looks for nothing any more.
    pub(super) fn clear_find(&mut self) {
        self.find.clear();
    }

    pub(super) fn paste_find(&mut self, text: &str, clock: &Clock) {
        self.find.paste(text, clock);
    }

    /// Does what a key asked for while it is typed what is looked for; when that is done, the cursor goes to the first match.
    pub(super) fn type_find(&mut self, action: Action, store: &Store, clock: &Clock) {
        if self.find.update(action, clock) {
            self.go_to_first_match(store);
        }
    }

    /// Folds a part of the trace, or straightens its clocks, if an action asks for that; an error says why that can't be done.
    pub(super) fn folds(&mut self, action: Action, store: &Store) -> Option<Result<(), &'static str>> {
        let outline = self.outline.as_mut()?;
        match action {
            Action::UnfoldAll => outline.unfold_all(),
            Action::FoldAll => outline.fold_all(),
            Action::FoldToDepth(depth) => outline.fold_to_depth(depth.into()),
            Action::FoldShallower => outline.fold_to_depth(outline.deepest().saturating_sub(1)),
            Action::FoldDeeper => outline.fold_to_depth(outline.deepest().saturating_add(1)),
            Action::StraightenClocks => outline.toggle_straight(),
            Action::FoldToErrors => {
                let failed = outline.failed().to_vec();
                if failed.is_empty() {
                    return Some(Err("no span of this trace failed, and no error was reported in it"));
                }
                outline.fold_to(failed);
            }
            Action::FoldToMatches => match self.find.all(store, outline) {
                None => return Some(Err(STILL_SEARCHING)),
                Some([]) => return Some(Err("nothing is found: / looks for spans of this trace")),
                Some(found) => {
                    let found = found.to_vec();
                    outline.fold_to(found);
                }
            },
            _ => return None,
        }
        self.keep_cursor();
        Some(Ok(()))
    }

    /// After folding: the cursor stays on its span, or goes to the row that hides it.
    fn keep_cursor(&mut self) {
        let Some(outline) = &self.outline else { return };
        let kept = self.cursor.as_ref().and_then(|key| outline.position(key));
        self.put_cursor(kept.unwrap_or(self.position));
        self.moved = true;
    }

    /// Puts the cursor on a row. While rows are being folded it keeps its span, which may be hidden by another one until then.
    fn put_cursor(&mut self, position: usize) {
        let Some(outline) = &self.outline else { return };
        self.position = position.min(outline.len().saturating_sub(1));
        if !outline.is_folding() || self.cursor.is_none() {
            self.cursor = outline.key(self.position).cloned();
        }
    }

    /// Zooms around a column of the bars, counted from the left.
    pub fn zoom_at(&mut self, column: u16, nearer: bool) {
        self.zoom.change_at(column, nearer);
    }

    /// Moves the window by so many columns to the right, or to the left.
    pub fn pan_by(&mut self, columns: i32) {
        self.zoom.pan(columns);
    }

    /// Shows another part of the trace's time, if an action asks for that.
    pub(super) fn zooms(&mut self, action: Action) -> bool {
        let middle = |stretch: Stretch| stretch.start_unix_nano.saturating_add(stretch.nano / 2);
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
            let mut leaving = std::mem::take(&mut self.leaving);
            leaving.extend(self.outline.take().map(Outline::leave));
            *self = Self {
                leaving,
                outline: trace_id.map(Outline::new),
                height: self.height,
                // What is looked for is looked for in the next one too, and there is a way back.
                find: std::mem::take(&mut self.find),
                jumps: std::mem::take(&mut self.jumps),
                ..Self::default()
            };
        }
    }

    /// Puts the cursor on a row of those in view; whether it was there already, or `None` without such a row.
    pub(super) fn select_row(&mut self, row: usize) -> Option<bool> {
        if row < self.height {
            self.select_position(self.first + row)
        } else {
            None
        }
    }

    /// The same for any row, the trace's first one being 0.
    pub(super) fn select_position(&mut self, position: usize) -> Option<bool> {
        let key = self.outline.as_ref()?.key(position)?.clone();
        let again = self.cursor.as_ref() == Some(&key);
        self.position = position;
        self.cursor = Some(key);
        self.moved = true;
        Some(again)
    }

    /// In which column the fold mark of the row under the cursor stands, if it has one.
    pub(super) fn fold_column(&self, parts: WaterfallParts) -> Option<u16> {
        let outline = self.outline.as_ref()?;
        let node = outline.tree().nodes().get(outline.node(self.position)?)?;
        let is_one = node.children > 0 || outline.is_folded(&node.key);
        is_one.then(|| parts.rows.x.saturating_add(parts.fold_column(node.depth)))
    }

    /// Takes the history of jumps.
    pub(super) fn take_jumps(&mut self) -> Jumps {
        std::mem::take(&mut self.jumps)
    }

    /// Puts a history of jumps back.
    pub(super) fn put_jumps(&mut self, jumps: Jumps) {
        self.jumps = jumps;
    }

    /// Returns true if a jump can be undone.
    pub(super) fn has_jumped(&self) -> bool {
        self.jumps.has_history()
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
            Action::ToggleFold => {
                outline.fold(&key, !folded);
                return self.keep_cursor();
            }
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

    /// Catches up with the store; `area` is that of the pane, `longest_run` is [`super::Mode::longest_run`].
    pub(super) fn fit(&mut self, store: &Store, area: Rect, unix_nano: u64, longest_run: u64) {
        let parts = WaterfallParts::of(area, self.zoom.is_zoomed());
        self.height = usize::from(parts.rows.height).max(1);
        let Some(outline) = &mut self.outline else { return };
        self.behind = !outline.refresh_part(store, WORK_PER_FRAME);
        // Before anything was read the cursor is where the user has put it.
        if outline.revision().is_some() || !self.behind {
            let kept = self
                .cursor
                .as_ref()
                .filter(|_| self.moved)
                .and_then(|key| outline.position(key));
            self.put_cursor(kept.unwrap_or(0));
        }
        let Some(outline) = &self.outline else { return };
        self.log_marks.fit(store, outline.trace_id());
        let highest_first = outline.len().saturating_sub(self.height);
        self.first = window(self.first, self.position, self.height).min(highest_first);
        self.row = outline.rows(store, self.position..self.position + 1).pop();
        let line = self.row.as_ref().and_then(|row| row.line.as_ref());
        self.ran = line.map(|line| {
            let running = unix_nano.min(line.start_unix_nano.saturating_add(longest_run));
            Stretch::new(line.start_unix_nano, line.end_unix_nano.unwrap_or(running))
        });
        if let Some(group) = self.row.as_ref().and_then(|row| row.group) {
            self.ran = Some(Stretch::new(group.first, group.last));
        }
        self.find.fit(store, outline);
        let mut whole = whole(store, outline.trace_id(), unix_nano, longest_run);
        if outline.is_straight() {
            let overview = outline.overview();
            // Spans in flight continue, whatever the clocks say.
            let end = if is_running(store, outline.trace_id()) {
                whole.end_unix_nano()
            } else {
                0
            };
            whole = Stretch::new(overview.start_unix_nano(), overview.end_unix_nano().max(end));
        }
        self.zoom.fit(whole, parts.bars.width);
    }
}

fn is_running(store: &Store, trace_id: TraceId) -> bool {
    store.trace(trace_id).is_some_and(|trace| trace.in_flight > 0)
}

/// All of a trace's time, to this moment while something is in flight.
fn whole(store: &Store, trace_id: TraceId, unix_nano: u64, longest_run: u64) -> Stretch {
    let Some(trace) = store.trace(trace_id) else {
        return Stretch::default();
    };
    let running = if trace.in_flight > 0 {
        unix_nano.saturating_sub(trace.start_unix_nano).min(longest_run)
    } else {
        0
    };
    Stretch {
        start_unix_nano: trace.start_unix_nano,
        nano: trace.duration_nano.max(running).max(1),
    }
}

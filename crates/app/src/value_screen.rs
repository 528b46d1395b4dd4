//! A value, full size: what it is, its lines, and what is folded of them.

mod rows;

use ratatui_core::layout::Rect;
use value_text::{Document, Hint, Outline};

use super::{Action, ListFilter, Notice};
use crate::content::Line;
use crate::format::{self, Now};
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::ListParts;
use crate::{App, Effect, Layer};

/// Bytes read, and searched, per frame: a small part of a frame's time.
const PER_FRAME: usize = 1 << 20;
/// Bytes read at a time until the view is full.
const STEP: usize = 16 << 10;
/// Bytes that the terminal is asked to put into its clipboard, at most: few accept more.
const COPIED_MAX: usize = 1 << 20;

/// A row of the screen: a line of the document, and which row of it, since a long one takes several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
struct RowPosition {
    line: usize,
    row: usize,
}

/// Target of the cursor while the text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// The last line.
    End,
    /// The next line with the text that is searched for, from this one on.
    Found { from: usize, is_forward: bool },
}

/// A row in view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Line that it shows.
    pub line: Line,
    /// True if the cursor is there.
    pub is_selected: bool,
}

/// The screen's state.
#[derive(Debug)]
pub struct ValueScreen {
    name: String,
    document: Document,
    outline: Outline,
    cursor: RowPosition,
    first: RowPosition,
    /// Columns and rows of the last frame.
    size: (usize, usize),
    rows: Vec<ValueRow>,
    narrow: ListFilter,
    /// Words that were searched for at the last frame.
    searched: String,
    /// Row at which typing began.
    origin: usize,
    goal: Option<Goal>,
    /// Nothing was found.
    is_absent: bool,
}

impl ValueScreen {
    pub(super) fn new(name: String, text: String) -> Self {
        let hint = Hint::of_key(&name);
        Self {
            name,
            document: Document::new(text, hint),
            outline: Outline::default(),
            cursor: RowPosition::default(),
            first: RowPosition::default(),
            size: (80, 1),
            rows: Vec::new(),
            narrow: ListFilter::default(),
            searched: String::new(),
            origin: 0,
            goal: None,
            is_absent: false,
        }
    }

    /// The name of the attribute.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rows in view.
    #[must_use]
    pub fn rows(&self) -> &[ValueRow] {
        &self.rows
    }

    /// The text that is searched for.
    #[must_use]
    pub const fn narrow(&self) -> &ListFilter {
        &self.narrow
    }

    /// Returns the form, the size, and the progress of reading; or that nothing was found.
    #[must_use]
    pub fn status(&self) -> String {
        if self.is_absent {
            return "not found".to_owned();
        }
        let size = format::bytes(self.document.text().len() as u64);
        let lines = format::count(self.document.lines().len() as u64, "line");
        let mut status = format!("{} · {size} · {lines}", self.document.form().name());
        if !self.document.is_complete() {
            let percent = self.document.read() * 100 / self.document.text().len().max(1);
            status = format!("{status} · {percent}% read");
        }
        status
    }

    /// Returns true if the next frame shows more.
    #[must_use]
    pub const fn is_reading(&self) -> bool {
        self.goal.is_some()
    }

    /// Returns true if an action can do something.
    pub(super) fn can(&self, action: Action) -> bool {
        match action {
            Action::NextMatch | Action::PreviousMatch => !self.narrow.is_empty(),
            Action::Down => [true, false]
                .iter()
                .any(|down| self.moved(self.cursor, 1, *down) != self.cursor),
            Action::ToggleFold => self.fold_under_cursor().is_some(),
            _ => {
                let lines = self.document.lines();
                let is_folded = |at| self.outline.is_folded(lines, at) == (action == Action::FoldDeeper);
                (0..lines.len().min(10_000)).any(|at| lines[at].is_fold && is_folded(at))
            }
        }
    }

    /// The line under the cursor, or the one that it stands below.
    fn fold_under_cursor(&self) -> Option<usize> {
        let line = self.document.lines().get(self.cursor.line)?;
        line.is_fold.then_some(self.cursor.line).or_else(|| line.parent())
    }

    fn update(&mut self, action: Action) {
        match action {
            Action::Filter => {
                self.origin = self.cursor.line;
                self.narrow.open();
            }
            Action::ToggleFold | Action::Open => {
                if let Some(line) = self.fold_under_cursor() {
                    self.outline.toggle(self.document.lines(), line);
                    self.cursor = RowPosition { line, row: 0 };
                }
            }
            Action::FoldShallower | Action::FoldDeeper => {
                self.outline
                    .change_levels(self.document.lines(), action == Action::FoldDeeper);
                self.cursor = RowPosition {
                    line: self.outline.seen(self.document.lines(), self.cursor.line),
                    row: 0,
                };
            }
            Action::NextMatch => self.find(self.cursor.line + 1, true),
            Action::PreviousMatch => self.find(self.cursor.line, false),
            Action::Up => self.cursor = self.moved(self.cursor, 1, false),
            Action::Down => self.cursor = self.moved(self.cursor, 1, true),
            Action::PageUp | Action::PageDown => {
                let is_down = action == Action::PageDown;
                self.cursor = self.moved(self.cursor, self.size.1, is_down);
                self.first = self.moved(self.first, self.size.1, is_down);
            }
            Action::First => (self.cursor, self.goal) = (RowPosition::default(), None),
            Action::Last => self.goal = Some(Goal::End),
            _ => {}
        }
    }

    fn find(&mut self, from: usize, is_forward: bool) {
        self.is_absent = false;
        if !self.narrow.is_empty() {
            self.goal = Some(Goal::Found { from, is_forward });
        }
    }

    /// Reads what the view needs, then continues to the goal. `area` is that of the rows.
    fn fit(&mut self, area: Rect) {
        self.size = (usize::from(area.width).max(1), usize::from(area.height).max(1));
        if self.searched != self.narrow.line().text() {
            self.searched = self.narrow.line().text().to_owned();
            self.find(self.origin, true);
        }
        let mut left = PER_FRAME;
        self.advance(&mut left);
        self.settle();
        while !self.document.is_complete() && left > 0 && self.collect() < self.size.1 {
            self.document.step(STEP);
            left = left.saturating_sub(STEP);
        }
        self.settle();
        self.collect();
    }

    /// Continues to the goal and subtracts the work from the budget.
    fn advance(&mut self, left: &mut usize) {
        match self.goal {
            Some(Goal::End) => {
                self.document.step(*left);
                if self.document.is_complete() {
                    let last = self.document.lines().len().saturating_sub(1);
                    let line = self.outline.seen(self.document.lines(), last);
                    self.cursor = RowPosition {
                        line,
                        row: self.rows_of(line).len().saturating_sub(1),
                    };
                    self.goal = None;
                }
                *left = 0;
            }
            Some(Goal::Found { from, is_forward }) => self.advance_search(from, is_forward, left),
            None => {}
        }
    }

    fn advance_search(&mut self, mut from: usize, is_forward: bool, left: &mut usize) {
        while *left > 0 {
            if is_forward && from >= self.document.lines().len() {
                if self.document.is_complete() {
                    (self.goal, self.is_absent) = (None, true);
                    return;
                }
                self.document.step(STEP);
                *left = left.saturating_sub(STEP);
                continue;
            }
            let at = if is_forward { Some(from) } else { from.checked_sub(1) };
            let Some(at) = at else {
                (self.goal, self.is_absent) = (None, true);
                return;
            };
            let text = self.document.text_of(at, &self.outline);
            *left = left.saturating_sub(text.len() + 64);
            if self.narrow.keeps(&[&text]) {
                self.outline.reveal(self.document.lines(), at);
                (self.cursor, self.goal) = (RowPosition { line: at, row: 0 }, None);
                return;
            }
            from = if is_forward { at + 1 } else { at };
        }
        self.goal = Some(Goal::Found { from, is_forward });
    }

    /// The rows in view; returns how many there are.
    fn collect(&mut self) -> usize {
        let mut rows = Vec::new();
        let mut place = self.first;
        while rows.len() < self.size.1 && place.line < self.document.lines().len() {
            let is_found = !self.narrow.is_empty() && {
                let text = self.document.text_of(place.line, &self.outline);
                self.narrow.keeps(&[&text])
            };
            for (row, mut line) in self.rows_of(place.line).into_iter().enumerate().skip(place.row) {
                if is_found && let Some(mark) = line.pieces.first_mut() {
                    mark.text = "◆".into();
                }
                rows.push(ValueRow {
                    line,
                    is_selected: self.cursor == RowPosition { line: place.line, row },
                });
            }
            let Some(next) = self.outline.next(self.document.lines(), place.line) else {
                break;
            };
            place = RowPosition { line: next, row: 0 };
        }
        rows.truncate(self.size.1);
        self.rows = rows;
        self.rows.len()
    }

    /// Puts the cursor on a row in view. Returns whether it was there already.
    fn select_row(&mut self, row: usize) -> Option<bool> {
        let place = self.moved(self.first, row, true);
        (row < self.rows.len()).then(|| std::mem::replace(&mut self.cursor, place) == place)
    }
}

impl Component for ValueScreen {
    fn place(_: &App, body: Rect) -> Placed {
        let parts = ListParts::of(body, 0);
        Placed::screen(body, parts.head.union(parts.rows))
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        if let Some(value) = Self::shown_mut(app) {
            value.fit(placed.rows);
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        if action == Action::CopyValue {
            return Outcome::Done(app.copy_value());
        }
        if let Some(value) = Self::shown_mut(app) {
            value.update(action);
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::NextMatch
            | Action::PreviousMatch
            | Action::Down
            | Action::ToggleFold
            | Action::FoldShallower
            | Action::FoldDeeper => Self::shown(app).map(|value| value.can(action)),
            Action::Toggle(Layer::Value) => Some(true),
            _ => None,
        }
    }

    fn narrow(app: &App) -> Option<&ListFilter> {
        Self::shown(app).map(|value| &value.narrow)
    }

    fn narrow_mut(app: &mut App) -> Option<&mut ListFilter> {
        Self::shown_mut(app).map(|value| &mut value.narrow)
    }

    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        Self::shown_mut(app)?.select_row(row)
    }
}

impl Opened for ValueScreen {
    const WITHOUT_TRACE: Option<&'static str> = Some("no span with values");

    fn rejection(app: &App) -> Option<&'static str> {
        let is_known = match app.log_screen() {
            Some(logs) => logs.record().id().is_some(),
            None if app.is_error_on_top() => app.errors.details().pane().can_open(),
            None => app.details.pane.can_open(),
        };
        (!is_known).then_some("no value under the cursor")
    }

    /// The body of the record under the cursor of the logs, else the value under the cursor of the details.
    fn open(app: &mut App) -> Self {
        app.traces.hold();
        let value = match app.log_screen() {
            Some(logs) => logs.value(&app.zone),
            None if app.is_error_on_top() => app.errors.details().value_under_cursor(),
            None => app.details.value_under_cursor(&app.zone),
        };
        let (name, text) = value.unwrap_or_default();
        Self::new(name, text)
    }
}

impl App {
    fn copy_value(&mut self) -> Option<Effect> {
        let text = self.screens.value()?.document.text();
        let size = format::bytes(text.len() as u64);
        let is_too_long = text.len() > COPIED_MAX;
        let effect = (!is_too_long).then(|| Effect::Copy(text.to_owned()));
        let text = if is_too_long {
            format!("cannot copy {size} through the terminal (W in the waterfall saves the trace)")
        } else {
            format!("copied, where the terminal allows it: {size}")
        };
        self.notice = Some(Notice {
            text,
            error: is_too_long,
        });
        effect
    }
}

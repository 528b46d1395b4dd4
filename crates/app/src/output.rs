//! The last lines of output of the demo's processes.

use std::collections::VecDeque;
use std::ops::Range;

use ratatui_core::layout::Rect;

use super::{Action, scrolled};
use crate::App;
use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed};
use crate::layout::below_title;

/// Lines that are kept, at most.
const KEPT: usize = 2_000;

/// One line that a process printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputLine {
    /// Which process.
    pub service: &'static str,
    /// `TRACE` to `ERROR`; empty for a line that is not a log record.
    pub level: String,
    /// The line, without control characters.
    pub text: String,
}

/// The output's state. It follows the last line until the user scrolls.
#[derive(Debug, Default)]
pub struct Output {
    lines: VecDeque<OutputLine>,
    /// Lines between the last line in view and the last line.
    behind: usize,
    height: usize,
}

impl Output {
    /// Adds a line; the oldest goes when there are too many.
    pub fn push(&mut self, line: OutputLine) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
        if self.behind > 0 {
            self.behind += 1;
        }
    }

    /// The lines in view.
    pub fn visible(&self) -> impl Iterator<Item = &OutputLine> {
        self.lines.range(self.range())
    }

    /// Returns the number of lines below the view.
    #[must_use]
    pub const fn behind(&self) -> usize {
        self.behind
    }

    fn range(&self) -> Range<usize> {
        let end = self.lines.len() - self.behind.min(self.lines.len());
        end.saturating_sub(self.height)..end
    }

    pub(super) fn scroll(&mut self, action: Action) {
        // Measured from the end, so up is more.
        let turned = match action {
            Action::Up => Action::Down,
            Action::Down => Action::Up,
            Action::PageUp => Action::PageDown,
            Action::PageDown => Action::PageUp,
            Action::First => Action::Last,
            Action::Last => Action::First,
            other => other,
        };
        self.behind = scrolled(self.behind, turned, self.height);
        self.clamp();
    }

    pub(super) fn fit(&mut self, height: usize) {
        self.height = height;
        self.clamp();
    }

    fn clamp(&mut self) {
        self.behind = self.behind.min(self.lines.len().saturating_sub(self.height));
    }
}

/// The screen that shows it.
#[derive(Debug)]
pub struct OutputScreen;

impl Component for OutputScreen {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, Rect::ZERO)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.output.fit(below_title(placed.area).height.into());
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        app.output.scroll(action);
        Outcome::Done(None)
    }
}

impl Opened for OutputScreen {
    fn open(_: &mut App) -> Self {
        Self
    }
}

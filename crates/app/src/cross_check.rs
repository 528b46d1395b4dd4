//! The cross-check: which rows of the waterfall it shows, and what they are compared with.

mod heading;

use std::ops::Range;

use ratatui_core::layout::Rect;
use trace_model::{Outline, TraceSummary};

use super::content::Line;
use super::{App, Waterfall, window};
use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::{Action, Pane, Screen};
pub use heading::{CLIENT_REPORTS_SHOWN, CrossCheckParts};

/// The cross-check's window on the rows of the selected trace. The cursor and the folds are the waterfall's: closing it leaves
/// the span there.
#[derive(Debug, Default)]
pub struct CrossCheck {
    first: usize,
    parts: CrossCheckParts,
    heading: Vec<Line>,
}

/// Texts that are laid out before a frame is drawn.
#[derive(Debug)]
pub(super) struct CrossCheckLayout {
    parts: CrossCheckParts,
    heading: Vec<Line>,
}

impl App {
    /// The trace that is cross-checked, with its rows; `None` when it was evicted.
    #[must_use]
    pub fn cross_checked(&self) -> Option<(TraceSummary, &Outline)> {
        let outline = self.waterfall.outline()?;
        Some((self.store.trace(outline.trace_id())?, outline))
    }

    /// Returns the areas of the screen's parts.
    pub(super) fn cross_check_parts(&self, area: Rect) -> CrossCheckParts {
        // Below the heading are the numbers of marks, and an empty line.
        let lines = match self.cross_check_heading(area, None).len() {
            0 => 0,
            lines => lines + 2,
        };
        CrossCheckParts::of(self, area, lines)
    }

    fn cross_check_heading(&self, area: Rect, now: Option<&Now>) -> Vec<Line> {
        let width = usize::from(area.width.saturating_sub(2));
        let trace = self.cross_checked().map(|(trace, _)| trace);
        trace.map_or_else(Vec::new, |trace| heading::truth(self, &trace, now, width))
    }

    /// Lays the screen out.
    pub(super) fn lay_out_cross_check(&self, area: Rect, now: &Now) -> CrossCheckLayout {
        CrossCheckLayout {
            parts: self.cross_check_parts(area),
            heading: self.cross_check_heading(area, Some(now)),
        }
    }
}

impl CrossCheck {
    /// Which rows are in view.
    #[must_use]
    pub const fn visible(&self) -> Range<usize> {
        self.first..self.first + self.height()
    }

    /// Returns the areas of its parts.
    #[must_use]
    pub const fn parts(&self) -> &CrossCheckParts {
        &self.parts
    }

    /// Returns the lines about the source of truth.
    #[must_use]
    pub fn heading(&self) -> &[Line] {
        &self.heading
    }

    /// Returns the number of rows that fit.
    pub(super) const fn height(&self) -> usize {
        self.parts.rows.height as usize
    }

    pub(super) fn fit(&mut self, waterfall: &Waterfall, layout: CrossCheckLayout) {
        (self.parts, self.heading) = (layout.parts, layout.heading);
        let height = self.height();
        let rows = waterfall.outline().map_or(0, trace_model::Outline::len);
        self.first = window(self.first, waterfall.position(), height.max(1)).min(rows.saturating_sub(height));
    }
}

impl Component for CrossCheck {
    fn place(app: &App, body: Rect) -> Placed {
        Placed::screen(body, app.cross_check_parts(body).rows)
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        let layout = app.lay_out_cross_check(placed.area, now);
        if let Some(Screen::CrossCheck(check)) = app.screens.top_mut() {
            check.fit(&app.waterfall, layout);
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::Open => {
                app.screens.close();
                app.screens.pane = Pane::Details;
            }
            Action::OpenInSentry => return Outcome::Done(app.open_in_sentry()),
            Action::AskSentry => return Outcome::Done(app.ask_sentry()),
            _ => {
                let height = Self::shown(app).map(Self::height);
                app.waterfall.update(action, height);
            }
        }
        Outcome::Done(None)
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::OpenInSentry => Some(app.sentry.site.is_some()),
            Action::AskSentry => Some(app.sentry.is_asked),
            _ => app.waterfall.can(action),
        }
    }

    fn has_rows(app: &App) -> bool {
        app.waterfall.selected().is_some()
    }

    fn select_row(app: &mut App, row: usize) -> Option<bool> {
        let first = Self::shown(app)?.visible().start;
        app.waterfall.select_position(first + row)
    }
}

impl Opened for CrossCheck {
    const WITHOUT_TRACE: Option<&'static str> = Some("no trace to check");

    fn open(app: &mut App) -> Self {
        // The trace under the reader stays.
        app.traces.hold();
        Self::default()
    }
}

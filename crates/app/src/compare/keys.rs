//! Keys of the comparison, and jumps to it.

use ratatui_core::layout::Rect;
use trace_stats::SpanPlace;

use super::{Compare, Profiled, SIDES};
use crate::format::Now;
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::ListParts;
use crate::{Action, App, List, Notice, Screen};

impl App {
    /// Marks the selected trace as the one that others are compared with, or no longer.
    pub(crate) fn mark_base(&mut self) {
        let Some(trace_id) = self.traces.selected() else {
            return self.say("no trace to compare yet");
        };
        self.traces.hold();
        let marked = self.marked.take();
        if let Some(compare) = Compare::shown_mut(self) {
            // What was compared with the one before is to be compared anew.
            compare.of = None;
            compare.prefers_median = false;
        }
        let text = if marked.is_some_and(|marked| marked.summary.trace_id == trace_id) {
            "no longer marked: d compares with the median of the operation"
        } else {
            self.marked = Profiled::new(&self.store, trace_id);
            "= marked: select another trace and press d to see what it does otherwise"
        };
        self.notice = Some(Notice {
            text: text.to_owned(),
            error: false,
        });
    }

    /// From the trace that was marked to the median, and back.
    fn switch_base(&mut self) {
        let Some((trace_id, _)) = self.waterfall.selected() else {
            return;
        };
        let Some(Screen::Compare(compare)) = self.screens.top_mut() else {
            return;
        };
        match &self.marked {
            Some(marked) if marked.summary.trace_id != trace_id => {
                compare.prefers_median = !compare.prefers_median;
                compare.choose(&self.store, trace_id, Some(marked));
            }
            Some(_) => self.say("this is the marked trace: select another one to compare with it"),
            None => self.say("no trace is marked: = marks the selected one"),
        }
    }

    /// Goes to the first span of the row under the cursor; in the marked trace where the selected one has none.
    fn open_compared(&mut self) {
        let Some(compare) = Compare::shown(self) else { return };
        let Some(row) = compare.selected() else { return };
        let after = self
            .waterfall
            .selected()
            .map(|(trace_id, _)| trace_id)
            .zip(row.first_after.clone());
        let marked = self.marked.as_ref().map(|marked| marked.summary.trace_id);
        let before = marked.zip(row.first_before.clone());
        match after.or(before) {
            Some((trace_id, key)) => self.jump_to(&SpanPlace { trace_id, key }, "Compare".to_owned()),
            None => self.say("this trace has no such span: most others of its operation have"),
        }
    }
}

impl Component for Compare {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::below_lines(body, SIDES).1.rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        if let Some(Screen::Compare(compare)) = app.screens.top_mut() {
            let (_, parts) = ListParts::below_lines(placed.area, SIDES);
            compare.fit(&app.store, &app.waterfall, &mut app.marked, &parts);
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextPane | Action::PreviousPane => {
                app.switch_base();
                Outcome::Done(None)
            }
            _ => Outcome::Ignored,
        }
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        let selected = app.waterfall.selected().map(|(trace_id, _)| trace_id);
        let has_other = || {
            app.marked
                .as_ref()
                .is_some_and(|marked| Some(marked.summary.trace_id) != selected)
        };
        matches!(action, Action::NextPane | Action::PreviousPane).then(has_other)
    }

    fn list(app: &App) -> Option<&dyn List> {
        Self::shown(app).map(|list| list as _)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Self::shown_mut(app).map(|list| list as _)
    }

    fn enter(app: &mut App) {
        app.open_compared();
    }
}

impl Opened for Compare {
    const WITHOUT_TRACE: Option<&'static str> = Some("no trace to compare");

    fn open(app: &mut App) -> Self {
        // The trace under the reader stays.
        app.traces.hold();
        let mut compare = Self::default();
        if let Some((trace_id, _)) = app.waterfall.selected() {
            compare.choose(&app.store, trace_id, app.marked.as_ref());
        }
        compare
    }
}

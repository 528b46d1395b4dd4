//! The list of warnings: rules, and the traces that break one of them.

use ratatui_core::layout::Rect;
use trace_model::{Rule, TraceId};
use trace_stats::{RuleCount, Warning, Warnings};

use super::{Action, List, Narrow, Picker};
use crate::App;
use crate::format::Now;
use crate::keymap::KeyContext;
use crate::layer::{Component, Outcome, Placed};
use crate::layout::ListParts;

/// How many lines are about the rule under the cursor: a rule above them, why it matters, what to do.
pub const BELOW: u16 = 7;

/// The list's state.
#[derive(Debug, Default)]
pub struct WarningList {
    narrow: Narrow,
    rules: Vec<RuleCount>,
    keys: Vec<Rule>,
    rule: Picker<Rule>,
    /// The rule whose traces are listed, and those.
    open: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    rule: Rule,
    /// What they were made of: the warnings' revision, and what is typed.
    of: Option<(u64, String)>,
    warnings: Vec<Warning>,
    keys: Vec<TraceId>,
    picker: Picker<TraceId>,
}

impl WarningList {
    /// The rule whose traces are listed; `None` while rules are.
    #[must_use]
    pub fn opened(&self) -> Option<Rule> {
        self.open.as_ref().map(|open| open.rule)
    }

    /// The rule under the cursor, or the one that is open.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.opened().or_else(|| self.rule.selected().copied())
    }

    /// The rules in view, and whether the cursor is there.
    pub fn rules(&self) -> impl Iterator<Item = (&RuleCount, bool)> {
        let visible = self.rule.visible();
        let rows = self.rules.iter().enumerate().skip(visible.start).take(visible.len());
        rows.map(|(at, count)| (count, at == self.rule.position()))
    }

    /// The traces of the open rule that are in view, and whether the cursor is there.
    pub fn traces(&self) -> impl Iterator<Item = (&Warning, bool)> {
        self.open.iter().flat_map(|open| {
            let visible = open.picker.visible();
            let rows = open.warnings.iter().enumerate().skip(visible.start).take(visible.len());
            rows.map(|(at, warning)| (warning, at == open.picker.position()))
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.as_ref().map_or(self.rules.len(), |open| open.warnings.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The trace under the cursor; `None` while rules are listed.
    pub(super) fn selected(&self) -> Option<&Warning> {
        let open = self.open.as_ref()?;
        open.warnings.get(open.picker.position())
    }

    /// Opens the rule under the cursor.
    pub(super) fn open(&mut self) {
        if let Some(rule) = self.rule.selected().filter(|_| self.open.is_none()) {
            self.narrow.clear();
            self.open = Some(Opened {
                rule: *rule,
                of: None,
                warnings: Vec::new(),
                keys: Vec::new(),
                picker: Picker::default(),
            });
        }
    }

    /// Back to the rules; false when they are listed already.
    pub(super) fn close(&mut self) -> bool {
        self.narrow.clear();
        self.open.take().is_some()
    }

    pub(super) fn fit(&mut self, warnings: &Warnings, height: usize) {
        let Some(open) = &mut self.open else {
            let kept = |count: &RuleCount| self.narrow.keeps(&[count.rule.title(), count.rule.explanation()]);
            self.rules = warnings.rules().into_iter().filter(kept).collect();
            self.keys = self.rules.iter().map(|count| count.rule).collect();
            return self.rule.fit(&self.keys, height);
        };
        let of = (warnings.revision(), self.narrow.line().text().to_owned());
        if open.of.as_ref() != Some(&of) {
            let kept = |warning: &Warning| self.narrow.keeps(&[&*warning.first.key.service, &*warning.name]);
            open.warnings = warnings.of_rule(open.rule).into_iter().filter(kept).collect();
            open.keys = open.warnings.iter().map(|warning| warning.first.trace_id).collect();
            open.of = Some(of);
        }
        open.picker.fit(&open.keys, height);
    }
}

impl List for WarningList {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match &mut self.open {
            Some(open) => open.picker.update(action, &open.keys),
            None => self.rule.update(action, &self.keys),
        }
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        match &mut self.open {
            Some(open) => open.picker.select_row(row, &open.keys),
            None => self.rule.select_row(row, &self.keys),
        }
    }
}

impl Component for WarningList {
    fn part(app: &App) -> Option<KeyContext> {
        app.warnings.opened().map(|_| KeyContext::RuleTraces)
    }

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, BELOW).rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.warnings.fit(app.many.warnings(), placed.rows.height.into());
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::Left => {
                app.warnings.close();
                Outcome::Done(None)
            }
            _ => Outcome::Ignored,
        }
    }

    fn back(app: &mut App) -> bool {
        app.warnings.close()
    }

    fn count(app: &App) -> Option<u64> {
        Some(app.many.warnings().traces() as u64).filter(|count| *count > 0)
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(&app.warnings)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(&mut app.warnings)
    }

    fn enter(app: &mut App) {
        let target = app.warnings.selected();
        let target = target.map(|warning| (warning.first.clone(), format!("Warnings › {}", warning.rule.title())));
        match target {
            Some(_) => app.jump_if(target),
            None => app.warnings.open(),
        }
    }
}

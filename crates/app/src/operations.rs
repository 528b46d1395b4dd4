//! The list of operations: in which order, which of them, and where the cursor is.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui_core::layout::Rect;
use trace_model::SpanKind;
use trace_stats::{Operation, SpanPlace, Survey};

use super::{Action, List, Narrow, Picker};
use crate::App;
use crate::format::{self, Now};
use crate::layer::{Component, Placed};
use crate::layout::ListParts;

/// What operations are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the columns' names say it")]
pub enum OperationColumn {
    /// The time that all of its spans took together.
    #[default]
    Time,
    Count,
    Errors,
    P50,
    P90,
    P99,
    Max,
    Service,
}

impl OperationColumn {
    const ALL: [Self; 8] = [
        Self::Time,
        Self::Count,
        Self::Errors,
        Self::P50,
        Self::P90,
        Self::P99,
        Self::Max,
        Self::Service,
    ];

    fn next(self) -> Self {
        let at = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// What comes first has the highest; by service all are equal, since they come by their names.
    fn rank(self, operation: &Operation) -> (u64, u64) {
        let rank = match self {
            Self::Time => operation.total_nano,
            Self::Count => operation.count,
            // The share: one of two failed is worse than two of a thousand.
            Self::Errors => operation.errors.saturating_mul(1_000_000) / operation.count.max(1),
            Self::P50 => operation.latencies.percentile(50.0),
            Self::P90 => operation.latencies.percentile(90.0),
            Self::P99 => operation.latencies.percentile(99.0),
            Self::Max => operation.latencies.max(),
            Self::Service => return (0, 0),
        };
        (rank, if self == Self::Errors { operation.errors } else { 0 })
    }
}

/// What names an operation.
pub type OperationKey = (Arc<str>, Arc<str>, Arc<str>, SpanKind);

/// The list's state.
#[derive(Debug, Default)]
pub struct OperationList {
    narrow: Narrow,
    sort: OperationColumn,
    reversed: bool,
    /// What the rows were made of: which survey, in which order, and what is typed.
    of: Option<(u64, OperationColumn, bool, String)>,
    /// Positions in the survey's operations.
    rows: Vec<usize>,
    keys: Vec<OperationKey>,
    /// How wide the longest names of services and of operations are.
    longest: (u16, u16),
    picker: Picker<OperationKey>,
}

impl OperationList {
    /// By what it is sorted, and whether the other way round.
    #[must_use]
    pub const fn sort(&self) -> (OperationColumn, bool) {
        (self.sort, self.reversed)
    }

    /// How many columns the longest name of a service has, and the longest one of an operation.
    #[must_use]
    pub const fn longest(&self) -> (u16, u16) {
        self.longest
    }

    /// How many are listed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those in view, and whether the cursor is there.
    pub fn visible<'a>(&'a self, survey: &'a Survey) -> impl Iterator<Item = (&'a Operation, bool)> {
        let visible = self.picker.visible();
        let rows = self.rows.iter().enumerate().skip(visible.start).take(visible.len());
        rows.filter_map(|(at, row)| Some((survey.operations.get(*row)?, at == self.picker.position())))
    }

    /// The one under the cursor.
    pub(super) fn selected<'a>(&self, survey: &'a Survey) -> Option<&'a Operation> {
        survey.operations.get(*self.rows.get(self.picker.position())?)
    }

    /// Sorts by another column, most first; by the same one, the other way round.
    pub(super) fn sort_by(&mut self, column: OperationColumn) {
        self.reversed = self.sort == column && !self.reversed;
        self.sort = column;
        self.picker = Picker::default();
    }

    pub(super) fn fit(&mut self, survey: Option<&Survey>, number: u64, height: usize) {
        let of = (number, self.sort, self.reversed, self.narrow.line().text().to_owned());
        if self.of.as_ref() != Some(&of) || survey.is_none() {
            self.lay_out(survey.map_or(&[], |survey| &survey.operations));
            self.of = Some(of);
        }
        self.picker.fit(&self.keys, height);
    }

    fn lay_out(&mut self, operations: &[Operation]) {
        let kept = |operation: &Operation| {
            self.narrow.keeps(&[
                &*operation.service,
                &*operation.name,
                &*operation.subject,
                operation.kind.name(),
            ])
        };
        let kept = operations.iter().enumerate().filter(|(_, operation)| kept(operation));
        self.rows = kept.map(|(at, _)| at).collect();
        // They come by name, and equals stay so.
        self.rows.sort_by_cached_key(|at| Reverse(self.sort.rank(&operations[*at])));
        if self.reversed {
            self.rows.reverse();
        }
        let columns = |text: &str| u16::try_from(format::columns(text)).unwrap_or(u16::MAX);
        self.longest = self.rows.iter().fold((0, 0), |(service, name), at| {
            let operation = &operations[*at];
            let subject = columns(&operation.subject);
            let whole = columns(&operation.name).saturating_add(if subject > 0 { subject.saturating_add(1) } else { 0 });
            (service.max(columns(&operation.service)), name.max(whole))
        });
        let key = |at: &usize| {
            let operation = &operations[*at];
            let Operation {
                service, name, subject, ..
            } = operation;
            (service.clone(), name.clone(), subject.clone(), operation.kind)
        };
        self.keys = self.rows.iter().map(key).collect();
    }
}

impl List for OperationList {
    fn narrow(&self) -> &Narrow {
        &self.narrow
    }

    fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    fn narrow_mut(&mut self) -> &mut Narrow {
        &mut self.narrow
    }

    fn update(&mut self, action: Action) -> Result<(), &'static str> {
        match action {
            Action::Sort => (self.sort, self.reversed) = (self.sort.next(), false),
            Action::SortReversed => self.reversed = !self.reversed,
            _ => {
                self.picker.update(action, &self.keys);
                return Ok(());
            }
        }
        // Whoever sorts wants to see what is first now.
        self.picker = Picker::default();
        Ok(())
    }

    fn select_row(&mut self, row: usize) -> Option<bool> {
        self.picker.select_row(row, &self.keys)
    }
}

impl Component for OperationList {
    const SHOWS_SURVEY: bool = true;

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, 0).rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        let survey = app.many.survey();
        app.operations.fit(survey, app.many.number(), placed.rows.height.into());
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(&app.operations)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(&mut app.operations)
    }

    fn enter(app: &mut App) {
        let slowest = |operation: &Operation| operation.slowest.clone();
        let target = app.place_in_operation(slowest);
        app.jump_if(target);
    }

    fn enter_failed(app: &mut App) {
        let failed = |operation: &Operation| operation.failed.clone();
        let target = app.place_in_operation(failed);
        app.jump_to_failed(target);
    }
}

impl App {
    fn place_in_operation(&self, place: impl Fn(&Operation) -> Option<SpanPlace>) -> Option<(SpanPlace, String)> {
        let operation = self.operations.selected(self.many.survey()?)?;
        let Operation { name, subject, .. } = operation;
        let space = if name.is_empty() || subject.is_empty() { "" } else { " " };
        Some((place(operation)?, format!("Operations › {name}{space}{subject}")))
    }
}

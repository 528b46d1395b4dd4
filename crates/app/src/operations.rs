//! The list of operations: service, name and kind of spans, with counts and latencies.

use std::sync::Arc;

use ratatui_core::layout::Rect;
use trace_model::{SpanKind, SpanSubject};
use trace_stats::{Operation, SpanPlace, Survey};

use super::{Action, List};
use crate::content::{Means, Role};
use crate::figures::{histogram, rate, share};
use crate::format::{self, Now, service_name};
use crate::layer::{Component, Placed};
use crate::layout::ListParts;
use crate::table::{Column, Query, Rank, Table, TableState, Width};
use crate::{App, described};

/// Columns of a number.
const NUMBER: u16 = 9;
/// From these widths on there are more columns.
const WIDE: u16 = 100;
const WIDEST: u16 = 150;

/// An operation in its survey.
pub(crate) struct OperationRow<'a> {
    operation: &'a Operation,
    /// The time that all operations took, in nanoseconds.
    total_nano: u64,
    observed_nano: u64,
}

impl Table for OperationList {
    type Row<'a> = OperationRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("service", Width::Text(10), |row, room| {
            let service = &row.operation.service;
            format::at_most(&service_name(service), room)
                .means(Role::service(service))
                .into()
        })
        .ranked(|row| Rank::Text(row.operation.service.to_string())),
        Column::<Self>::text("operation", Width::Text(16), |row, room| {
            let subject = SpanSubject {
                text: (&*row.operation.subject).into(),
                status: None,
            };
            described(&row.operation.name, &subject, room).into()
        })
        .ranked(|row| Rank::Text(row.operation.name.to_string())),
        Column::<Self>::text("", Width::Of(|row| if row < WIDEST { 2 } else { 0 }), |row, _| {
            kind_mark(row.operation.kind).means(Role::Dim).into()
        }),
        Column::<Self>::text("kind", Width::Of(|row| if row < WIDEST { 0 } else { 10 }), |row, _| {
            row.operation.kind.name().means(Role::Dim).into()
        }),
        Column::<Self>::number("spans", Width::Fixed(7), |row, _| format::compact(row.operation.count).into())
            .ranked(|row| Rank::number(row.operation.count))
            .if_room(),
        Column::<Self>::number("rate", Width::Of(|row| if row < WIDE { 0 } else { 10 }), |row, _| {
            rate(row.operation.count, row.observed_nano).means(Role::Dim).into()
        }),
        Column::<Self>::number("errors", Width::Fixed(8), |row, _| {
            share(row.operation.errors, row.operation.count).means(Role::Error).into()
        })
        .ranked(|row| Rank::share(row.operation.errors, row.operation.count))
        .if_room(),
        Column::<Self>::number("p50", Width::Fixed(NUMBER), |row, _| {
            if row.has_ended() {
                row.percentile(50.0).into()
            } else {
                "no end".means(Role::Warning).into()
            }
        })
        .ranked(|row| Rank::number(row.operation.latencies.percentile(50.0)))
        .if_room(),
        Column::<Self>::number("p90", Width::Of(|row| if row < WIDEST { 0 } else { NUMBER }), |row, _| {
            row.percentile(90.0).into()
        })
        .ranked(|row| Rank::number(row.operation.latencies.percentile(90.0))),
        Column::<Self>::number("p99", Width::Fixed(NUMBER), |row, _| row.percentile(99.0).into())
            .ranked(|row| Rank::number(row.operation.latencies.percentile(99.0))),
        Column::<Self>::number("max", Width::Of(|row| if row < WIDE { 0 } else { NUMBER }), |row, _| {
            row.ended(|| format::duration(row.operation.latencies.max())).into()
        })
        .ranked(|row| Rank::number(row.operation.latencies.max())),
        Column::<Self>::number("time", Width::Of(|row| if row < WIDE { 0 } else { 8 }), |row, _| {
            let share = row.ended(|| share(row.operation.total_nano, row.total_nano));
            share.means(Role::Dim).into()
        })
        .ranked(|row| Rank::number(row.operation.total_nano))
        .by_default(),
        Column::<Self>::number("average", Width::Of(|row| if row < WIDEST { 0 } else { NUMBER }), |row, _| {
            let count = row.operation.latencies.count().max(1);
            row.ended(|| format::duration(row.operation.total_nano / count))
                .means(Role::Dim)
                .into()
        })
        .if_rest(),
        Column::<Self>::number("total", Width::Of(|row| if row < WIDEST { 0 } else { NUMBER }), |row, _| {
            row.ended(|| format::duration(row.operation.total_nano))
                .means(Role::Dim)
                .into()
        })
        .if_rest(),
        Column::<Self>::text("short→long", Width::Fixed(12), |row, room| {
            let shape = row.ended(|| histogram(&row.operation.latencies.shape(room)));
            shape.means(Role::service(&row.operation.service)).into()
        })
        .if_room()
        .at_most(42),
    ];
}

impl OperationRow<'_> {
    fn has_ended(&self) -> bool {
        self.operation.latencies.count() > 0
    }

    fn ended(&self, text: impl FnOnce() -> String) -> String {
        if self.has_ended() { text() } else { String::new() }
    }

    fn percentile(&self, percent: f64) -> String {
        self.ended(|| format::duration(self.operation.latencies.percentile(percent)))
    }
}

/// Returns a kind in one cell: both sides of a call mostly have the same name.
const fn kind_mark(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Client => "→",
        SpanKind::Server => "←",
        SpanKind::Producer => "⇢",
        SpanKind::Consumer => "⇠",
        SpanKind::Internal | SpanKind::Unspecified => "",
    }
}

/// Identity of an operation: service, name, subject, kind.
type OperationKey = (Arc<str>, Arc<str>, Arc<str>, SpanKind);

/// The list's state.
#[derive(Debug)]
pub struct OperationList {
    table: TableState<OperationKey>,
    /// The survey and the query that the rows were made of.
    of: Option<(u64, Query)>,
    /// Positions in the survey's operations.
    rows: Vec<usize>,
}

impl Default for OperationList {
    fn default() -> Self {
        Self {
            table: TableState::sorted::<Self>(),
            of: None,
            rows: Vec::new(),
        }
    }
}

impl OperationList {
    /// The rows' keys, and the cursor.
    #[must_use]
    pub const fn table(&self) -> &TableState<OperationKey> {
        &self.table
    }

    /// The operation under the cursor.
    fn selected<'a>(&self, survey: &'a Survey) -> Option<&'a Operation> {
        survey.operations.get(*self.rows.get(self.table.position())?)
    }

    fn fit(&mut self, survey: Option<&Survey>, number: u64, body: Rect) {
        let operations = survey.map_or(&[][..], |survey| &survey.operations);
        let total_nano = operations
            .iter()
            .fold(0, |total: u64, operation| total.saturating_add(operation.total_nano));
        let observed_nano = survey.map_or(0, Survey::observed_nano);
        let row = |at: &usize| {
            let operation = operations.get(*at)?;
            Some(OperationRow {
                operation,
                total_nano,
                observed_nano,
            })
        };
        let of = (number, self.table.query());
        if self.of.as_ref() != Some(&of) || survey.is_none() {
            let is_kept = |operation: &Operation| {
                let texts = [
                    &*operation.service,
                    &*operation.name,
                    &*operation.subject,
                    operation.kind.name(),
                ];
                self.table.words().keeps(&texts)
            };
            let kept = operations.iter().enumerate().filter(|(_, operation)| is_kept(operation));
            self.rows = kept.map(|(at, _)| at).collect();
            of.1.order.sort::<Self, _>(&mut self.rows, row);
            let keys = self.rows.iter().map(|at| key(&operations[*at]));
            self.table.set_keys(keys.collect());
            self.of = Some(of);
        }
        let rows = &self.rows;
        let parts = ListParts::of(body, 0);
        self.table.lay_out::<Self>(parts.head, parts.rows, |at| row(rows.get(at)?));
    }
}

fn key(operation: &Operation) -> OperationKey {
    let Operation {
        service, name, subject, ..
    } = operation;
    (service.clone(), name.clone(), subject.clone(), operation.kind)
}

impl Component for OperationList {
    const SHOWS_SURVEY: bool = true;

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, 0).rows)
    }

    fn fit(app: &mut App, placed: &Placed, _: &Now) {
        app.operations
            .fit(app.aggregates.survey(), app.aggregates.number(), placed.area);
    }

    fn can(app: &App, action: Action) -> Option<bool> {
        match action {
            Action::Open => Some(app.slowest_of_operation().is_some()),
            Action::OpenFailed => Some(app.failed_of_operation().is_some()),
            _ => None,
        }
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(&app.operations.table)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(&mut app.operations.table)
    }

    fn enter(app: &mut App) {
        app.jump_if(app.slowest_of_operation());
    }

    fn enter_failed(app: &mut App) {
        app.jump_to_failed(app.failed_of_operation());
    }
}

impl App {
    fn slowest_of_operation(&self) -> Option<(SpanPlace, String)> {
        self.place_in_operation(|operation| operation.slowest.clone())
    }

    fn failed_of_operation(&self) -> Option<(SpanPlace, String)> {
        self.place_in_operation(|operation| operation.failed.clone())
    }

    fn place_in_operation(&self, place: impl Fn(&Operation) -> Option<SpanPlace>) -> Option<(SpanPlace, String)> {
        let operation = self.operations.selected(self.aggregates.survey()?)?;
        let Operation { name, subject, .. } = operation;
        let space = if name.is_empty() || subject.is_empty() { "" } else { " " };
        Some((place(operation)?, format!("Operations › {name}{space}{subject}")))
    }
}

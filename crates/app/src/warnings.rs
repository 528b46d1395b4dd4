//! The list of warnings: rules, and the traces that break one of them.

use ratatui_core::layout::Rect;
use trace_model::{Rule, Store, TraceId, TraceSummary};
use trace_stats::{RuleCount, Warning, Warnings};

use super::{Action, List, ListFilter, Times};
use crate::App;
use crate::content::{Means, Piece, Role};
use crate::format::{self, Now, service_name};
use crate::keymap::KeyContext;
use crate::layer::{Component, Outcome, Placed};
use crate::layout::ListParts;
use crate::table::{Column, Query, Table, TableCells, TableState, Width};
use crate::traces::trace_length;

/// Lines about the rule under the cursor: a rule above them, why it matters, what to do.
pub const BELOW: u16 = 7;

/// The rules that some trace breaks.
#[derive(Debug)]
struct Rules;

impl Table for Rules {
    type Row<'a> = &'a RuleCount;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("", Width::Fixed(2), |_, _| "⚠".strong().means(Role::Warning).into()),
        Column::<Self>::text("rule", Width::Text(20), |row, room| {
            format::at_most(row.rule.title(), room).into()
        }),
        Column::<Self>::number("traces", Width::Fixed(9), |row, _| format::compact(row.traces as u64).into()),
        Column::<Self>::number("spans", Width::Fixed(9), |row, _| format::compact(row.spans as u64).into()),
        Column::<Self>::text("", Width::Fixed(1), |_, _| "".into()).if_rest(),
        Column::<Self>::text("name", Width::Text(0), |row, room| {
            format::at_most(row.rule.name(), room).means(Role::Dim).into()
        })
        .if_rest(),
        Column::<Self>::text("why", Width::Text(0), |row, room| {
            format::at_most(row.rule.explanation(), room).means(Role::Dim).into()
        })
        .wants_at_most(EXPLANATION)
        .if_rest(),
    ];
}

/// Columns of an explanation that are worth a column; the lines below the list have all of it.
const EXPLANATION: usize = 60;

/// The traces that break a rule.
#[derive(Debug)]
struct RuleTraces;

/// A warning and its trace, if that is still stored.
struct WarningRow<'a> {
    warning: &'a Warning,
    trace: Option<TraceSummary>,
    /// The service that a broken trace was called by.
    caller: Option<&'a str>,
    times: Times,
    now: &'a Now,
}

impl Table for RuleTraces {
    type Row<'a> = WarningRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("started", Width::Text(8), |row, _| {
            let started = row.trace.as_ref().map(|trace| row.times.text(trace.start_unix_nano, row.now));
            started.unwrap_or_else(|| "evicted".to_owned()).means(Role::Dim).into()
        }),
        Column::<Self>::text("service", Width::Text(10), |row, room| {
            let service = &row.warning.first.key.service;
            format::at_most(&service_name(service), room)
                .means(Role::service(service))
                .into()
        }),
        Column::<Self>::text("span", Width::Text(16), |row, room| {
            let name = if row.warning.name.is_empty() {
                // A span that is missing has no name.
                format!("span {}", row.warning.first.key.span_id)
            } else {
                row.warning.name.to_string()
            };
            format::at_most(&name, room).into()
        }),
        Column::<Self>::text("called by", Width::Text(10), |row, room| {
            let caller = row.caller.filter(|_| row.trace.is_some());
            let caller = caller.map(|caller| format::at_most(&service_name(caller), room).means(Role::service(caller)));
            caller.unwrap_or_else(Piece::default).into()
        })
        .if_used(|row| row.caller.is_some()),
        Column::<Self>::text("in the trace", Width::Text(16), |row, room| {
            let root = row.trace.as_ref().map(|trace| format::at_most(&trace.root.name, room));
            root.unwrap_or_default().means(Role::Dim).into()
        })
        .if_used(|row| row.caller.is_none()),
        Column::<Self>::number("spans", Width::Fixed(7), |row, _| {
            format::compact(row.warning.count as u64).means(Role::Warning).into()
        }),
        Column::<Self>::number("duration", Width::Fixed(10), |row, _| {
            let length = row.trace.as_ref().map(|trace| trace_length(trace, false, row.now));
            length.unwrap_or_default().into()
        })
        .if_rest(),
        Column::<Self>::text("trace id", Width::Fixed(34), |row, _| {
            row.warning.first.trace_id.to_string().means(Role::Dim).into()
        })
        .if_rest(),
    ];
}

/// The list's state.
#[derive(Debug, Default)]
pub struct WarningList {
    rules: Vec<RuleCount>,
    table: TableState<Rule>,
    /// The rule whose traces are listed, and those.
    open: Option<Opened>,
}

#[derive(Debug)]
struct Opened {
    rule: Rule,
    /// The warnings' revision, and the query that the rows were made with.
    of: Option<(u64, Query)>,
    warnings: Vec<Warning>,
    table: TableState<TraceId>,
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
        self.opened().or_else(|| self.table.selected().copied())
    }

    /// Returns the painted cells: rules, or the traces of one.
    #[must_use]
    pub fn cells(&self) -> &TableCells {
        self.open
            .as_ref()
            .map_or_else(|| self.table.cells(), |open| open.table.cells())
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.as_ref().map_or_else(|| self.table.len(), |open| open.table.len())
    }

    /// Returns true without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The words that narrow the rows.
    #[must_use]
    pub fn words(&self) -> &ListFilter {
        self.list().narrow()
    }

    /// The trace under the cursor; `None` while rules are listed.
    fn selected(&self) -> Option<&Warning> {
        let open = self.open.as_ref()?;
        open.warnings.get(open.table.position())
    }

    fn list(&self) -> &dyn List {
        match &self.open {
            Some(open) => &open.table,
            None => &self.table,
        }
    }

    fn list_mut(&mut self) -> &mut dyn List {
        match &mut self.open {
            Some(open) => &mut open.table,
            None => &mut self.table,
        }
    }

    /// Opens the rule under the cursor.
    fn open(&mut self) {
        if let Some(rule) = self.table.selected().filter(|_| self.open.is_none()).copied() {
            self.table.narrow_mut().clear();
            self.open = Some(Opened {
                rule,
                of: None,
                warnings: Vec::new(),
                table: TableState::default(),
            });
        }
    }

    /// Back to the rules; false when they are listed already.
    fn close(&mut self) -> bool {
        self.list_mut().narrow_mut().clear();
        self.open.take().is_some()
    }

    fn fit(&mut self, warnings: &Warnings, store: &Store, body: Rect, now: &Now) {
        let parts = ListParts::of(body, BELOW);
        let Some(open) = &mut self.open else {
            let kept = |count: &RuleCount| self.table.words().keeps(&[count.rule.title(), count.rule.explanation()]);
            self.rules = warnings.rules().into_iter().filter(kept).collect();
            self.table.set_keys(self.rules.iter().map(|count| count.rule).collect());
            let rules = &self.rules;
            return self.table.lay_out::<Rules>(parts.head, parts.rows, |at| rules.get(at));
        };
        let of = (warnings.revision(), open.table.query());
        if open.of.as_ref() != Some(&of) {
            let words = open.table.words();
            let kept = |warning: &Warning| words.keeps(&[&*warning.first.key.service, &*warning.name]);
            open.warnings = warnings.of_rule(open.rule).into_iter().filter(kept).collect();
            let keys = open.warnings.iter().map(|warning| warning.first.trace_id);
            open.table.set_keys(keys.collect());
            open.of = Some(of);
        }
        open.table.fit(parts.rows.height.into());
        let visible = open
            .table
            .visible()
            .filter_map(|(at, _)| store.trace(open.warnings.get(at)?.first.trace_id));
        let times = Times::of(visible.map(|trace| trace.start_unix_nano));
        let listed = &open.warnings;
        open.table.lay_out::<RuleTraces>(parts.head, parts.rows, |at| {
            let warning = listed.get(at)?;
            Some(WarningRow {
                warning,
                trace: store.trace(warning.first.trace_id),
                caller: caller(warnings, warning),
                times,
                now,
            })
        });
    }
}

/// Returns the service that called a broken trace.
fn caller<'a>(warnings: &'a Warnings, warning: &Warning) -> Option<&'a str> {
    let mut broken = warnings
        .broken()
        .iter()
        .filter(|broken| warning.rule == Rule::BrokenTrace && broken.span == warning.first);
    Some(&*broken.next()?.call.key.service)
}

impl Component for WarningList {
    fn part(app: &App) -> Option<KeyContext> {
        app.warnings.opened().map(|_| KeyContext::RuleTraces)
    }

    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, BELOW).rows)
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        app.warnings.fit(app.aggregates.warnings(), &app.store, placed.area, now);
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
        Some(app.aggregates.warnings().traces() as u64).filter(|count| *count > 0)
    }

    fn list(app: &App) -> Option<&dyn List> {
        Some(app.warnings.list())
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Some(app.warnings.list_mut())
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

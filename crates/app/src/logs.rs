//! The log records of the selected trace, or of the selected span, by time.

use ratatui_core::layout::Rect;
use trace_model::{LogRecord, Outline, Revision, SpanId, Store, TraceId, Value};
use trace_stats::SpanPlace;

use super::{Action, List, Waterfall, attribute_value, log_text, offset, severity_mark, severity_role, time_of_day};
use crate::App;
use crate::content::{Means, Role};
use crate::details::whole;
use crate::format::{self, Now, service_name};
use crate::layer::{Component, Opened, Outcome, Placed, Shown};
use crate::layout::ListParts;
use crate::table::{Column, Query, Table, TableState, Width};
use crate::text::first_line;

/// Most log records of a trace that are shown: so many are decoded within a small part of a frame.
pub const LISTED_LOGS: usize = 2_000;

/// Lines about the record under the cursor: a rule above them, and the whole text.
pub const BELOW: u16 = 5;

/// Most attributes in a row; the lines below the list have all.
const SHOWN_ATTRIBUTES: usize = 8;
/// Most columns that attributes want: they continue to the edge.
const ATTRIBUTES: usize = 40;

/// A record in its trace.
pub(crate) struct LogRow<'a> {
    log: &'a LogRecord,
    /// The start of the trace.
    start_unix_nano: u64,
    outline: Option<&'a Outline>,
    now: &'a Now,
}

impl Table for LogList {
    type Row<'a> = LogRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("at", Width::Text(10), |row, room| {
            let offset = offset(row.log.time_unix_nano, row.start_unix_nano);
            format::at_most(&offset, room).means(Role::Dim).into()
        }),
        Column::<Self>::text("time", Width::Text(0), |row, room| {
            let time = time_of_day(row.log.time_unix_nano, row.now);
            format::at_most(&time, room).means(Role::Dim).into()
        })
        .if_rest(),
        Column::<Self>::text("level", Width::Text(6), |row, room| {
            format::at_most(&level(row.log), room)
                .means(severity_role(row.log.severity))
                .into()
        }),
        Column::<Self>::text("service", Width::Text(10), |row, room| {
            let service = &row.log.service;
            format::at_most(&service_name(service), room)
                .means(Role::service(service))
                .into()
        }),
        Column::<Self>::text("span", Width::Text(14), |row, room| {
            format::at_most(&span_name(row), room).into()
        }),
        Column::<Self>::text("body", Width::Text(24), |row, room| {
            let body = first_line(&log_text(row.log));
            format::at_most(&body, room).means(severity_role(row.log.severity)).into()
        }),
        Column::<Self>::text("attributes", Width::Text(0), |row, room| {
            let attributes: Vec<_> = attributes(row.log).take(SHOWN_ATTRIBUTES).collect();
            format::at_most(&attributes.join(" · "), room).means(Role::Dim).into()
        })
        .wants_at_most(ATTRIBUTES)
        .if_rest(),
    ];
}

fn level(log: &LogRecord) -> String {
    let level = if log.severity_text.is_empty() {
        log.severity.name().to_uppercase().replace("UNSPECIFIED", "")
    } else {
        log.severity_text.clone()
    };
    format!("{}{level}", severity_mark(log.severity))
}

/// Returns the name of the span in which a record was written, if it has arrived.
fn span_name(row: &LogRow<'_>) -> String {
    let Some(span_id) = row.log.span_id else {
        return "–".to_owned();
    };
    let node = row
        .outline
        .and_then(|outline| outline.tree().nodes().get(outline.first_of(span_id)?));
    node.filter(|node| node.arrived)
        .map_or_else(|| format!("{span_id:.8}…"), |node| node.name.to_string())
}

fn attributes(log: &LogRecord) -> impl Iterator<Item = String> {
    log.attributes.iter().map(|attribute| {
        let value = first_line(&attribute_value(attribute));
        format!("{} = {value}", attribute.key)
    })
}

/// Identity of a record for the cursor: its time, its span, and its number among those with the same.
type LogKey = (u64, Option<SpanId>, usize);

/// The list's state.
#[derive(Debug, Default)]
pub struct LogList {
    table: TableState<LogKey>,
    /// Those of the selected span alone.
    of_span: bool,
    /// Input of the list: trace, span, revision, and the query.
    of: Option<(TraceId, Option<SpanId>, Revision, Query)>,
    logs: Vec<LogRecord>,
    /// True if some are not shown.
    cut: bool,
}

impl LogList {
    /// Returns true if only the records of the selected span are listed.
    #[must_use]
    pub const fn is_of_span(&self) -> bool {
        self.of_span
    }

    /// Returns true if there are more than the first [`LISTED_LOGS`].
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// The records' keys, and the cursor.
    #[must_use]
    pub const fn table(&self) -> &TableState<LogKey> {
        &self.table
    }

    /// The record under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&LogRecord> {
        self.logs.get(self.table.position())
    }

    /// The lines about the record under the cursor: its whole text, then its attributes.
    #[must_use]
    pub fn details(&self, width: usize) -> Vec<String> {
        let Some(log) = self.selected() else { return Vec::new() };
        let attributes = attributes(log).collect::<Vec<_>>().join(" · ");
        let text = log_text(log);
        let texts = [text.trim_end(), &attributes].into_iter().filter(|text| !text.is_empty());
        texts.flat_map(|text| crate::text::lines(text, width.max(1))).collect()
    }

    /// Returns what the record under the cursor says, with a name for it: its body, else its attributes.
    pub(super) fn value(&self) -> Option<(String, String)> {
        let log = self.selected()?;
        Some(match &log.body {
            Value::Empty => ("attributes".to_owned(), whole(&Value::Map(log.attributes.clone()))),
            body => ("body".to_owned(), whole(body)),
        })
    }

    /// From the whole trace to the selected span, and back.
    pub(super) const fn switch(&mut self) {
        self.of_span = !self.of_span;
    }

    fn fit(&mut self, store: &Store, waterfall: &Waterfall, body: Rect, now: &Now) {
        let selected = waterfall.selected();
        let trace = selected.and_then(|(trace_id, _)| Some((trace_id, store.trace_revision(trace_id)?)));
        if let Some((trace_id, revision)) = trace {
            let span_id = selected.map(|(_, key)| key.span_id).filter(|_| self.of_span);
            let of = (trace_id, span_id, revision, self.table.query());
            if self.of.as_ref() != Some(&of) {
                self.read(store, trace_id, span_id);
                self.of = Some(of);
            }
        } else {
            (self.logs, self.of) = (Vec::new(), None);
            self.table.set_keys(Vec::new());
        }
        let start = trace.and_then(|(trace_id, _)| store.trace(trace_id));
        let start_unix_nano = start.map_or(0, |trace| trace.start_unix_nano);
        let logs = &self.logs;
        let parts = ListParts::of(body, BELOW);
        self.table.lay_out::<Self>(parts.head, parts.rows, |at| {
            Some(LogRow {
                log: logs.get(at)?,
                start_unix_nano,
                outline: waterfall.outline(),
                now,
            })
        });
    }

    fn read(&mut self, store: &Store, trace_id: TraceId, span_id: Option<SpanId>) {
        self.logs = store.logs(trace_id, span_id, LISTED_LOGS + 1);
        self.cut = self.logs.len() > LISTED_LOGS;
        self.logs.truncate(LISTED_LOGS);
        let words = self.table.words();
        self.logs.retain(|log| {
            let body = log_text(log);
            words.keeps(&[&log.service, log.severity.name(), &body])
        });
        let mut keys: Vec<LogKey> = Vec::with_capacity(self.logs.len());
        for log in &self.logs {
            let same_time = keys.iter().rev().take_while(|key| key.0 == log.time_unix_nano);
            let number = same_time.filter(|key| key.1 == log.span_id).count();
            keys.push((log.time_unix_nano, log.span_id, number));
        }
        self.table.set_keys(keys);
    }
}

impl Component for LogList {
    fn place(_: &App, body: Rect) -> Placed {
        Placed::screen(body, ListParts::of(body, BELOW).rows)
    }

    fn fit(app: &mut App, placed: &Placed, now: &Now) {
        if let Some(crate::Screen::Logs(logs)) = app.screens.top_mut() {
            logs.fit(&app.store, &app.waterfall, placed.area, now);
        }
    }

    fn update(app: &mut App, action: Action) -> Outcome {
        match action {
            Action::NextPane | Action::PreviousPane => {
                if let Some(logs) = Self::shown_mut(app) {
                    logs.switch();
                }
                Outcome::Done(None)
            }
            _ => Outcome::Ignored,
        }
    }

    fn list(app: &App) -> Option<&dyn List> {
        Self::shown(app).map(|logs| &logs.table as _)
    }

    fn list_mut(app: &mut App) -> Option<&mut dyn List> {
        Self::shown_mut(app).map(|logs| &mut logs.table as _)
    }

    fn enter(app: &mut App) {
        app.open_logged();
    }
}

impl Opened for LogList {
    const WITHOUT_TRACE: Option<&'static str> = Some("no trace whose logs could be read");

    fn open(app: &mut App) -> Self {
        // The trace under the reader stays.
        app.traces.hold();
        Self::default()
    }
}

impl App {
    /// Goes to the span in which the record under the cursor was written.
    fn open_logged(&mut self) {
        let Some(logs) = LogList::shown(self) else { return };
        let span_id = logs.selected().and_then(|log| log.span_id);
        let outline = self.waterfall.outline();
        let place = outline.and_then(|outline| {
            let key = outline.tree().nodes().get(outline.first_of(span_id?)?)?.key.clone();
            Some(SpanPlace {
                trace_id: outline.trace_id(),
                key,
            })
        });
        match place {
            Some(place) => self.jump_to(&place, "Logs".to_owned()),
            None => self.say("span of this record not received"),
        }
    }
}

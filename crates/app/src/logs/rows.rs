//! Rows of log records: decoded when they come into view, and kept while they are.

use std::sync::Arc;

use query::{LogLine, LogText};
use trace_model::{LogId, Severity, TraceId, Value};

use super::LogTable;
use crate::content::{Means, Role};
use crate::details::{attribute_value, level, severity_mark, severity_role, value};
use crate::format::{self, Now, service_name};
use crate::table::{Column, Table, Width};
use crate::text::first_line;
use crate::time_of_day;

/// Digits of a trace's id.
const ID_DIGITS: u16 = 8;

/// A record as a row shows it.
#[derive(Clone, Debug)]
pub(super) struct ShownLog {
    pub(super) id: LogId,
    pub(super) severity: Severity,
    level: String,
    service: Arc<str>,
    text: String,
    trace_id: Option<TraceId>,
}

impl From<LogLine> for ShownLog {
    fn from(line: LogLine) -> Self {
        let level = level(&line.severity_text, line.severity);
        let text = match line.text {
            LogText::Value(Value::Empty) => String::new(),
            LogText::Value(message) => value(&message),
            LogText::LongStructure => "(a long structure)".to_owned(),
            LogText::Attributes(attributes) => {
                let pairs = attributes
                    .iter()
                    .map(|attribute| format!("{}={}", attribute.key, attribute_value(attribute)));
                pairs.collect::<Vec<_>>().join(" ")
            }
        };
        Self {
            id: line.id,
            severity: line.severity,
            level: format!("{}{level}", severity_mark(line.severity)),
            service: line.service,
            text: first_line(&text),
            trace_id: line.trace_id,
        }
    }
}

/// A row in a list.
pub(super) struct LogRow<'a> {
    pub(super) line: &'a ShownLog,
    pub(super) now: &'a Now,
}

impl Table for LogTable {
    type Row<'a> = LogRow<'a>;

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::text("time", Width::Fixed(13), |row, room| {
            let time = time_of_day(row.line.id.time_unix_nano(), row.now);
            format::at_most(&time, room).means(Role::Dim).into()
        }),
        Column::<Self>::text("severity", Width::Text(9), |row, room| {
            format::at_most(&row.line.level, room)
                .means(severity_role(row.line.severity))
                .into()
        })
        .wants_at_most(12),
        Column::<Self>::text("service", Width::Text(8), |row, room| {
            let service = &row.line.service;
            format::at_most(&service_name(service), room)
                .means(Role::service(service))
                .into()
        })
        .wants_at_most(24),
        Column::<Self>::text("body", Width::Text(24), |row, room| {
            format::at_most(&row.line.text, room)
                .means(severity_role(row.line.severity))
                .into()
        }),
        Column::<Self>::text("trace", Width::Fixed(ID_DIGITS + 1), |row, room| {
            let id = row.line.trace_id.map_or_else(|| "–".to_owned(), |id| format!("{id:.8}"));
            format::at_most(&id, room).means(Role::Dim).into()
        })
        .if_room(),
    ];
}

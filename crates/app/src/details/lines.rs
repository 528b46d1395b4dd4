//! Sections of names with their values.

use jiff::tz::TimeZone;
use trace_model::{Attribute, Event, Log, Reading, Severity, Source, Span, TraceId, Value};

use super::super::content::{Line, Means, Role};
use super::super::times::absolute;
use super::{LOGS, ShownLink};
use crate::format::{self, service_name};
use crate::text::laid_out;

/// A part of what is said of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub name: &'static str,
    /// How many there are in it, where that says something.
    pub count: Option<usize>,
    /// In which column it stands, the left one being 0.
    pub column: usize,
    /// In which line of that.
    pub line: usize,
}

/// Lines so far, and the widths for the next ones.
pub(super) struct Column {
    pub(super) lines: Vec<Line>,
    pub(super) sections: Vec<Section>,
    pub(super) width: usize,
    /// Where values begin.
    values: usize,
}

impl Column {
    /// Values begin behind the longest key, or in the middle.
    pub(super) fn new<'a>(width: usize, attributes: impl Iterator<Item = &'a Attribute>) -> Self {
        let longest = attributes.map(|attribute| format::columns(&attribute.key)).max().unwrap_or(0);
        Self {
            lines: Vec::new(),
            sections: Vec::new(),
            width,
            values: (longest + 4).clamp(18, (width / 2).max(18)),
        }
    }

    pub(super) fn section(&mut self, name: &'static str, count: Option<usize>) {
        self.headed(name, count, Line::from(format!(" {name}").strong()));
    }

    /// A section with a heading of its own.
    pub(super) fn headed(&mut self, name: &'static str, count: Option<usize>, heading: Line) {
        self.sections.push(Section {
            name,
            count,
            column: 0,
            line: self.lines.len(),
        });
        self.lines.push(heading);
    }

    pub(super) fn attributes(&mut self, section: &'static str, attributes: &[Attribute]) {
        if !attributes.is_empty() {
            self.section(section, Some(attributes.len()));
            self.list(attributes, 3);
        }
    }

    pub(super) fn list(&mut self, attributes: &[Attribute], indent: usize) {
        for attribute in attributes {
            self.pair(&attribute.key, &value(&attribute.value), indent, Role::Plain);
        }
    }

    /// A name with its value; a value that is too long goes on below itself.
    pub(super) fn pair(&mut self, key: &str, value: &str, indent: usize, role: Role) {
        let column = self.values;
        let key = format::exactly(key, column.saturating_sub(indent + 1));
        let value = laid_out(value);
        for (at, piece) in format::wrapped(&value, self.width.saturating_sub(column + 1).max(8))
            .into_iter()
            .enumerate()
        {
            let left = if at == 0 {
                format!("{}{key} ", " ".repeat(indent))
            } else {
                " ".repeat(column)
            };
            self.lines.push(Line::from(vec![left.means(Role::Dim), piece.means(role)]));
        }
    }

    /// An emphasized text on as many lines as it needs.
    pub(super) fn strong_paragraph(&mut self, text: &str, indent: usize, role: Role) {
        let first = self.lines.len();
        self.paragraph(text, indent, role);
        for piece in self.lines[first..].iter_mut().flat_map(|line| &mut line.pieces) {
            piece.is_strong = true;
        }
    }

    /// Text on as many lines as it needs, which begin at a column.
    pub(super) fn paragraph(&mut self, text: &str, indent: usize, role: Role) {
        for piece in format::wrapped_words(&laid_out(text), self.width.saturating_sub(indent + 1).max(8)) {
            self.lines
                .push(Line::from(vec![" ".repeat(indent).into(), piece.means(role)]));
        }
    }

    pub(super) fn events(&mut self, events: &[Event], start: u64) {
        if events.is_empty() {
            return;
        }
        self.section("events", Some(events.len()));
        for event in events {
            let when = format!("+{}", format::duration(event.time_unix_nano.saturating_sub(start)));
            let role = if event.name == "exception" { Role::Error } else { Role::Plain };
            self.pair(&when, &event.name, 3, role);
            self.list(&event.attributes, 5);
        }
    }

    pub(super) fn logs(&mut self, logs: &[Log], start: u64) {
        if logs.is_empty() {
            return;
        }
        self.section("logs", Some(logs.len()));
        for log in logs.iter().take(LOGS) {
            let when = offset(log.time_unix_nano, start);
            self.pair(
                &when,
                &format!("{}{}", severity_mark(log.severity), log_line(log)),
                3,
                severity_role(log.severity),
            );
            self.list(&log.attributes, 5);
        }
        if logs.len() > LOGS {
            self.lines
                .push(Line::from(format!("   only the first {LOGS} are shown").means(Role::Dim)));
        }
    }

    /// To which spans it links, and which link to it; those of its own trace are named by their span alone.
    pub(super) fn links(&mut self, links: &[ShownLink], trace_id: TraceId) {
        if links.is_empty() {
            return;
        }
        let heading = Line::from(vec![" links".strong(), " · f follows them".means(Role::Dim)]);
        self.headed("links", Some(links.len()), heading);
        for link in links {
            let id = |id: Option<String>| id.unwrap_or_else(|| "(no valid id)".to_owned());
            let named = match &link.target {
                Some((service, name)) => format!("{} {name} · ", service_name(service)),
                None => String::new(),
            };
            let span = id(link.span_id.map(|id| id.to_string()));
            let of = if link.trace_id == Some(trace_id) {
                String::new()
            } else {
                format!(" of trace {}", id(link.trace_id.map(|id| id.to_string())))
            };
            let absent = if link.is_absent { ", not here" } else { "" };
            let other = format!("{named}span {span}{of}{absent}");
            self.pair(if link.comes_here { "⇄ from" } else { "⇄ to" }, &other, 3, Role::Plain);
            self.list(&link.attributes, 5);
        }
    }

    /// What is wrong with the span, why that matters, and what helps.
    pub(super) fn warnings(&mut self, reading: &Reading) {
        if reading.lints.is_empty() {
            return;
        }
        self.section("warnings", Some(reading.lints.len()));
        for lint in &reading.lints {
            let rule = lint.rule;
            let excess = lint.excess_nano.map(|nano| format!(" by {}", format::duration(nano)));
            let title = format!("⚠ {}{}", rule.title(), excess.unwrap_or_default());
            self.paragraph(&title, 3, Role::Warning);
            self.paragraph(rule.explanation(), 5, Role::Plain);
            self.paragraph(rule.fix(), 5, Role::Dim);
        }
    }

    pub(super) fn identity(&mut self, span: &Span, in_envelope: bool, zone: &TimeZone) {
        self.section("identity", None);
        self.pair("start", &absolute(span.start_unix_nano, zone), 3, Role::Plain);
        let end = span
            .end_unix_nano
            .map_or_else(|| "none".to_owned(), |end| absolute(end, zone));
        self.pair("end", &end, 3, Role::Plain);
        self.pair("trace", &span.trace_id.to_string(), 3, Role::Plain);
        self.pair("span", &span.span_id.to_string(), 3, Role::Plain);
        for (name, text) in [
            ("tracestate", &span.trace_state),
            ("scope", &span.scope.name),
            ("scope version", &span.scope.version),
        ] {
            if !text.is_empty() {
                self.pair(name, text, 3, Role::Plain);
            }
        }
        self.list(&span.scope.attributes, 5);
        for (name, url) in [
            ("resource schema", &span.resource_schema_url),
            ("scope schema", &span.scope.schema_url),
        ] {
            if !url.is_empty() {
                self.pair(name, url, 3, Role::Plain);
            }
        }
        self.pair("came by", came_by(span.source, in_envelope), 3, Role::Plain);
        if span.dropped > 0 {
            self.pair(
                "dropped by its SDK",
                &format::count(span.dropped.into(), "item"),
                3,
                Role::Warning,
            );
        }
    }
}

/// By which ways a span came here.
const fn came_by(source: Source, in_envelope: bool) -> &'static str {
    match (source, in_envelope) {
        (Source::OtlpGrpc, false) => "OTLP/gRPC",
        (Source::OtlpGrpc, true) => "OTLP/gRPC and in a Sentry envelope",
        (Source::OtlpHttp, false) => "OTLP/HTTP",
        (Source::OtlpHttp, true) => "OTLP/HTTP and in a Sentry envelope",
        (Source::SentryOtlp, false) => "Sentry's OTLP route",
        (Source::SentryOtlp, true) => "Sentry's OTLP route and in a Sentry envelope",
        (Source::Viewer, _) => "this viewer",
        (Source::Sentry, _) => "a Sentry envelope",
        (Source::File, _) => "a file",
    }
}

/// How long after something else, or before it.
#[must_use]
pub fn offset(unix_nano: u64, start: u64) -> String {
    match unix_nano.checked_sub(start) {
        Some(after) => format!("+{}", format::duration(after)),
        None => format!("-{}", format::duration(start - unix_nano)),
    }
}

/// Severity, the event's name if it has one, and what it says.
#[must_use]
pub fn log_line(log: &Log) -> String {
    let severity = match (log.severity_text.as_str(), log.severity) {
        ("", Severity::Unspecified) => String::new(),
        ("", severity) => format!("{} ", severity.name().to_uppercase()),
        (text, _) => format!("{text} "),
    };
    let event = if log.event_name.is_empty() {
        String::new()
    } else {
        format!("{} ", log.event_name)
    };
    let body = if log.body == Value::Empty {
        String::new()
    } else {
        value(&log.body)
    };
    format!("{severity}{event}{body}")
}

/// The sign of an error or a warning, before its level.
#[must_use]
pub const fn severity_mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Fatal => "✗ ",
        Severity::Warn => "⚠ ",
        Severity::Trace | Severity::Debug | Severity::Info | Severity::Unspecified => "",
    }
}

/// What a record says, without its level.
#[must_use]
pub fn log_text(log: &Log) -> String {
    log_line(&Log {
        severity: Severity::Unspecified,
        severity_text: String::new(),
        ..log.clone()
    })
}

/// How a record of a severity is told from others.
#[must_use]
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Error | Severity::Fatal => Role::Error,
        Severity::Warn => Role::Warning,
        Severity::Trace | Severity::Debug => Role::Dim,
        Severity::Info | Severity::Unspecified => Role::Plain,
    }
}

/// A value in one line, in the manner of JSON.
#[must_use]
pub fn value(value: &Value) -> String {
    match value {
        Value::Empty => "(empty)".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Bytes(bytes) => {
            let shown: Vec<_> = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            format!("{}: {}", format::count(bytes.len() as u64, "byte"), shown.join(" "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(nested).collect::<Vec<_>>().join(", ")),
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|pair| format!("{}: {}", pair.key, nested(&pair.value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn nested(inner: &Value) -> String {
    if let Value::String(text) = inner {
        format!("{text:?}")
    } else {
        value(inner)
    }
}

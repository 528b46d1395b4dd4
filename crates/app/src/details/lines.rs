//! Sections of names with their values.

use jiff::tz::TimeZone;
use trace_model::{Attribute, LogRecord, PARTS_MAX, RowAnalysis, Scope, Severity, Source, Span, TraceId, Value};

use super::super::content::{Line, Means, Role};
use super::super::times::absolute;
use super::ShownLink;
use super::column::Column;
use super::value::value;
use crate::format::{self, service_name};
use crate::text;

impl Column<'_> {
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

    /// Adds the warnings of the span, with reason and advice.
    pub(super) fn warnings(&mut self, reading: &RowAnalysis) {
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

    /// Reports parts that are missing because there are too many.
    pub(super) fn cut(&mut self, is_cut: bool) {
        if is_cut {
            let count = format::grouped(PARTS_MAX as u64);
            let text = format!("only the first {count} attributes, events, links and values are shown; saved files have all");
            self.paragraph(&text, 3, Role::Warning);
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
        let parent = span.parent_span_id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        self.pair("parent", &parent, 3, Role::Plain);
        if !span.trace_state.is_empty() {
            self.pair("tracestate", &span.trace_state, 3, Role::Plain);
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

impl Column<'_> {
    /// The program that made the span: its process and host. Folded, since it is the same for all spans of a service.
    pub(super) fn resource(&mut self, span: &Span) {
        self.resource_of(&span.service, &span.resource, &span.resource_schema_url);
    }

    pub(super) fn resource_of(&mut self, service: &str, resource: &[Attribute], schema: &String) {
        let count = resource.len() + usize::from(!schema.is_empty());
        if count > 0 && self.folded_section("resource", count, &service_name(service)) {
            self.list(resource, 3);
            self.named(&[("schema", schema)]);
        }
    }

    /// The library that made it, folded as well.
    pub(super) fn scope(&mut self, span: &Span) {
        self.scope_of(&span.scope);
    }

    pub(super) fn scope_of(&mut self, scope: &Scope) {
        let texts = [
            ("name", &scope.name),
            ("version", &scope.version),
            ("schema", &scope.schema_url),
        ];
        let count = scope.attributes.len() + texts.iter().filter(|(_, text)| !text.is_empty()).count();
        let about = format!("{} {}", scope.name, scope.version);
        if count > 0 && self.folded_section("scope", count, about.trim()) {
            self.named(&texts);
            self.list(&scope.attributes, 3);
        }
    }

    fn named(&mut self, texts: &[(&str, &String)]) {
        for (name, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            self.pair(name, text, 3, Role::Plain);
        }
    }
}

/// By which ways a span came here.
pub(super) const fn came_by(source: Source, in_envelope: bool) -> &'static str {
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

/// Formats the time after, or before, a start.
#[must_use]
pub fn offset(unix_nano: u64, start: u64) -> String {
    match unix_nano.checked_sub(start) {
        Some(after) => format!("+{}", format::duration(after)),
        None => format!("-{}", format::duration(start - unix_nano)),
    }
}

/// Severity, the event's name if it has one, and what it says.
#[must_use]
pub fn log_line(log: &LogRecord) -> String {
    let mut severity = level(&log.severity_text, log.severity);
    if !severity.is_empty() {
        severity.push(' ');
    }
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

/// Bytes of a sender's text for a severity that are read.
const LEVEL_BYTES_MAX: usize = 64;

/// Returns a severity in capitals, in the words of its sender if there are any: libraries write `info`, `INFO` and `Info`. Empty if it is not set.
#[must_use]
pub fn level(text: &str, severity: Severity) -> String {
    let words = match (text, severity) {
        ("", Severity::Unspecified) => "",
        ("", severity) => severity.name(),
        (text, _) => text::start(text, LEVEL_BYTES_MAX),
    };
    words.to_uppercase()
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

/// Formats a record without its level.
#[must_use]
pub fn log_text(log: &LogRecord) -> String {
    log_line(&LogRecord {
        severity: Severity::Unspecified,
        severity_text: String::new(),
        ..log.clone()
    })
}

/// Returns the role of a record's severity.
#[must_use]
pub fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Error | Severity::Fatal => Role::Error,
        Severity::Warn => Role::Warning,
        Severity::Trace | Severity::Debug => Role::Dim,
        Severity::Info | Severity::Unspecified => Role::Plain,
    }
}

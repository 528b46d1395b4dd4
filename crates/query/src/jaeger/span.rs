//! A span in the form of Jaeger's user interface.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use serde_json::{Value as Json, json};
use trace_files::json_lines;
use trace_model::{Attribute, Event, Link, PARTS_MAX, Span, StatusCode, Value};

use super::{id_text, kind_name, service_name};
use crate::text_of;

/// Integers of JavaScript are exact up to here; Jaeger writes larger ones as text.
const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

#[derive(Debug, Serialize)]
pub(super) struct SpanLine<'a> {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    #[serde(rename = "operationName")]
    name: &'a str,
    references: Vec<Reference>,
    #[serde(rename = "startTime")]
    start_micro: u64,
    #[serde(rename = "duration")]
    duration_micro: u64,
    tags: Vec<TagLine<'a>>,
    logs: Vec<LogLine<'a>>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Reference {
    #[serde(rename = "refType")]
    kind: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Serialize)]
struct LogLine<'a> {
    #[serde(rename = "timestamp")]
    time_micro: u64,
    fields: Vec<TagLine<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ProcessLine<'a> {
    #[serde(rename = "serviceName")]
    service: &'a str,
    tags: Vec<TagLine<'a>>,
}

#[derive(Debug, Serialize)]
struct TagLine<'a> {
    key: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Json,
}

impl<'a> SpanLine<'a> {
    pub(super) fn new(span: &'a Span, process_id: String) -> Self {
        let end = span.end_unix_nano.unwrap_or(span.start_unix_nano);
        Self {
            trace_id: id_text(span.trace_id),
            span_id: span.span_id.to_string(),
            name: &span.name,
            references: references(span),
            start_micro: span.start_unix_nano / 1_000,
            duration_micro: end.saturating_sub(span.start_unix_nano) / 1_000,
            tags: tags(span),
            logs: span.events.iter().map(log).collect(),
            process_id,
            warnings: span
                .is_cut
                .then(|| vec![format!("only the first {PARTS_MAX} tags, logs, references and values")]),
        }
    }
}

impl<'a> ProcessLine<'a> {
    pub(super) fn of(span: &'a Span) -> Self {
        Self {
            service: service_name(&span.service),
            tags: sorted(span.resource.iter().filter(|attribute| attribute.key != "service.name")),
        }
    }
}

fn references(span: &Span) -> Vec<Reference> {
    let parent = span.parent_span_id.map(|parent| Reference {
        kind: "CHILD_OF",
        trace_id: id_text(span.trace_id),
        span_id: parent.to_string(),
    });
    let linked = span.links.iter().filter_map(|link| {
        Some(Reference {
            kind: reference_kind(link),
            trace_id: id_text(link.trace_id?),
            span_id: link.span_id?.to_string(),
        })
    });
    parent.into_iter().chain(linked).collect()
}

/// Returns the type of a reference, by the attribute of OpenTelemetry's bridge to `OpenTracing`.
fn reference_kind(link: &Link) -> &'static str {
    let is_parent = |attribute: &Attribute| attribute.key == "opentracing.ref_type" && text_of(&attribute.value) == "child_of";
    if link.attributes.iter().any(is_parent) {
        "CHILD_OF"
    } else {
        "FOLLOWS_FROM"
    }
}

/// In the order of Jaeger's translation: scope, attributes by name, kind, status, trace state.
fn tags(span: &Span) -> Vec<TagLine<'_>> {
    let text = |key, text: &str| (!text.is_empty()).then(|| TagLine::text(key, text));
    let mut tags: Vec<_> = [
        text("otel.scope.name", &span.scope.name),
        text("otel.scope.version", &span.scope.version),
    ]
    .into_iter()
    .flatten()
    .collect();
    tags.extend(sorted(span.attributes.iter()));
    tags.extend(text("span.kind", kind_name(span.kind)));
    match span.status {
        StatusCode::Unset => {}
        StatusCode::Ok => tags.push(TagLine::text("otel.status_code", "OK")),
        StatusCode::Error => {
            tags.push(TagLine::text("otel.status_code", "ERROR"));
            tags.push(TagLine {
                key: "error",
                kind: "bool",
                value: true.into(),
            });
        }
    }
    tags.extend(text("otel.status_description", &span.status_message));
    tags.extend(text("w3c.tracestate", &span.trace_state));
    tags
}

fn log(event: &Event) -> LogLine<'_> {
    let names_itself = event.attributes.iter().any(|attribute| attribute.key == "event");
    let name = (!event.name.is_empty() && !names_itself).then(|| TagLine::text("event", &event.name));
    LogLine {
        time_micro: event.time_unix_nano / 1_000,
        fields: name.into_iter().chain(sorted(event.attributes.iter())).collect(),
    }
}

fn sorted<'a>(attributes: impl Iterator<Item = &'a Attribute>) -> Vec<TagLine<'a>> {
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_by_key(|attribute| &attribute.key);
    attributes
        .into_iter()
        .map(|attribute| TagLine::new(&attribute.key, &attribute.value))
        .collect()
}

impl<'a> TagLine<'a> {
    fn text(key: &'a str, text: &str) -> Self {
        Self {
            key,
            kind: "string",
            value: text.into(),
        }
    }

    fn new(key: &'a str, value: &Value) -> Self {
        let (kind, value) = match value {
            Value::Bool(value) => ("bool", json!(value)),
            Value::Int(value) if value.unsigned_abs() > SAFE_INTEGER_MAX => ("int64", json!(value.to_string())),
            Value::Int(value) => ("int64", json!(value)),
            Value::Double(_) => ("float64", json_lines::value(value)),
            Value::Bytes(bytes) => ("binary", json!(BASE64_STANDARD.encode(bytes))),
            Value::Empty | Value::String(_) | Value::Array(_) | Value::Map(_) => ("string", json!(text_of(value))),
        };
        Self { key, kind, value }
    }
}

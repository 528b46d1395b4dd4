//! OTLP/JSON: requests with traces and logs, as exporters and collectors write them.
//!
//! Besides what [`otlp_wire::json`] reads: `instrumentationLibrarySpans` with `instrumentationLibrary`, as before OTLP 0.19, and
//! `batches`, as Grafana Tempo calls `resourceSpans`. Metrics are passed over.

use otlp_wire::json::transcode_with;
use otlp_wire::schema::{self, Message};
use otlp_wire::{Value, fields};

use crate::node::{Member, Node};
use crate::reader::{NESTED, Reader};
use crate::{Format, ids, pending};

/// By these a request is known.
pub(crate) const REQUEST: &[&str] = &[
    "resourceSpans",
    "resource_spans",
    "batches",
    "resourceLogs",
    "resource_logs",
    "resourceMetrics",
    "resource_metrics",
];

/// By these a part of a request is known: what one resource sent.
pub(crate) const GROUP: &[&str] = &[
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "scopeLogs",
    "scope_logs",
];

pub(crate) fn request<'a>(reader: &mut Reader<'a>, members: &[Member<'a>]) {
    reader.report.saw(Format::Otlp);
    for (name, groups) in members {
        if !matches!(
            &**name,
            "resourceSpans" | "resource_spans" | "batches" | "resourceLogs" | "resource_logs"
        ) {
            continue;
        }
        for group_node in reader.elements(*groups) {
            if let Some(members) = reader.members(group_node) {
                group(reader, &members);
            }
        }
    }
}

/// What one resource sent.
pub(crate) fn group<'a>(reader: &mut Reader<'a>, members: &[Member<'a>]) {
    reader.report.saw(Format::Otlp);
    let resource = shared(reader, members, &["resource"], &schema::RESOURCE);
    for (name, scopes) in members {
        match &**name {
            "scopeSpans" | "scope_spans" | "instrumentationLibrarySpans" | "scopeLogs" | "scope_logs" => {}
            _ => continue,
        }
        for scope in reader.elements(*scopes) {
            if let Some(members) = reader.members(scope) {
                of_scope(reader, &resource, &members);
            }
        }
    }
}

fn of_scope<'a>(reader: &mut Reader<'a>, resource: &[u8], members: &[Member<'a>]) {
    let names = ["scope", "instrumentationLibrary"];
    let scope = shared(reader, members, &names, &schema::INSTRUMENTATION_SCOPE);
    for (name, records) in members {
        let add = match &**name {
            "spans" => span,
            "logRecords" | "log_records" | "logs" => log,
            _ => continue,
        };
        for record in reader.elements(*records) {
            if reader.is_stopped() {
                return;
            }
            add(reader, resource, &scope, record);
        }
    }
}

/// A span that stands alone.
pub(crate) fn single_span<'a>(reader: &mut Reader<'a>, node: Node<'a>) {
    reader.report.saw(Format::Otlp);
    span(reader, &[], &[], node);
}

fn span<'a>(reader: &mut Reader<'a>, resource: &[u8], scope: &[u8], node: Node<'a>) {
    let Some(span) = read(reader, node, &schema::SPAN) else {
        return;
    };
    let has =
        |number| fields(&span).any(|field| field.number == number && matches!(field.value, Value::Bytes(id) if !id.is_empty()));
    match (has(1), has(2)) {
        (false, _) => reader.problem(node, "the span has no traceId"),
        (_, false) => reader.problem(node, "the span has no spanId"),
        _ => reader.add_span(node.offset(reader.text), resource, scope, &span),
    }
}

fn log<'a>(reader: &mut Reader<'a>, resource: &[u8], scope: &[u8], node: Node<'a>) {
    if let Some(record) = read(reader, node, &schema::LOG_RECORD) {
        reader.add_log(node.offset(reader.text), resource, scope, &record);
    }
}

/// What all records below share. What is wrong with it costs itself, not them.
fn shared<'a>(reader: &mut Reader<'a>, members: &[Member<'a>], names: &[&str], message: &'static Message) -> Vec<u8> {
    let mut whole = Vec::new();
    for (name, node) in members.iter().filter(|(_, node)| !node.is_null()) {
        if !names.contains(&&**name) {
            continue;
        }
        // Of the same name twice protobuf makes one message, which is what their bytes are one after the other.
        if let Some(part) = read(reader, *node, message) {
            whole.extend_from_slice(&part);
        }
    }
    if !pending::fits(&whole, message) {
        if let Some((_, node)) = members.first() {
            reader.problem(*node, NESTED);
        }
        whole.clear();
    }
    whole
}

fn read<'a>(reader: &mut Reader<'a>, node: Node<'a>, message: &'static Message) -> Option<Vec<u8>> {
    let read = transcode_with(node.json().as_bytes(), message, ids::of_field);
    reader.checked_otlp(node, read).map(|read| read.bytes)
}

//! OTLP/JSON: requests with traces and logs, as written by exporters and collectors.
//!
//! In addition to [`otlp_wire::json`]: `instrumentationLibrarySpans` with `instrumentationLibrary`, as before OTLP 0.19, and
//! `batches`, Grafana Tempo's name of `resourceSpans`. Metrics and profiles are skipped.

use std::sync::Arc;

use otlp_wire::json::transcode_with;
use otlp_wire::schema::{self, Message};
use otlp_wire::{Value, fields};
use trace_model::{TraceId, work};

use crate::json::document::Document;
use crate::json::node::{Member, Node};
use crate::reader::Reader;
use crate::resource_scope::ResourceScope;
use crate::sink::NESTED;
use crate::{Format, ids, pending};

/// Members that identify a request.
const REQUEST: &[&str] = &[
    "resourceSpans",
    "resource_spans",
    "resourceLogs",
    "resource_logs",
    "resourceMetrics",
    "resource_metrics",
    "resourceProfiles",
    "resource_profiles",
];

/// Members that identify the part of a request from one resource.
pub(crate) const GROUP: &[&str] = &[
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "scopeLogs",
    "scope_logs",
];

/// Members that only a span has: neither log records nor error reports.
const SPAN: &[&str] = &[
    "startTimeUnixNano",
    "start_time_unix_nano",
    "endTimeUnixNano",
    "end_time_unix_nano",
];

/// Returns true if a document is a request, or a response of Tempo that wraps its groups.
pub(crate) fn is_request(document: &Document<'_>) -> bool {
    let is_group = |node: Node<'_>| node.members().any(|(name, _)| name == "resource" || GROUP.contains(&&*name));
    document.has(REQUEST) || document.all("batches").flat_map(Node::elements).take(1).any(is_group)
}

/// Returns true if a document is a single span, and not a reference to one by another program.
pub(crate) fn is_span(document: &Document<'_>) -> bool {
    document.has(&["traceId", "trace_id"]) && document.has(&["spanId", "span_id"]) && document.has(SPAN)
}

/// Parses a request.
pub(crate) fn request<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Otlp);
    for (name, groups) in &document.members {
        if !matches!(
            &**name,
            "resourceSpans" | "resource_spans" | "batches" | "resourceLogs" | "resource_logs"
        ) {
            continue;
        }
        for node in reader.elements(*groups) {
            if reader.is_object(node) {
                group(reader, &Document::of(node));
            }
        }
    }
}

/// Parses the part of a request from one resource.
pub(crate) fn group<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Otlp);
    let origin = ResourceScope {
        resource: shared(reader, &document.members, &["resource"], &schema::RESOURCE),
        resource_schema: schema_url(reader, document),
        ..ResourceScope::default()
    };
    let mut has_scopes = false;
    for (_, scopes) in document.members.iter().filter(|(name, _)| GROUP.contains(&&**name)) {
        has_scopes = true;
        for scope in reader.elements(*scopes) {
            if reader.is_object(scope) {
                of_scope(reader, &origin, &Document::of(scope));
            }
        }
    }
    let known = |name: &str| matches!(name, "resource" | "schemaUrl" | "schema_url");
    if !has_scopes && document.node.is_whole && document.members.iter().any(|(name, _)| !known(name)) {
        reader.problem(document.node, "expected scopeSpans or scopeLogs");
    }
}

fn of_scope<'a>(reader: &mut Reader<'a, '_, '_>, group: &ResourceScope, document: &Document<'a>) {
    let names = ["scope", "instrumentationLibrary"];
    let origin = ResourceScope {
        scope: shared(reader, &document.members, &names, &schema::INSTRUMENTATION_SCOPE),
        scope_schema: schema_url(reader, document),
        ..group.clone()
    };
    for (name, records) in &document.members {
        let add = match &**name {
            "spans" => span,
            "logRecords" | "log_records" | "logs" => log,
            _ => continue,
        };
        for record in reader.elements(*records) {
            if reader.sink.is_stopped() {
                return;
            }
            add(reader, &origin, record);
        }
    }
}

/// Parses a single span.
pub(crate) fn single_span<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Otlp);
    span(reader, &ResourceScope::default(), document.node);
}

fn span(reader: &mut Reader<'_, '_, '_>, origin: &ResourceScope, node: Node<'_>) {
    let Some(span) = read(reader, node, &schema::SPAN) else {
        return;
    };
    match (TraceId::try_from(id(&span, 1)), id(&span, 2)) {
        (Err(_), _) => reader.problem(node, "span without traceId"),
        (_, []) => reader.problem(node, "span without spanId"),
        (Ok(trace_id), _) => reader.sink.span(reader.place(node), trace_id, origin, span),
    }
}

fn log(reader: &mut Reader<'_, '_, '_>, origin: &ResourceScope, node: Node<'_>) {
    if let Some(record) = read(reader, node, &schema::LOG_RECORD) {
        let trace_id = TraceId::try_from(id(&record, 9)).ok();
        reader.sink.log(reader.place(node), trace_id, origin, record);
    }
}

/// Returns the bytes of an id; the last one of a repeated field counts.
fn id(record: &[u8], number: u32) -> &[u8] {
    let ids = fields(record).filter_map(|field| match field.value {
        Value::Bytes(id) if field.number == number => Some(id),
        _ => None,
    });
    ids.last().unwrap_or_default()
}

/// Parses the data shared by all records below. Errors in it do not affect the records.
fn shared<'a>(reader: &mut Reader<'a, '_, '_>, members: &[Member<'a>], names: &[&str], message: &'static Message) -> Arc<[u8]> {
    let mut whole = Vec::new();
    for (name, node) in members.iter().filter(|(_, node)| !node.is_null()) {
        if !names.contains(&&**name) {
            continue;
        }
        // Protobuf merges duplicates into one message, which is the concatenation of their bytes.
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
    whole.into()
}

/// Returns the schema URL of a group; the last one of duplicates counts.
fn schema_url<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) -> Option<Arc<str>> {
    let urls = document.all("schemaUrl").chain(document.all("schema_url"));
    let node = urls.filter(|node| !node.is_null()).last()?;
    let value = reader.value(node)?;
    let Some(url) = value.as_str() else {
        reader.problem(node, "expected a string");
        return None;
    };
    trace_model::schema_url(url.as_bytes())
}

/// Converts a message to protobuf; `None` if it is truncated or invalid.
fn read(reader: &mut Reader<'_, '_, '_>, node: Node<'_>, message: &'static Message) -> Option<Vec<u8>> {
    if !node.is_whole {
        return None;
    }
    work::add(node.json().len());
    let read = transcode_with(node.json().as_bytes(), message, ids::of_field);
    reader.checked_otlp(node, read).map(|read| read.bytes)
}

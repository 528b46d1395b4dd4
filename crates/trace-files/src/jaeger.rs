//! Jaeger's JSON, from its HTTP API and UI, and from its storage in Elasticsearch or `OpenSearch`.
//!
//! Source: [`model/json/model.go`](https://github.com/jaegertracing/jaeger/blob/main/internal/uimodel/model.go) and
//! [`dbmodel/model.go`](https://github.com/jaegertracing/jaeger/blob/main/internal/storage/v1/elasticsearch/spanstore/internal/dbmodel/model.go).
//! The parent is the first `CHILD_OF` of the same trace, else its first `FOLLOWS_FROM`, as in Jaeger's own model; all other
//! references are links. In storage a span contains its process, tags may be an object `tag` whose names have `@` for `.`
//! (`--es.tags-as-fields.dot-replacement`), and binary values are hexadecimal.

use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use prost::Message as _;
use serde_json::Value;
use trace_model::{SpanId, TraceId};

use crate::json::document::Document;
use crate::json::node::Node;
use crate::reader::Reader;
use crate::resource_scope::ResourceScope;
use crate::tags::{Binary, Tags, any, micros, text, typed};
use crate::{Format, ids};

/// Resources in OTLP's protobuf by the process's name in the trace.
type Processes = HashMap<String, Arc<[u8]>>;

/// Parses a trace with its spans and processes.
pub(crate) fn trace<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Jaeger);
    let mut processes = Processes::new();
    for node in document.all("processes").filter(|node| !node.is_null()) {
        if !reader.is_object(node) {
            continue;
        }
        for (name, node) in node.members() {
            if let Some(process) = reader.value(node) {
                processes.insert(name.into_owned(), resource(&process, Binary::Base64));
            }
        }
    }
    let id = document.value("traceID").and_then(|id| serde_json::from_str(id.json()).ok());
    for spans in document.all("spans") {
        for node in reader.elements(spans) {
            if reader.sink.is_stopped() {
                return;
            }
            span(reader, node, &processes, id.as_ref());
        }
    }
}

/// Parses a single span that contains its process.
pub(crate) fn single_span<'a>(reader: &mut Reader<'a, '_, '_>, document: &Document<'a>) {
    reader.sink.saw(Format::Jaeger);
    span(reader, document.node, &Processes::new(), None);
}

fn span(reader: &mut Reader<'_, '_, '_>, node: Node<'_>, processes: &Processes, trace: Option<&Value>) {
    let Some(json) = reader.value(node) else { return };
    let binary = if json["startTimeMillis"].is_null() && json["tag"].is_null() {
        Binary::Base64
    } else {
        Binary::Hexadecimal
    };
    match converted(&json, trace, binary) {
        Ok((trace_id, span, scope)) => {
            if span.end_time_unix_nano > 0 && span.end_time_unix_nano < span.start_time_unix_nano {
                reader.sink.warn(reader.place(node), "negative span duration");
            }
            if refers_to_itself(&span) {
                reader.sink.warn(reader.place(node), "span refers to itself as its parent");
            }
            let named = json["processID"].as_str().and_then(|name| processes.get(name));
            let resource = named.map_or_else(|| resource(&json["process"], binary), Arc::clone);
            let origin = ResourceScope {
                resource,
                scope: scope.into(),
                ..ResourceScope::default()
            };
            reader.sink.made(reader.place(node), trace_id, &origin, &span);
        }
        Err(what) => reader.problem(node, what),
    }
}

/// Converts a process to a resource in OTLP's protobuf.
fn resource(process: &Value, binary: Binary) -> Arc<[u8]> {
    let service = process["serviceName"].as_str().map(|service| text("service.name", service));
    let tags = tags(process, "tags", binary).map(|(key, value)| crate::tags::attribute(&key, value));
    let attributes = service.into_iter().chain(tags).collect();
    let resource = Resource {
        attributes,
        ..Resource::default()
    };
    resource.encode_to_vec().into()
}

/// Returns the tags of a list of `{key, type, value}` or of an object, followed by those of an object `tag`.
fn tags<'a>(owner: &'a Value, name: &str, binary: Binary) -> impl Iterator<Item = (String, Any)> + use<'a> {
    let of_list = owner[name].as_array().into_iter().flatten();
    let of_object = owner[name].as_object().into_iter().flatten();
    let of_fields = owner["tag"].as_object().into_iter().flatten();
    of_list
        .filter_map(move |tag| {
            let key = tag["key"].as_str()?.to_owned();
            Some((key, typed(&tag["value"], tag["type"].as_str(), binary)))
        })
        .chain(of_object.map(|(key, value)| (key.clone(), any(value))))
        .chain(of_fields.map(|(key, value)| (key.replace('@', "."), any(value))))
}

/// Converts a span and its scope, the latter to protobuf; or returns the error. A negative duration makes the end precede the
/// start.
fn converted(json: &Value, trace: Option<&Value>, binary: Binary) -> Result<(TraceId, Span, Vec<u8>), &'static str> {
    let id_of = |id: &Value| id.as_str().and_then(ids::trace_id);
    let trace_id = id_of(&json["traceID"])
        .or_else(|| id_of(trace?))
        .ok_or("span without traceID")?;
    let span_id = json["spanID"].as_str().and_then(ids::span_id).ok_or("span without spanID")?;
    let start = micros(&json["startTime"]).ok_or("invalid startTime: not a number of microseconds")?;
    let end = match &json["duration"] {
        Value::Null => 0,
        duration => {
            let duration = crate::tags::duration(duration).ok_or("invalid duration: not a number of microseconds")?;
            let end = u64::try_from((i128::from(start) + duration).max(0)).map_err(|_| "span times exceed 64 bits")?;
            // OTLP writes a missing end as zero.
            end.max(1)
        }
    };
    let mut read = Tags::default();
    for (key, value) in tags(json, "tags", binary) {
        read.add(&key, value);
    }
    let warnings = json["warnings"].as_array().filter(|warnings| !warnings.is_empty());
    if warnings.is_some() {
        read.add("jaeger.warnings", any(&json["warnings"]));
    }
    let (parent, links) = references(json, trace_id, span_id);
    let status = read.status();
    let span = Span {
        trace_id: trace_id.as_bytes().to_vec(),
        span_id: span_id.as_bytes().to_vec(),
        parent_span_id: parent,
        name: json["operationName"].as_str().unwrap_or_default().to_owned(),
        kind: read.kind.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        status,
        trace_state: read.trace_state,
        attributes: read.attributes,
        events: json["logs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|log| event(log, binary))
            .collect(),
        links,
        ..Span::default()
    };
    Ok((trace_id, span, read.scope.encode_to_vec()))
}

/// Returns the parent's id, and the links. A self-reference is the parent only without another reference.
fn references(json: &Value, trace_id: TraceId, own_id: SpanId) -> (Vec<u8>, Vec<Link>) {
    let mut links = Vec::new();
    let mut parents = Vec::new();
    for reference in json["references"].as_array().into_iter().flatten() {
        let Some(span_id) = reference["spanID"].as_str().and_then(ids::parent_id) else {
            continue;
        };
        let named = reference["traceID"].as_str().and_then(ids::trace_id);
        // The short or long form of its own trace id is not another trace.
        let other = named.filter(|named| !ids::are_one(*named, trace_id));
        let of_trace = other.unwrap_or(trace_id);
        let is_child = reference["refType"].as_str() != Some("FOLLOWS_FROM");
        parents.push((other.is_none(), is_child, span_id));
        links.push(Link {
            trace_id: of_trace.as_bytes().to_vec(),
            span_id: span_id.as_bytes().to_vec(),
            attributes: vec![text(
                "opentracing.ref_type",
                if is_child { "child_of" } else { "follows_from" },
            )],
            ..Link::default()
        });
    }
    let first = |wanted: &dyn Fn(bool, SpanId) -> bool| {
        let fits = |(same, child, id): &(bool, bool, SpanId)| *same && wanted(*child, *id);
        parents.iter().position(fits)
    };
    let good = first(&|is_child, id| is_child && id != own_id).or_else(|| first(&|_, id| id != own_id));
    if let Some(at) = good.or_else(|| first(&|_, _| true)) {
        links.remove(at);
        return (parents[at].2.as_bytes().to_vec(), links);
    }
    // The predecessor of `references`.
    let field = json["parentSpanID"].as_str().and_then(ids::parent_id);
    (field.map(|id| id.as_bytes().to_vec()).unwrap_or_default(), links)
}

fn refers_to_itself(span: &Span) -> bool {
    span.parent_span_id == span.span_id
        || span
            .links
            .iter()
            .any(|link| link.span_id == span.span_id && link.trace_id == span.trace_id)
}

/// Converts a log of a span to an event; an error gets OpenTelemetry's names.
fn event(log: &Value, binary: Binary) -> Event {
    let fields: Vec<(String, Any)> = tags(log, "fields", binary).collect();
    let said = |name: &str| {
        fields.iter().find_map(|(key, value)| match value {
            Any::StringValue(value) if key == name => Some(value.as_str()),
            _ => None,
        })
    };
    let is_error = said("event") == Some("error");
    let (named_by, name) = match (said("event"), said("message")) {
        (Some(_), _) if is_error => ("event", "exception"),
        (Some(event), _) => ("event", event),
        (None, Some(message)) => ("message", message),
        (None, None) => ("", "log"),
    };
    let name = name.to_owned();
    let attributes = fields.into_iter().filter(|(key, _)| key != named_by).map(|(key, value)| {
        let key = match key.as_str() {
            "error.kind" if is_error => "exception.type",
            "message" if is_error => "exception.message",
            "stack" if is_error => "exception.stacktrace",
            key => key,
        };
        crate::tags::attribute(key, value)
    });
    let attributes: Vec<KeyValue> = attributes.collect();
    Event {
        time_unix_nano: micros(&log["timestamp"]).unwrap_or_default(),
        name,
        attributes,
        ..Event::default()
    }
}

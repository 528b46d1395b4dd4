//! Zipkin's v2 JSON: spans, each with the service that reported it.
//!
//! Source: [Zipkin API](https://zipkin.io/zipkin-api/), `zipkin2-api.yaml`. Both sides of a call may have one id; which of them is the
//! other's child is decided where traces become trees.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use prost::Message as _;
use serde_json::Value;
use trace_model::TraceId;

use crate::node::Node;
use crate::reader::Reader;
use crate::tags::{Tags, any, attribute, kind, micros, text};
use crate::{Format, ids};

pub(crate) fn span<'a>(reader: &mut Reader<'a>, node: Node<'a>) {
    reader.report.saw(Format::Zipkin);
    let json = serde_json::from_str(node.json());
    let Some(json) = reader.checked::<Value>(node, json) else {
        return;
    };
    match made(&json) {
        Ok((trace_id, mut span, scope)) => {
            let (offset, resource) = (node.offset(reader.text), resource(&json["localEndpoint"]));
            if span.start_time_unix_nano == 0 {
                let Some(first) = span.events.iter().map(|event| event.time_unix_nano).min() else {
                    reader.timeless.push((offset, resource, scope, span));
                    return;
                };
                begin_at(&mut span, first);
            }
            let earliest = reader.earliest.entry(trace_id).or_insert(u64::MAX);
            *earliest = span.start_time_unix_nano.min(*earliest);
            reader.add_made(offset, &resource, &scope, &span);
        }
        Err(what) => reader.problem(node, what),
    }
}

/// Adds spans that said no time at the earliest time of their trace: nobody knows better, and there they are seen.
pub(crate) fn add_timeless(reader: &mut Reader<'_>) {
    for (offset, resource, scope, mut span) in std::mem::take(&mut reader.timeless) {
        let trace_id = TraceId::try_from(span.trace_id.as_slice()).ok();
        let earliest = trace_id
            .and_then(|trace_id| reader.earliest.get(&trace_id))
            .copied()
            .unwrap_or(0);
        begin_at(&mut span, earliest);
        reader.add_made(offset, &resource, &scope, &span);
    }
}

/// Gives a start to a span without one, whose end is its duration.
fn begin_at(span: &mut Span, start: u64) {
    span.start_time_unix_nano = start;
    if span.end_time_unix_nano > 0 {
        span.end_time_unix_nano = start.saturating_add(span.end_time_unix_nano);
    }
}

fn resource(endpoint: &Value) -> Vec<u8> {
    let service = endpoint["serviceName"].as_str().filter(|service| !service.is_empty());
    let resource = Resource {
        attributes: service.map(|service| text("service.name", service)).into_iter().collect(),
        ..Resource::default()
    };
    resource.encode_to_vec()
}

/// The span and its scope, the latter in protobuf; or what is wrong. Of one without a start the end is its duration.
fn made(json: &Value) -> Result<(TraceId, Span, Vec<u8>), &'static str> {
    let trace_id = json["traceId"]
        .as_str()
        .and_then(ids::trace_id)
        .ok_or("the span has no traceId")?;
    let span_id = json["id"].as_str().and_then(ids::span_id).ok_or("the span has no id")?;
    let time = |name: &str, what| match &json[name] {
        Value::Null => Ok(None),
        value => micros(value).map(Some).ok_or(what),
    };
    let start = time("timestamp", "the span's timestamp is no number of microseconds")?.unwrap_or(0);
    let duration = time("duration", "the span's duration is no number of microseconds")?;
    let end = duration.map_or(Some(0), |duration| start.checked_add(duration));
    let mut read = Tags::default();
    endpoint(&mut read.attributes, &json["localEndpoint"], "network.local");
    if let Some(peer) = json["remoteEndpoint"]["serviceName"].as_str().filter(|peer| !peer.is_empty()) {
        read.attributes.push(text("peer.service", peer));
    }
    endpoint(&mut read.attributes, &json["remoteEndpoint"], "network.peer");
    for (key, value) in json["tags"].as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            // There are no other types; that the tag is there says that it failed.
            ("error", Value::String(message)) => read.failed(message),
            ("error", _) => read.failed(""),
            (key, value) => read.add(key, any(value)),
        }
    }
    let kind = json["kind"].as_str().and_then(kind).unwrap_or(SpanKind::Unspecified);
    let status = read.status();
    let span = Span {
        trace_id: trace_id.as_bytes().to_vec(),
        span_id: span_id.as_bytes().to_vec(),
        parent_span_id: json["parentId"]
            .as_str()
            .and_then(ids::parent_id)
            .map(|id| id.as_bytes().to_vec())
            .unwrap_or_default(),
        name: json["name"].as_str().unwrap_or_default().to_owned(),
        kind: if kind == SpanKind::Unspecified { read.kind } else { kind }.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end.ok_or("the span's times are beyond 64 bits")?,
        status,
        trace_state: read.trace_state,
        attributes: read.attributes,
        events: json["annotations"].as_array().into_iter().flatten().map(event).collect(),
        ..Span::default()
    };
    Ok((trace_id, span, read.scope.encode_to_vec()))
}

/// An address and a port, as OpenTelemetry's conventions name them.
fn endpoint(attributes: &mut Vec<KeyValue>, endpoint: &Value, prefix: &str) {
    let address = endpoint["ipv4"].as_str().or_else(|| endpoint["ipv6"].as_str());
    attributes.extend(address.map(|address| text(&format!("{prefix}.address"), address)));
    let port = endpoint["port"].as_i64().filter(|port| *port != 0);
    attributes.extend(port.map(|port| attribute(&format!("{prefix}.port"), Any::IntValue(port))));
}

fn event(annotation: &Value) -> Event {
    Event {
        time_unix_nano: micros(&annotation["timestamp"]).unwrap_or_default(),
        name: annotation["value"].as_str().unwrap_or_default().to_owned(),
        ..Event::default()
    }
}

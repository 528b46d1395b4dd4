//! OTLP messages to [`Batch`] and back to one [`Span`].
//!
//! Source: [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto), `trace/v1/trace.proto`.

use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as proto;
use prost::Message;

use crate::{
    Attribute, Batch, Event, IdError, Link, Origin, Rejection, Scope, Source, Span, SpanId, SpanKind, SpanRecord, StatusCode,
    TraceId, Value,
};

/// Turns the content of an `ExportTraceServiceRequest` into a [`Batch`]; spans whose ids are unusable are left out and named.
#[must_use]
pub fn batch(resource_spans: Vec<proto::ResourceSpans>, source: Source) -> (Batch, Vec<Rejection>) {
    let mut batch = Batch::default();
    let mut rejected = Vec::new();
    for group in resource_spans {
        let resource = group.resource.unwrap_or_default();
        let service: Arc<str> = service_name(&resource).into();
        let resource: Arc<[u8]> = resource.encode_to_vec().into();
        for scope in group.scope_spans {
            let encoded = scope.scope.unwrap_or_default().encode_to_vec().into_boxed_slice();
            let origin = Arc::new(Origin {
                service: service.clone(),
                source,
                resource: resource.clone(),
                scope: encoded,
            });
            for span in &scope.spans {
                match record(span, &origin) {
                    Ok(record) => batch.spans.push(record),
                    Err(rejection) => rejected.push(rejection),
                }
            }
        }
    }
    (batch, rejected)
}

fn record(span: &proto::Span, origin: &Arc<Origin>) -> Result<SpanRecord, Rejection> {
    let in_field = |field| move |error| Rejection { field, error };
    Ok(SpanRecord {
        trace_id: span.trace_id.as_slice().try_into().map_err(in_field("trace_id"))?,
        span_id: span.span_id.as_slice().try_into().map_err(in_field("span_id"))?,
        parent_span_id: parent(&span.parent_span_id).map_err(in_field("parent_span_id"))?,
        name: span.name.as_str().into(),
        kind: SpanKind::from_otlp(span.kind),
        status: span
            .status
            .as_ref()
            .map(|status| StatusCode::from_otlp(status.code))
            .unwrap_or_default(),
        start_unix_nano: span.start_time_unix_nano,
        end_unix_nano: span.end_time_unix_nano,
        origin: origin.clone(),
        raw: span.encode_to_vec().into_boxed_slice(),
    })
}

/// A root has no parent id; some senders write it as zeros.
fn parent(bytes: &[u8]) -> Result<Option<SpanId>, IdError> {
    match SpanId::try_from(bytes) {
        Ok(id) => Ok(Some(id)),
        Err(IdError::Zero | IdError::Length { found: 0, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn service_name(resource: &Resource) -> &str {
    let named = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
    match named
        .and_then(|attribute| attribute.value.as_ref())
        .and_then(|value| value.value.as_ref())
    {
        Some(any_value::Value::StringValue(name)) => name,
        _ => "",
    }
}

/// Decodes one record whole.
///
/// # Errors
/// The record's bytes are not OTLP. Those that [`batch`] made always are.
pub fn decode(record: &SpanRecord) -> Result<Span, prost::DecodeError> {
    let span = proto::Span::decode(&*record.raw)?;
    let resource = Resource::decode(&*record.origin.resource)?;
    let scope = InstrumentationScope::decode(&*record.origin.scope)?;
    let dropped = [
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    ];
    Ok(Span {
        trace_id: record.trace_id,
        span_id: record.span_id,
        parent_span_id: record.parent_span_id,
        service: record.origin.service.to_string(),
        name: span.name,
        kind: record.kind,
        start_unix_nano: record.start_unix_nano,
        end_unix_nano: (!record.in_flight()).then_some(record.end_unix_nano),
        status: record.status,
        status_message: span.status.map(|status| status.message).unwrap_or_default(),
        trace_state: span.trace_state,
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect(),
        resource: attributes(resource.attributes),
        scope: Scope {
            name: scope.name,
            version: scope.version,
        },
        source: record.origin.source,
        dropped: dropped.into_iter().fold(0, u32::saturating_add),
    })
}

fn event(event: proto::span::Event) -> Event {
    Event {
        time_unix_nano: event.time_unix_nano,
        name: event.name,
        attributes: attributes(event.attributes),
    }
}

fn link(link: proto::span::Link) -> Link {
    Link {
        trace_id: TraceId::try_from(link.trace_id.as_slice()).ok(),
        span_id: SpanId::try_from(link.span_id.as_slice()).ok(),
        attributes: attributes(link.attributes),
    }
}

fn attributes(pairs: Vec<KeyValue>) -> Vec<Attribute> {
    pairs
        .into_iter()
        .map(|pair| Attribute {
            key: pair.key,
            value: value(pair.value),
        })
        .collect()
}

/// Recursion is bounded: prost refuses messages nested deeper than 100.
fn value(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(any_value::Value::StringValue(text)) => Value::String(text),
        Some(any_value::Value::BoolValue(value)) => Value::Bool(value),
        Some(any_value::Value::IntValue(value)) => Value::Int(value),
        Some(any_value::Value::DoubleValue(value)) => Value::Double(value),
        Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(any_value::Value::ArrayValue(array)) => Value::Array(array.values.into_iter().map(|any| value(Some(any))).collect()),
        Some(any_value::Value::KvlistValue(list)) => Value::Map(attributes(list.values)),
        // A string of a profile's table means nothing in a span; the schema says to treat it as absent.
        None | Some(any_value::Value::StringValueStrindex(_)) => Value::Empty,
    }
}

//! Arbitrary messages of all three signals. Every field is named, so that a new field of a later schema breaks the build.

mod metrics;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
use proptest::option;
use proptest::prelude::*;

pub(crate) use metrics::metrics_request;

pub(crate) fn text() -> BoxedStrategy<String> {
    prop_oneof![Just(String::new()), "[a-z.]{1,12}", any::<String>()].boxed()
}

/// Any double that JSON can represent.
pub(crate) fn double() -> impl Strategy<Value = f64> {
    POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO
}

/// Any double.
pub(crate) fn wild_double() -> impl Strategy<Value = f64> {
    prop_oneof![4 => double(), 1 => POSITIVE | NEGATIVE | INFINITE, 1 => Just(f64::NAN)]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..20)
}

fn trace_id() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => vec(any::<u8>(), 16), 1 => bytes()]
}

fn span_id() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![8 => vec(any::<u8>(), 8), 1 => bytes()]
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|value| Some(Value::BoolValue(value))),
        any::<i64>().prop_map(|number| Some(Value::IntValue(number))),
        double().prop_map(|number| Some(Value::DoubleValue(number))),
        bytes().prop_map(|bytes| Some(Value::BytesValue(bytes))),
        any::<i32>().prop_map(|index| Some(Value::StringValueStrindex(index))),
    ];
    leaf.prop_map(|value| AnyValue { value }).prop_recursive(4, 16, 3, |inner| {
        let array = vec(inner.clone(), 0..3).prop_map(|values| Value::ArrayValue(ArrayValue { values }));
        let list = vec(key_value(option::of(inner)), 0..3).prop_map(|values| Value::KvlistValue(KeyValueList { values }));
        prop_oneof![array, list].prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn key_value(value: impl Strategy<Value = Option<AnyValue>>) -> impl Strategy<Value = KeyValue> {
    (text(), value, any::<i32>()).prop_map(|(key, value, key_strindex)| KeyValue {
        key,
        value,
        key_strindex,
    })
}

pub(crate) fn attributes() -> BoxedStrategy<Vec<KeyValue>> {
    vec(key_value(option::of(any_value())), 0..3).boxed()
}

fn entity_ref() -> impl Strategy<Value = EntityRef> {
    (text(), text(), vec(text(), 0..3), vec(text(), 0..3)).prop_map(|(schema_url, r#type, id_keys, description_keys)| EntityRef {
        schema_url,
        r#type,
        id_keys,
        description_keys,
    })
}

pub(crate) fn resource() -> impl Strategy<Value = Option<Resource>> {
    let resource = (attributes(), any::<u32>(), vec(entity_ref(), 0..2));
    option::of(
        resource.prop_map(|(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        }),
    )
}

pub(crate) fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope = (text(), text(), attributes(), any::<u32>());
    option::of(
        scope.prop_map(|(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        }),
    )
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), text(), attributes(), any::<u32>()).prop_map(|(time_unix_nano, name, attributes, dropped_attributes_count)| {
        Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        }
    })
}

fn link() -> impl Strategy<Value = Link> {
    (trace_id(), span_id(), text(), attributes(), any::<u32>(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

fn status() -> impl Strategy<Value = Option<Status>> {
    option::of((text(), any::<i32>()).prop_map(|(message, code)| Status { message, code }))
}

pub(crate) fn span() -> BoxedStrategy<Span> {
    let ids = (trace_id(), span_id(), text(), span_id(), any::<u32>());
    let what = (text(), prop_oneof![0..6, any::<i32>()], any::<u64>(), any::<u64>(), status());
    let parts = (attributes(), vec(event(), 0..3), vec(link(), 0..3), any::<[u32; 3]>());
    (ids, what, parts)
        .prop_map(|(ids, what, parts)| {
            let (trace_id, span_id, trace_state, parent_span_id, flags) = ids;
            let (name, kind, start_time_unix_nano, end_time_unix_nano, status) = what;
            let (attributes, events, links, dropped) = parts;
            Span {
                trace_id,
                span_id,
                trace_state,
                parent_span_id,
                flags,
                name,
                kind,
                start_time_unix_nano,
                end_time_unix_nano,
                attributes,
                dropped_attributes_count: dropped[0],
                events,
                dropped_events_count: dropped[1],
                links,
                dropped_links_count: dropped[2],
                status,
            }
        })
        .boxed()
}

pub(crate) fn traces_request() -> BoxedStrategy<ExportTraceServiceRequest> {
    let scope_spans = (scope(), vec(span(), 0..3), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let resource_spans =
        (resource(), vec(scope_spans, 0..3), text()).prop_map(|(resource, scope_spans, schema_url)| ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        });
    vec(resource_spans, 0..3)
        .prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
        .boxed()
}

fn log_record() -> impl Strategy<Value = LogRecord> {
    let what = (
        any::<[u64; 2]>(),
        prop_oneof![0..25, any::<i32>()],
        text(),
        option::of(any_value()),
    );
    let rest = (attributes(), any::<[u32; 2]>(), trace_id(), span_id(), text());
    (what, rest).prop_map(|(what, rest)| {
        let (times, severity_number, severity_text, body) = what;
        let (attributes, [dropped_attributes_count, flags], trace_id, span_id, event_name) = rest;
        LogRecord {
            time_unix_nano: times[0],
            observed_time_unix_nano: times[1],
            severity_number,
            severity_text,
            body,
            attributes,
            dropped_attributes_count,
            flags,
            trace_id,
            span_id,
            event_name,
        }
    })
}

pub(crate) fn logs_request() -> BoxedStrategy<ExportLogsServiceRequest> {
    let scope_logs = (scope(), vec(log_record(), 0..3), text()).prop_map(|(scope, log_records, schema_url)| ScopeLogs {
        scope,
        log_records,
        schema_url,
    });
    let resource_logs = (resource(), vec(scope_logs, 0..3), text()).prop_map(|(resource, scope_logs, schema_url)| ResourceLogs {
        resource,
        scope_logs,
        schema_url,
    });
    vec(resource_logs, 0..3)
        .prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
        .boxed()
}

use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value};
use opentelemetry_proto::tonic::logs::v1 as proto_logs;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as proto;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;

use super::*;
use crate::Source;

/// Decodes a span with prost, without its origin.
fn span_by_prost(raw: &[u8]) -> Span {
    let span = proto::Span::decode(raw).expect("a span");
    let status = span.status.unwrap_or_default();
    let dropped = [
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    ];
    pending::resolve(Span {
        trace_id: TraceId::try_from(&*span.trace_id).expect("an id"),
        span_id: SpanId::try_from(&*span.span_id).expect("an id"),
        parent_span_id: SpanId::try_from(&*span.parent_span_id).ok(),
        service: String::new(),
        name: span.name,
        kind: SpanKind::from_otlp(span.kind),
        start_unix_nano: span.start_time_unix_nano,
        end_unix_nano: Some(span.end_time_unix_nano).filter(|end| *end != 0),
        status: StatusCode::from_otlp(status.code),
        status_message: status.message,
        trace_state: span.trace_state,
        attributes: attributes_by_prost(span.attributes),
        events: span
            .events
            .into_iter()
            .map(|event| Event {
                time_unix_nano: event.time_unix_nano,
                name: event.name,
                attributes: attributes_by_prost(event.attributes),
            })
            .collect(),
        links: span
            .links
            .into_iter()
            .map(|link| Link {
                trace_id: TraceId::try_from(&*link.trace_id).ok(),
                span_id: SpanId::try_from(&*link.span_id).ok(),
                attributes: attributes_by_prost(link.attributes),
            })
            .collect(),
        resource: Vec::new(),
        resource_schema_url: String::new(),
        scope: Scope::default(),
        source: Source::OtlpHttp,
        dropped: dropped.into_iter().fold(0, u32::saturating_add),
        is_cut: false,
    })
}

/// Decodes a log record with prost, without its origin.
fn log_by_prost(raw: &[u8]) -> LogRecord {
    let record = proto_logs::LogRecord::decode(raw).expect("a record");
    LogRecord {
        trace_id: TraceId::try_from(&*record.trace_id).ok(),
        span_id: SpanId::try_from(&*record.span_id).ok(),
        service: String::new(),
        time_unix_nano: Some(record.time_unix_nano)
            .filter(|time| *time != 0)
            .unwrap_or(record.observed_time_unix_nano),
        severity: Severity::of(record.severity_number, &record.severity_text),
        severity_text: record.severity_text,
        event_name: record.event_name,
        body: value_by_prost(record.body),
        attributes: attributes_by_prost(record.attributes),
        resource: Vec::new(),
        resource_schema_url: String::new(),
        scope: Scope::default(),
        source: Source::OtlpHttp,
        dropped: record.dropped_attributes_count,
        is_cut: false,
    }
}

fn attributes_by_prost(pairs: Vec<KeyValue>) -> Vec<Attribute> {
    let attribute = |pair: KeyValue| Attribute {
        key: pair.key,
        value: value_by_prost(pair.value),
    };
    pairs.into_iter().map(attribute).collect()
}

fn value_by_prost(any: Option<AnyValue>) -> Value {
    match any.and_then(|any| any.value) {
        Some(any_value::Value::StringValue(text)) => Value::String(text),
        Some(any_value::Value::BoolValue(value)) => Value::Bool(value),
        Some(any_value::Value::IntValue(value)) => Value::Int(value),
        Some(any_value::Value::DoubleValue(value)) => Value::Double(value),
        Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(bytes),
        Some(any_value::Value::ArrayValue(array)) => {
            Value::Array(array.values.into_iter().map(|any| value_by_prost(Some(any))).collect())
        }
        Some(any_value::Value::KvlistValue(list)) => Value::Map(attributes_by_prost(list.values)),
        None | Some(any_value::Value::StringValueStrindex(_)) => Value::Empty,
    }
}

fn origin() -> Provenance {
    Provenance {
        service: "".into(),
        source: Source::OtlpHttp,
        resource: Arc::new([]),
        scope: Arc::new([]),
        resource_schema: None,
        scope_schema: None,
        host: None,
        resource_hash: 0,
        scope_hash: 0,
    }
}

fn any(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn pair(key: &str, value: Option<AnyValue>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

/// Values of every kind, and two of the kinds that protobuf merges.
fn values() -> Vec<AnyValue> {
    let [text, int] = [
        any(any_value::Value::StringValue("é".to_owned())),
        any(any_value::Value::IntValue(-3)),
    ];
    let array = |values| any(any_value::Value::ArrayValue(ArrayValue { values }));
    let map = |values| any(any_value::Value::KvlistValue(KeyValueList { values }));
    vec![
        AnyValue::default(),
        any(any_value::Value::BoolValue(true)),
        any(any_value::Value::DoubleValue(-0.5)),
        any(any_value::Value::BytesValue(vec![0, 255])),
        any(any_value::Value::StringValueStrindex(1)),
        any(any_value::Value::StringValue("long ".repeat(100))),
        array(vec![text.clone(), array(vec![int.clone()])]),
        array(Vec::new()),
        map(vec![pair("k", Some(text.clone())), pair("", None)]),
        map(vec![pair("nested", Some(map(vec![pair("n", Some(int.clone()))])))]),
        text,
        int,
    ]
}

/// Encoded fields of a message of which each is written twice with different values, in any order: the last one counts, or both do.
fn spans() -> Vec<Vec<u8>> {
    let event = |name: &str, attributes| proto::span::Event {
        time_unix_nano: 5,
        name: name.to_owned(),
        attributes,
        dropped_attributes_count: 1,
    };
    let link = |id: u8, attributes| proto::span::Link {
        trace_id: vec![id; 16],
        span_id: vec![id; id.into()],
        attributes,
        ..proto::span::Link::default()
    };
    let mut fields = vec![
        proto::Span {
            trace_id: vec![2; 16],
            ..proto::Span::default()
        },
        proto::Span {
            span_id: vec![2; 8],
            ..proto::Span::default()
        },
        proto::Span {
            parent_span_id: vec![3; 8],
            ..proto::Span::default()
        },
        proto::Span {
            parent_span_id: vec![3; 7],
            ..proto::Span::default()
        },
        proto::Span {
            name: "one".to_owned(),
            kind: 3,
            ..proto::Span::default()
        },
        proto::Span {
            name: "ö".to_owned(),
            kind: -1,
            flags: 7,
            ..proto::Span::default()
        },
        proto::Span {
            trace_state: "a=b".to_owned(),
            start_time_unix_nano: 9,
            end_time_unix_nano: 9,
            ..proto::Span::default()
        },
        proto::Span {
            end_time_unix_nano: u64::MAX,
            dropped_attributes_count: u32::MAX,
            ..proto::Span::default()
        },
        proto::Span {
            dropped_events_count: 2,
            dropped_links_count: 3,
            ..proto::Span::default()
        },
        proto::Span {
            status: Some(proto::Status {
                code: 2,
                ..proto::Status::default()
            }),
            ..proto::Span::default()
        },
        proto::Span {
            status: Some(proto::Status {
                message: "why".to_owned(),
                code: 0,
            }),
            ..proto::Span::default()
        },
        proto::Span {
            events: vec![event("", Vec::new()), event("e", vec![pair("k", None)])],
            ..proto::Span::default()
        },
        proto::Span {
            links: vec![link(8, Vec::new()), link(7, vec![pair("k", None)])],
            ..proto::Span::default()
        },
    ];
    fields.extend(values().into_iter().map(|value| proto::Span {
        attributes: vec![pair("key", Some(value))],
        ..proto::Span::default()
    }));
    let mut fields: Vec<_> = fields.iter().map(Message::encode_to_vec).collect();
    // A field that no version of OTLP has, and a group.
    fields.extend([vec![0xa0, 0x06, 0x01], vec![0xa3, 0x06, 0x08, 0x01, 0xa4, 0x06]]);
    fields
}

fn logs() -> Vec<Vec<u8>> {
    let mut fields = vec![
        proto_logs::LogRecord {
            time_unix_nano: 4,
            severity_number: 17,
            ..Default::default()
        },
        proto_logs::LogRecord {
            observed_time_unix_nano: 6,
            severity_text: "warn".to_owned(),
            ..Default::default()
        },
        proto_logs::LogRecord {
            trace_id: vec![2; 16],
            span_id: vec![2; 8],
            event_name: "e".to_owned(),
            ..Default::default()
        },
        proto_logs::LogRecord {
            span_id: vec![2; 9],
            dropped_attributes_count: 3,
            flags: 1,
            ..Default::default()
        },
    ];
    fields.extend(values().into_iter().map(|value| proto_logs::LogRecord {
        body: Some(value),
        attributes: vec![pair("key", None)],
        ..Default::default()
    }));
    fields.iter().map(Message::encode_to_vec).collect()
}

/// An attribute's message with its value in several parts, which protobuf merges.
fn merged(values: &[AnyValue]) -> Vec<u8> {
    let parts = values.iter().map(|value| pair("merged", Some(value.clone())).encode_to_vec());
    let attribute = parts.collect::<Vec<_>>().concat();
    let mut field = vec![9 << 3 | 2];
    prost::encoding::encode_varint(attribute.len() as u64, &mut field);
    field.extend(attribute);
    field
}

proptest! {
    #[test]
    fn decoded_span_is_what_prost_decodes(
        fields in prop::collection::vec(select(spans()), 0..20),
        of_value in prop::collection::vec(select(values()), 0..4),
    ) {
        let ids = proto::Span { trace_id: vec![1; 16], span_id: vec![1; 8], ..proto::Span::default() };
        let raw = [ids.encode_to_vec(), fields.concat(), merged(&of_value)].concat();
        let decoded = decode_span(&raw, &origin(), Parts::first());
        prop_assert_eq!(decoded, Some(span_by_prost(&raw)));
    }

    #[test]
    fn decoded_log_is_what_prost_decodes(fields in prop::collection::vec(select(logs()), 0..10)) {
        let raw = fields.concat();
        let decoded = decode_log(&raw, &origin(), Parts::first());
        prop_assert_eq!(decoded, log_by_prost(&raw));
    }
}

fn parts_of_value(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(|value| 1 + parts_of_value(value)).sum(),
        Value::Map(pairs) => parts_of(pairs),
        _ => 0,
    }
}

fn parts_of(attributes: &[Attribute]) -> usize {
    attributes.iter().map(|attribute| 1 + parts_of_value(&attribute.value)).sum()
}

/// A field of this number with so many empty messages of another number in it, each in two bytes.
fn many(numbers: &[u8]) -> Vec<u8> {
    let mut message = [numbers[0] << 3 | 2, 0].repeat(2 * PARTS_MAX);
    for number in &numbers[1..] {
        let mut field = vec![number << 3 | 2];
        prost::encoding::encode_varint(message.len() as u64, &mut field);
        field.extend(message);
        message = field;
    }
    message
}

/// Each list has the numbers of the fields, from the inside out.
#[test]
fn decoded_parts_are_bounded() {
    let ids = proto::Span {
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        ..proto::Span::default()
    };
    let status = proto::Span {
        status: Some(proto::Status {
            message: "after".to_owned(),
            code: 2,
        }),
        ..proto::Span::default()
    };
    let origin = origin();
    for numbers in [
        &[9][..],
        &[11],
        &[13],
        &[3, 11],
        &[4, 13],
        &[1, 5, 2, 9],
        &[1, 6, 2, 9],
        &[1, 5, 2, 3, 11],
    ] {
        let raw = [ids.encode_to_vec(), many(numbers), status.encode_to_vec()].concat();
        let span = decode_span(&raw, &origin, Parts::first()).expect("a span");
        let of_events: usize = span.events.iter().map(|event| 1 + parts_of(&event.attributes)).sum();
        let of_links: usize = span.links.iter().map(|link| 1 + parts_of(&link.attributes)).sum();
        assert_eq!(parts_of(&span.attributes) + of_events + of_links, PARTS_MAX, "{numbers:?}");
        assert!(span.is_cut && span.status_message == "after", "{numbers:?}");
        let whole = decode_span(&raw, &origin, Parts::all()).expect("a span");
        assert_eq!((whole.is_cut, whole), (false, span_by_prost(&raw)), "{numbers:?}");
    }
    for numbers in [&[6][..], &[1, 5, 5], &[1, 6, 5], &[1, 6, 2, 6]] {
        let raw = many(numbers);
        let log = decode_log(&raw, &origin, Parts::first());
        assert_eq!(
            parts_of(&log.attributes) + parts_of_value(&log.body),
            PARTS_MAX,
            "{numbers:?}"
        );
        assert!(log.is_cut, "{numbers:?}");
        assert_eq!(decode_log(&raw, &origin, Parts::all()), log_by_prost(&raw), "{numbers:?}");
    }
}

#[test]
fn decoded_origin_is_bounded() {
    let origin = Provenance {
        resource: many(&[1]).into(),
        scope: many(&[3]).into(),
        ..origin()
    };
    assert_eq!(
        Resource::decode(&*origin.resource).map(|resource| resource.attributes.len()),
        Ok(2 * PARTS_MAX)
    );
    assert_eq!(
        InstrumentationScope::decode(&*origin.scope).map(|scope| scope.attributes.len()),
        Ok(2 * PARTS_MAX)
    );
    let log = decode_log(&[], &origin, Parts::first());
    assert_eq!(
        (log.resource.len(), log.scope.attributes.len(), log.is_cut),
        (PARTS_MAX, PARTS_MAX, true)
    );
    let log = decode_log(&[], &origin, Parts::all());
    assert_eq!((log.resource.len(), log.is_cut), (2 * PARTS_MAX, false));
}

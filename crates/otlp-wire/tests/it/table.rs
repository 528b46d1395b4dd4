//! The schema's table is what prost generates from the same schema: every field, no other.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use otlp_wire::schema::{Kind, LOGS_REQUEST, METRICS_REQUEST, Message, TRACES_REQUEST};
use otlp_wire::{Value, fields};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value as Json;

use crate::messages::{logs_request, metrics_request, traces_request};
use crate::transcode::as_specified;

/// A field by the names of its message and its own, in the schema and in JSON.
type Known = BTreeSet<(&'static str, &'static str)>;

/// Messages with, taken together, every field of a signal.
fn samples<T>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..200).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Every field that the table has below a message.
fn all_of(message: &'static Message, all: &mut Known) {
    for field in message.fields {
        let new = all.insert((message.name, field.name));
        if let (true, Kind::Message(inner)) = (new, field.kind) {
            all_of(inner, all);
        }
    }
}

fn walk_bytes(bytes: &[u8], message: &'static Message, seen: &mut Known) {
    for found in fields(bytes) {
        let Some(field) = message.field(found.number) else {
            panic!("{} has no field {}", message.name, found.number)
        };
        seen.insert((message.name, field.name));
        match (field.kind, found.value) {
            (Kind::Message(inner), Value::Bytes(bytes)) => walk_bytes(bytes, inner, seen),
            (Kind::Message(_), _) => panic!("{}.{} is a message", message.name, field.name),
            _ => {}
        }
    }
}

fn walk_json(json: &Json, message: &'static Message, seen: &mut Known) {
    match json {
        Json::Array(elements) => elements.iter().for_each(|element| walk_json(element, message, seen)),
        Json::Object(members) => {
            for (name, value) in members {
                let Some(field) = message.fields.iter().find(|field| field.json_name == name) else {
                    panic!("{} has no field {name}", message.name)
                };
                seen.insert((message.name, field.name));
                if let Kind::Message(inner) = field.kind {
                    walk_json(value, inner, seen);
                }
            }
        }
        Json::Null => {}
        other => panic!("{} is {other}", message.name),
    }
}

fn compare<T: prost::Message + serde::Serialize>(schema: &'static Message, samples: &[T]) {
    let (mut all, mut on_the_wire, mut in_json) = (Known::new(), Known::new(), Known::new());
    all_of(schema, &mut all);
    for sample in samples {
        walk_bytes(&sample.encode_to_vec(), schema, &mut on_the_wire);
        let mut json = serde_json::to_value(sample).unwrap();
        as_specified(&mut json);
        walk_json(&json, schema, &mut in_json);
    }
    assert_eq!(all, on_the_wire);
    assert_eq!(all, in_json);
}

#[test]
fn traces_have_the_fields_of_the_table() {
    compare(&TRACES_REQUEST, &samples(traces_request()));
}

#[test]
fn logs_have_the_fields_of_the_table() {
    compare(&LOGS_REQUEST, &samples(logs_request()));
}

#[test]
fn metrics_have_the_fields_of_the_table() {
    compare(&METRICS_REQUEST, &samples(metrics_request()));
}

#[test]
fn enumerations_have_the_names_of_the_table() {
    let names_of = |message: &'static Message, field: &str| -> &[(&str, i32)] {
        let field = message.named(field).unwrap();
        let Kind::Enum(names) = field.kind else {
            panic!("{} is an enumeration", field.name)
        };
        names
    };
    let generated = |name: fn(i32) -> Option<&'static str>| -> Vec<_> {
        (-1..100).filter_map(|number| Some((name(number)?, number))).collect()
    };
    let kinds = generated(|number| Some(SpanKind::try_from(number).ok()?.as_str_name()));
    assert_eq!(names_of(&otlp_wire::schema::SPAN, "kind"), kinds);
    let codes = generated(|number| Some(StatusCode::try_from(number).ok()?.as_str_name()));
    assert_eq!(names_of(&otlp_wire::schema::STATUS, "code"), codes);
    let severities = generated(|number| Some(SeverityNumber::try_from(number).ok()?.as_str_name()));
    assert_eq!(names_of(&otlp_wire::schema::LOG_RECORD, "severityNumber"), severities);
    let temporalities = generated(|number| Some(AggregationTemporality::try_from(number).ok()?.as_str_name()));
    for message in [
        &otlp_wire::schema::SUM,
        &otlp_wire::schema::HISTOGRAM,
        &otlp_wire::schema::EXPONENTIAL_HISTOGRAM,
    ] {
        assert_eq!(names_of(message, "aggregationTemporality"), temporalities);
    }
}

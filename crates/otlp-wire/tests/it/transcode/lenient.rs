//! Input accepted beyond the specification.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint, SummaryDataPoint};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use otlp_wire::json::transcode;
use otlp_wire::schema;
use prost::Message;

fn read<T: Message + Default>(json: &str, schema: &'static schema::Message) -> T {
    let transcoded = transcode(json.as_bytes(), schema).unwrap_or_else(|error| panic!("{json}: {error}"));
    T::decode(&*transcoded.bytes).unwrap()
}

fn named(name: &str) -> Span {
    Span {
        name: name.into(),
        ..Span::default()
    }
}

#[test]
fn object_accepts_alternative_names_nulls_and_duplicates() {
    let started = |nanos| Span {
        start_time_unix_nano: nanos,
        ..Span::default()
    };
    let of_events = |names: &[&str]| Span {
        events: names
            .iter()
            .map(|name| Event {
                name: (*name).into(),
                ..Event::default()
            })
            .collect(),
        ..Span::default()
    };
    let status = |message: &str, code| Span {
        status: Some(Status {
            message: message.into(),
            code,
        }),
        ..Span::default()
    };
    let cases = [
        ("{}", Span::default()),
        (" \t\r\n{ } \n", Span::default()),
        (r#"{"startTimeUnixNano": "5"}"#, started(5)),
        (r#"{"start_time_unix_nano": "5"}"#, started(5)),
        (r#"{"\u0073tartTimeUnixNano": 5}"#, started(5)),
        (r#"{"StartTimeUnixNano": 5, "start-time": 6}"#, Span::default()),
        (
            r#"{"": 0, "more": {"name": [1, {"a": null}]}, "name": "a", "deprecated": "x"}"#,
            named("a"),
        ),
        (
            r#"{"name": null, "kind": null, "startTimeUnixNano": null, "status": null, "events": null, "traceId": null, "flags": null}"#,
            Span::default(),
        ),
        (r#"{"name": "a", "name": null}"#, named("a")),
        (r#"{"name": "a", "name": "b"}"#, named("b")),
        (r#"{"events": []}"#, Span::default()),
        (
            r#"{"events": [{"name": "a"}, null, {"name": "b"}], "events": [{"name": "c"}]}"#,
            of_events(&["a", "", "b", "c"]),
        ),
        (
            r#"{"status": {"message": "m", "code": 1}, "status": {"code": 2}}"#,
            status("m", 2),
        ),
        (r#"{"name": "\u00e9\ud83d\ude00\n"}"#, named("é😀\n")),
    ];
    for (json, expected) in cases {
        assert_eq!(read::<Span>(json, &schema::SPAN), expected, "{json}");
    }
}

#[test]
fn integers_are_accepted_in_every_spelling() {
    let cases: [(&str, u64); 10] = [
        ("0", 0),
        ("-0", 0),
        ("\"0\"", 0),
        ("18446744073709551615", u64::MAX),
        ("\"18446744073709551615\"", u64::MAX),
        ("1.0e3", 1000),
        ("\"1.0e3\"", 1000),
        ("1544712660000000000.0", 1_544_712_660_000_000_000),
        ("1.5447126600e18", 1_544_712_660_000_000_000),
        ("\"007\"", 7),
    ];
    for (json, expected) in cases {
        let span: Span = read(&format!("{{\"startTimeUnixNano\":{json}}}"), &schema::SPAN);
        assert_eq!(span.start_time_unix_nano, expected, "{json}");
    }
    let cases = [("1", 1), ("\"1\"", 1), ("1.0", 1), ("4294967295", u32::MAX)];
    for (json, expected) in cases {
        let span: Span = read(&format!("{{\"flags\":{json},\"droppedEventsCount\":{json}}}"), &schema::SPAN);
        assert_eq!((span.flags, span.dropped_events_count), (expected, expected), "{json}");
    }
    let cases = [
        ("-1", -1),
        ("\"-9223372036854775808\"", i64::MIN),
        ("-9.2e18", -9_200_000_000_000_000_000),
        ("\"-0\"", 0),
    ];
    for (json, expected) in cases {
        let value: AnyValue = read(&format!("{{\"intValue\":{json}}}"), &schema::ANY_VALUE);
        assert_eq!(value.value, Some(Value::IntValue(expected)), "{json}");
    }
    let point =
        "{\"scale\":\"-2147483648\",\"positive\":{\"offset\":-1,\"bucketCounts\":[1,\"2\",3.0,null,\"18446744073709551615\"]}}";
    let point: ExponentialHistogramDataPoint = read(point, &schema::EXPONENTIAL_HISTOGRAM_DATA_POINT);
    let positive = Buckets {
        offset: -1,
        bucket_counts: vec![1, 2, 3, 0, u64::MAX],
    };
    assert_eq!((point.scale, point.positive), (i32::MIN, Some(positive)));
}

#[test]
fn doubles_are_accepted_in_every_spelling() {
    let cases = [
        ("1", 1.0),
        ("-1", -1.0),
        ("0.1", 0.1),
        ("\"0.1\"", 0.1),
        ("\"1e3\"", 1000.0),
        ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ("\"Infinity\"", f64::INFINITY),
        ("\"-Infinity\"", f64::NEG_INFINITY),
        // The neighbor of the result of a parser that does not round.
        ("31.245270191439438", 31.245_270_191_439_438),
    ];
    for (json, expected) in cases {
        let point: SummaryDataPoint = read(&format!("{{\"sum\":{json}}}"), &schema::SUMMARY_DATA_POINT);
        assert_eq!(point.sum.to_bits(), expected.to_bits(), "{json}");
    }
    let point: SummaryDataPoint = read("{\"sum\":\"NaN\"}", &schema::SUMMARY_DATA_POINT);
    assert!(point.sum.is_nan());
    let point: HistogramDataPoint = read(
        "{\"explicitBounds\":[0.5,1,\"Infinity\"],\"bucketCounts\":[],\"bucketCounts\":[\"1\",2],\"min\":0,\"max\":null}",
        &schema::HISTOGRAM_DATA_POINT,
    );
    assert_eq!(point.explicit_bounds, [0.5, 1.0, f64::INFINITY]);
    assert_eq!((point.bucket_counts, point.min, point.max), (vec![1, 2], Some(0.0), None));
}

#[test]
fn enumerations_are_accepted_by_number_or_name() {
    let cases = [
        ("2", 2),
        ("\"2\"", 2),
        ("2.0", 2),
        ("\"SPAN_KIND_SERVER\"", 2),
        ("\"span_kind_server\"", 2),
        ("\"SERVER\"", 2),
        ("\"Server\"", 2),
        ("\"SPAN_KIND_UNSPECIFIED\"", 0),
        ("77", 77),
        ("-1", -1),
    ];
    for (json, expected) in cases {
        let span: Span = read(&format!("{{\"kind\":{json}}}"), &schema::SPAN);
        assert_eq!(span.kind, expected, "{json}");
    }
}

#[test]
fn attributes_are_accepted_of_every_type() {
    let cases = [
        (r#"{"stringValue": ""}"#, Value::StringValue(String::new())),
        (r#"{"string_value": "a"}"#, Value::StringValue("a".into())),
        (r#"{"boolValue": true}"#, Value::BoolValue(true)),
        (r#"{"boolValue": "true"}"#, Value::BoolValue(true)),
        (r#"{"boolValue": "false"}"#, Value::BoolValue(false)),
        (r#"{"boolValue": false}"#, Value::BoolValue(false)),
        (r#"{"intValue": 0}"#, Value::IntValue(0)),
        (r#"{"stringValue": null, "intValue": "1"}"#, Value::IntValue(1)),
        (r#"{"stringValue": "a", "intValue": "1"}"#, Value::IntValue(1)),
        (r#"{"doubleValue": 0}"#, Value::DoubleValue(0.0)),
        (r#"{"bytesValue": ""}"#, Value::BytesValue(vec![])),
        (r#"{"bytesValue": "+/8="}"#, Value::BytesValue(vec![0xfb, 0xff])),
        (r#"{"bytesValue": "+/8"}"#, Value::BytesValue(vec![0xfb, 0xff])),
        (r#"{"bytesValue": "-_8="}"#, Value::BytesValue(vec![0xfb, 0xff])),
        (r#"{"bytesValue": "-_8"}"#, Value::BytesValue(vec![0xfb, 0xff])),
    ];
    for (json, expected) in cases {
        let value: AnyValue = read(json, &schema::ANY_VALUE);
        assert_eq!(value.value, Some(expected), "{json}");
    }
    assert_eq!(read::<AnyValue>("{}", &schema::ANY_VALUE).value, None);
    assert_eq!(read::<KeyValue>(r#"{"value": null}"#, &schema::KEY_VALUE).value, None);
    let Some(Value::ArrayValue(array)) =
        read::<AnyValue>(r#"{"arrayValue": {"values": [null, {"intValue": 1}]}}"#, &schema::ANY_VALUE).value
    else {
        panic!("an array")
    };
    let values: Vec<_> = array.values.into_iter().map(|value| value.value).collect();
    assert_eq!(values, [None, Some(Value::IntValue(1))]);
}

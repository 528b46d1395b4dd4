//! Matches of each kind of term in one span.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;

use crate::support::{PARENT_ID, SPAN_ID, Sample, TRACE_ID, array, attribute, map, text};

fn sample() -> Sample {
    let span = Span {
        trace_id: TRACE_ID.into(),
        span_id: SPAN_ID.into(),
        parent_span_id: PARENT_ID.into(),
        trace_state: "vendor=opaque".into(),
        name: "POST /reset-password".into(),
        kind: 2,
        start_time_unix_nano: 1_000_000_000,
        end_time_unix_nano: 1_050_000_000,
        attributes: vec![
            attribute("http.response.status_code", Value::IntValue(1500)),
            attribute("cache.ratio", Value::DoubleValue(0.25)),
            attribute("cache.hit", Value::BoolValue(true)),
            attribute("payload", Value::BytesValue(b"binary".to_vec())),
            text("http.route", "/Reset-Password"),
            text("retry.limit", "12"),
            text("city", "Düsseldorf"),
            text("kind", "of its own"),
            text("empty", ""),
            attribute("tags", array([Value::StringValue("Blue".into()), Value::IntValue(7)])),
            attribute(
                "user",
                map(vec![
                    text("name", "Ada"),
                    attribute("address", map(vec![text("city", "London")])),
                ]),
            ),
            attribute("orders", array([map(vec![attribute("total", Value::IntValue(30))])])),
        ],
        events: vec![Event {
            name: "exception".into(),
            attributes: vec![text("exception.type", "TimeoutError")],
            ..Event::default()
        }],
        links: vec![Link {
            attributes: vec![text("link.why", "batched")],
            ..Link::default()
        }],
        status: Some(Status {
            code: 2,
            message: "upstream hung up".into(),
        }),
        ..Span::default()
    };
    let resource = Resource {
        attributes: vec![text("service.name", "Web-API"), text("host.name", "node-7")],
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "tokio-tracing".into(),
        version: "1.4".into(),
        attributes: vec![text("scope.note", "by hand")],
        ..InstrumentationScope::default()
    };
    Sample::new(&span, &resource, &scope)
}

fn assert_finds(filters: &[&str]) {
    for filter in filters {
        assert!(sample().matches(filter), "{filter}");
        assert!(!sample().matches(&format!("!({filter})")), "!({filter})");
    }
}

fn assert_passes_over(filters: &[&str]) {
    for filter in filters {
        assert!(!sample().matches(filter), "{filter}");
        assert!(sample().matches(&format!("!({filter})")), "!({filter})");
    }
}

#[test]
fn empty_filter_matches_everything() {
    assert!(sample().matches(""));
}

#[test]
fn header_fields_match() {
    assert_finds(&[
        "name:RESET",
        "name:=\"post /reset-password\"",
        "name:post*word",
        "service:api",
        "service:=web-api",
        "service:[mailer, api]",
        "kind:server",
        "kind:[client, server]",
        "status:error",
        "trace:4bf92f",
        "trace:=4BF92F3577B34DA6A3CE929D0E0E4736",
        "id:00f",
        "parent:[1, eed]",
        "is:error",
        "is:[root, error]",
    ]);
    assert_passes_over(&[
        "name:=reset",
        "name:reset*",
        "service:=api",
        "service:mailer",
        "kind:[client, internal]",
        "status:[unset, ok]",
        "trace:bf92f",
        "id:eed",
        "is:root",
        "is:running",
    ]);
}

#[test]
fn durations() {
    assert_finds(&[
        "duration:>49.9ms",
        "duration:>=50ms",
        "duration:<=50ms",
        "duration:<51ms",
        "duration:50ms",
        "duration:[1s, 50ms]",
        "duration:50ms..1s",
        "duration:10us..50ms",
    ]);
    assert_passes_over(&["duration:>50ms", "duration:<50ms", "duration:49ms", "duration:51ms..1h"]);
}

#[test]
fn running_span_has_no_duration() {
    let mut span = sample().span;
    span.end_time_unix_nano = 0;
    let running = Sample::new(&span, &Resource::default(), &InstrumentationScope::default());
    assert!(running.matches("is:running !duration:>=0s !duration:<1h !has:duration"));
}

#[test]
fn root_has_no_parent() {
    let mut span = sample().span;
    span.parent_span_id.clear();
    let root = Sample::new(&span, &Resource::default(), &InstrumentationScope::default());
    assert!(root.matches("is:root !parent:0 !has:parent"));
}

#[test]
fn attributes_that_are_numbers() {
    assert_finds(&[
        "http.response.status_code:1500",
        "http.response.status_code:1500.0",
        "http.response.status_code:>=500",
        "http.response.status_code:15*",
        "cache.ratio:0.25",
        "cache.ratio:<1",
        "cache.ratio:0.*",
        "retry.limit:>2",
        "retry.limit:2",
    ]);
    assert_passes_over(&[
        "http.response.status_code:500",
        "http.response.status_code:<500",
        "http.response.status_code:5*",
        "retry.limit:=2",
        "http.route:>0",
        "cache.hit:>0",
    ]);
}

#[test]
fn attributes_that_are_text() {
    assert_finds(&[
        "http.route:password",
        "HTTP.Route:=/reset-password",
        "http.route:/reset*",
        "city:DÜSSEL",
        "cache.hit:TRUE",
        "cache.hit:t*",
        "empty:=\"\"",
        "\"kind\":own",
    ]);
    assert_passes_over(&[
        "http.route:=password",
        "http.route:reset*",
        "city:dussel",
        "cache.hit:false",
        "cache.hit:tru",
        "payload:binary",
        "http.rout:password",
        "absent:=\"\"",
    ]);
}

#[test]
fn attributes_wherever_they_are() {
    assert_finds(&[
        "exception.type:timeout",
        "link.why:batched",
        "host.name:node-7",
        "scope.note:hand",
        "tags:blue",
        "tags:7",
        "tags:>6",
        "user.name:ada",
        "user.address.city:london",
        "orders.total:30",
        "has:payload",
        "has:[absent, user]",
        "has:user.address",
        "has:tags",
    ]);
    assert_passes_over(&[
        "tags:=blu",
        "user:ada",
        "user.city:london",
        "tags.name:x",
        "has:user.age",
        "has:absent",
        "has:name.x",
    ]);
}

#[test]
fn fields_in_the_bytes_match() {
    assert_finds(&[
        "event:except",
        "message:\"hung up\"",
        "scope:tokio",
        "has:event",
        "has:message",
        "has:scope",
        "has:name",
        "has:service",
        "has:kind",
        "has:status",
        "has:duration",
        "has:trace",
        "has:parent",
    ]);
    assert_passes_over(&["event:retry", "message:=\"hung up\"", "scope:std", "has:\"parent\""]);
}

#[test]
fn free_text_is_looked_for_everywhere() {
    assert_finds(&[
        "reset",
        "\"POST /reset\"",
        "web-api",
        "4bf92f",
        "00f067aa",
        "eed12ea1",
        "http.route",
        "Timeouterror",
        "exception.type",
        "exception",
        "batched",
        "opaque",
        "hung",
        "node-7",
        "host.name",
        "tokio",
        "1.4",
        "\"by hand\"",
        "blue",
        "ada",
        "london",
        "address",
        "düsseldorf",
        "DÜSSEL*",
        "1500",
        "0.25",
        "15*0",
        "true",
    ]);
    assert_passes_over(&[
        "mailer",
        "binary",
        "4bf9",
        "bf92f3577",
        "500",
        "set*",
        "false",
        "düsseldorff",
        // Bytes next to each other that are different fields: a name and the kind after it.
        "\"password0\"",
    ]);
}

#[test]
fn ids_and_numbers_do_not_match_as_the_bytes_they_are_sent_in() {
    let span = Span {
        trace_id: b"abcdefghijklmnop".to_vec(),
        span_id: b"qrstuvwx".to_vec(),
        name: "n".into(),
        start_time_unix_nano: u64::from_le_bytes(*b"starting"),
        end_time_unix_nano: u64::from_le_bytes(*b"theendin"),
        attributes: vec![attribute("a", Value::DoubleValue(f64::from_le_bytes(*b"floating")))],
        ..Span::default()
    };
    let sample = Sample::new(&span, &Resource::default(), &InstrumentationScope::default());
    for text in ["abcdefgh", "qrst", "starting", "theendin", "floating"] {
        assert!(!sample.matches(text), "{text}");
    }
}

#[test]
fn free_text_finds_what_is_no_text_where_no_text_is() {
    let span = Span {
        trace_id: TRACE_ID.into(),
        span_id: SPAN_ID.into(),
        attributes: vec![attribute("", Value::BoolValue(true)), attribute("", Value::IntValue(404))],
        ..Span::default()
    };
    let sample = Sample::new(&span, &Resource::default(), &InstrumentationScope::default());
    for filter in ["true", "*ru*", "404", "404.0", "4*4"] {
        assert!(sample.matches(filter), "{filter}");
    }
}

#[test]
fn repeated_fields_count_as_in_protobuf() {
    use prost::encoding::bytes;

    let value = |value: Value| AnyValue { value: Some(value) }.encode_to_vec();
    let word = |word: &str| Value::StringValue(word.into());
    let mut raw = Span {
        trace_id: TRACE_ID.into(),
        span_id: SPAN_ID.into(),
        ..Span::default()
    }
    .encode_to_vec();
    // Two arrays are one, in one value or in two; of two texts the last counts.
    let lists = [
        value(array([word("blue")])),
        value(array([word("green")])),
        value(array([word("red")])),
    ];
    let mut list = text("list", "").encode_to_vec();
    bytes::encode(2, &lists[0], &mut list);
    bytes::encode(2, &[lists[1].as_slice(), &lists[2]].concat(), &mut list);
    bytes::encode(9, &list, &mut raw);
    let mut choice = text("choice", "tea").encode_to_vec();
    bytes::encode(2, &[value(word("milk")), value(word("coffee"))].concat(), &mut choice);
    bytes::encode(9, &choice, &mut raw);
    let mut status = Vec::new();
    bytes::encode(2, &b"at first".to_vec(), &mut status);
    bytes::encode(2, &b"at last".to_vec(), &mut status);
    bytes::encode(15, &status, &mut raw);
    // A status without a message keeps the previous one.
    bytes::encode(15, &Vec::new(), &mut raw);

    let sample = Sample::of_bytes(raw, &Resource::default(), &InstrumentationScope::default());
    for filter in [
        "list:blue list:green list:red",
        "blue green red",
        "choice:coffee",
        "coffee",
        "message:last",
        "last",
    ] {
        assert!(sample.matches(filter), "{filter}");
    }
    for filter in ["choice:tea", "tea", "choice:milk", "milk", "message:first", "first"] {
        assert!(!sample.matches(filter), "{filter}");
    }
}

#[test]
fn terms_together() {
    assert_finds(&[
        "service:api status:error",
        "service:mailer OR status:error",
        "service:mailer status:ok OR kind:server",
        "(service:mailer OR service:api) !(status:ok OR is:root)",
        "!service:mailer !http.route:health has:city",
        "service:api AND reset AND duration:>10ms",
    ]);
    assert_passes_over(&[
        "service:api status:ok",
        "service:mailer (status:error OR kind:server)",
        "!service:api OR !status:error",
        "reset !password",
    ]);
}

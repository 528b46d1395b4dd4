//! Calls that a span repeats ("N+1").

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use trace_model::{Repeated, RepeatedLimits, Rule, Source, Store, otlp};

use crate::analysis::{MS, in_ms, read};
use crate::support::{Sent, edit, sent};

/// A call: the span's kind as OTLP numbers it, its name and its attributes.
type Call = (i32, &'static str, Vec<(&'static str, String)>);

/// A request that makes these calls one after the other, each `micros` long.
fn calling(calls: &[Call], micros: u64) -> Store {
    let mut spans = vec![in_ms(sent(250, 0, 0, 10_000)).to_otlp()];
    for (at, (kind, name, attributes)) in (0_u8..).zip(calls) {
        let start = MS + u64::from(at) * (micros + 1) * 1_000;
        let span = Sent {
            kind: *kind,
            ..sent(1 + at, 250, start, start + micros * 1_000)
        };
        spans.push(edit(span.to_otlp(), |otlp| {
            (*name).clone_into(&mut otlp.name);
            otlp.attributes = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
        }));
    }
    let mut store = Store::new(1 << 30);
    store.add(otlp::batch(spans, Source::OtlpHttp).0);
    store
}

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

fn repeated(store: &Store) -> Option<Repeated> {
    let (_, analysis) = read(store);
    let found = analysis.repeated(0);
    assert_eq!(
        found.is_some(),
        analysis.lints_of(0).any(|lint| lint.rule == Rule::RepeatedCalls)
    );
    found
}

fn count(calls: &[Call], micros: u64) -> usize {
    repeated(&calling(calls, micros)).map_or(0, |found| found.count)
}

fn many(count: u64, call: impl Fn(u64) -> Call) -> Vec<Call> {
    (0..count).map(call).collect()
}

fn select(id: u64) -> Call {
    let statement = format!("SELECT * FROM hero WHERE id = {id}");
    (
        3,
        "SELECT",
        vec![("db.system", "sqlite".to_owned()), ("db.statement", statement)],
    )
}

#[test]
fn repeated_calls_are_told_by_number_or_by_time() {
    assert_eq!(count(&many(12, select), 100), 12, "however short");
    assert_eq!(count(&many(9, select), 100), 0, "few and short");
    assert_eq!(count(&many(5, select), 10_000), 5, "few and long");
    assert_eq!(count(&many(4, select), 100_000), 0, "four are too few");
    let found = repeated(&calling(&many(5, select), 12_000)).expect("repeated calls");
    assert_eq!((&*found.name, found.total_nano), ("SELECT", 60 * MS));
}

#[test]
fn repeated_calls_follow_the_limits_that_are_set() {
    let mut store = calling(&many(6, select), 100);
    assert_eq!(repeated(&store), None);
    store.set_repeated_limits(RepeatedLimits {
        count: 6,
        ..RepeatedLimits::default()
    });
    assert_eq!(repeated(&store).map(|found| found.count), Some(6));
}

#[test]
fn repeated_calls_are_alike_by_what_they_call() {
    for (one, of) in [
        ("db.statement", "SELECT * FROM t{} WHERE a = 1"),
        ("db.query.text", "SELECT * FROM t{} WHERE a = 1"),
        ("http.route", "/r{}"),
        ("url.full", "http://shop/r{}/1?page=2"),
        ("server.address", "host-{}"),
        ("rpc.method", "Get{}"),
        ("messaging.destination.name", "queue-{}"),
    ] {
        let call = |text: String| (3, "call", vec![(one, text)]);
        let letter = |number: u64| char::from(b'a' + u8::try_from(number).expect("few")).to_string();
        let different = many(12, |number| call(of.replace("{}", &letter(number))));
        assert_eq!(count(&different, 100), 0, "{one}: they call different things");
        let same = many(12, |_| call(of.replace("{}", "a")));
        assert_eq!(count(&same, 100), 12, "{one}: they call the same thing");
    }
}

#[test]
fn repeated_calls_may_have_different_parameters() {
    let requests = many(12, |id| {
        let url = format!("http://shop:8080/users/{id}/cart?at={id}");
        (3, "GET", vec![("http.request.method", "GET".to_owned()), ("url.full", url)])
    });
    assert_eq!(count(&requests, 100), 12);
    let named = ["GET /users/1", "GET /users/2", "GET /users/3"];
    let by_name = many(12, |number| {
        (3, named[usize::try_from(number % 3).expect("small")], Vec::new())
    });
    assert_eq!(count(&by_name, 100), 12);
}

#[test]
fn repeated_calls_are_calls() {
    let spans = |kind, attributes: &[(&'static str, &str)]| {
        let attributes: Vec<_> = attributes.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        count(&many(12, |_| (kind, "step", attributes.clone())), 10_000)
    };
    assert_eq!(spans(1, &[]), 0, "a loop of internal spans");
    assert_eq!(spans(2, &[]), 0, "requests that are served");
    assert_eq!(spans(5, &[("messaging.system", "rabbitmq")]), 0, "messages that are received");
    assert_eq!(spans(3, &[]), 12);
    assert_eq!(spans(4, &[]), 12);
    assert_eq!(spans(1, &[("db.system", "sqlite")]), 12);
    assert_eq!(spans(1, &[("rpc.system", "grpc")]), 12);
    assert_eq!(spans(1, &[("sentry.op", "db.sql.query")]), 12);
    assert_eq!(spans(1, &[("sentry.op", "function")]), 0);
}

#[test]
fn repeated_calls_run_one_after_the_other() {
    let spans: Vec<Sent> = (0..12)
        .map(|at| Sent {
            kind: 3,
            ..in_ms(sent(1 + at, 100, 10, 900))
        })
        .collect();
    let mut spans: Vec<_> = spans
        .iter()
        .map(|span| edit(span.to_otlp(), |otlp| "GET".clone_into(&mut otlp.name)))
        .collect();
    spans.push(in_ms(sent(100, 0, 0, 1_000)).to_otlp());
    let mut store = Store::new(1 << 30);
    store.add(otlp::batch(spans, Source::OtlpHttp).0);
    assert_eq!(repeated(&store), None, "side by side");
}

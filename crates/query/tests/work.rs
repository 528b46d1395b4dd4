//! A step does as much work as it was asked for, whatever is stored: the owner of the store has other things to do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{Span, span};
use query::{Evaluation, Request, Search, Show, Step};
use trace_model::{Filter, Source, Store, otlp, work};

const WORK: u64 = 1 << 16;
const SPANS: u32 = 20_000;

/// A trace of many spans, of which each has an attribute of so many bytes.
fn store(spans: u32, bytes: usize) -> Store {
    let value = AnyValue {
        value: Some(any_value::Value::StringValue("x".repeat(bytes))),
    };
    let attribute = KeyValue {
        key: "text".to_owned(),
        value: Some(value),
        ..KeyValue::default()
    };
    let span = |number: u32| Span {
        trace_id: vec![1; 16],
        span_id: u64::from(number).to_be_bytes().to_vec(),
        parent_span_id: if number == 1 {
            Vec::new()
        } else {
            u64::from(number / 2).max(1).to_be_bytes().to_vec()
        },
        name: format!("work {number}"),
        start_time_unix_nano: 1_000 + u64::from(number),
        end_time_unix_nano: 1_000_000,
        attributes: vec![attribute.clone()],
        ..Span::default()
    };
    let mut store = Store::new(256 << 20);
    store.add(support::batch((1..=spans).map(span).collect()));
    store
}

/// Runs a request to its end; returns how many steps that took and the most work of one.
fn steps(store: &Store, request: Request) -> (usize, u64) {
    let mut evaluation = Evaluation::new(request);
    let (mut count, mut most) = (0, 0);
    loop {
        let (step, counted) = work::of(|| evaluation.step(store, WORK));
        (count, most) = (count + 1, most.max(counted));
        if step == Step::Complete {
            return (count, most);
        }
    }
}

fn search(filter: &str) -> Box<Search> {
    Box::new(Search {
        filter: Filter::parse(filter).unwrap(),
        ..Search::all(10)
    })
}

#[test]
fn steps_of_every_request_are_bounded() {
    let store = store(SPANS, 10);
    let trace_id = "01".repeat(16).parse().unwrap();
    let operations = Request::Operations {
        service: String::new(),
        kind: None,
    };
    for request in [
        operations,
        Request::Search(search("")),
        Request::Traces(vec![trace_id]),
        Request::Calls { between: 0..u64::MAX },
        Request::Found(search("")),
        Request::Found(search("nothing")),
        Request::Whole(None),
        Request::Show(Show::Operations, search("")),
        Request::Show(Show::Map, search("")),
        Request::Show(Show::Warnings, search("")),
    ] {
        // A copy is handed over in requests of a mebibyte.
        let part = if matches!(request, Request::Whole(_)) { 1 << 20 } else { 0 };
        let name = format!("{request:?}");
        let (count, most) = steps(&store, request);
        // The last record of a step may be begun before its work is done.
        assert!(
            count > 10 && most <= 2 * WORK + part,
            "{name:.40}: {count} steps, at most {most}"
        );
    }
}

#[test]
fn steps_of_log_records_are_bounded() {
    let record = |number: u32| LogRecord {
        trace_id: vec![1; 16],
        time_unix_nano: u64::from(number),
        body: Some(AnyValue {
            value: Some(any_value::Value::StringValue("x".repeat(10))),
        }),
        ..LogRecord::default()
    };
    let scope = ScopeLogs {
        log_records: (1..=SPANS).map(record).collect(),
        ..ScopeLogs::default()
    };
    let resource = ResourceLogs {
        scope_logs: vec![scope],
        ..ResourceLogs::default()
    };
    let mut store = Store::new(256 << 20);
    store.add(otlp::log_batch(vec![resource], Source::OtlpHttp));
    let (count, most) = steps(&store, Request::Show(Show::Logs, search("nothing")));
    assert!(count > 10 && most <= 2 * WORK, "{count} steps, at most {most}");
}

#[test]
fn steps_of_errors_are_bounded() {
    let text = |key: &str, value: String| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value)),
        }),
        ..KeyValue::default()
    };
    let span = |number: u32| Span {
        trace_id: vec![u8::try_from(number % 200 + 1).unwrap(); 16],
        span_id: u64::from(number).to_be_bytes().to_vec(),
        events: vec![span::Event {
            time_unix_nano: u64::from(number),
            name: "exception".to_owned(),
            attributes: vec![
                text("exception.type", format!("Error{}", number % 40)),
                text("exception.message", format!("order {number} is late")),
            ],
            ..span::Event::default()
        }],
        ..Span::default()
    };
    let mut store = Store::new(256 << 20);
    store.add(support::batch((1..=SPANS).map(span).collect()));
    for filter in ["", "nothing"] {
        let (count, most) = steps(&store, Request::Show(Show::Errors, search(filter)));
        assert!(count > 10 && most <= 2 * WORK, "{filter}: {count} steps, at most {most}");
    }
}

#[test]
fn search_counts_the_bytes_that_its_filter_reads() {
    let (spans, bytes) = (1_000, 10_000);
    let (count, _) = steps(&store(spans, bytes), Request::Found(search("nothing")));
    let read = spans as usize * bytes;
    assert!(count as u64 >= read as u64 / (2 * WORK), "{count} steps for {read} bytes");
}

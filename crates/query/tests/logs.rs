//! Log records in lines.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use query::{Evaluation, Part, Request, Search, Show, Shown, Step};
use testkit::otlp::{attribute, text};
use trace_model::{Source, Store, otlp};

/// Texts of the lines of these records, in their order.
fn lines(records: Vec<LogRecord>) -> Vec<String> {
    let records = records.into_iter().zip(1..).map(|(record, time)| LogRecord {
        time_unix_nano: time,
        ..record
    });
    let logs = ResourceLogs {
        scope_logs: vec![ScopeLogs {
            log_records: records.collect(),
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    let mut store = Store::new(64 << 20);
    store.add(otlp::log_batch(vec![logs], Source::OtlpHttp));
    let mut evaluation = Evaluation::new(Request::Show(Show::Logs, Box::new(Search::all(10))));
    loop {
        match evaluation.step(&store, 1 << 16) {
            Step::Part(Part::Shown(Shown::Logs(logs))) => return logs.into_iter().map(|log| log.text).collect(),
            Step::More => {}
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn line_has_the_text_that_the_record_has() {
    let elements = ArrayValue {
        values: vec![text("x".repeat(2_000)); 5],
    };
    let body = |body: AnyValue| LogRecord {
        body: Some(body),
        ..LogRecord::default()
    };
    let found = lines(vec![
        LogRecord {
            event_name: "device.started".to_owned(),
            ..body(text("ready"))
        },
        LogRecord {
            event_name: "device.started".to_owned(),
            ..LogRecord::default()
        },
        LogRecord {
            attributes: vec![attribute("left", "3"), attribute("item", "chair")],
            ..LogRecord::default()
        },
        body(AnyValue {
            value: Some(Value::ArrayValue(elements)),
        }),
        LogRecord::default(),
    ]);
    assert_eq!(
        found,
        ["ready", "device.started", "left=3 item=chair", "(a long structure)", ""]
    );
}

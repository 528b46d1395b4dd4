//! Arrivals as a reader receives them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use opentelemetry_proto::tonic::trace::v1::Span;
use query::{ArrivalReader, RecordFilter, Records, Selection};
use trace_model::{Batch, Clock};

/// A request of spans with names of so many bytes; those with an even number are uploads.
fn named(spans: u32, bytes: usize) -> Batch {
    let span = |number: u32| Span {
        trace_id: vec![1; 16],
        span_id: u64::from(number).to_be_bytes().to_vec(),
        name: format!("s{number} {}", "x".repeat(bytes)),
        ..Span::default()
    };
    support::batch((1..=spans).map(span).collect())
}

/// All that is returned, and in how many steps.
fn read(reading: &mut ArrivalReader, batch: &Batch) -> (Vec<Records>, usize) {
    let (mut at, mut found, mut steps) = (Some(0), Vec::new(), 0);
    while at.is_some() {
        found.extend(reading.step(batch, &mut at));
        steps += 1;
    }
    (found, steps)
}

fn spans(records: &[Records]) -> Vec<usize> {
    let read = |records: &Records| trace_files::read_spans(&records.json, records.source).unwrap().span_count();
    records.iter().map(read).collect()
}

fn selection(filter: &str) -> Selection {
    Selection {
        filter: RecordFilter::parse(filter, &Clock::in_local_zone(0)).unwrap(),
        logs: false,
    }
}

#[test]
fn parts_are_bounded_in_records_and_bytes() {
    let mut reading = ArrivalReader::new(selection(""));
    let (found, _) = read(&mut reading, &named(1_200, 1));
    assert_eq!(spans(&found), [512, 512, 176]);
    let (found, _) = read(&mut reading, &named(8, 100_000));
    assert_eq!(spans(&found), [3, 3, 2]);
    let (found, _) = read(&mut reading, &named(2, 1_000_000));
    assert_eq!(spans(&found), [1, 1]);
    assert_eq!(read(&mut reading, &named(0, 1)), (Vec::new(), 1));
}

#[test]
fn step_looks_at_a_bounded_number_of_records() {
    let mut reading = ArrivalReader::new(selection("name:nothing"));
    let (found, steps) = read(&mut reading, &named(10_000, 1));
    assert_eq!((found.len(), steps), (0, 5));
}

#[test]
fn hidden_spans_follow_what_needs_them() {
    let mut upload = named(1, 1);
    assert_eq!(upload.hide_spans(|_| true), 1);
    let mut reading = ArrivalReader::new(selection(""));
    assert_eq!(read(&mut reading, &upload).0, []);
    // The same id arrives as another program's span: it was no upload.
    let (found, _) = read(&mut reading, &named(1, 1));
    assert_eq!(spans(&found), [1, 1]);
}

#[test]
fn filter_of_records_has_fields_of_spans_and_of_log_records() {
    let parse = |text: &str| RecordFilter::parse(text, &Clock::in_local_zone(0));
    for (text, has_log_fields) in [
        ("severity:>=warn", true),
        ("name:cart OR body:cart", true),
        ("duration:>1s", false),
        ("service:api", false),
    ] {
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.has_log_fields(), has_log_fields, "{text}");
        assert_eq!(parse(&parsed.to_string()).unwrap(), parsed, "{text}");
    }
    assert!(parse("severity:odd").unwrap_err().message.contains("odd"));
}

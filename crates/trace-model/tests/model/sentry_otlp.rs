//! Spans that reached Sentry by its own OTLP route.

use std::sync::Arc;

use trace_model::sentry::{Delivery, Evidence, Reason, SentryTrace, SourceOfTruth, Verdict};
use trace_model::{SentryReach, Source, SpanKey, Store, otlp};

use crate::support::{self, Sent, batch, envelope, outline, sent, span, trace};

const SECOND: u64 = 1_000_000_000;

fn by_route(spans: &[Sent]) -> trace_model::Batch {
    otlp::batch(spans.iter().map(Sent::to_otlp).collect(), Source::SentryOtlp).0
}

fn verdict(store: &Store, id: u8) -> Verdict {
    let key = SpanKey {
        span_id: span(id),
        service: "api".into(),
        duplicate: 0,
    };
    support::verdict(store, trace(1), &key, 60 * SECOND).expect("it is here")
}

fn stored(spans: &[u8]) -> SentryTrace {
    SentryTrace {
        spans: Arc::new(spans.iter().map(|id| (span(*id), None)).collect()),
        ..SentryTrace::default()
    }
}

#[test]
fn sentry_otlp_spans_are_rows_that_reached_sentry() {
    let mut store = Store::new(1 << 30);
    store.add(by_route(&[sent(1, 0, 0, 10), sent(2, 1, 1, 2)]));
    let outline = outline(&store);
    let rows = outline.rows(&store, 0..9);
    let ways: Vec<_> = rows.iter().map(|row| row.line.as_ref().unwrap().source.name()).collect();
    assert_eq!(ways, ["sentry-otlp", "sentry-otlp"]);
    assert_eq!([verdict(&store, 1), verdict(&store, 2)], [Verdict::Reached, Verdict::Reached]);
    let reach = SentryReach::of(&store, trace(1)).expect("the trace");
    assert_eq!((reach.truth, reach.reached, reach.expected), (SourceOfTruth::Endpoint, 2, 2));
}

#[test]
fn span_by_both_otlp_routes_reached_sentry_in_any_order() {
    // The later bytes win, so the origin may be either's.
    for ends in [(10, 10), (10, 11), (11, 10)] {
        for first in [true, false] {
            let mut store = Store::new(1 << 30);
            if first {
                store.add(batch(&[sent(1, 0, 0, ends.0), sent(2, 1, 1, 2)]));
            }
            store.add(by_route(&[sent(1, 0, 0, ends.1)]));
            if !first {
                store.add(batch(&[sent(1, 0, 0, ends.0), sent(2, 1, 1, 2)]));
            }
            assert_eq!(verdict(&store, 1), Verdict::Reached, "{ends:?} {first}");
            assert!(
                matches!(verdict(&store, 2), Verdict::Missing(_)),
                "its service sends by that route"
            );
        }
    }
}

#[test]
fn events_of_a_sentry_otlp_span_are_said_to_be_dropped() {
    let mut with_events = sent(1, 0, 0, 10).to_otlp();
    with_events.scope_spans[0].spans[0].events = vec![opentelemetry_proto::tonic::trace::v1::span::Event::default()];
    let mut store = Store::new(1 << 30);
    store.add(otlp::batch(vec![with_events], Source::SentryOtlp).0);
    assert_eq!(verdict(&store, 1), Verdict::WithoutEvents);
    assert_eq!(verdict(&store, 1).mark(), '✓');
}

#[test]
fn sentry_otlp_span_is_checked_by_the_relay_and_by_polling() {
    let mut store = Store::new(1 << 30);
    store.add(by_route(&[sent(1, 0, 0, 10), sent(2, 0, 1, 2)]));
    store.add_evidence(vec![Evidence::Relayed {
        trace_id: trace(1),
        spans: vec![span(2)],
        delivery: Delivery::Lost { reason: "why".into() },
    }]);
    assert_eq!(verdict(&store, 1), Verdict::Reached);
    assert!(matches!(verdict(&store, 2), Verdict::Missing(Reason::Lost { .. })));
    store.set_stored(trace(1), stored(&[2]));
    assert_eq!(verdict(&store, 1), Verdict::Missing(Reason::NotStored));
    assert_eq!(verdict(&store, 2), Verdict::Reached);
}

#[test]
fn sentry_otlp_span_and_its_envelope_are_one_row() {
    let mut store = Store::new(1 << 30);
    store.add(by_route(&[sent(1, 0, 0, 10)]));
    store.add(envelope(&[sent(1, 0, 0, 10)]));
    assert_eq!(store.totals().spans, 1);
    assert_eq!(verdict(&store, 1), Verdict::Reached);
}

#[test]
fn service_that_sent_anything_to_sentry_is_not_silent() {
    let mut store = Store::new(1 << 30);
    store.add(batch(&[sent(1, 0, 0, 10)]));
    store.expect_sentry(trace_model::Expectation::Endpoint);
    assert!(!store.has_sentry());
    assert_eq!(verdict(&store, 1), Verdict::Missing(Reason::Silent));
    // Its span of another trace arrived in an envelope, and in no other way.
    store.add(envelope(&[Sent {
        trace: 2,
        ..sent(7, 0, 0, 10)
    }]));
    assert!(store.has_sent_to_sentry("api") && !store.has_sent_to_sentry("other"));
    assert_eq!(verdict(&store, 1), Verdict::Missing(Reason::Unknown));
}

/// A log record in the span with these attributes.
fn logged(severity: i32, attributes: &[(&str, &str)]) -> trace_model::Batch {
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

    let attribute = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue((*value).to_owned())),
        }),
        ..KeyValue::default()
    };
    let record = LogRecord {
        time_unix_nano: 5,
        severity_number: severity,
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        attributes: attributes.iter().map(attribute).collect(),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: vec![record],
        ..ScopeLogs::default()
    }];
    let logs = ResourceLogs {
        scope_logs,
        ..ResourceLogs::default()
    };
    otlp::log_batch(vec![logs], Source::OtlpHttp)
}

#[test]
fn otlp_log_with_an_exception_is_an_error_on_its_span() {
    let thrown = [("exception.type", "ValueError"), ("exception.message", "declined")];
    // Severity, attributes, and whether it is an error.
    for (severity, attributes, is_error) in [
        (17, &thrown[..], true),
        (21, &thrown[..], true),
        (0, &thrown[..1], true),
        (13, &thrown[..], false),
        (9, &thrown[..], false),
        (17, &[("exceptional", "x")][..], false),
        (17, &[][..], false),
    ] {
        let mut store = Store::new(1 << 30);
        store.add(batch(&[sent(1, 0, 0, 10)]));
        store.add(logged(severity, attributes));
        let rows = outline(&store).rows(&store, 0..9);
        assert_eq!(!rows[0].errors.is_empty(), is_error, "severity {severity}, {attributes:?}");
        let batch = logged(severity, attributes);
        let log = batch.decode_logs().next().expect("a log record");
        let event = trace_model::sentry::ErrorEvent::of(&log);
        assert_eq!(event.is_some(), is_error);
        if let Some(event) = event {
            let expected = if attributes.len() > 1 {
                "ValueError: declined"
            } else {
                "ValueError"
            };
            assert_eq!(event.title, expected);
        }
    }
}

//! Storage and eviction.

use std::sync::Arc;

use crate::support::{Sent, batch, edit, errors, logs, sent, span, store, trace};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use proptest::prelude::*;
use trace_model::{Source, SpanKey, Store, TraceId, Value, otlp};

#[test]
fn trace_is_one_line_with_its_root() {
    let late_root = Sent {
        service: "web",
        failed: true,
        ..sent(1, 0, 0, 1_000)
    };
    let mut store = store(&[
        Sent {
            service: "mailer",
            ..sent(3, 2, 500, 900)
        },
        sent(2, 1, 100, 400),
    ]);
    let before = store.trace(trace(1)).expect("the trace");
    assert_eq!((&*before.root.name, before.root.arrived), ("span 2", false));

    store.add(batch(&[late_root]));
    let trace = store.trace(trace(1)).expect("the trace");
    assert_eq!(
        (&*trace.root.name, &*trace.root.service, trace.root.arrived),
        ("span 1", "web", true)
    );
    let services: Vec<_> = trace.services.iter().map(|service| &**service).collect();
    assert_eq!(services, ["web", "api", "mailer"]);
    let again = store.trace(trace.trace_id).expect("the trace");
    assert!(
        Arc::ptr_eq(&again.services, &trace.services),
        "names are not copied for each frame"
    );
    assert_eq!(
        (trace.start_unix_nano, trace.duration_nano, trace.spans, trace.errors),
        (0, 1_000, 3, 1)
    );
}

#[test]
fn summary_that_is_not_kept_is_the_same() {
    let store = store(&[sent(1, 0, 0, 1_000), sent(2, 1, 100, 400)]);
    let summarize = || store.summarize(trace(1)).expect("the trace");
    let (once, again) = (summarize(), summarize());
    assert!(!Arc::ptr_eq(&once.services, &again.services), "it was computed again");
    assert_eq!(once, store.trace(trace(1)).expect("the trace"));
    assert_eq!(store.summarize(trace(2)), None);
}

#[test]
fn ended_span_replaces_the_one_in_flight_in_any_order() {
    let (open, ended) = (
        sent(1, 0, 5, 0),
        Sent {
            failed: true,
            ..sent(1, 0, 5, 9)
        },
    );
    for order in [[&open, &ended], [&ended, &open]] {
        let mut store = Store::new(1 << 30);
        for span in order {
            store.add(batch([span]));
        }
        let trace = store.trace(trace(1)).expect("the trace");
        assert_eq!(
            (trace.spans, trace.in_flight, trace.errors, trace.duration_nano),
            (1, 0, 1, 4)
        );
        assert_eq!(store.totals().repeated_spans, 1);
    }
}

#[test]
fn times_at_the_edges_are_no_trouble() {
    let spans = [sent(1, 0, u64::MAX, 0), sent(2, 0, 0, u64::MAX), sent(3, 1, 50, 10)];
    let store = store(&spans);
    assert_eq!(store.trace(trace(1)).expect("the trace").duration_nano, u64::MAX);
}

#[test]
fn traces_are_listed_newest_first() {
    let mut store = Store::new(1 << 30);
    for number in 1..=5 {
        store.add(batch(&[Sent {
            trace: number,
            ..sent(1, 0, 0, 1)
        }]));
    }
    let listed: Vec<_> = store.traces(1..3).into_iter().map(|trace| trace.trace_id).collect();
    assert_eq!(listed, [trace(4), trace(3)]);
    assert_eq!(store.position(trace(4)), Some(1));
    assert_eq!(store.position(trace(9)), None);
}

/// Many small traces of two spans; each adds about 400 bytes to the log.
fn flood(store: &mut Store, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let of = |id| {
            edit(sent(id, 0, 0, 1).to_otlp(), |span| {
                span.trace_id[..4].copy_from_slice(&number.to_be_bytes());
                span.trace_state = "x".repeat(100);
            })
        };
        store.add(otlp::batch(vec![of(1), of(2)], Source::OtlpHttp).0);
    }
}

fn flooded(number: u32) -> TraceId {
    let mut bytes = [1; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    TraceId::from_bytes(bytes).expect("not zero")
}

#[test]
fn eviction_removes_the_least_recently_active_trace_whole() {
    let mut store = Store::new(512 << 10);
    flood(&mut store, 1_000..1_800);
    assert_eq!(store.totals().evicted_traces, 0);
    // The first one is active again, so the second is the least recently active.
    flood(&mut store, 1_000..1_001);
    store.add(batch(&[sent(9, 0, 0, 1)]));
    flood(&mut store, 3_000..3_600);

    let totals = store.totals();
    assert!(totals.bytes <= totals.budget && totals.evicted_traces > 0, "{totals:?}");
    assert_eq!(totals.evicted_spans, 2 * totals.evicted_traces, "traces are evicted whole");
    let gone = u32::try_from(totals.evicted_traces).expect("few");
    for number in 1_001..1_800 {
        assert_eq!(
            store.trace(flooded(number)).is_none(),
            number <= 1_000 + gone,
            "{number} of {gone}"
        );
    }
    assert!(store.trace(flooded(1_000)).is_some());
}

#[test]
fn pinned_trace_is_kept_until_unpinned() {
    let mut store = Store::new(512 << 10);
    flood(&mut store, 1_000..1_003);
    store.pin(flooded(1_001), true);
    flood(&mut store, 2_000..6_000);
    assert_eq!((store.trace(flooded(1_000)), store.totals().pinned), (None, 1));
    let pinned = store.trace(flooded(1_001)).expect("it is pinned");
    assert_eq!((pinned.pinned, pinned.spans), (true, 2));

    store.pin(flooded(1_001), false);
    flood(&mut store, 6_000..10_000);
    assert_eq!((store.trace(flooded(1_001)), store.totals().pinned), (None, 0));
}

#[test]
fn spans_are_dropped_and_counted_when_pinned_traces_fill_the_budget() {
    let mut store = Store::new(256 << 10);
    let mut number = 0;
    while store.totals().truncated_spans == 0 {
        flood(&mut store, number..number + 1);
        store.pin(flooded(number), true);
        number += 1;
    }
    let held = store.totals();
    assert!(held.pinned > 100 && held.bytes <= held.budget, "{held:?}");
    flood(&mut store, number..number + 10);
    let after = store.totals();
    assert_eq!((after.spans, after.evicted_traces), (held.spans, 0));
    assert_eq!(after.truncated_spans, held.truncated_spans + 20);
}

#[test]
fn trace_over_the_budget_is_truncated_and_counted() {
    let mut store = Store::new(128 << 10);
    for id in 1..=2_000_u64 {
        let span = edit(sent(1, 0, 0, 1).to_otlp(), |span| span.span_id = id.to_be_bytes().to_vec());
        store.add(otlp::batch(vec![span], Source::OtlpHttp).0);
    }
    let trace = store.trace(trace(1)).expect("the trace");
    assert!(trace.spans > 300 && trace.truncated > 300, "{trace:?}");
    assert_eq!(trace.spans + trace.truncated, 2_000);
    assert!(store.totals().bytes <= 128 << 10, "{:?}", store.totals());
}

#[test]
fn logs_are_kept_with_their_trace_and_span_and_leave_with_them() {
    let mut store = Store::new(512 << 10);
    store.add(logs(&[
        (1, 1, 30, "third"),
        (1, 2, 20, "second"),
        (1, 1, 10, "first"),
        (0, 0, 5, "outside of any trace"),
    ]));
    let alone = store.trace(trace(1)).expect("listed, even without spans");
    assert_eq!(
        (alone.spans, alone.logs, alone.start_unix_nano, alone.duration_nano),
        (0, 3, 10, 20)
    );
    store.add(batch(&[sent(1, 0, 0, 100), sent(2, 1, 0, 100)]));
    assert_eq!(store.trace(trace(1)).expect("the trace").logs, 3);
    let said = |span_id| -> Vec<_> {
        let logs = store.logs(trace(1), span_id, 10);
        logs.into_iter().map(|log| log.body).collect()
    };
    let text = |text: &str| Value::String(text.to_owned());
    assert_eq!(said(None), [text("first"), text("second"), text("third")]);
    assert_eq!(said(Some(span(1))), [text("first"), text("third")]);
    assert_eq!(store.logs(trace(1), None, 1)[0].service, "api");
    assert_eq!(store.totals().logs, 4);

    flood(&mut store, 1_000..6_000);
    assert_eq!((store.totals().logs, store.totals().evicted_logs), (0, 4));
}

#[test]
fn span_is_decoded_on_demand() {
    let store = store(&[sent(1, 0, 5, 9)]);
    let key = SpanKey {
        span_id: span(1),
        service: "api".into(),
        duplicate: 0,
    };
    let decoded = store.span(trace(1), &key).expect("the span");
    assert_eq!(
        (decoded.name.as_str(), decoded.service.as_str(), decoded.end_unix_nano),
        ("span 1", "api", Some(9))
    );
    assert_eq!(decoded.resource[0].key, "service.name");
    assert_eq!(store.span(trace(2), &key), None);
}

#[test]
fn service_names_that_are_not_text_are_converted() {
    let any = |value| AnyValue { value: Some(value) };
    let list = ArrayValue {
        values: vec![any(Any::StringValue("shop".to_owned())), any(Any::IntValue(7))],
    };
    for (value, expected) in [
        (Any::StringValue("shop".to_owned()), "shop"),
        (Any::IntValue(-42), "-42"),
        (Any::DoubleValue(1.5), "1.5"),
        (Any::BoolValue(true), "true"),
        (Any::BytesValue(vec![0xab, 1]), "ab01"),
        (Any::ArrayValue(list), "shop,7"),
    ] {
        let mut request = sent(1, 0, 5, 9).to_otlp();
        let resource = request.resource.as_mut().expect("a resource");
        resource.attributes[0].value = Some(any(value));
        let mut store = Store::new(1 << 20);
        store.add(otlp::batch(vec![request], Source::OtlpHttp).0);
        assert_eq!(&*store.trace(trace(1)).expect("the trace").root.service, expected);
    }
}

#[test]
fn span_id_of_two_services_is_two_spans() {
    let mailer = Sent {
        service: "mailer",
        ..sent(1, 0, 0, 7)
    };
    let store = store(&[sent(1, 0, 5, 9), mailer]);
    let of = |service: &str| {
        let key = SpanKey {
            span_id: span(1),
            service: service.into(),
            duplicate: 0,
        };
        store.span(trace(1), &key).and_then(|span| span.end_unix_nano)
    };
    assert_eq!((of("api"), of("mailer"), of("web")), (Some(9), Some(7), None));
}

#[test]
fn arrivals_are_counted_by_service() {
    let mut store = Store::new(1 << 30);
    store.add(
        batch(&[
            sent(1, 0, 5, 9),
            sent(2, 1, 5, 9),
            Sent {
                service: "mailer",
                ..sent(3, 1, 0, 7)
            },
        ])
        .received_at(12_000_000_000),
    );
    store.add(logs(&[(1, 1, 30, "x")]).received_at(14_000_000_000));
    let seen: Vec<_> = store
        .services()
        .map(|seen| (&*seen.service, seen.spans, seen.logs, seen.last_seen_unix_nano))
        .collect();
    assert_eq!(seen, [("api", 2, 1, 14_000_000_000), ("mailer", 1, 0, 12_000_000_000)]);
}

#[test]
fn batch_can_be_stored_in_parts() {
    let spans: Vec<_> = (1..=200).map(|id| sent(id, 0, 0, 1)).collect();
    let mut batch = batch(&spans);
    let mut store = Store::new(1 << 30);
    let mut parts = 1;
    while store.add_part(&mut batch, 1) {
        assert_eq!(store.totals().spans, parts, "one is stored, however little work is requested");
        parts += 1;
    }
    assert_eq!((store.totals().spans, parts), (200, 200));
    assert!(!store.add_part(&mut batch, 1), "it is empty now");
    assert_eq!((store.totals().spans, store.totals().repeated_spans), (200, 0));
}

proptest! {
    #[test]
    fn byte_accounting_always_balances(
        steps in prop::collection::vec((1..6_u8, 1..30_u8, any::<bool>()), 1..120), budget in 96_000..200_000_usize,
    ) {
        let mut store = Store::new(budget);
        let mut taken = 0_u64;
        for (number, id, sentry) in steps {
            if sentry {
                store.add(errors(&[(number, id, u64::from(id), "failed")]));
            } else {
                store.add(batch(&[Sent { trace: number, ..sent(id, 0, 0, 1) }]));
                taken += 1;
            }
            let totals = store.totals();
            let listed = store.traces(0..usize::MAX);
            prop_assert_eq!(listed.len(), totals.traces);
            prop_assert_eq!(listed.iter().map(|trace| trace.spans).sum::<usize>(), totals.spans);
            let accounted = totals.spans as u64 + totals.evicted_spans + totals.truncated_spans + totals.repeated_spans;
            prop_assert_eq!(accounted, taken);
        }
    }
}

/// One resource and one scope under several schemas: origins that differ in nothing else.
#[test]
fn schema_urls_are_part_of_an_origin() {
    let schemas = [("", ""), ("a", ""), ("", "a"), ("a", "b"), ("b", "a"), ("a", "a")];
    let spans = (1..).zip(schemas).map(|(id, (resource, scope))| {
        let mut spans = sent(id, 0, 0, 9).to_otlp();
        spans.schema_url = resource.to_owned();
        spans.scope_spans[0].schema_url = scope.to_owned();
        spans
    });
    let spans: Vec<_> = spans.collect();
    let mut store = Store::new(1 << 20);
    // One request, then a request for each.
    store.add(otlp::batch(spans.clone(), Source::OtlpHttp).0);
    for (at, mut spans) in spans.into_iter().enumerate() {
        spans.scope_spans[0].spans[0].trace_id = vec![2; 16];
        store.add(otlp::batch(vec![spans], Source::OtlpHttp).0);
        assert_eq!(store.trace(trace(2)).map(|trace| trace.spans), Some(at + 1));
    }
    for number in [1, 2] {
        for (id, (resource, scope)) in (1..).zip(schemas) {
            let key = SpanKey::new(span(id), "api".into());
            let span = store.span(trace(number), &key).expect("the span");
            assert_eq!((&*span.resource_schema_url, &*span.scope.schema_url), (resource, scope));
        }
    }
}

#[test]
fn schema_url_is_bounded() {
    let mut spans = sent(1, 0, 0, 9).to_otlp();
    spans.schema_url = "é".repeat(1 << 20);
    let mut store = Store::new(1 << 26);
    store.add(otlp::batch(vec![spans], Source::OtlpHttp).0);
    let span = store.span(trace(1), &SpanKey::new(span(1), "api".into())).expect("the span");
    assert_eq!(span.resource_schema_url.len(), trace_model::SCHEMA_URL_LENGTH_MAX);
}

//! What the store keeps, and what it lets go.

use crate::support::{Sent, batch, sent, span, store, trace};
use proptest::prelude::*;
use trace_model::{SentryReach, Source, SpanKey, Store, otlp};

#[test]
fn a_trace_is_one_line_with_its_true_root() {
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
    assert_eq!(
        (trace.start_unix_nano, trace.duration_nano, trace.spans, trace.errors),
        (0, 1_000, 3, 1)
    );
}

#[test]
fn a_span_in_flight_gives_way_to_its_end_in_either_order() {
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
    let spans = [sent(1, 0, u64::MAX, 0), sent(2, 1, 0, u64::MAX), sent(3, 1, 50, 10)];
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

#[test]
fn sentry_spans_are_matched_whichever_comes_first() {
    let mut store = Store::new(1 << 30);
    store.add_sentry(trace(1), [span(1), span(7)]);
    assert_eq!(store.totals().traces, 0, "ids alone are no trace");
    store.add(batch(&[sent(1, 0, 0, 10), sent(2, 1, 1, 2)]));
    store.add_sentry(trace(1), [span(2), span(2)]);
    assert_eq!(
        store.trace(trace(1)).expect("the trace").sentry,
        SentryReach { reached: 2, expected: 2 }
    );
}

#[test]
fn the_longest_quiet_trace_leaves_whole() {
    let of = |number: u8, id| Sent {
        trace: number,
        ..sent(id, 0, 0, 1)
    };
    let three = [of(1, 1), of(2, 1), of(2, 2), of(3, 1)];
    let enough = store(&three).totals().bytes;

    let mut store = Store::new(enough);
    for span in &three {
        store.add(batch([span]));
    }
    assert_eq!(store.totals().evicted_traces, 0);
    // The first one speaks again, so the second has been quiet for longest.
    store.add(batch(&[of(1, 2)]));

    let listed: Vec<_> = store
        .traces(0..9)
        .into_iter()
        .map(|trace| (trace.trace_id, trace.spans))
        .collect();
    assert_eq!(listed, [(trace(3), 1), (trace(1), 2)]);
    let totals = store.totals();
    assert_eq!((totals.evicted_traces, totals.evicted_spans), (1, 2));
    assert!(totals.bytes <= totals.budget, "{totals:?}");
}

#[test]
fn a_trace_beyond_the_budget_is_cut_and_says_so() {
    let mut store = Store::new(8 * 1024);
    for id in 1..=250 {
        store.add(batch(&[sent(id, 0, 0, 1)]));
    }
    let trace = store.trace(trace(1)).expect("the trace");
    assert!(trace.spans > 5 && trace.truncated > 5, "{trace:?}");
    assert_eq!(trace.spans + trace.truncated, 250);
    assert!(
        store.totals().bytes <= 8 * 1024 + 1024,
        "its origin and little else come on top"
    );
}

#[test]
fn a_span_is_decoded_when_it_is_asked_for() {
    let store = store(&[sent(1, 0, 5, 9)]);
    let key = SpanKey {
        span_id: span(1),
        service: "api".into(),
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
fn a_resource_is_kept_once_however_many_scopes_repeat_it() {
    let mut group = sent(1, 0, 0, 1).to_otlp();
    group.scope_spans = vec![group.scope_spans[0].clone(); 3];
    let (batch, _) = otlp::batch(vec![group], Source::OtlpHttp);
    let resources: Vec<_> = batch.spans.iter().map(|span| span.origin.resource.as_ptr()).collect();
    assert_eq!(resources, [resources[0]; 3]);
}

proptest! {
    #[test]
    fn the_books_always_balance(
        steps in prop::collection::vec((1..6_u8, 1..30_u8, any::<bool>()), 1..120), budget in 2_000..40_000_usize,
    ) {
        let mut store = Store::new(budget);
        let mut taken = 0_u64;
        for (number, id, sentry) in steps {
            if sentry {
                store.add_sentry(trace(number), [span(id)]);
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

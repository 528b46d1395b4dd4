//! Cross-check of spans, with its evidence.

use std::sync::Arc;

use trace_model::sentry::{Awaited, Delivery, Evidence, Mismatch, Reason, SentryTrace, SourceOfTruth, Verdict};
use trace_model::{Expectation, SentryReach, SpanId, SpanKey, Store, TraceId};

use crate::support::{self, Sent, batch, envelope, errors, outline, sent, span, store, trace};

const SECOND: u64 = 1_000_000_000;

fn key(id: u8, service: &str) -> SpanKey {
    SpanKey {
        span_id: span(id),
        service: service.into(),
        duplicate: 0,
    }
}

fn verdict(store: &Store, id: u8, now: u64) -> Verdict {
    support::verdict(store, trace(1), &key(id, "api"), now).expect("it is here")
}

fn reach(store: &Store, id: u8) -> SentryReach {
    SentryReach::of(store, trace(id)).expect("the trace")
}

fn mark(store: &Store, now: u64) -> char {
    reach(store, 1).mark(now)
}

fn transaction(root: u8, spans: u32) -> Evidence {
    Evidence::Transaction {
        trace_id: trace(1),
        root: span(root),
        spans,
    }
}

/// A request of two spans, of which only the first was in an envelope, with this evidence.
fn half(evidence: Vec<Evidence>) -> Store {
    let mut store = store(&[sent(1, 0, 0, 10), sent(2, 1, 1, 9)]);
    store.add(envelope(&[sent(1, 0, 0, 10)]));
    store.add_evidence(evidence);
    store
}

fn missing(store: &Store, id: u8) -> Reason {
    match verdict(store, id, 60 * SECOND) {
        Verdict::Missing(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cross_check_is_off_for_files() {
    let mut store = Store::new(1 << 30);
    let spans = [sent(1, 0, 0, 10)].iter().map(Sent::to_otlp).collect();
    store.add(trace_model::otlp::batch(spans, trace_model::Source::File).0);
    assert_eq!(verdict(&store, 1, 60 * SECOND), Verdict::NotChecked);
    assert_eq!(mark(&store, 60 * SECOND), '–');
}

#[test]
fn span_that_arrives_both_ways_is_one_row_in_any_order() {
    for first in [true, false] {
        let mut store = Store::new(1 << 30);
        let otlp = || batch(&[sent(1, 0, 0, 10), sent(2, 1, 1, 2)]);
        if first {
            store.add(otlp());
        }
        store.add(envelope(&[sent(1, 0, 0, 11), sent(2, 1, 1, 2), sent(3, 1, 3, 4)]));
        if !first {
            store.add(otlp());
        }
        let outline = outline(&store);
        let rows = outline.rows(&store, 0..9);
        let lines: Vec<_> = rows.iter().map(|row| row.line.as_ref().expect("it is here")).collect();
        let ways: Vec<_> = lines.iter().map(|line| (line.source.name(), line.in_envelope)).collect();
        assert_eq!(ways, [("otlp-http", true), ("otlp-http", true), ("sentry", true)]);
        assert_eq!((store.totals().spans, store.totals().repeated_spans), (3, 0));
        let theirs = store.sentry_span(trace(1), span(1)).expect("the envelope's");
        assert_eq!(theirs.end_unix_nano, Some(11), "the envelope's copy is kept too");
        let reach = reach(&store, 1);
        assert_eq!((reach.reached, reach.expected, reach.sentry_only), (2, 2, 1));
        assert_eq!(
            [1, 2, 3].map(|id| verdict(&store, id, 0)),
            [Verdict::Reached, Verdict::Reached, Verdict::SentryOnly]
        );
        assert_eq!(mark(&store, 0), '✓');
    }
}

#[test]
fn cross_check_is_silent_without_sentry() {
    let mut store = store(&[sent(1, 0, 0, 10)]);
    assert_eq!(
        (verdict(&store, 1, 60 * SECOND), mark(&store, 60 * SECOND)),
        (Verdict::NotChecked, '–')
    );
    store.expect_sentry(Expectation::Endpoint);
    assert_eq!(verdict(&store, 1, SECOND), Verdict::Expected(Awaited::Envelope));
    assert_eq!((mark(&store, SECOND), mark(&store, 60 * SECOND)), ('…', '✗'));
    assert_eq!(missing(&store, 1), Reason::Silent);
}

#[test]
fn service_that_sends_to_sentry_is_expected_everywhere() {
    let mut store = store(&[
        sent(1, 0, 0, 10),
        Sent {
            trace: 2,
            ..sent(1, 0, 0, 10)
        },
        Sent {
            trace: 3,
            service: "other",
            ..sent(1, 0, 0, 10)
        },
    ]);
    assert_eq!(mark(&store, 60 * SECOND), '–');
    store.add(envelope(&[Sent {
        trace: 2,
        ..sent(1, 0, 0, 10)
    }]));
    assert_eq!(mark(&store, 60 * SECOND), '✗');
    assert_eq!(missing(&store, 1), Reason::Unknown);
    let other = support::verdict(&store, trace(3), &key(1, "other"), 60 * SECOND);
    assert_eq!(other, Some(Verdict::NotChecked));
}

#[test]
fn running_span_is_expected() {
    let mut store = half(Vec::new());
    store.add(batch(&[sent(3, 1, 2, 0)]));
    assert_eq!(verdict(&store, 3, u64::MAX - 1), Verdict::Expected(Awaited::End));
    assert_eq!(mark(&store, 60 * SECOND), '✗', "the second is missing in any case");

    let mut store = Store::new(1 << 30);
    store.expect_sentry(Expectation::Endpoint);
    store.add(batch(&[sent(1, 0, 0, 0), sent(2, 1, 1, 9)]));
    let root = "span 1".into();
    assert_eq!(verdict(&store, 2, u64::MAX - 1), Verdict::Expected(Awaited::RootEnd { root }));
    assert_eq!(mark(&store, u64::MAX - 1), '…');
}

#[test]
fn span_outside_of_its_transaction_is_missing_with_the_time() {
    let mut store = half(vec![transaction(1, 0)]);
    store.add(batch(&[sent(3, 1, 5, 25), sent(4, 3, 12, 14), sent(5, 1, 5, 6)]));
    let root = || "span 1".into();
    assert_eq!(missing(&store, 3), Reason::EndedAfterRoot { nanos: 15, root: root() });
    assert_eq!(missing(&store, 4), Reason::StartedAfterRoot { nanos: 2, root: root() });
    assert_eq!(missing(&store, 5), Reason::NotInTransaction { root: root() });
    let soon = verdict(&store, 3, SECOND);
    assert_eq!(soon, Verdict::Expected(Awaited::Envelope), "it may be late");
    assert!(
        matches!(verdict(&store, 3, 3 * SECOND), Verdict::Missing(_)),
        "but not for long"
    );
    assert_eq!(mark(&store, 3 * SECOND), '✗');
}

#[test]
fn transaction_is_that_of_the_own_service() {
    let mut store = store(&[
        sent(1, 0, 0, 10),
        Sent {
            service: "mailer",
            kind: 5,
            ..sent(2, 1, 20, 30)
        },
        Sent {
            service: "mailer",
            ..sent(3, 2, 21, 40)
        },
    ]);
    store.add(envelope(&[sent(1, 0, 0, 10)]));
    store.add_evidence(vec![transaction(1, 0)]);
    let of = |store: &Store, id| support::verdict(store, trace(1), &key(id, "mailer"), 60 * SECOND);
    assert_eq!(of(&store, 3), Some(Verdict::Missing(Reason::Silent)));
    store.add(envelope(&[Sent {
        service: "mailer",
        ..sent(2, 1, 20, 30)
    }]));
    store.add_evidence(vec![transaction(2, 0)]);
    let reason = Reason::EndedAfterRoot {
        nanos: 10,
        root: "span 2".into(),
    };
    assert_eq!(of(&store, 3), Some(Verdict::Missing(reason)));
}

#[test]
fn full_transaction_is_a_reason() {
    assert_eq!(
        missing(&half(vec![transaction(1, 1_000)]), 2),
        Reason::TransactionFull { spans: 1_000 }
    );
}

#[test]
fn client_report_is_a_reason() {
    let unsampled = half(vec![Evidence::Unsampled { trace_id: trace(1) }]);
    assert_eq!(missing(&unsampled, 2), Reason::Unsampled);
    let report = |service: &str, unix_nano, category: &str| Evidence::Dropped {
        service: service.into(),
        unix_nano,
        reason: "queue_overflow".into(),
        category: category.into(),
        quantity: 3,
    };
    let of_others = half(vec![
        report("mailer", 50, "span"),
        report("api", 50, "error"),
        report("api", 0, "span"),
    ]);
    assert_eq!(missing(&of_others, 2), Reason::Unknown, "none of these is about it");
    let reported = half(vec![report("api", 50, "span")]);
    let reason = Reason::ClientReport {
        reason: "queue_overflow".into(),
        category: "span".into(),
        quantity: 3,
    };
    assert_eq!(missing(&reported, 2), reason);
    assert_eq!(reason.to_string(), "client report: 3 × span dropped, queue_overflow");
}

#[test]
fn oversized_item_is_a_reason() {
    let large = half(vec![Evidence::TooLarge {
        trace_id: trace(1),
        spans: vec![span(1)],
        bytes: 1_300_000,
    }]);
    assert_eq!(missing(&large, 1), Reason::TooLarge { bytes: 1_300_000 });
    assert_eq!(mark(&large, 0), '✗', "at once");
}

#[test]
fn forwarded_span_reaches_sentry_once_accepted() {
    let relayed = |delivery| {
        half(vec![Evidence::Relayed {
            trace_id: trace(1),
            spans: vec![span(1)],
            delivery,
        }])
    };
    let problem: Box<str> = "connection refused".into();
    let mut store = relayed(Delivery::Waiting {
        problem: problem.clone(),
    });
    assert_eq!(
        verdict(&store, 1, u64::MAX - 1),
        Verdict::Expected(Awaited::Relay { problem })
    );
    store.add_evidence(vec![Evidence::Relayed {
        trace_id: trace(1),
        spans: vec![span(1)],
        delivery: Delivery::Accepted,
    }]);
    assert_eq!(verdict(&store, 1, 0), Verdict::Reached);
    let reason: Box<str> = "why".into();
    for (delivery, said) in [
        (
            Delivery::Rejected {
                status: 413,
                reason: reason.clone(),
            },
            Reason::Rejected {
                status: 413,
                reason: reason.clone(),
            },
        ),
        (
            Delivery::RateLimited { reason: reason.clone() },
            Reason::RateLimited { reason: reason.clone() },
        ),
        (
            Delivery::Lost { reason: reason.clone() },
            Reason::Lost { reason: reason.clone() },
        ),
    ] {
        assert_eq!(verdict(&relayed(delivery), 1, 0), Verdict::Missing(said));
    }
}

#[test]
fn parent_mismatch_is_a_difference() {
    let mut store = store(&[sent(1, 0, 0, 10), sent(2, 1, 1, 9)]);
    store.add(envelope(&[sent(1, 0, 0, 10), sent(2, 0, 1, 9)]));
    let difference = Mismatch::Parent {
        sentry: None,
        span: Some(span(1)),
    };
    assert_eq!(verdict(&store, 2, 0), Verdict::Differs(difference));
    assert_eq!(mark(&store, 0), '≠');
}

#[test]
fn trace_id_mismatch_is_a_difference_in_any_order() {
    for (first, expected) in [
        (true, Expectation::Endpoint),
        (false, Expectation::Endpoint),
        (true, Expectation::Nothing),
        (false, Expectation::Nothing),
    ] {
        let mut store = Store::new(1 << 30);
        store.expect_sentry(expected);
        let theirs = || {
            envelope(&[Sent {
                trace: 7,
                ..sent(1, 0, 0, 10)
            }])
        };
        if first {
            store.add(theirs());
        }
        store.add(batch(&[sent(1, 0, 0, 10)]));
        let unknown = if expected == Expectation::Nothing { '–' } else { '…' };
        assert_eq!(mark(&store, 0), if first { '≠' } else { unknown });
        if !first {
            store.add(theirs());
        }
        let difference = Mismatch::Trace { sentry: trace(7) };
        assert_eq!((verdict(&store, 1, 0), mark(&store, 0)), (Verdict::Differs(difference), '≠'));
        assert_eq!(reach(&store, 7).sentry_only, 1);
    }
}

#[test]
fn sentrys_own_answer_counts_for_more() {
    let mut store = half(Vec::new());
    store.expect_sentry(Expectation::Sentry);
    assert_eq!(
        verdict(&store, 1, 60 * SECOND),
        Verdict::Expected(Awaited::Answer),
        "not polled yet"
    );
    let answer = |asked_again, spans: &[(u8, u8)]| SentryTrace {
        asked_unix_nano: 77,
        asked_again,
        spans: Arc::new(
            spans
                .iter()
                .map(|(id, parent)| (span(*id), (*parent > 0).then(|| span(*parent))))
                .collect(),
        ),
    };
    store.set_stored(trace(1), answer(true, &[(1, 0)]));
    let truth = reach(&store, 1).truth;
    assert_eq!(
        truth,
        SourceOfTruth::Sentry {
            asked_unix_nano: Some(77),
            asked_again: true
        }
    );
    assert_eq!(verdict(&store, 1, 0), Verdict::Reached);
    assert_eq!(verdict(&store, 2, 60 * SECOND), Verdict::Expected(Awaited::Answer));
    store.set_stored(trace(1), answer(false, &[(2, 7)]));
    assert_eq!(
        missing(&store, 1),
        Reason::NotStored,
        "it arrived here, but Sentry does not have it"
    );
    let difference = Mismatch::Parent {
        sentry: Some(span(7)),
        span: Some(span(1)),
    };
    assert_eq!(verdict(&store, 2, 0), Verdict::Differs(difference));
    store.set_stored(trace(1), answer(false, &[(1, 0)]));
    assert_eq!(missing(&store, 2), Reason::Unknown);
    let before = store.revision();
    assert_eq!(store.changed_since(before, 9), []);
    store.set_stored(trace(1), answer(false, &[(1, 0)]));
    assert_eq!(store.changed_since(before, 9), [], "nothing has happened to the trace itself");
    assert!(store.revision() > before);
    store.set_stored(trace(9), answer(false, &[(1, 0)]));
    assert_eq!(store.trace_revision(trace(9)), None, "a result alone is not a trace");
}

#[test]
fn unsent_span_is_missing_without_polling() {
    let mut store = half(vec![transaction(1, 0)]);
    store.add(batch(&[sent(3, 1, 5, 25)]));
    store.expect_sentry(Expectation::Sentry);
    let reason = Reason::EndedAfterRoot {
        nanos: 15,
        root: "span 1".into(),
    };
    assert_eq!(verdict(&store, 3, 3 * SECOND), Verdict::Missing(reason.clone()));
    store.set_stored(
        trace(1),
        SentryTrace {
            asked_unix_nano: 1,
            asked_again: true,
            spans: Arc::new([(span(1), None)].into()),
        },
    );
    assert_eq!(verdict(&store, 3, 3 * SECOND), Verdict::Missing(reason));
    assert_eq!(mark(&store, 3 * SECOND), '✗');
}

#[test]
fn error_is_on_its_span_or_on_a_separate_row() {
    let mut store = store(&[sent(1, 0, 0, 10)]);
    store.add(errors(&[
        (1, 1, 5, "late"),
        (1, 1, 3, "early"),
        (1, 6, 4, "elsewhere"),
        (1, 0, 2, "outside"),
    ]));
    store.add(errors(&[(1, 1, 5, "late")]));
    let rows = outline(&store).rows(&store, 0..9);
    let said: Vec<_> = rows
        .iter()
        .map(|row| {
            let titles: Vec<_> = row.errors.iter().map(|error| error.title.to_string()).collect();
            (row.key.span_id, row.line.is_some(), titles.join(", "))
        })
        .collect();
    let outside = trace_model::outside_of_spans(trace(1));
    assert_eq!(
        said,
        [
            (span(1), true, "early, late".to_owned()),
            (outside, false, "outside".to_owned()),
            (span(6), false, "elsewhere".to_owned()),
        ],
        "and a repeated event is stored once"
    );
    assert_eq!(store.trace(trace(1)).expect("the trace").error_events, 4);
    let of = |span_id: SpanId| store.error_events(trace(1), span_id, 9).len();
    assert_eq!([of(span(1)), of(span(6)), of(outside)], [2, 1, 1]);
}

#[test]
fn trace_of_an_error_alone_is_named_and_found_by_it() {
    let mut store = Store::new(1 << 30);
    store.add(errors(&[(4, 1, 3, "ZeroDivisionError: division by zero")]));
    let listed = store.traces(0..9);
    assert_eq!(&*listed[0].root.name, "ZeroDivisionError: division by zero");
    assert_eq!((listed[0].spans, listed[0].error_events, listed[0].services.len()), (0, 1, 1));
    for (filter, found) in [
        ("zerodivision", 1),
        ("status:error service:api", 1),
        ("name:other", 0),
        ("is:root", 0),
    ] {
        store.set_filter(Some(trace_model::Filter::parse(filter).expect("a filter")));
        while store.search(10) {}
        assert_eq!(store.listed(), found, "{filter}");
    }
}

#[test]
fn row_of_errors_outside_of_spans_has_an_unlikely_id() {
    let nasty = TraceId::from_bytes([0xff; 16]).expect("not zero");
    assert_ne!(trace_model::outside_of_spans(nasty).as_bytes(), &[0; 8]);
}

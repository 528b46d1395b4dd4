//! Records of one span, and of several that share an id.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proptest::prelude::*;
use trace_model::{Analysis, Rule, Source, SpanTree, Store, otlp, work};

use crate::support::{Sent, edit, sent, trace};

/// A span with a name.
fn named(span: &Sent, name: &str) -> ResourceSpans {
    edit(span.to_otlp(), |span| name.clone_into(&mut span.name))
}

fn store_of(requests: impl IntoIterator<Item = ResourceSpans>) -> Store {
    let mut store = Store::new(1 << 30);
    for request in requests {
        store.add(otlp::batch(vec![request], Source::OtlpHttp).0);
    }
    store
}

fn read(store: &Store) -> (SpanTree, Analysis) {
    let tree = SpanTree::of(store, trace(1));
    let analysis = Analysis::of(&tree);
    (tree, analysis)
}

/// Names by row, each with its depth.
fn rows(tree: &SpanTree) -> Vec<(usize, &str)> {
    tree.nodes().iter().map(|node| (node.depth, &*node.name)).collect()
}

/// Returns the number of spans, the same in any order.
fn count(spans: &[(&str, Sent)]) -> usize {
    let there: BTreeSet<_> = [0, 1]
        .map(|reversed| {
            let mut spans = spans.to_vec();
            if reversed == 1 {
                spans.reverse();
            }
            store_of(spans.iter().map(|(name, span)| named(span, name))).totals().spans
        })
        .into();
    assert_eq!(there.len(), 1, "the order does not matter");
    there.into_iter().next().expect("one")
}

#[test]
fn retries_are_records_that_nothing_tells_apart() {
    let span = sent(2, 0, 10, 20);
    assert_eq!(count(&[("read", span.clone()), ("read", span.clone())]), 1);
    assert_eq!(
        count(&[
            ("read", span.clone()),
            (
                "read",
                Sent {
                    end: 25,
                    failed: true,
                    ..span.clone()
                }
            )
        ]),
        1
    );
    for other in [
        ("renamed", span.clone()),
        (
            "read",
            Sent {
                start: 11,
                ..span.clone()
            },
        ),
        ("read", Sent { kind: 3, ..span.clone() }),
        (
            "read",
            Sent {
                service: "mailer",
                ..span.clone()
            },
        ),
        (
            "read",
            Sent {
                trace: 2,
                ..span.clone()
            },
        ),
        ("read", Sent { id: 3, ..span.clone() }),
    ] {
        assert_eq!(count(&[("read", span.clone()), other.clone()]), 2, "{other:?}");
    }
}

#[test]
fn open_records_are_completed_by_the_one_with_their_start() {
    let (open, ended) = (sent(2, 0, 10, 0), sent(2, 0, 10, 20));
    for (name, kind) in [("read", 1), ("GET /users/{id}", 1), ("read", 2), ("other", 3)] {
        let spans = [("read", open.clone()), (name, Sent { kind, ..ended.clone() })];
        assert_eq!(count(&spans), 1, "{name} {kind}");
        let store = store_of(spans.iter().map(|(name, span)| named(span, name)));
        let (tree, analysis) = read(&store);
        assert_eq!((rows(&tree), analysis.lints()), (vec![(0, name)], [].as_slice()));
    }
    assert_eq!(
        count(&[
            ("read", open.clone()),
            (
                "read",
                Sent {
                    start: 11,
                    ..ended.clone()
                }
            )
        ]),
        2
    );
    assert_eq!(
        count(&[
            ("read", open.clone()),
            (
                "read",
                Sent {
                    service: "mailer",
                    ..ended.clone()
                }
            )
        ]),
        2
    );
    // Several ended ones complete one open one.
    assert_eq!(count(&[("read", open), ("one", ended.clone()), ("two", ended)]), 2);
}

#[test]
fn spans_that_share_an_id_are_all_there_and_warned_of() {
    // A seeded random state: each run has the same ids, ten seconds after the one before.
    let runs = |run: u64| {
        let start = 1_000 + run * 10_000;
        [
            named(&sent(1, 0, start, start + 100), "GET /items"),
            named(&sent(2, 1, start + 10, start + 20), "select"),
        ]
    };
    let mut spans: Vec<_> = (0..3).flat_map(runs).collect();
    for _ in 0..2 {
        spans.reverse();
        let store = store_of(spans.clone());
        let (tree, analysis) = read(&store);
        assert_eq!(
            rows(&tree),
            [(0, "GET /items"), (1, "select")].repeat(3),
            "children are below their own run"
        );
        for (at, node) in tree.nodes().iter().enumerate() {
            assert_eq!(
                analysis.lints_of(at).map(|lint| lint.rule).collect::<Vec<_>>(),
                [Rule::DuplicateSpanId]
            );
            let found = store.span(trace(1), &node.key).expect("its key leads to it");
            assert_eq!(
                (found.name.as_str(), found.start_unix_nano),
                (&*node.name, node.start_unix_nano)
            );
        }
    }
}

#[test]
fn children_without_a_parent_around_them_are_below_the_last_one_before() {
    let spans = [
        named(&sent(1, 0, 100, 110), "first"),
        named(&sent(1, 0, 200, 210), "second"),
        named(&sent(2, 1, 150, 160), "after first"),
        named(&sent(3, 1, 250, 260), "after second"),
        named(&sent(4, 1, 50, 60), "before both"),
        named(&sent(5, 1, 205, 220), "longer"),
    ];
    let store = store_of(spans);
    let expected = [
        (0, "first"),
        (1, "before both"),
        (1, "after first"),
        (0, "second"),
        (1, "longer"),
        (1, "after second"),
    ];
    assert_eq!(rows(&read(&store).0), expected);
}

/// Spans of one id by name, kind, start and end, one of many services or all of one.
fn with_one_id(many: u64, services: bool, starts: bool, names: bool) -> Vec<ResourceSpans> {
    let span = |number: u64| {
        let start = if starts { 10 + number } else { 10 };
        let name = if names { format!("span {number}") } else { "span".to_owned() };
        let mut group = named(&sent(2, 1, start, 1_000_000), &name);
        if services {
            let resource = group.resource.as_mut().expect("a resource");
            resource.attributes[0].value = Some(opentelemetry_proto::tonic::common::v1::AnyValue {
                value: Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(
                    number.to_string(),
                )),
            });
        }
        group
    };
    (0..many).map(span).collect()
}

#[test]
fn shared_id_costs_no_more_than_others() {
    for (services, starts, names) in [
        (true, false, false),
        (false, true, false),
        (false, false, true),
        (true, true, true),
    ] {
        let of = |many: u64| {
            let (mut batch, _) = otlp::batch(with_one_id(many, services, starts, names), Source::OtlpHttp);
            let mut store = Store::new(1 << 30);
            let ((), counted) = work::of(|| {
                while store.add_part(&mut batch, 1 << 16) {}
                let (tree, _) = read(&store);
                assert_eq!(tree.nodes().len() as u64, many + 1, "below a parent that is missing");
            });
            assert_eq!(store.totals().spans as u64, many);
            counted
        };
        let (once, twice) = (of(2_000), of(4_000));
        assert!(twice * 10 <= once * 22, "{once} and {twice}: {services} {starts} {names}");
    }
}

/// Few values of everything, so that many are equal.
fn any_record() -> impl Strategy<Value = (Sent, &'static str)> {
    let few = (1..3_u8, 1..4_u8, 0..5_u8, 0..3_u64, 0..4_u64);
    let more = (
        0..3_i32,
        prop::sample::select(vec!["api", "mailer", ""]),
        prop::sample::select(vec!["a", "b"]),
    );
    (few, more).prop_map(|((trace, id, parent, start, end), (kind, service, name))| {
        let sent = Sent {
            trace,
            id,
            parent,
            service,
            start: start * 10,
            end: end * 10,
            kind,
            failed: false,
        };
        (sent, name)
    })
}

/// Returns the number of spans of records, by the rule alone.
fn spans_of(records: &[(Sent, &str)]) -> usize {
    let open = |(span, _): &&(Sent, &str)| span.end == 0;
    let group = |span: &Sent| (span.trace, span.id, span.service, span.start);
    let ended: BTreeSet<_> = records
        .iter()
        .filter(|record| !open(record))
        .map(|(span, name)| (group(span), *name, span.kind))
        .collect();
    let completed: BTreeSet<_> = ended.iter().map(|(group, _, _)| *group).collect();
    let running: BTreeSet<_> = records.iter().filter(open).map(|(span, _)| group(span)).collect();
    ended.len() + running.difference(&completed).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn spans_in_are_spans_out(
        (records, shuffled) in prop::collection::vec(any_record(), 1..80)
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        cut in 1..80_usize, slice in 1..5_000_usize,
    ) {
        let mut one = Store::new(1 << 30);
        for part in records.chunks(cut) {
            let (mut batch, _) = otlp::batch(part.iter().map(|(span, name)| named(span, name)).collect(), Source::OtlpHttp);
            while one.add_part(&mut batch, slice) {}
        }
        let other = store_of(shuffled.iter().map(|(span, name)| named(span, name)));
        prop_assert_eq!(one.totals().spans, spans_of(&records));
        for number in 1..3 {
            let (tree, others) = (SpanTree::of(&one, trace(number)), SpanTree::of(&other, trace(number)));
            prop_assert_eq!(tree.nodes(), others.nodes());
            let arrived: Vec<_> = tree.nodes().iter().filter(|node| node.arrived).collect();
            prop_assert_eq!(arrived.len(), one.trace(trace(number)).map_or(0, |trace| trace.spans));
            let keys: BTreeSet<_> = arrived.iter().map(|node| &node.key).collect();
            prop_assert_eq!(keys.len(), arrived.len(), "each row has a key of its own");
            for node in arrived {
                let found = one.span(trace(number), &node.key).expect("its key leads to it");
                prop_assert_eq!((found.name.as_str(), found.kind, found.end_unix_nano), (&*node.name, node.kind, node.end_unix_nano));
            }
        }
    }
}

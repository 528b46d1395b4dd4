//! Comparison of two traces, and of a trace with the median.

use proptest::prelude::*;
use trace_model::{Analysis, SpanTree, Store, TraceId};
use trace_stats::{Change, Comparison, MEDIAN_TRACES, MedianPass, Profile, RootOperation};

use crate::support::{Sent, add, sent, store};

fn trace(number: u64) -> TraceId {
    TraceId::from_bytes(u128::from(number).to_be_bytes()).expect("a trace id")
}

fn profile(store: &Store, number: u64) -> Profile {
    let tree = SpanTree::of(store, trace(number));
    Profile::of(&tree, &Analysis::of(&tree))
}

fn compared(spans: &[Sent]) -> Comparison {
    let store = store(spans);
    Comparison::of(&profile(&store, 1), &profile(&store, 2))
}

/// Depth, name, spans before and after, change of the duration, and whether the row differs.
fn rows(comparison: &Comparison) -> Vec<(usize, String, u64, u64, Change, bool)> {
    let spans = |sums: Option<trace_stats::Sums>| sums.map_or(0, |sums| sums.spans);
    let row = |row: &trace_stats::Difference| {
        (
            row.depth,
            row.name.to_string(),
            spans(row.before),
            spans(row.after),
            row.duration,
            row.differs,
        )
    };
    comparison.rows.iter().map(row).collect()
}

#[test]
fn comparison_reports_each_difference_once_at_its_path() {
    let shop = |number: u64, slow: u64| {
        vec![
            sent((number, 1, 0), "web", 's', (0, 100 + slow)).named("GET /"),
            sent((number, 2, 1), "api", 's', (10, 50 + slow)).named("GET /cart"),
            sent((number, 3, 2), "api", 'c', (20, 25)).named("SELECT"),
            sent((number, 4, 2), "api", 'c', (30, 35)).named("SELECT"),
        ]
    };
    let mut spans = [shop(1, 0), shop(2, 200)].concat();
    spans.push(sent((1, 9, 1), "web", 'i', (80, 90)).named("render"));
    spans.push(sent((1, 10, 9), "web", 'i', (81, 89)).named("template"));
    spans.push(sent((2, 9, 2), "api", 'c', (40, 44)).named("SELECT"));
    spans.push(sent((2, 10, 1), "web", 'i', (5, 9)).named("log in").failed());
    let comparison = compared(&spans);
    assert_eq!(
        rows(&comparison),
        [
            (0, "GET /".to_owned(), 1, 1, Change::Slower, false),
            (1, "log in".to_owned(), 0, 1, Change::New, true),
            (1, "GET /cart".to_owned(), 1, 1, Change::Slower, true),
            (2, "SELECT".to_owned(), 2, 3, Change::Slower, true),
            (1, "render".to_owned(), 1, 0, Change::Gone, true),
            (2, "template".to_owned(), 1, 0, Change::Gone, false),
        ]
    );
}

#[test]
fn ancestor_of_a_slower_span_does_not_differ_itself() {
    let chain = |number: u64, slow: u64| {
        vec![
            sent((number, 1, 0), "web", 's', (0, 100 + slow)),
            sent((number, 2, 1), "api", 's', (10, 90 + slow)),
            sent((number, 3, 2), "db", 's', (20, 80 + slow)),
        ]
    };
    let comparison = compared(&[chain(1, 0), chain(2, 500)].concat());
    let told: Vec<_> = comparison.rows.iter().map(|row| (row.duration, row.differs)).collect();
    assert_eq!(
        told,
        [(Change::Slower, false), (Change::Slower, false), (Change::Slower, true)]
    );
}

#[test]
fn roots_with_different_parameters_are_paired() {
    let request = |number: u64, name: &str| {
        vec![
            sent((number, 1, 0), "web", 's', (0, 100)).named(name),
            sent((number, 2, 1), "api", 's', (10, 90)),
        ]
    };
    let comparison = compared(&[request(1, "GET /users/17"), request(2, "GET /users/18")].concat());
    assert!(comparison.rows.iter().all(|row| !row.differs), "{:?}", rows(&comparison));
    assert_eq!(&*comparison.rows[0].name, "GET /users/18");
}

#[test]
fn failures_and_spans_in_flight_are_differences_and_missing_parents_are_skipped() {
    let comparison = compared(&[
        sent((1, 1, 0), "web", 's', (0, 100)),
        sent((1, 2, 1), "api", 's', (10, 90)),
        sent((1, 3, 1), "db", 's', (10, 90)),
        sent((2, 1, 77), "web", 's', (0, 100)),
        sent((2, 2, 1), "api", 's', (10, 90)).failed(),
        Sent {
            end: None,
            ..sent((2, 3, 1), "db", 's', (10, 90))
        },
    ]);
    let told: Vec<_> = comparison
        .rows
        .iter()
        .map(|row| (&*row.service, row.duration, row.differs))
        .collect();
    assert_eq!(
        told,
        [
            ("web", Change::Same, false),
            ("api", Change::Same, true),
            ("db", Change::Running, true)
        ]
    );
}

fn median(store: &Store, number: u64, slice: u64) -> Option<Profile> {
    let operation = RootOperation::of(store, trace(number))?;
    let mut pass = MedianPass::new(store, operation, trace(number));
    while pass.step(store, slice) {}
    pass.finish()
}

#[test]
fn median_has_the_paths_of_most_traces() {
    let mut store = Store::new(1 << 30);
    for number in 1..=9 {
        add(
            &mut store,
            &[
                sent((number, 1, 0), "web", 's', (0, 100 + number)).named("GET /"),
                sent((number, 2, 1), "api", 's', (10, 10 + 2 * number)),
            ],
        );
        if number > 6 {
            add(&mut store, &[sent((number, 3, 1), "cache", 's', (50, 60))]);
        }
    }
    // Another operation, one in flight, and one with a missing root.
    add(
        &mut store,
        &[
            sent((20, 1, 0), "web", 's', (0, 9_000)).named("POST /"),
            Sent {
                end: None,
                ..sent((21, 1, 0), "web", 's', (0, 0)).named("GET /")
            },
            sent((22, 1, 5), "web", 's', (0, 9_000)).named("GET /"),
        ],
    );
    for slice in [1, 1_000_000] {
        let usual = median(&store, 9, slice).expect("eight others");
        let comparison = Comparison::of(&usual, &profile(&store, 9));
        let told: Vec<_> = comparison
            .rows
            .iter()
            .map(|row| (&*row.service, row.before.map(|sums| sums.nano / 1_000_000), row.duration))
            .collect();
        assert_eq!(
            told,
            [
                ("web", Some(104), Change::Same),
                ("api", Some(8), Change::Slower),
                ("cache", None, Change::New)
            ]
        );
        let totals = usual.totals;
        assert_eq!((totals.nano / 1_000_000, totals.spans, totals.errors), (104, 2, 0));
    }
    assert!(median(&store, 20, 10).is_none(), "no other trace");
    assert!(median(&store, 22, 10).is_none(), "unknown operation");
}

#[test]
fn median_includes_failed_traces_only_if_all_failed() {
    let mut store = Store::new(1 << 30);
    let request = |number: u64| sent((number, 1, 0), "web", 's', (0, 10 * number));
    add(&mut store, &[request(1).failed(), request(2).failed(), request(9)]);
    assert_eq!(median(&store, 9, 1).expect("two others").totals.errors, 1);
    add(&mut store, &[request(5)]);
    let usual = median(&store, 9, 1).expect("one without errors").totals;
    assert_eq!((usual.nano / 1_000_000, usual.errors), (50, 0));
}

#[test]
fn median_uses_the_newest_traces() {
    let mut store = Store::new(1 << 30);
    for number in 1..=2 * MEDIAN_TRACES as u64 {
        add(&mut store, &[sent((number, 1, 0), "web", 's', (0, number))]);
    }
    let newest = 2 * MEDIAN_TRACES as u64;
    let usual = median(&store, newest, 7).expect("others");
    assert_eq!(usual.totals.nano / 1_000_000, newest - MEDIAN_TRACES as u64 / 2 - 1);
}

/// A tree from a parent index per span, with few names, so that paths are shared.
fn tree(number: u64) -> impl Strategy<Value = Vec<Sent>> {
    prop::collection::vec((0_u64..40, 0_u64..4, 0_u64..1_000, 0_u64..2_000, 0_u64..20), 0..40).prop_map(move |spans| {
        let span = |(at, (parent, name, start, long, fate)): (usize, (u64, u64, u64, u64, u64))| {
            let id = at as u64 + 1;
            let span = sent((number, id, parent % id), "web", 'i', (start, start + long)).named(&format!("work {name}"));
            match fate {
                0 => span.failed(),
                1 => Sent { end: None, ..span },
                2 => Sent { parent: 777, ..span },
                _ => span,
            }
        };
        spans.into_iter().enumerate().map(span).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trace_does_not_differ_from_itself(spans in tree(1)) {
        let store = store(&spans);
        let one = profile(&store, 1);
        let comparison = Comparison::of(&one, &one);
        prop_assert!(comparison.rows.iter().all(|row| !row.differs));
        prop_assert_eq!(comparison.rows.len(), one.len());
        let told: u64 = comparison.rows.iter().filter_map(|row| row.after).map(|sums| sums.spans).sum();
        prop_assert_eq!(told, spans.len() as u64);
    }

    #[test]
    fn swapped_sides_give_the_opposite_comparison(one in tree(1), other in tree(2)) {
        let store = store(&[one, other].concat());
        let (one, other) = (profile(&store, 1), profile(&store, 2));
        let there = Comparison::of(&one, &other);
        let back = Comparison::of(&other, &one);
        let opposite = |change| match change {
            Change::Slower => Change::Faster,
            Change::Faster => Change::Slower,
            Change::New => Change::Gone,
            Change::Gone => Change::New,
            same => same,
        };
        // The order of one-sided rows depends on the side.
        let sorted = |rows: Vec<String>| { let mut rows = rows; rows.sort(); rows };
        let told = |comparison: &Comparison, turned: bool| sorted(comparison.rows.iter().map(|row| {
            let (before, after, change) = if turned {
                (row.after, row.before, opposite(row.duration))
            } else {
                (row.before, row.after, row.duration)
            };
            format!("{} {:?} {before:?} {after:?} {change:?} {}", row.depth, row.service, row.differs)
        }).collect());
        prop_assert_eq!(told(&there, false), told(&back, true));
        // Every span of both sides is in exactly one row.
        let sum = |sums: &dyn Fn(&trace_stats::Difference) -> Option<trace_stats::Sums>| -> u64 {
            there.rows.iter().filter_map(sums).map(|sums| sums.spans).sum()
        };
        prop_assert_eq!((sum(&|row| row.before), sum(&|row| row.after)), (one.totals.spans, other.totals.spans));
    }
}

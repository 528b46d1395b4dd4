//! Operations, and independence of the slices.

use proptest::prelude::*;
use trace_model::{Filter, SpanKind};
use trace_stats::{OPERATIONS, Operation};

use crate::support::{MILLI, START, Sent, id, sent, store, survey};

fn operation<'a>(operations: &'a [Operation], name: &str) -> &'a Operation {
    operations.iter().find(|operation| &*operation.name == name).expect(name)
}

#[test]
fn operation_is_all_spans_of_a_service_with_one_name_and_kind() {
    let mut spans: Vec<_> = (1..=100)
        .map(|ms| sent((ms, 1, 0), "api", 's', (0, ms)).named("GET /users"))
        .collect();
    spans[39].failed = true;
    spans.push(sent((40, 2, 1), "api", 'i', (0, 5)).named("GET /users"));
    spans.push(sent((40, 3, 1), "mailer", 's', (0, 5)).named("GET /users"));
    spans.push(Sent {
        end: None,
        ..sent((200, 1, 0), "api", 's', (7_000, 0)).named("GET /users")
    });
    let survey = survey(&store(&spans), 1_000);
    assert_eq!(
        (survey.traces, survey.spans, survey.observed_nano()),
        (101, 103, 7_000 * MILLI),
        "a span in flight counts by its start"
    );
    assert_eq!(survey.between_unix_nano, Some((START, START + 7_000 * MILLI)));
    assert_eq!(survey.operations.len(), 3);
    let get = &survey.operations[1];
    assert_eq!((&*get.service, get.kind), ("api", SpanKind::Server));
    assert_eq!(
        (get.count, get.errors, get.in_flight, get.latencies.count()),
        (101, 1, 1, 100)
    );
    assert_eq!(get.total_nano, 5_050 * MILLI);
    for (percent, ms) in [(50.0, 50), (90.0, 90), (99.0, 99), (100.0, 100)] {
        let read = get.latencies.percentile(percent);
        assert!(read.abs_diff(ms * MILLI) <= ms * MILLI / 100, "p{percent}: {read}");
    }
    assert_eq!((id(get.slowest.as_ref()), id(get.failed.as_ref())), ((100, 1), (40, 1)));
    assert!(survey.operations[2].failed.is_none());
}

/// Returns a name without digits, which the names of operations leave out.
fn word(number: u64) -> String {
    number
        .to_string()
        .chars()
        .map(|digit| (digit as u8 - b'0' + b'a') as char)
        .collect()
}

#[test]
fn operations_over_the_limit_are_counted_together() {
    let number = OPERATIONS as u64 + 50;
    let spans: Vec<_> = (1..=number)
        .map(|id| sent((1, id, 0), "api", 's', (0, id)).named(&word(id)))
        .collect();
    let survey = survey(&store(&spans), 1_000);
    let others = survey.other_operations.expect("others");
    assert_eq!((survey.operations.len(), others.count), (OPERATIONS, 50));
}

/// A route is one operation whatever the paths are; a path counts without its ids, a statement without its literals.
#[test]
fn operations_with_generic_names_are_told_apart_by_subject() {
    let spans: Vec<_> = (1..=20)
        .flat_map(|id| {
            let get = |number: u64| sent((1, id * 10 + number, 0), "api", 's', (0, id)).named("GET");
            let path = format!("/carts/{id}/items");
            [
                get(1)
                    .with("http.route", "/users/{id}")
                    .with("url.path", &format!("/users/{id}")),
                get(2).with("url.path", &path),
                get(3).named("GET /carts").with("http.route", "/carts"),
                sent((1, id * 10 + 4, 0), "api", 'c', (0, id))
                    .named("SELECT")
                    .with("db.statement", &format!("SELECT * FROM t WHERE id = {id}")),
            ]
        })
        .collect();
    let survey = survey(&store(&spans), 1_000);
    let found: Vec<_> = survey
        .operations
        .iter()
        .map(|operation| (&*operation.name, &*operation.subject, operation.count))
        .collect();
    let expected = [
        ("GET", "/carts/?/items", 20),
        ("GET", "/users/{id}", 20),
        ("GET /carts", "", 20),
        ("SELECT", "* FROM t WHERE id = ?", 20),
    ];
    assert_eq!(found, expected);
}

#[test]
fn survey_reads_the_filtered_traces() {
    let mut store = store(&[
        sent((1, 1, 0), "api", 's', (0, 1)).named("a"),
        sent((1, 2, 1), "api", 'i', (0, 1)).named("b"),
        sent((2, 1, 0), "api", 's', (0, 1)).named("c"),
    ]);
    store.set_filter(Some(Filter::parse("name:b").unwrap()));
    while store.search(10) {}
    let survey = survey(&store, 10);
    assert_eq!(survey.operations.len(), 2, "all spans of the matching trace");
    assert_eq!(operation(&survey.operations, "a").count, 1);
}

#[test]
fn survey_of_an_empty_store_is_empty() {
    let survey = survey(&store(&[]), 1);
    assert_eq!((survey.traces, survey.spans, survey.observed_nano()), (0, 0, 0));
}

fn any_span() -> impl Strategy<Value = Sent> {
    let ids = (1..5_u64, 1..9_u64, 0..9_u64);
    let what = (0..3_usize, 0..3_usize, 0..5_usize, any::<bool>());
    (ids, what, (0..500_u64, prop::option::of(0..2_000_u64))).prop_map(|(ids, (service, name, kind, failed), (start, length))| {
        let (service, name) = (["api", "mailer", "web"][service], ["a", "b", "c"][name]);
        let kind = ['c', 's', 'p', 'n', 'i'][kind];
        Sent {
            failed,
            end: length.map(|length| start + length),
            ..sent(ids, service, kind, (start, 0)).named(name)
        }
    })
}

/// Formats everything comparable.
fn said(survey: &trace_stats::Survey) -> String {
    format!("{:?} {:?} {:?}", survey.between_unix_nano, survey.operations, survey.edges)
}

proptest! {
    #[test]
    fn counts_do_not_depend_on_the_order(spans in prop::collection::vec(any_span(), 1..60), seed in any::<u64>(), slice in 1..40_u64) {
        let one = store(&spans);
        let found = survey(&one, slice);
        let spans_held = one.totals().spans as u64;
        prop_assert_eq!(found.spans, spans_held);
        prop_assert_eq!(found.operations.iter().map(|operation| operation.count).sum::<u64>(), spans_held);
        let summaries = one.traces(0..100);
        let errors: usize = summaries.iter().map(|trace| trace.errors).sum();
        prop_assert_eq!(found.operations.iter().map(|operation| operation.errors).sum::<u64>(), errors as u64);
        for operation in &found.operations {
            let latencies = &operation.latencies;
            prop_assert_eq!(latencies.count() + operation.in_flight, operation.count);
            let read = [50.0, 90.0, 99.0].map(|percent| latencies.percentile(percent));
            prop_assert!(read.is_sorted() && read[2] <= latencies.max(), "{:?}", read);
            prop_assert_eq!(latencies.shape(10).iter().sum::<u64>(), latencies.count());
        }
        prop_assert_eq!(said(&survey(&one, u64::MAX)), said(&found), "same result in slices");

        let mut shuffled = spans.clone();
        // Of duplicate spans the later end wins, and of equal ends the first arrival: these stay in order.
        shuffled.sort_by_key(|span| (span.trace.wrapping_mul(seed | 1), span.id.wrapping_mul(seed | 1), span.service.clone()));
        prop_assert_eq!(survey(&store(&shuffled), slice).spans, spans_held);
    }
}

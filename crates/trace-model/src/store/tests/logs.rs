//! Lists of log records, compared with a naive model: the records that the traces have, sorted and filtered one by one.

use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use proptest::prelude::*;

use super::{KIB, check, span, text, trace_id};
use crate::store::LogView;
use crate::{Batch, Filter, LogId, LogQuery, LogReader, Records, Severity, SeverityCounts, Source, Store, TraceId, otlp, work};

/// Log records of one request: each with its trace (0 for none), time and size.
fn logs(records: &[(u16, u64, usize)]) -> Batch {
    let records = records.iter().map(|(trace, time, size)| LogRecord {
        trace_id: if *trace == 0 {
            Vec::new()
        } else {
            trace_id(*trace).as_bytes().to_vec()
        },
        span_id: if trace % 2 == 0 { Vec::new() } else { vec![1; 8] },
        time_unix_nano: *time,
        severity_number: i32::try_from(size % 25).expect("small"),
        attributes: vec![text("fill", "x".repeat(*size))],
        ..LogRecord::default()
    });
    let scope_logs = vec![ScopeLogs {
        log_records: records.collect(),
        ..ScopeLogs::default()
    }];
    let group = ResourceLogs {
        scope_logs,
        ..ResourceLogs::default()
    };
    otlp::log_batch(vec![group], Source::OtlpHttp)
}

fn filter(text: &str) -> Filter {
    let clock = crate::Clock::in_local_zone(0);
    Filter::parse_for(text, Records::Logs, &clock).expect("a filter")
}

/// All records, from the traces that have them.
fn stored(store: &Store) -> Vec<(LogId, Severity, Option<TraceId>)> {
    let slots = store.traces.slots();
    let mut records: Vec<_> = slots
        .iter()
        .flat_map(|slot| {
            let trace = &store.traces[*slot];
            let records = store.contents.records(trace.logs).map(|at| store.contents.log.get(at));
            records.map(|record| (record.log_id(), record.severity(), trace.id))
        })
        .collect();
    records.sort_unstable_by_key(|(id, ..)| *id);
    records
}

/// Compares the list of all records, and what queries have found, with the model.
pub(super) fn check_logs(store: &Store) {
    let model = stored(store);
    let all: Vec<_> = store.logs.all().range(0..usize::MAX).collect();
    assert_eq!(all.len(), model.len());
    for ((id, listed), (stored_id, severity, trace_id)) in all.iter().zip(&model) {
        assert_eq!((id, &listed.severity), (stored_id, severity));
        let record = store.contents.log.get(listed.at);
        assert_eq!((record.log_id(), record.is_dead()), (*id, false));
        let log = store.stored_log(*id).expect("it is listed");
        assert_eq!((log.trace_id(), log.severity()), (*trace_id, *severity));
        assert_eq!(log.decode().severity, *severity);
    }
    for view in LogView::ALL {
        check_counts(store, view);
        let Some(search) = &store.logs.searches[view as usize] else {
            continue;
        };
        for (id, listed) in search.found().range(0..usize::MAX) {
            let record = store.contents.log.get(listed.at);
            assert_eq!((record.log_id(), record.is_dead()), (id, false), "what was found is there");
        }
    }
}

/// Counts by time and severity are those of the listed records.
fn check_counts(store: &Store, view: LogView) {
    let listed: Vec<_> = store
        .logs
        .list(view)
        .into_iter()
        .flat_map(|list| list.range(0..usize::MAX))
        .collect();
    let times = store.log_times(view).unwrap_or(0..=0);
    let length = u128::from(times.end() - times.start()) + 1;
    for parts in [1, 2, 7] {
        let mut expected = vec![SeverityCounts::default(); parts.into()];
        for (id, listed) in &listed {
            let offset = u128::from(id.time_unix_nano() - times.start());
            let part = offset * u128::from(parts) / length;
            expected[usize::try_from(part).expect("a part")].add(listed.severity);
        }
        assert_eq!(store.count_logs(view, &times, parts), expected);
    }
}

/// After the searches have ended, lists have exactly what matches.
fn check_listed(store: &mut Store) {
    while store.search_logs(7) {}
    for view in LogView::ALL {
        let query = store.log_query(view).cloned();
        let expected: Vec<LogId> = stored(store)
            .into_iter()
            .filter(|(id, _, trace_id)| match &query {
                Some(query) => {
                    let log = store.stored_log(*id).expect("it is stored");
                    query.trace_id.is_none_or(|wanted| *trace_id == Some(wanted)) && query.filter.matches(&log.candidate())
                }
                None => view == LogView::All,
            })
            .map(|(id, ..)| id)
            .collect();
        assert_eq!(store.logs_at(view, 0..usize::MAX), expected, "{view:?} {query:?}");
        assert_eq!(store.listed_logs(view), expected.len());
        for (position, id) in expected.iter().enumerate() {
            assert_eq!(store.log_position(view, *id), Some(position));
            assert_eq!(store.logs_before(view, *id), position);
        }
        let mut read = Vec::new();
        let mut reader = LogReader::new(view);
        while !reader.step(store, 100, |log| read.push(log.id())) {}
        read.reverse();
        assert_eq!(read, expected);
        if let Some(progress) = store.log_progress(view) {
            assert_eq!((progress.found, progress.is_complete()), (expected.len(), true));
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Logs(Vec<(u16, u64, usize)>),
    Span(u16, usize),
    Pin(u16, bool),
    Query(Option<(Option<u16>, &'static str)>),
    Search(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![8 => 0..300_usize, 2 => 1_000..3_000_usize, 1 => 5_000..30_000_usize];
    let record = (0..12_u16, 0..50_u64, size);
    let filters = prop::sample::select(vec![
        "",
        "severity:>=warn",
        "!has:trace",
        "trace:0101 severity:[info, debug]",
        "nothing",
    ]);
    let query = (prop::option::of(1..12_u16), filters);
    let step = prop_oneof![
        12 => prop::collection::vec(record, 1..12).prop_map(Step::Logs),
        3 => (1..12_u16, 0..3_000_usize).prop_map(|(trace, size)| Step::Span(trace, size)),
        1 => (1..12_u16, any::<bool>()).prop_map(|(trace, pinned)| Step::Pin(trace, pinned)),
        2 => prop::option::weighted(0.8, query).prop_map(Step::Query),
        4 => (1..60_usize).prop_map(Step::Search),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn lists_of_logs_have_what_is_stored_and_matches(steps in steps(), budget in 96 * KIB..300 * KIB) {
        let mut store = Store::new(budget);
        for (number, step) in steps.into_iter().enumerate() {
            let mut is_settled = true;
            match step {
                Step::Logs(records) => {
                    let mut batch = logs(&records);
                    let work = if number % 3 == 0 { 1 } else { usize::MAX };
                    while store.add_part(&mut batch, work) {
                        store.search_logs(1);
                    }
                }
                Step::Span(trace, size) => store.add(span(trace, 1, 0, 1, size)),
                Step::Pin(trace, pinned) => store.pin(trace_id(trace), pinned),
                Step::Query(query) => {
                    let view = match query {
                        Some((Some(_), _)) => LogView::Trace,
                        _ => LogView::All,
                    };
                    let query = query.map(|(trace, text)| LogQuery { trace_id: trace.map(trace_id), filter: filter(text), condition: None });
                    store.set_log_query(view, query);
                }
                // What a search found may be over the budget until its next step.
                Step::Search(records) => is_settled = !store.search_logs(records),
            }
            prop_assert!(!is_settled || store.used() <= budget, "{} of {budget}: {:?}", store.used(), store.totals());
            if number % 8 == 0 {
                check(&store);
            }
        }
        check(&store);
        check_listed(&mut store);
    }
}

#[test]
fn list_of_logs_counts_towards_the_budget() {
    let mut store = Store::new(512 * KIB);
    for number in 0..5_000 {
        store.add(logs(&[(0, number, 0)]));
    }
    store.set_log_query(
        LogView::All,
        Some(LogQuery {
            filter: filter("!nothing"),
            ..LogQuery::default()
        }),
    );
    while store.search_logs(100) {}
    check_listed(&mut store);
    let totals = store.totals();
    assert!(totals.bytes <= 512 * KIB, "{totals:?}");
    assert!(
        totals.evicted_logs > 0 && store.listed_logs(LogView::All) == totals.logs,
        "{totals:?}"
    );
    let listed = store.logs.bytes();
    assert!(
        listed > totals.logs * 48 && listed < totals.logs * 120,
        "{listed} for {totals:?}"
    );
}

/// The screen of a trace's logs stays open meanwhile.
#[test]
fn log_query_of_a_trace_lists_it_when_it_arrives_again() {
    let mut store = Store::new(96 * KIB);
    store.set_log_query(
        LogView::Trace,
        Some(LogQuery {
            trace_id: Some(trace_id(7)),
            ..LogQuery::default()
        }),
    );
    for (round, records) in [2, 3].into_iter().enumerate() {
        store.add(logs(&[(7, 1_000, 100)].repeat(records)));
        while store.search_logs(10) {}
        assert_eq!(store.listed_logs(LogView::Trace), records, "round {round}");
        let progress = store.log_progress(LogView::Trace).expect("a query");
        assert!(progress.is_complete() && progress.found == records, "{progress:?}");
        let mut others = 0;
        while store.listed_logs(LogView::Trace) > 0 {
            others += 1;
            store.add(logs(&[(8 + others, 2_000, 1_000)]));
        }
    }
}

#[test]
fn reader_keeps_its_place_while_records_arrive_and_leave() {
    let mut store = Store::new(96 * KIB);
    for number in 0..200 {
        store.add(logs(&[(0, 1_000 + number, 100)]));
    }
    let mut reader = LogReader::of_all();
    let mut read = Vec::new();
    let mut number = 0;
    while !reader.step(&store, 10 * work::VISIT as u64, |log| read.push(log.id())) {
        number += 1;
        for record in 0..10 {
            store.add(logs(&[(0, 5_000 + 10 * number + record, 300)]));
        }
    }
    assert!(store.totals().evicted_logs > 0);
    assert!(read.windows(2).all(|pair| pair[0] > pair[1]), "each once, the newest first");
}

#[test]
fn counts_of_many_parts_visit_each_record_once() {
    let mut store = Store::new(512 * KIB);
    let records: Vec<_> = (0..300).map(|number| (0, 1_000 + number, 0)).collect();
    store.add(logs(&records));
    let (counts, counted) = work::of(|| store.count_logs(LogView::All, &(1_000..=1_299), 200));
    assert_eq!(counts.len(), 200);
    // The last bound is after the block, of which the sum is known.
    let (bounds, blocks, visited) = (201, 1, 299);
    assert_eq!(counted, ((bounds + blocks + visited) * work::VISIT) as u64);
}

#[test]
fn record_without_an_error_has_the_empty_name_without_hashing_it() {
    let mut store = Store::new(512 * KIB);
    let records: Vec<_> = (0..300).map(|number| (0, 1_000 + number, 0)).collect();
    let mut batch = logs(&records);
    let ((), counted) = work::of(|| while store.add_part(&mut batch, usize::MAX) {});
    // Its bytes and three visits: a fourth one would look for the name.
    assert!(counted < (300 * 4 * work::VISIT) as u64, "{counted}");
}

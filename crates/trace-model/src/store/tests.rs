//! Tests of the private state: references are correct, and every byte is accounted for.

mod logs;

use std::collections::{HashMap, HashSet};

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan};
use proptest::prelude::*;

use super::*;
use crate::sentry::Evidence;
use crate::{Batch, Filter, Source, otlp};

const KIB: usize = 1024;

fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value)),
        }),
        ..KeyValue::default()
    }
}

/// A span of about so many bytes.
fn span(trace: u16, id: u16, service: u8, end: u64, size: usize) -> Batch {
    span_by(Source::OtlpHttp, trace, id, service, end, size)
}

fn span_by(source: Source, trace: u16, id: u16, service: u8, end: u64, size: usize) -> Batch {
    let mut trace_id = vec![1; 14];
    trace_id.extend(trace.to_be_bytes());
    let mut span_id = vec![1; 6];
    span_id.extend(id.to_be_bytes());
    // Some link to others, and some have an id that another one has.
    let linked = u8::try_from(size % 40).unwrap_or_default();
    let to = |id| Link {
        trace_id: [vec![1; 15], vec![linked]].concat(),
        span_id: [vec![1; 7], vec![id]].concat(),
        ..Link::default()
    };
    let (name, start) = if size % 16 == 11 {
        (size % 5, 2 + size as u64 % 3)
    } else {
        (id.into(), 1)
    };
    let span = OtlpSpan {
        trace_id,
        span_id,
        name: format!("span {}", name % 7),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        links: if size % 4 == 1 {
            vec![to(linked % 3), to(1), to(1)]
        } else {
            Vec::new()
        },
        attributes: vec![text("fill", "x".repeat(size))],
        ..OtlpSpan::default()
    };
    let resource = Resource {
        attributes: vec![text("service.name", format!("service {service}"))],
        ..Resource::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let group = ResourceSpans {
        resource: Some(resource),
        scope_spans,
        ..ResourceSpans::default()
    };
    let (batch, rejected) = otlp::batch(vec![group], source);
    assert!(rejected.is_empty());
    batch
}

fn error_event(trace: u16, id: u16, time: u64, size: usize) -> Batch {
    let mut trace_id = vec![1; 14];
    trace_id.extend(trace.to_be_bytes());
    let mut span_id = vec![1; 6];
    span_id.extend(id.to_be_bytes());
    let record = LogRecord {
        trace_id,
        span_id,
        time_unix_nano: time,
        event_name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", format!("span {}", id % 7)),
            text("fill", "x".repeat(size)),
        ],
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records: vec![record],
        ..ScopeLogs::default()
    }];
    let group = ResourceLogs {
        scope_logs,
        ..ResourceLogs::default()
    };
    otlp::log_batch(vec![group], Source::Sentry)
}

fn trace_id(trace: u16) -> TraceId {
    let mut bytes = [1; 16];
    bytes[14..].copy_from_slice(&trace.to_be_bytes());
    TraceId::from_bytes(bytes).expect("not zero")
}

fn key(id: u16, service: u8) -> SpanKey {
    let mut bytes = [1; 8];
    bytes[6..].copy_from_slice(&id.to_be_bytes());
    SpanKey {
        span_id: SpanId::from_bytes(bytes).expect("not zero"),
        service: format!("service {service}").into(),
        duplicate: 0,
    }
}

/// Goes through everything the store has and compares it with what is noted elsewhere.
fn check(store: &Store) {
    let slots = store.traces.slots();
    let mut seen = HashSet::new();
    let (mut spans, mut logs, mut uses, mut rare, mut in_envelopes, mut links) = (0, 0, 0, 0, 0, 0);
    let (mut all_errors, mut all_alone) = (0, 0);
    assert!(store.leaving.is_none(), "the eviction is complete");
    let mut live: HashMap<usize, usize> = HashMap::new();
    for slot in &slots {
        let trace = &store.traces[*slot];
        for (list, is_span) in [(trace.spans, true), (trace.logs, false), (trace.sentry, false)] {
            let mut previous = RecordId::NONE;
            let records: Vec<_> = store.contents.records(list).collect();
            assert_eq!(records.len(), list.count as usize);
            for at in records {
                let record = store.contents.log.get(at);
                assert!(seen.insert(at), "no record is in two lists");
                assert!(!record.is_dead());
                assert_eq!((record.previous, record.trace), (previous, *slot));
                assert_eq!(store.contents.log.raw(at).len(), record.length as usize);
                if let Some(key) = store.contents.key(record).filter(|_| is_span) {
                    assert_eq!(store.find_key(*slot, &key), Some(at), "each span is found");
                }
                for target in store.targets(at) {
                    links += 1;
                    assert!(store.knows_link(target, at), "each link is known");
                }
                *live.entry(at.chunk()).or_default() += record.bytes();
                previous = at;
                uses += 1;
            }
            assert_eq!(list.last, previous);
        }
        let sentry: Vec<_> = store.contents.records(trace.sentry).collect();
        let mut alone = 0;
        for at in &sentry {
            let record = store.contents.log.get(*at);
            let span_id = record.span_id().expect("not zero");
            assert_eq!(store.find_sentry(*slot, span_id), Some(*at));
            assert_eq!(record.is_shadow(), !store.services_of(*slot, span_id).is_empty());
            alone += u32::from(!record.is_shadow());
            let known = trace
                .id
                .is_some_and(|trace_id| store.sentry_alone.contains(&(span_id, trace_id)));
            assert_eq!(known, !record.is_shadow());
        }
        assert_eq!(alone, trace.sentry_only);
        all_alone += alone as usize;
        in_envelopes += sentry.len();
        let errors = store
            .contents
            .records(trace.logs)
            .filter(|at| store.contents.log.get(*at).is_error_event());
        for at in errors {
            all_errors += 1;
            assert!(store.error_events.iter().any(|(_, known)| *known == at));
        }
        spans += trace.rows() as usize;
        logs += trace.logs.count as usize;
        rare += trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        if let Some(id) = trace.id {
            assert_eq!(store.find_trace(id), Some(*slot));
        }
        assert_eq!(store.by_arrival.position(trace.arrival).is_some(), trace.is_listed());
    }
    assert_eq!((store.totals.spans, store.totals.logs, store.rare_bytes), (spans, logs, rare));
    assert_eq!((store.sentry_spans.len(), store.known_links()), (in_envelopes, links));
    assert_eq!((store.error_events.len(), store.sentry_alone.len()), (all_errors, all_alone));
    logs::check_logs(store);
    store.contents.origins.check();
    // The empty text is always there.
    assert_eq!((store.contents.names.uses() - 1, store.contents.origins.uses()), (uses, uses));
    assert_eq!(store.contents.log.live(), live);

    let by_activity: Vec<_> = std::iter::successors(store.oldest.get(), |slot| store.traces[*slot].newer.get()).collect();
    let activities: Vec<_> = by_activity.iter().map(|slot| store.traces[*slot].activity).collect();
    assert!(activities.is_sorted(), "{activities:?}");
    assert_eq!(by_activity.len() + store.totals.pinned, slots.len());
}

#[derive(Clone, Debug)]
enum Step {
    Span {
        trace: u16,
        id: u16,
        service: u8,
        end: u64,
        size: usize,
    },
    Sentry {
        trace: u16,
        id: u16,
        service: u8,
        end: u64,
        size: usize,
    },
    Error {
        trace: u16,
        id: u16,
        time: u64,
        size: usize,
    },
    Evidence {
        trace: u16,
        id: u16,
    },
    Pin {
        trace: u16,
        pinned: bool,
    },
    Filter(bool),
    Search(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![8 => 0..300_usize, 2 => 1_000..3_000_usize, 1 => 5_000..30_000_usize];
    let step = prop_oneof![
        20 => (1..40_u16, 1..60_u16, 0..3_u8, 0..3_u64, size)
            .prop_map(|(trace, id, service, end, size)| Step::Span { trace, id, service, end, size }),
        8 => (1..40_u16, 1..60_u16, 0..2_u8, 0..3_u64, 0..300_usize)
            .prop_map(|(trace, id, service, end, size)| Step::Sentry { trace, id, service, end, size }),
        4 => (1..40_u16, 1..60_u16, 0..3_u64, 0..3_000_usize).prop_map(|(trace, id, time, size)| Step::Error { trace, id, time, size }),
        2 => (1..40_u16, 1..60_u16).prop_map(|(trace, id)| Step::Evidence { trace, id }),
        1 => (1..40_u16, any::<bool>()).prop_map(|(trace, pinned)| Step::Pin { trace, pinned }),
        1 => any::<bool>().prop_map(Step::Filter),
        2 => (1..100_usize).prop_map(Step::Search),
    ];
    prop::collection::vec(step, 1..600)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn references_stay_consistent(steps in steps(), budget in 96 * KIB..400 * KIB) {
        let mut store = Store::new(budget);
        let mut pinned = HashSet::new();
        for (number, step) in steps.into_iter().enumerate() {
            let mut is_settled = true;
            // Whole, or in as many parts as there can be, with a search in between.
            let add = |store: &mut Store, mut batch: Batch| {
                let work = if number % 3 == 0 { 1 } else { usize::MAX };
                while store.add_part(&mut batch, work) {
                    store.search(1);
                }
            };
            match step {
                Step::Span { trace, id, service, end, size } => add(&mut store, span(trace, id, service, end, size)),
                Step::Sentry { trace, id, service, end, size } => {
                    add(&mut store, span_by(Source::Sentry, trace, id, service, end, size));
                }
                Step::Error { trace, id, time, size } => add(&mut store, error_event(trace, id, time, size)),
                Step::Evidence { trace, id } => {
                    let (trace_id, spans) = (trace_id(trace), vec![key(id, 0).span_id]);
                    store.add_evidence(vec![Evidence::TooLarge { trace_id, spans, bytes: 1 }]);
                }
                Step::Pin { trace, pinned: pin } => {
                    let there = store.find_trace(trace_id(trace)).is_some();
                    store.pin(trace_id(trace), pin);
                    if pin && there { pinned.insert(trace); } else { pinned.remove(&trace); }
                }
                Step::Filter(set) => store.set_filter(set.then(|| Filter::parse("name:\"span 3\"").expect("a filter"))),
                // What a search found may be over the budget until its next step.
                Step::Search(records) => is_settled = !store.search(records),
            }
            prop_assert!(!is_settled || store.used() <= budget, "{} of {budget}: {:?}", store.used(), store.totals());
            if number % 16 == 0 {
                check(&store);
            }
        }
        check(&store);
        for trace in pinned {
            prop_assert!(store.find_trace(trace_id(trace)).is_some(), "a pinned trace stays");
        }
        check_found(&mut store);
    }
}

/// After a search has ended it has found exactly what matches.
fn check_found(store: &mut Store) {
    while store.search(64) {}
    if store.filter().is_none() {
        return;
    }
    let (mut matching, mut traces) = (0, 0);
    for slot in store.traces.slots() {
        let trace = &store.traces[slot];
        let lists = [trace.spans, trace.sentry, trace.logs].into_iter();
        let records = lists
            .flat_map(|list| store.contents.records(list))
            .map(|at| store.contents.log.get(at));
        let searched = records.filter(|record| record.is_row() || record.is_error_event());
        let names = searched.map(|record| store.contents.names.get(record.name));
        let found = names.filter(|name| ***name == *"span 3").count();
        matching += found;
        traces += usize::from(found > 0);
        let id = store.traces[slot].id.expect("only spans were added");
        assert_eq!(store.found_in(id), found);
    }
    assert_eq!(store.listed(), traces);
    let progress = store.search_progress().expect("a search");
    assert_eq!((progress.found, progress.is_complete()), (matching, true));
}

/// A long record has a chunk of its own, and takes its place in the middle of the trace's list.
#[test]
fn search_finds_a_long_record_that_replaces_another() {
    let mut store = Store::new(96 * KIB);
    store.add(span(5, 3, 0, 1, 8));
    store.set_filter(Some(Filter::parse("name:\"span 3\"").expect("a filter")));
    store.add(span(5, 4, 0, 1, 8));
    store.add(span(5, 3, 0, 2, 20_000));
    check_found(&mut store);
    assert_eq!(store.found_in(trace_id(5)), 1);
}

#[test]
fn chunk_with_few_live_records_is_copied_forward() {
    // One trace is active all the time, and others arrive and are evicted in between: its spans would keep all chunks.
    let mut store = Store::new(512 * KIB);
    for number in 0..5_000_u16 {
        store.add(span(number + 2, 1, 0, 1, 900));
        if number % 10 == 0 {
            store.add(span(1, number / 10, 0, 1, 300));
        }
    }
    check(&store);
    let totals = store.totals();
    let talkative = store.trace(trace_id(1)).expect("it was always active");
    assert_eq!((talkative.spans, talkative.truncated), (500, 0));
    assert!(totals.evicted_traces > 4_000, "{totals:?}");
    assert!(
        totals.traces > 60,
        "what is dead does not take the place of the living: {totals:?}"
    );
}

#[test]
fn short_spans_leave_no_memory_that_long_ones_need() {
    let budget = 1024 * KIB;
    let mut store = Store::new(budget);
    let fill = |store: &mut Store, size: usize, count: u16| {
        for number in 0..count {
            store.add(span(number, 1, 0, 1, size));
        }
        store.totals().spans
    };
    let long_at_first = fill(&mut store, 2_000, 2_000);
    fill(&mut store, 0, 20_000);
    let long_again = {
        fill(&mut store, 2_001, 4_000);
        fill(&mut store, 2_000, 4_000)
    };
    check(&store);
    assert!(long_again * 10 > long_at_first * 8, "{long_again} of {long_at_first}");
}

#[test]
fn marks_over_the_budget_are_dropped() {
    let mut store = Store::new(64 * KIB);
    store.add(span(1, 1, 0, 1, 100));
    let spans = (1..=u64::from(u16::MAX)).filter_map(|id| SpanId::from_bytes(id.to_be_bytes()).ok());
    store.add_evidence(vec![Evidence::TooLarge {
        trace_id: trace_id(1),
        spans: spans.collect(),
        bytes: 1,
    }]);
    assert_eq!(store.traces(0..9)[0].spans, 1);
    assert!(store.used() <= 64 * KIB, "{:?}", store.totals());
}

#[test]
fn oversized_span_evicts_no_trace() {
    let mut store = Store::new(128 * KIB);
    store.add(span(1, 1, 0, 1, 100));
    store.add(span(2, 1, 0, 1, 200 * KIB));
    let totals = store.totals();
    assert_eq!((totals.traces, totals.evicted_traces, totals.truncated_spans), (1, 0, 1));
}

/// A long span has a chunk of its own, for which a repeated one has made place.
#[test]
fn place_that_a_repeated_span_did_not_take_is_checked_again() {
    let mut store = Store::new(128 * KIB);
    store.add(span(1, 1, 0, 1, 30 * KIB));
    store.pin(trace_id(1), true);
    store.add(span(1, 1, 0, 1, 30 * KIB));
    store.add(span(1, 2, 0, 1, 100 * KIB));
    let totals = store.totals();
    assert_eq!((totals.spans, totals.repeated_spans, totals.truncated_spans), (1, 1, 1));
    assert!(store.used() <= 128 * KIB, "{totals:?}");
}

#[test]
fn search_includes_arrivals_and_drops_evicted_traces() {
    let mut store = Store::new(256 * KIB);
    store.set_filter(Some(Filter::parse("name:\"span 3\"").expect("a filter")));
    store.add(span(1, 3, 0, 1, 10));
    store.add(span(2, 4, 0, 1, 10));
    assert!(!store.search(100));
    assert_eq!(
        (store.listed(), store.position(trace_id(1)), store.position(trace_id(2))),
        (1, Some(0), None)
    );
    for trace in 3..3_000 {
        store.add(span(trace, 4, 0, 1, 500));
    }
    while store.search(10) {}
    assert_eq!(store.listed(), 0, "it has left");
    check_found(&mut store);
}

#[test]
fn search_number_256_does_not_match_results_of_the_first() {
    let mut store = Store::new(256 * KIB);
    store.add(span(1, 3, 0, 1, 10));
    for _ in 0..3 {
        for filter in ["name:\"span 3\"", "name:nothing"] {
            for _ in 0..64 {
                store.set_filter(Some(Filter::parse(filter).expect("a filter")));
                while store.search(10) {}
                assert_eq!(store.listed(), usize::from(filter.contains('3')));
            }
        }
    }
}

//! The result depends on what arrived, never on order, time or division into requests.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proptest::prelude::*;
use trace_model::{
    Batch, Filter, LogRecord, Outline, Row, SentryReach, Source, Span, SpanId, Store, TraceId, TraceSummary, otlp,
};

use crate::support::{self, Sent, edit, errors, logs, sent, span, trace};
use trace_model::sentry::{Evidence, Verdict};

/// Something that arrives.
#[derive(Clone, Debug)]
enum Arrival {
    Span(Sent),
    Log(u8, u8, u64),
    Error(u8, u8, u64),
    Sentry(Sent),
    Transaction(u8, u8),
}

fn any_time() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..60_u64, 1 => Just(0), 1 => Just(u64::MAX)]
}

prop_compose! {
    // Ids 0 are invalid, few ids meet often: duplicates, circles, self-parents and parents that never arrive are all among them.
    fn any_span()(
        trace in 0..4_u8, id in 0..12_u8, parent in 0..14_u8, start in any_time(), end in any_time(), kind in 0..6, failed: bool,
        service in prop::sample::select(vec!["api", "mailer", ""]),
    ) -> Sent {
        Sent { trace, id, parent, service, start, end, kind, failed }
    }
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        10 => any_span().prop_map(Arrival::Span),
        2 => (1..4_u8, 0..12_u8, 0..60_u64).prop_map(|(trace, span, time)| Arrival::Log(trace, span, time)),
        1 => (1..4_u8, 0..12_u8, 0..60_u64).prop_map(|(trace, span, time)| Arrival::Error(trace, span, time)),
        4 => any_span().prop_map(Arrival::Sentry),
        1 => (1..4_u8, 1..12_u8).prop_map(|(trace, span)| Arrival::Transaction(trace, span)),
    ]
}

/// All results for a trace.
type Read = (
    TraceSummary,
    Option<SentryReach>,
    Vec<Row>,
    Vec<Option<Span>>,
    Vec<Option<Verdict>>,
    Vec<LogRecord>,
    usize,
);

fn read(store: &Store) -> BTreeMap<TraceId, Read> {
    let of = |summary: TraceSummary| {
        let mut outline = Outline::new(summary.trace_id);
        outline.refresh(store);
        let rows = outline.rows(store, 0..usize::MAX);
        let spans = rows.iter().map(|row| store.span(summary.trace_id, &row.key)).collect();
        let verdict = |row: &Row| support::verdict(store, summary.trace_id, &row.key, 10_000_000_040);
        let verdicts = rows.iter().map(verdict).collect();
        let logs = store.logs(summary.trace_id, None, usize::MAX);
        let found = store.found_in(summary.trace_id);
        let reach = SentryReach::of(store, summary.trace_id);
        (summary.trace_id, (summary, reach, rows, spans, verdicts, logs, found))
    };
    store.traces(0..usize::MAX).into_iter().map(of).collect()
}

/// Sends all of it, spans next to each other in one request up to one of the cuts.
fn receive(arrivals: &[Arrival], cuts: &[usize]) -> Store {
    let mut store = Store::new(1 << 30);
    store.set_filter(Some(Filter::parse("!name:3").expect("a filter")));
    let mut waiting: Vec<ResourceSpans> = Vec::new();
    let send = |store: &mut Store, waiting: &mut Vec<ResourceSpans>| {
        let (batch, _) = otlp::batch(std::mem::take(waiting), Source::OtlpHttp);
        store.add(batch);
    };
    for (at, arrival) in arrivals.iter().enumerate() {
        if cuts.contains(&at) {
            send(&mut store, &mut waiting);
            store.search(3);
        }
        match arrival {
            Arrival::Span(span) => waiting.push(span.to_otlp()),
            Arrival::Log(trace, span, time) => store.add(logs(&[(*trace, *span, *time, "said")])),
            Arrival::Error(trace, span, time) => store.add(errors(&[(*trace, *span, *time, "failed")])),
            Arrival::Sentry(span) => store.add(otlp::batch(vec![span.to_otlp()], Source::Sentry).0),
            Arrival::Transaction(number, root) => store.add_evidence(vec![Evidence::Transaction {
                trace_id: trace(*number),
                root: span(*root),
                spans: 1,
            }]),
        }
    }
    send(&mut store, &mut waiting);
    while store.search(5) {}
    store
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn neither_the_order_of_arrival_nor_the_requests_matter(
        arrivals in prop::collection::vec(any_arrival(), 1..40).prop_flat_map(|arrivals| (Just(arrivals.clone()), Just(arrivals).prop_shuffle())),
        cuts in prop::collection::vec(0..40_usize, 0..10), other_cuts in prop::collection::vec(0..40_usize, 0..10),
    ) {
        let (mut one, mut other) = (receive(&arrivals.0, &cuts), receive(&arrivals.1, &other_cuts));
        prop_assert_eq!(read(&one), read(&other), "what the filter lists");
        one.set_filter(None);
        other.set_filter(None);
        prop_assert_eq!(read(&one), read(&other));
        prop_assert_eq!((one.totals().spans, one.totals().logs), (other.totals().spans, other.totals().logs));
    }
}

fn numbered(number: u64, parent: u64, trace_number: u64) -> ResourceSpans {
    edit(sent(1, 0, number, number + 1).to_otlp(), |span| {
        span.trace_id[8..].copy_from_slice(&trace_number.to_be_bytes());
        span.span_id = number.to_be_bytes().to_vec();
        // No groups: each is a row.
        span.name = format!("span {number}");
        span.parent_span_id = if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().to_vec()
        };
    })
}

fn batches(spans: impl Iterator<Item = ResourceSpans>) -> Vec<Batch> {
    let spans: Vec<_> = spans.collect();
    spans
        .chunks(512)
        .map(|chunk| otlp::batch(chunk.to_vec(), Source::OtlpHttp).0)
        .collect()
}

#[test]
fn trace_of_200_000_spans() {
    const MANY: u64 = 200_000;
    let mut store = Store::new(1 << 30);
    // Each has ten children; the root arrives last.
    for batch in batches((1..=MANY).rev().map(|number| numbered(number, number / 10, 1))) {
        store.add(batch);
    }
    let trace = store.traces(0..2).pop().expect("one trace");
    assert_eq!(
        (trace.spans, trace.errors, trace.truncated, trace.root.arrived),
        (200_000, 0, 0, true)
    );
    assert_eq!(trace.duration_nano, MANY);
    let mut outline = Outline::new(trace.trace_id);
    assert!(outline.refresh(&store));
    assert_eq!(outline.len(), 200_000);
    let last = SpanId::from_bytes(MANY.to_be_bytes()).expect("not zero");
    let position = (0..outline.len())
        .find(|at| outline.key(*at).is_some_and(|key| key.span_id == last))
        .expect("the last span");
    let key = outline.key(position).expect("a row").clone();
    assert_eq!(outline.position(&key), Some(position));
    assert_eq!(outline.rows(&store, position..position + 1)[0].depth, 5);
}

#[test]
fn growing_large_trace_is_rebuilt_rarely() {
    const MANY: u64 = 50_000;
    let mut store = Store::new(1 << 30);
    for batch in batches((1..=MANY).map(|number| numbered(number, 0, 1))) {
        store.add(batch);
    }
    let trace_id = store.traces(0..1)[0].trace_id;
    let mut outline = Outline::new(trace_id);
    assert!(outline.refresh(&store) && outline.refresh(&store), "up to date");
    store.add(otlp::batch(vec![numbered(MANY + 1, 0, 1)], Source::OtlpHttp).0);
    let behind = (0..100).take_while(|_| !outline.refresh(&store)).count();
    assert!((1..20).contains(&behind), "{behind}");
    assert_eq!(outline.len() as u64, MANY + 1);
}

#[test]
fn traces_of_one_span_200_000_times() {
    const MANY: u64 = 200_000;
    let mut store = Store::new(1 << 30);
    for batch in batches((1..=MANY).map(|number| numbered(number, 0, number))) {
        store.add(batch);
    }
    assert_eq!((store.totals().traces, store.totals().spans), (200_000, 200_000));
    let middle = store.traces(100_000..100_001).pop().expect("a trace");
    assert_eq!(store.position(middle.trace_id), Some(100_000));
    assert_eq!(middle.trace_id.as_bytes()[8..], 100_000_u64.to_be_bytes());

    store.set_filter(Some(Filter::parse(&format!("id:{:016x}", 77)).expect("a filter")));
    while store.search(10_000) {}
    assert_eq!(store.traces(0..9).len(), 1);
}

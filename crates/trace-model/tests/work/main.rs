//! Work that is linear in the bytes of a request, whatever the request is, counted by [`trace_model::work`].
//!
//! A separate program, since the state of all hash tables is fixed: each run counts the same.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

mod cases;
mod large;

use std::collections::VecDeque;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use trace_model::sentry::Evidence;
use trace_model::{
    Analysis, Clock, CrossCheck, Expectation, Filter, LogQuery, LogReader, LogView, Outline, ReachPass, Records, SentryReach,
    Source, SpanId, SpanTree, Store, TraceId, otlp, work,
};

use cases::{CASES, Generator, id, logs, plain, record, resource, scope, span, text, with};

const KIB: usize = 1024;
const MIB: u64 = 1 << 20;
/// Requested work of a slice.
const SLICE: usize = 64 * KIB;
/// Further work of a slice: it ends with a whole step, which may copy a part of a record or a chunk of the log.
const STEP: u64 = 6 << 20;

/// A store whose work is the same in each run.
fn store(budget: usize) -> Store {
    work::fix_hashes();
    Store::new(budget)
}

/// Stores requests, and returns the work, the most work at once, and the bytes of the requests.
fn take(store: &mut Store, generator: Generator, size: usize) -> (u64, u64) {
    let (batches, walked) = work::of(|| generator(size));
    let (mut counted, mut longest) = (walked, 0);
    for mut batch in batches {
        loop {
            let (more, slice) = work::of(|| store.add_part(&mut batch, SLICE));
            counted += slice;
            longest = longest.max(slice);
            if !more {
                break;
            }
        }
    }
    (counted, longest)
}

/// Works until nothing is left, and counts the most work at once.
fn in_steps(longest: &mut u64, mut step: impl FnMut() -> bool) {
    loop {
        let (has_more, slice) = work::of(&mut step);
        *longest = (*longest).max(slice);
        if !has_more {
            break;
        }
    }
}

/// Looks at everything as screens do.
fn look(store: &mut Store) -> (u64, u64) {
    let mut longest = 0;
    let ((), counted) = work::of(|| {
        for filter in ["filler:nothing", "absent-everywhere", "!has:filler"] {
            store.set_filter(Some(Filter::parse(filter).expect("a filter")));
            in_steps(&mut longest, || store.search(64));
        }
        store.set_filter(None);
        let parse = |filter| Filter::parse_for(filter, Records::Logs, &Clock::in_local_zone(0)).expect("a filter");
        let traces: Vec<_> = store.traces(0..usize::MAX).iter().map(|trace| Some(trace.trace_id)).collect();
        for (filter, view) in [
            ("filler:nothing", LogView::All),
            ("!has:filler", LogView::All),
            ("!body:x", LogView::Trace),
        ] {
            let scopes = if view == LogView::All { &[None][..] } else { &traces };
            for trace_id in scopes {
                let filter = parse(filter);
                store.set_log_query(
                    view,
                    Some(LogQuery {
                        trace_id: *trace_id,
                        filter,
                        condition: None,
                    }),
                );
                in_steps(&mut longest, || store.search_logs(64));
                let mut reader = LogReader::new(view);
                in_steps(&mut longest, || !reader.step(store, SLICE as u64, |_| ()));
            }
            store.set_log_query(view, None);
        }
        for summary in store.traces(0..usize::MAX) {
            let mut outline = Outline::new(summary.trace_id);
            in_steps(&mut longest, || !outline.refresh_part(store, SLICE as u64));
            assert!(!outline.rows(store, 0..50).is_empty() || summary.spans == 0);
        }
    });
    (counted, longest)
}

/// Reads each trace into a tree, and what is read out of that.
fn read(store: &mut Store) -> (u64, u64) {
    let mut longest = 0;
    let ((), counted) = work::of(|| {
        for summary in store.traces(0..usize::MAX) {
            let mut reader = Analysis::reader(store, summary.trace_id);
            let mut read = None;
            in_steps(&mut longest, || {
                read = reader.step(store, SLICE as u64);
                read.is_none()
            });
            let (tree, _) = read.expect("it was read");
            assert_eq!(tree.nodes().iter().filter(|node| node.arrived).count(), summary.spans);
        }
    });
    (counted, longest)
}

/// Looks at the summaries in steps, and compares them with those that are computed at once.
fn summarize(store: &mut Store) -> (u64, u64) {
    let at_once = store.traces(0..usize::MAX);
    store.summarize_in_steps();
    // Then all of them have to be computed again.
    for trace in &at_once {
        store.pin(trace.trace_id, !trace.pinned);
        store.pin(trace.trace_id, trace.pinned);
    }
    let mut longest = 0;
    let ((), counted) = work::of(|| {
        loop {
            for trace in &at_once {
                let (_, look) = work::of(|| store.trace(trace.trace_id));
                longest = longest.max(look);
            }
            if !store.is_summarizing() {
                break;
            }
            in_steps(&mut longest, || {
                store.summarize_part(SLICE as u64);
                store.is_summarizing()
            });
        }
    });
    assert_eq!(store.traces(0..usize::MAX), at_once);
    (counted, longest)
}

/// Checks traces in steps, and compares the results with those that are computed at once.
fn cross_check(store: &mut Store) -> (u64, u64) {
    store.expect_sentry(Expectation::Endpoint);
    let traces = store.traces(0..usize::MAX);
    let mut longest = 0;
    let mut in_parts = Vec::new();
    let ((), counted) = work::of(|| {
        for trace in &traces {
            let mut pass = ReachPass::new(store, trace.trace_id).expect("the trace");
            let mut reach = None;
            in_steps(&mut longest, || {
                reach = pass.step(store, SLICE as u64);
                reach.is_none()
            });
            in_parts.push(reach);
        }
    });
    let at_once = traces.iter().map(|trace| SentryReach::of(store, trace.trace_id));
    assert_eq!(in_parts, at_once.collect::<Vec<_>>());
    (counted, longest)
}

/// Doubles a request of each kind, and holds the work to double.
fn is_linear(budget: usize, mut counted: impl FnMut(&mut Store, Generator, usize) -> (u64, u64)) {
    let mut wrong = Vec::new();
    for (name, generator) in CASES {
        let [once, twice] = [2, 4].map(|size| {
            let (counted, longest) = counted(&mut store(budget), *generator, size);
            if longest > SLICE as u64 + STEP {
                wrong.push(format!("{name}: {longest} at once"));
            }
            counted
        });
        if twice * 10 > once * 22 {
            wrong.push(format!("{name}: {once}, doubled {twice}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ingest_is_linear() {
    is_linear(1 << 30, take);
}

#[test]
fn ingest_is_linear_where_traces_are_evicted() {
    is_linear(256 * KIB, |store, generator, size| {
        let (counted, longest) = take(store, generator, size);
        assert!(store.totals().bytes <= 256 * KIB);
        (counted, longest)
    });
}

/// Otherwise the tests above would fail once in a while.
#[test]
fn work_is_the_same_in_each_run() {
    for (name, generator) in CASES {
        for budget in [256 * KIB, 1 << 30] {
            let counted = || take(&mut store(budget), *generator, 2);
            assert_eq!(counted(), counted(), "{name}");
        }
    }
}

#[test]
fn search_and_rows_are_linear() {
    is_linear(1 << 30, |store, generator, size| {
        take(store, generator, size);
        look(store)
    });
}

/// The same without the steps that copy bytes: each of these visits some records.
fn is_linear_in_steps(mut counted: impl FnMut(&mut Store) -> (u64, u64)) {
    is_linear(1 << 30, |store, generator, size| {
        take(store, generator, size);
        let (counted, longest) = counted(store);
        assert!(longest <= SLICE as u64 + MIB, "{longest} at once");
        (counted, 0)
    });
}

#[test]
fn trees_are_read_in_steps() {
    is_linear_in_steps(read);
}

#[test]
fn summaries_are_computed_in_steps() {
    is_linear_in_steps(summarize);
}

#[test]
fn cross_check_is_done_in_steps() {
    is_linear_in_steps(cross_check);
}

/// A trace of spans below each other, of which an envelope had the uppermost.
fn chain(depth: usize) -> Store {
    let chain = |source, depth| {
        let child = |number: usize| Span {
            parent_span_id: if number > 1 { id(number - 1, 8) } else { Vec::new() },
            ..span(1, number)
        };
        let group = ResourceSpans {
            resource: Some(resource("shop", 0)),
            scope_spans: vec![scope(String::new(), 0, (1..=depth).map(child).collect())],
            ..ResourceSpans::default()
        };
        otlp::batch(vec![group], source).0
    };
    let mut store = store(1 << 30);
    store.add(chain(Source::OtlpHttp, depth));
    store.add(chain(Source::Sentry, 1));
    store
}

#[test]
fn cross_check_of_a_deep_trace_is_linear() {
    let [once, twice] = [2_400, 4_800].map(|depth| {
        let (counted, longest) = cross_check(&mut chain(depth));
        assert!(longest <= SLICE as u64 + MIB, "{longest} of {counted} at once");
        counted
    });
    assert!(twice * 10 <= once * 22, "{once}, doubled {twice}");
}

/// Rows of a screen are checked one by one, with one [`CrossCheck`].
#[test]
fn cross_check_of_each_span_of_a_deep_trace_is_linear() {
    let [once, twice] = [2_400, 4_800].map(|depth| {
        let mut store = chain(depth);
        store.expect_sentry(Expectation::Endpoint);
        let trace_id = store.traces(0..1)[0].trace_id;
        let tree = SpanTree::of(&store, trace_id);
        let check = CrossCheck::of(&store, trace_id).expect("the trace");
        let (found, counted) = work::of(|| {
            tree.nodes()
                .iter()
                .filter_map(|node| check.verdict(&node.key, u64::MAX))
                .count()
        });
        assert_eq!(found, depth);
        counted
    });
    assert!(twice * 10 <= once * 22, "{once}, doubled {twice}");
}

#[test]
fn tree_has_all_kept_spans_however_the_log_is_rearranged_meanwhile() {
    // Between two steps traces arrive, so that others are evicted and the rest of chunks is copied forward.
    let mut store = store(2 << 20);
    let large = |store: &mut Store| {
        for batch in plain((0..4_000).map(|number| span(1, number))) {
            store.add(batch);
        }
    };
    large(&mut store);
    let trace_id = store.traces(0..1)[0].trace_id;
    store.pin(trace_id, true);
    let mut reader = Analysis::reader(&store, trace_id);
    let mut steps = 0;
    let (tree, _) = loop {
        if let Some(read) = reader.step(&store, SLICE as u64) {
            break read;
        }
        steps += 1;
        for batch in plain((0..500).map(|number| span(2 + steps * 500 + number, 1))) {
            store.add(batch);
        }
        // Retries, which take the place of what is there.
        for batch in plain((0..100).map(|number| Span {
            end_time_unix_nano: 6_000 + steps as u64,
            ..span(1, 40 * number)
        })) {
            store.add(batch);
        }
    };
    assert!(
        steps > 10 && store.totals().evicted_traces > 0,
        "{steps} {:?}",
        store.totals()
    );
    let mut ids: Vec<_> = tree.nodes().iter().map(|node| node.key.span_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), tree.nodes().len()), (4_000, 4_000), "each once");
}

#[test]
fn tree_of_a_trace_evicted_meanwhile_is_empty() {
    let mut store = store(1 << 20);
    for batch in plain((0..2_000).map(|number| span(1, number))) {
        store.add(batch);
    }
    let trace_id = store.traces(0..1)[0].trace_id;
    let mut reader = Analysis::reader(&store, trace_id);
    assert!(reader.step(&store, 1).is_none());
    let mut other = 2;
    while store.trace(trace_id).is_some() {
        for batch in plain((0..500).map(|number| span(other, number))) {
            store.add(batch);
        }
        other += 1;
    }
    assert!(reader.finish(&store).0.nodes().is_empty());
}

#[test]
fn evidence_is_taken_in_steps() {
    let counted = |count: usize| {
        let mut store = store(1 << 30);
        let trace_id = TraceId::from_bytes([1; 16]).expect("not zero");
        let spans = (1..=count).map(|number| SpanId::try_from(&id(number, 8)[..]).expect("an id"));
        let mut evidence = VecDeque::from([Evidence::TooLarge {
            trace_id,
            spans: spans.collect(),
            bytes: 1,
        }]);
        let mut longest = 0;
        let ((), counted) = work::of(|| {
            in_steps(&mut longest, || store.add_evidence_part(&mut evidence, SLICE as u64));
        });
        assert!(longest <= SLICE as u64 + MIB, "{longest} at once");
        counted
    };
    let (once, twice) = (counted(20_000), counted(40_000));
    assert!(twice * 10 <= once * 22, "{once}, doubled {twice}");
}

#[test]
fn evicting_a_large_trace_takes_slices() {
    let mut store = store(8 << 20);
    let large = |_| plain((0..30_000).map(|number| span(1, number)));
    take(&mut store, large, 1);
    assert_eq!((store.totals().spans, store.totals().evicted_traces), (30_000, 0));
    let longest = (1..2_000).find_map(|round| {
        let (_, longest) = take(
            &mut store,
            |round| plain((0..100).map(|number| span(2 + round, number))),
            round,
        );
        (store.totals().evicted_traces > 0).then_some(longest)
    });
    let longest = longest.expect("the large one is evicted");
    assert!(longest <= SLICE as u64 + 256 * KIB as u64, "{longest} at once");
    assert_eq!(store.totals().evicted_spans, 30_000, "it is evicted whole");
}

#[test]
fn slice_copies_a_part_of_a_long_record() {
    let long = |_| {
        plain(std::iter::once(with(span(1, 1), |span| {
            span.attributes.push(text("filler", "x".repeat(16 << 20)));
        })))
    };
    let mut store = store(64 << 20);
    let (_, longest) = take(&mut store, long, 1);
    assert!(longest <= SLICE as u64 + 512 * KIB as u64, "{longest} at once");
    assert_eq!(store.totals().spans, 1);
    let records = |_| {
        logs(
            0,
            1,
            std::iter::once(with(record(1, 1, ""), |record| {
                record.attributes.push(text("filler", "x".repeat(16 << 20)));
            })),
        )
    };
    let (_, longest) = take(&mut store, records, 1);
    assert!(longest <= SLICE as u64 + 512 * KIB as u64, "{longest} at once");
    assert_eq!(store.totals().logs, 1);
}

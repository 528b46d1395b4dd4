//! Work that is linear in the bytes of a request, whatever the request is, counted by [`trace_model::work`].
//!
//! A separate program, since the state of all hash tables is fixed: each run counts the same.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

use std::collections::VecDeque;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use trace_model::sentry::Evidence;
use trace_model::{Analysis, Batch, Expectation, Filter, Outline, Source, SpanId, Store, TraceId, otlp, work};

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

fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value)),
        }),
        ..KeyValue::default()
    }
}

fn id(number: usize, length: usize) -> Vec<u8> {
    let mut id = vec![1; length - 4];
    id.extend(u32::try_from(number).expect("small").to_be_bytes());
    id
}

/// Span `number` of trace `trace`.
fn span(trace: usize, number: usize) -> Span {
    Span {
        trace_id: id(trace, 16),
        span_id: id(number, 8),
        name: "work".to_owned(),
        start_time_unix_nano: 1_000 + number as u64,
        end_time_unix_nano: 5_000 + number as u64,
        ..Span::default()
    }
}

fn resource(service: &str, filler: usize) -> Resource {
    let attributes = vec![text("filler", "x".repeat(filler)), text("service.name", service.to_owned())];
    Resource {
        attributes,
        ..Resource::default()
    }
}

fn scope(name: String, filler: usize, spans: Vec<Span>) -> ScopeSpans {
    ScopeSpans {
        scope: Some(InstrumentationScope {
            name,
            attributes: vec![text("filler", "x".repeat(filler))],
            ..InstrumentationScope::default()
        }),
        spans,
        ..ScopeSpans::default()
    }
}

fn traces(groups: Vec<ResourceSpans>, source: Source) -> Vec<Batch> {
    vec![otlp::batch(groups, source).0]
}

fn one_group(service: &str, filler: usize, scopes: Vec<ScopeSpans>) -> Vec<Batch> {
    let group = ResourceSpans {
        resource: Some(resource(service, filler)),
        scope_spans: scopes,
        ..ResourceSpans::default()
    };
    traces(vec![group], Source::OtlpHttp)
}

/// Spans of one scope.
fn plain(spans: impl Iterator<Item = Span>) -> Vec<Batch> {
    one_group("shop", 0, vec![scope(String::new(), 0, spans.collect())])
}

/// Returns each span by a separate service.
fn by_services(spans: impl Iterator<Item = Span>, source: Source) -> Vec<Batch> {
    let group = |(number, span): (usize, Span)| ResourceSpans {
        resource: Some(resource(&format!("service {number}"), 0)),
        scope_spans: vec![scope(String::new(), 0, vec![span])],
        ..ResourceSpans::default()
    };
    traces(spans.enumerate().map(group).collect(), source)
}

fn logs(filler: usize, scopes: usize, records: impl Iterator<Item = LogRecord>) -> Vec<Batch> {
    let records: Vec<_> = records.collect();
    let scope = |(number, records): (usize, &[LogRecord])| ScopeLogs {
        scope: scope(number.to_string(), 0, Vec::new()).scope,
        log_records: records.to_vec(),
        ..ScopeLogs::default()
    };
    let group = ResourceLogs {
        resource: Some(resource("shop", filler)),
        scope_logs: records
            .chunks(records.len().div_ceil(scopes))
            .enumerate()
            .map(scope)
            .collect(),
        ..ResourceLogs::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![group],
    };
    vec![Batch::logs(request.encode_to_vec().into(), Source::OtlpHttp).expect("a request")]
}

fn record(trace: usize, number: usize, event_name: &str) -> LogRecord {
    LogRecord {
        trace_id: if trace == 0 { Vec::new() } else { id(trace, 16) },
        span_id: id(number, 8),
        time_unix_nano: 1_000 + number as u64,
        event_name: event_name.to_owned(),
        ..LogRecord::default()
    }
}

fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

type Generator = fn(usize) -> Vec<Batch>;

/// Requests that are about `size` times as large as the smallest of their kind.
const CASES: &[(&str, Generator)] = &[
    ("spans of one trace", |size| {
        plain((0..1_000 * size).map(|number| span(1, number)))
    }),
    ("spans of as many traces", |size| {
        plain((0..1_000 * size).map(|number| span(number, 1)))
    }),
    ("one span again and again", |size| {
        plain((0..1_000 * size).map(|_| span(1, 1)))
    }),
    ("one id", |size| {
        plain((0..1_000 * size).map(|number| Span {
            span_id: id(1, 8),
            ..span(1, number)
        }))
    }),
    ("one id and start", |size| {
        plain((0..1_000 * size).map(|number| Span {
            name: number.to_string(),
            ..span(1, 1)
        }))
    }),
    ("one id in flight", |size| {
        plain((0..1_000 * size).map(|number| Span {
            span_id: id(1, 8),
            end_time_unix_nano: 0,
            ..span(1, number)
        }))
    }),
    ("one id, in flight and ended", |size| {
        let records = (0..1_000 * size).map(|number| Span {
            end_time_unix_nano: if number % 2 == 0 { 0 } else { 9_000 },
            ..with(span(1, number / 2), |span| span.span_id = id(1, 8))
        });
        plain(records)
    }),
    ("one id of many services", |size| {
        by_services((0..1_000 * size).map(|_| span(1, 1)), Source::OtlpHttp)
    }),
    ("one id and one child each", |size| {
        let child = |number| Span {
            parent_span_id: id(1, 8),
            ..span(1, 5_000_000 + number)
        };
        plain((0..500 * size).flat_map(|number| {
            [
                Span {
                    span_id: id(1, 8),
                    ..span(1, number)
                },
                child(number),
            ]
        }))
    }),
    ("many services", |size| {
        by_services((0..1_000 * size).map(|number| span(1, number)), Source::OtlpHttp)
    }),
    ("a large resource with many scopes", |size| {
        let scopes = (0..250 * size).map(|number| scope(number.to_string(), 0, vec![span(1, number)]));
        one_group("shop", 128 * KIB * size, scopes.collect())
    }),
    ("a large scope with many spans", |size| {
        let spans = (0..250 * size).map(|number| span(1, number)).collect();
        one_group("shop", 0, vec![scope(String::new(), 128 * KIB * size, spans)])
    }),
    ("a large resource by many requests", |size| {
        let request = |number| one_group("shop", 32 * KIB, vec![scope(String::new(), 0, vec![span(1, number)])]);
        (0..32 * size).flat_map(request).collect()
    }),
    ("a long service name", |size| {
        let spans = (0..250 * size)
            .map(|number| Span {
                span_id: id(1, 8),
                ..span(1, number)
            })
            .collect();
        one_group(&"x".repeat(128 * KIB * size), 0, vec![scope(String::new(), 0, spans)])
    }),
    ("long names that begin alike", |size| {
        plain((0..16 * size).map(|number| Span {
            name: format!("{}{number}", "x".repeat(32 * KIB)),
            ..span(1, 1)
        }))
    }),
    ("few long spans", |size| {
        let long = |number| {
            with(span(1, number), |span| {
                span.attributes.push(text("filler", "x".repeat(512 * KIB)));
            })
        };
        plain((0..4 * size).map(long))
    }),
    ("one span of many attributes", |size| {
        let attributes = (0..10_000 * size).map(|number| text(&number.to_string(), String::new()));
        plain(std::iter::once(Span {
            attributes: attributes.collect(),
            ..span(1, 1)
        }))
    }),
    ("links to one span", |size| {
        let to = || Link {
            trace_id: id(1, 16),
            span_id: id(1, 8),
            ..Link::default()
        };
        plain((0..1_000 * size).map(|number| Span {
            links: vec![to()],
            ..span(number, number)
        }))
    }),
    ("spans of many links", |size| {
        let to = |number| Link {
            trace_id: id(1, 16),
            span_id: id(number, 8),
            ..Link::default()
        };
        plain((0..20 * size).map(|number| Span {
            links: (0..300).map(to).collect(),
            ..span(1, number)
        }))
    }),
    ("a chain of parents", |size| {
        plain((1..1_000 * size).map(|number| Span {
            parent_span_id: id(number - 1, 8),
            ..span(1, number)
        }))
    }),
    ("a circle of parents", |size| {
        plain((0..1_000 * size).map(move |number| Span {
            parent_span_id: id((number + 1) % (1_000 * size), 8),
            ..span(1, number)
        }))
    }),
    ("no start", |size| {
        let child = |number| Span {
            start_time_unix_nano: 0,
            parent_span_id: id(number - 1, 8),
            ..span(1, number)
        };
        plain((1..1_000 * size).map(child))
    }),
    ("one id in envelopes of many traces", |size| {
        let spans = (0..1_000 * size).map(|number| span(number, 1)).collect();
        let group = ResourceSpans {
            resource: Some(resource("shop", 0)),
            scope_spans: vec![scope(String::new(), 0, spans)],
            ..ResourceSpans::default()
        };
        traces(vec![group], Source::Sentry)
    }),
    ("one id of many services, and in an envelope", |size| {
        let mut batches = by_services((0..500 * size).map(|_| span(1, 1)), Source::OtlpHttp);
        batches.extend(by_services((0..500 * size).map(|_| span(1, 1)), Source::Sentry));
        batches.extend(by_services((500 * size..1_000 * size).map(|_| span(1, 1)), Source::OtlpHttp));
        batches
    }),
    ("spans by both ways", |size| {
        let mut batches = by_services((0..500 * size).map(|number| span(1, number)), Source::Sentry);
        batches.extend(by_services((0..500 * size).map(|number| span(1, number)), Source::OtlpHttp));
        batches
    }),
    ("log records of one trace", |size| {
        logs(0, 1, (0..1_000 * size).map(|number| record(1, number, "")))
    }),
    ("log records of no trace", |size| {
        logs(0, 1, (0..1_000 * size).map(|number| record(0, number, "")))
    }),
    ("log records of many traces", |size| {
        logs(0, 1, (1..1_000 * size).map(|number| record(number, 1, "")))
    }),
    ("one log record again and again", |size| {
        logs(0, 1, (0..1_000 * size).map(|_| record(1, 1, "")))
    }),
    ("error events", |size| {
        logs(0, 1, (0..1_000 * size).map(|number| record(1, number, "exception")))
    }),
    ("one error event again and again", |size| {
        logs(0, 1, (0..1_000 * size).map(|_| record(1, 1, "exception")))
    }),
    ("one error event in many traces", |size| {
        logs(0, 1, (1..1_000 * size).map(|trace| record(trace, 1, "exception")))
    }),
    ("error events among log records", |size| {
        logs(
            0,
            1,
            (0..1_000 * size).map(|number| record(1, number, if number % 2 == 0 { "exception" } else { "" })),
        )
    }),
    ("log records of a large resource with many scopes", |size| {
        logs(
            128 * KIB * size,
            250 * size,
            (0..250 * size).map(|number| record(1, number, "")),
        )
    }),
];

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
    store.expect_sentry(Expectation::Nothing);
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
fn summary_of_a_deep_trace_takes_steps() {
    // Each span's transaction is searched above it.
    let chain = |source| {
        let child = |number: usize| Span {
            parent_span_id: if number > 1 { id(number - 1, 8) } else { Vec::new() },
            ..span(1, number)
        };
        let spans = (1..if source == Source::Sentry { 2 } else { 4_000 }).map(child).collect();
        let group = ResourceSpans {
            resource: Some(resource("shop", 0)),
            scope_spans: vec![scope(String::new(), 0, spans)],
            ..ResourceSpans::default()
        };
        otlp::batch(vec![group], source).0
    };
    let mut store = store(1 << 30);
    store.add(chain(Source::OtlpHttp));
    store.add(chain(Source::Sentry));
    let (counted, longest) = summarize(&mut store);
    assert!(
        counted > 100 * MIB && longest <= SLICE as u64 + MIB,
        "{longest} of {counted} at once"
    );
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

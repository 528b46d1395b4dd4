//! Cost of opening a trace of 100,000 spans: its tree, its analysis, and its rows: `cargo bench -p trace-model --bench analysis`.

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use divan::Bencher;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use trace_model::{Analysis, Outline, Source, SpanTree, Store, TraceId, otlp};

const SPANS: u64 = 100_000;
const SERVICES: u64 = 12;
const NAMES: u64 = 40;
const SHAPES: &[&str] = &["deep", "wide", "realistic", "equal"];

fn main() {
    divan::main();
}

fn trace() -> TraceId {
    TraceId::from_bytes([1; 16]).expect("not zero")
}

/// A span's parent, service, name, start and end: by its number, from 1 on.
fn shape(shape: &str, number: u64) -> (u64, u64, u64, u64, u64) {
    const END: u64 = 10_000_000_000;
    // Pseudorandom numbers.
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match shape {
        "deep" => (number - 1, number % SERVICES, number % NAMES, number, END - number),
        "wide" | "equal" => {
            let start = number * 90_000;
            let name = if shape == "wide" { random % NAMES } else { 0 };
            (
                u64::from(number > 1),
                0,
                name,
                if number > 1 { start } else { 0 },
                if number > 1 { start + random % 200_000 } else { END },
            )
        }
        // Six children each, each somewhere in its parent's time.
        _ => {
            let (mut start, mut end, mut above) = (0, END, number);
            let mut path = Vec::new();
            while above > 1 {
                path.push((above - 2) % 6);
                above = (above - 2) / 6 + 1;
            }
            for place in path.into_iter().rev() {
                let sixth = (end - start) / 6;
                (start, end) = (
                    start + place * sixth,
                    start + place * sixth + sixth * (60 + random % 50) / 100,
                );
            }
            let parent = if number > 1 { (number - 2) / 6 + 1 } else { 0 };
            (parent, number / 7 % SERVICES, random % NAMES, start, end)
        }
    }
}

fn store(kind: &str) -> Store {
    let mut by_service = vec![Vec::new(); usize::try_from(SERVICES).expect("few")];
    for number in 1..=SPANS {
        let (parent, service, name, start, end) = shape(kind, number);
        by_service[usize::try_from(service).expect("few")].push(Span {
            trace_id: vec![1; 16],
            span_id: number.to_be_bytes().to_vec(),
            parent_span_id: if parent == 0 {
                Vec::new()
            } else {
                parent.to_be_bytes().to_vec()
            },
            name: format!("operation {name}"),
            start_time_unix_nano: 1 + start,
            end_time_unix_nano: 1 + end,
            kind: 1,
            ..Span::default()
        });
    }
    let mut store = Store::new(1 << 30);
    for (service, spans) in by_service.into_iter().enumerate() {
        let name = KeyValue {
            key: "service.name".to_owned(),
            value: Some(AnyValue {
                value: Some(Value::StringValue(format!("service-{service}"))),
            }),
            ..KeyValue::default()
        };
        let group = ResourceSpans {
            resource: Some(Resource {
                attributes: vec![name],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        };
        store.add(otlp::batch(vec![group], Source::OtlpHttp).0);
    }
    store
}

#[divan::bench(args = SHAPES, sample_count = 20)]
fn tree(bencher: Bencher, shape: &str) {
    let store = store(shape);
    bencher.bench_local(|| SpanTree::of(&store, trace()));
}

#[divan::bench(args = SHAPES, sample_count = 20)]
fn analysis(bencher: Bencher, shape: &str) {
    let tree = SpanTree::of(&store(shape), trace());
    bencher.bench(|| Analysis::of(&tree));
}

/// The whole of it, as when a user opens the trace.
#[divan::bench(args = SHAPES, sample_count = 20)]
fn open(bencher: Bencher, shape: &str) {
    let store = store(shape);
    bencher.bench_local(|| {
        let mut outline = Outline::new(trace());
        outline.refresh(&store);
        outline
    });
}

/// The rows of a screen.
#[divan::bench(args = SHAPES, sample_count = 100)]
fn rows(bencher: Bencher, shape: &str) {
    let store = store(shape);
    let mut outline = Outline::new(trace());
    outline.refresh(&store);
    bencher.bench_local(|| outline.rows(&store, 100..150));
}

#[divan::bench(args = SHAPES, sample_count = 20)]
fn fold_all(bencher: Bencher, shape: &str) {
    let store = store(shape);
    let mut outline = Outline::new(trace());
    outline.refresh(&store);
    bencher.bench_local(|| outline.fold_all());
}

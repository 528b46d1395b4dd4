//! Cost per span of surveying and of linting, on one core: `cargo bench -p trace-stats --bench survey`.

#![expect(clippy::expect_used, reason = "a benchmark may fail by it")]

use divan::Bencher;
use divan::counter::ItemsCount;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use testkit::otlp::attribute;
use trace_model::{Analysis, ListPlace, Source, SpanTree, Store, TraceId, otlp};
use trace_stats::{Comparison, MedianPass, Profile, QUIET_NANO, RootOperation, SurveyPass, Warnings};

const TRACES: u64 = 5_000;
/// One service calls two others, each of which queries a database.
const SPANS: u64 = 8;

fn main() {
    divan::main();
}

fn store() -> Store {
    let mut store = Store::new(1 << 30);
    for trace in 1..=TRACES {
        let spans = (1..=SPANS).map(|id| span(trace, id)).collect();
        store.add(otlp::batch(spans, Source::OtlpHttp).0);
    }
    store
}

fn span(trace: u64, id: u64) -> ResourceSpans {
    // Parent, service, name, kind.
    let (parent, service, name, kind) = match id {
        1 => (0, "web", "GET /checkout", 2),
        2 | 3 => (1, "web", "POST", 3),
        4 | 5 => (id - 2, "api", "POST /orders", 2),
        6 => (5, "api", "price", 1),
        _ => (id - 3, "api", "SELECT shop", 3),
    };
    let span = Span {
        trace_id: u128::from(trace).to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().to_vec()
        },
        name: name.to_owned(),
        kind,
        start_time_unix_nano: trace * 1_000_000 + id,
        end_time_unix_nano: trace * 1_000_000 + 500_000 + trace * 97 % 400_000 - id,
        attributes: vec![
            attribute("db.system.name", "postgresql"),
            attribute("db.namespace", "shop"),
            attribute("url.path", "/checkout"),
        ],
        ..Span::default()
    };
    ResourceSpans {
        resource: Some(Resource {
            attributes: vec![attribute("service.name", service)],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}

#[divan::bench]
fn survey(bencher: Bencher<'_, '_>) {
    let store = &store();
    bencher.counter(ItemsCount::new(TRACES * SPANS)).bench_local(|| {
        let mut pass = SurveyPass::default();
        for trace_id in store.listed_after(ListPlace::default(), usize::MAX).0 {
            pass.add(trace_id);
            while pass.step(store, 1 << 18) {}
        }
        pass.finish()
    });
}

#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let store = &store();
    // As many as one step handles.
    bencher.counter(ItemsCount::new(2_000 * SPANS)).bench_local(|| {
        let mut warnings = Warnings::default();
        for moment in [QUIET_NANO, 3 * QUIET_NANO] {
            while warnings.step(store, moment, 1 << 18) {}
        }
        warnings
    });
}

/// One hundred traces, whatever the size of the list.
#[divan::bench]
fn median(bencher: Bencher<'_, '_>) {
    let store = &store();
    let newest = TraceId::from_bytes(u128::from(TRACES).to_be_bytes()).expect("a trace id");
    let operation = RootOperation::of(store, newest).expect("a root");
    bencher.bench_local(|| {
        let mut pass = MedianPass::new(store, operation.clone(), newest);
        while pass.step(store, 1 << 18) {}
        pass.finish()
    });
}

/// Two profiles and their comparison, for a trace of 100,000 spans: loops of one call, or a different name per span.
#[divan::bench(args = ["loops", "names"])]
fn compare(bencher: Bencher<'_, '_>, what: &str) {
    const LARGE: u64 = 100_000;
    let mut store = Store::new(1 << 30);
    let spans = (1..=LARGE).map(|id| {
        let mut spans = span(1, id);
        let span = &mut spans.scope_spans[0].spans[0];
        span.parent_span_id = if id == 1 {
            Vec::new()
        } else {
            (id / 8).max(1).to_be_bytes().to_vec()
        };
        if what == "names" {
            span.name = format!("work {id}");
        }
        spans
    });
    store.add(otlp::batch(spans.collect(), Source::OtlpHttp).0);
    let tree = SpanTree::of(&store, TraceId::from_bytes(1_u128.to_be_bytes()).expect("a trace id"));
    let analysis = Analysis::of(&tree);
    bencher.counter(ItemsCount::new(LARGE)).bench_local(|| {
        let profile = Profile::of(&tree, &analysis);
        Comparison::of(&profile, &Profile::of(&tree, &analysis))
    });
}

//! What a span costs that is surveyed or judged, on one core: `cargo bench -p trace-stats --bench survey`.

use divan::Bencher;
use divan::counter::ItemsCount;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use trace_model::{Source, Store, otlp};
use trace_stats::{Pass, QUIET_NANO, Warnings};

const TRACES: u64 = 5_000;
/// One calls two others, each of which asks a database.
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

fn attribute(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
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
        let mut pass = Pass::new(store);
        while pass.step(store, 256) {}
        pass.finish()
    });
}

#[divan::bench]
fn judge(bencher: Bencher<'_, '_>) {
    let store = &store();
    // As many as are taken at once.
    bencher.counter(ItemsCount::new(2_000 * SPANS)).bench_local(|| {
        let mut warnings = Warnings::default();
        for moment in [QUIET_NANO, 3 * QUIET_NANO] {
            while warnings.step(store, moment, 256) {}
        }
        warnings
    });
}

//! Spans per second that each kind of filter checks, on one core: `cargo bench -p trace-model --bench filter`.
//!
//! The spans are of about 330 bytes with 8 attributes, under one resource of a usual size, and more than fit into the processor's caches.

#![expect(clippy::expect_used, reason = "a bench fails by panicking")]

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use trace_model::{Candidate, Filter, SpanId, SpanKind, StatusCode, TraceId};

const SPANS: u32 = 200_000;

fn main() {
    divan::main();
}

/// One filter of each kind. Most match few spans or none, so that everything is searched.
const FILTERS: &[&str] = &[
    "service:mailer",
    "name:health",
    "status:error",
    "duration:>50ms",
    "trace:4bf92f",
    "http.response.status_code:>=500",
    "http.response.status_code:503",
    "user_agent.original:firefox",
    "db.system:postgres",
    "!http.route:users",
    "has:exception.type",
    "event:exception",
    "reset",
    "absent-everywhere",
    "users",
    "503",
    "müller",
    "*reset*",
    "service:api status:error duration:>50ms http.response.status_code:>=500 !name:health reset",
    "http.request.method:get http.response.status_code:200 network.protocol.version:1.1",
];

#[divan::bench(args = FILTERS)]
fn matches(bencher: Bencher<'_, '_>, text: &str) {
    let filter = Filter::parse(text).expect("a filter");
    let spans = &*STORED;
    bencher
        .counter(ItemsCount::new(SPANS))
        .bench(|| spans.candidates().filter(|candidate| filter.matches(candidate)).count());
}

static STORED: LazyLock<SentryTrace> = LazyLock::new(SentryTrace::new);

/// Spans one after the other in memory, as the store keeps them.
struct SentryTrace {
    heads: Vec<Head>,
    log: Vec<u8>,
    resource: Vec<u8>,
    scope: Vec<u8>,
}

struct Head {
    trace_id: TraceId,
    span_id: SpanId,
    name: &'static str,
    status: StatusCode,
    start: u64,
    end: u64,
    raw: std::ops::Range<usize>,
}

const NAMES: [&str; 4] = ["GET /api/users/{id}", "POST /api/users", "GET /health", "SELECT users"];

impl SentryTrace {
    fn new() -> Self {
        let mut stored = Self {
            heads: Vec::new(),
            log: Vec::new(),
            resource: resource().encode_to_vec(),
            scope: InstrumentationScope {
                name: "opentelemetry-instrumentation-http".into(),
                version: "0.57.0".into(),
                ..InstrumentationScope::default()
            }
            .encode_to_vec(),
        };
        for number in 0..SPANS {
            stored.add(number);
        }
        stored
    }

    fn add(&mut self, number: u32) {
        // Scattered, as real ids are.
        let scattered = u64::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let trace_id = u128::from(scattered).wrapping_mul(0xda94_2042_e4dd_58b5).to_be_bytes();
        let span_id = scattered.to_be_bytes();
        let name = NAMES[usize::from(span_id[7]) % NAMES.len()];
        let failed = number.is_multiple_of(1000);
        let start = 1_700_000_000_000_000_000 + u64::from(number) * 1_000_000;
        let end = start + scattered % 40_000_000;
        let span = Span {
            trace_id: trace_id.into(),
            span_id: span_id.into(),
            parent_span_id: scattered.rotate_left(7).to_be_bytes().into(),
            name: name.into(),
            kind: 2,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes: attributes(number, failed),
            status: failed.then(|| Status {
                code: 2,
                message: "connection reset by peer".into(),
            }),
            ..Span::default()
        };
        let from = self.log.len();
        span.encode(&mut self.log).expect("room");
        self.heads.push(Head {
            trace_id: TraceId::from_bytes(trace_id).expect("not zero"),
            span_id: SpanId::from_bytes(span_id).expect("not zero"),
            name,
            status: if failed { StatusCode::Error } else { StatusCode::Unset },
            start,
            end,
            raw: from..self.log.len(),
        });
    }

    fn candidates(&self) -> impl Iterator<Item = Candidate<'_>> {
        self.heads.iter().map(|head| Candidate {
            trace_id: head.trace_id,
            span_id: head.span_id,
            parent_span_id: None,
            name: head.name,
            service: "api-gateway",
            kind: SpanKind::Server,
            status: head.status,
            start_unix_nano: head.start,
            end_unix_nano: head.end,
            raw: &self.log[head.raw.clone()],
            resource: &self.resource,
            scope: &self.scope,
        })
    }
}

fn attributes(number: u32, failed: bool) -> Vec<KeyValue> {
    vec![
        text("http.request.method", "GET"),
        text("http.route", "/api/users/{id}"),
        text("url.path", &format!("/api/users/{number}")),
        text("server.address", "api.internal"),
        int("server.port", 8080),
        int("http.response.status_code", if failed { 503 } else { 200 }),
        text("network.protocol.version", "1.1"),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"),
    ]
}

fn resource() -> Resource {
    Resource {
        attributes: vec![
            text("service.name", "api-gateway"),
            text("service.version", "1.14.2"),
            text("service.instance.id", "6f1d3b6e-8f1c-4f6a-9d3e-0f8c1f4b2a77"),
            text("host.name", "node-7"),
            text("os.type", "linux"),
            int("process.pid", 4711),
            text("telemetry.sdk.name", "opentelemetry"),
            text("telemetry.sdk.language", "nodejs"),
            text("telemetry.sdk.version", "1.30.1"),
        ],
        ..Resource::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

//! The spans that are sent: requests whose every span is a new one, at the price of a copy.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;

/// Spans in one request of [`Template`]: the batch size that SDKs and collectors have by default.
pub(crate) const SPANS: usize = 512;
/// Spans in each of its traces.
pub(crate) const TRACE: usize = 8;
/// Every how many traces one fails.
const FAILING: usize = 16;

/// Placeholders of the template. None of them occurs anywhere else in it; a test checks that.
mod blank {
    pub(super) const TRACE_ID: [u8; 16] = [0xf1; 16];
    pub(super) const SPAN_ID: [u8; 8] = [0xf2; 8];
    pub(super) const PARENT_ID: [u8; 8] = [0xf3; 8];
    pub(super) const START: u64 = u64::from_le_bytes([0xf4; 8]);
    pub(super) const END: u64 = u64::from_le_bytes([0xf5; 8]);
    pub(super) const REQUEST_ID: &str = "~~~~~~~~~~~~~~~~";
}

/// Offsets of one span's values in the template, in bytes.
#[derive(Clone, Copy, Debug)]
struct Places {
    trace_id: usize,
    span_id: usize,
    /// `None` for the root of a trace.
    parent_id: Option<usize>,
    start: usize,
    end: usize,
    request_id: usize,
}

/// A request of [`SPANS`] spans in traces of [`TRACE`], encoded once. [`Template::request`] makes any number of requests of it by
/// writing ids and times at their offsets, so that making spans costs next to nothing compared with ingesting them.
///
/// Each span has eight attributes and about 330 bytes on the wire; one trace in sixteen fails.
#[derive(Debug)]
pub(crate) struct Template {
    bytes: Vec<u8>,
    spans: Vec<Places>,
}

impl Template {
    pub(crate) fn new() -> Self {
        let spans = (0..SPANS).map(blank_span).collect();
        let bytes = request("api", spans).encode_to_vec();
        let trace_ids = all(&bytes, &blank::TRACE_ID);
        let span_ids = all(&bytes, &blank::SPAN_ID);
        let mut parent_ids = all(&bytes, &blank::PARENT_ID).into_iter();
        let starts = all(&bytes, &blank::START.to_le_bytes());
        let ends = all(&bytes, &blank::END.to_le_bytes());
        let request_ids = all(&bytes, blank::REQUEST_ID.as_bytes());
        let spans = (0..SPANS)
            .map(|at| Places {
                trace_id: trace_ids[at],
                span_id: span_ids[at],
                parent_id: if at % TRACE == 0 { None } else { parent_ids.next() },
                start: starts[at],
                end: ends[at],
                request_id: request_ids[at],
            })
            .collect();
        Self { bytes, spans }
    }

    /// Bytes of one request.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Writes request number `number` into `body`, which is emptied first. Requests of different numbers share no id; their traces
    /// have just ended at `now`.
    pub(crate) fn request(&self, number: u64, now: SystemTime, body: &mut Vec<u8>) {
        body.clear();
        body.extend_from_slice(&self.bytes);
        let now = unix_nano(now);
        let traces = number * (SPANS / TRACE) as u64;
        let mut root = (0, 0, 0);
        let mut span_ids = [0; TRACE];
        for (places, at) in self.spans.iter().zip(0_u64..) {
            let trace = traces + at / TRACE as u64 + 1;
            let in_trace = at % TRACE as u64;
            if in_trace == 0 {
                // From 1 to 512 ms, in an order that means nothing.
                let duration = (mixed(trace) % 512 + 1) * 1_000_000;
                root = (mixed(trace), now - duration, duration / TRACE as u64);
            }
            let (trace_id, begin, step) = root;
            let span_id = mixed(number * SPANS as u64 + at + 1);
            span_ids[usize::try_from(in_trace).unwrap_or_default()] = span_id;
            put(body, places.trace_id, &trace_id.to_be_bytes());
            put(body, places.trace_id + 8, &mixed(trace_id).to_be_bytes());
            put(body, places.span_id, &span_id.to_be_bytes());
            if let Some(place) = places.parent_id {
                put(body, place, &span_ids[parent(in_trace)].to_be_bytes());
            }
            put(body, places.start, &(begin + in_trace * step).to_le_bytes());
            put(body, places.end, &(begin + TRACE as u64 * step).to_le_bytes());
            put(body, places.request_id, &hex(span_id));
        }
    }
}

/// The parent of a span by their numbers in the trace: a tree of two children each.
fn parent(in_trace: u64) -> usize {
    usize::try_from(in_trace.saturating_sub(1) / 2).unwrap_or_default()
}

pub(crate) fn put(body: &mut [u8], at: usize, bytes: &[u8]) {
    body[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Maps consecutive numbers to ones that look random, no two of them to the same, and none but 0 to 0.
///
/// Source: the finalizer of [`SplitMix64`](https://prng.di.unimi.it/splitmix64.c).
pub(crate) const fn mixed(number: u64) -> u64 {
    let z = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn hex(number: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = number.to_be_bytes();
    std::array::from_fn(|at| DIGITS[usize::from(bytes[at / 2] >> (4 * (1 - at % 2)) & 15)])
}

pub(crate) fn unix_nano(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the offsets of all `blank`s in `bytes`, in order.
pub(crate) fn all(bytes: &[u8], blank: &[u8]) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (at, window) in bytes.windows(blank.len()).enumerate() {
        // A longer run of the same byte would be found again one byte further on.
        if window == blank && found.last().is_none_or(|last| last + blank.len() <= at) {
            found.push(at);
        }
    }
    found
}

fn blank_span(at: usize) -> Span {
    let (name, kind) = [
        ("POST /users/reset-password", SpanKind::Server),
        ("authenticate", SpanKind::Internal),
        ("resetPasswordHandler", SpanKind::Internal),
        ("GET session", SpanKind::Client),
        ("SELECT users", SpanKind::Client),
        ("validate email", SpanKind::Internal),
        ("EnqueueMessage", SpanKind::Internal),
        ("mail.outbox publish", SpanKind::Producer),
    ][at % TRACE];
    let failed = (at / TRACE).is_multiple_of(FAILING);
    Span {
        trace_id: blank::TRACE_ID.to_vec(),
        span_id: blank::SPAN_ID.to_vec(),
        parent_span_id: if at.is_multiple_of(TRACE) {
            Vec::new()
        } else {
            blank::PARENT_ID.to_vec()
        },
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: blank::START,
        end_time_unix_nano: blank::END,
        attributes: vec![
            text("http.request.method", "POST"),
            text("url.path", "/users/reset-password"),
            number("http.response.status_code", if failed { 503 } else { 202 }),
            text("network.protocol.version", "1.1"),
            text("server.address", "localhost"),
            text("client.address", "127.0.0.1"),
            number("thread.id", 11),
            text("app.request.id", blank::REQUEST_ID),
        ],
        status: failed.then(|| Status {
            message: "no answer".to_owned(),
            code: StatusCode::Error.into(),
        }),
        ..Span::default()
    }
}

/// Returns a request with one span, a trace of its own, that has this name and has just ended.
pub(crate) fn single(name: &str) -> Vec<u8> {
    let now = unix_nano(SystemTime::now());
    let span = Span {
        trace_id: fastrand::u128(1..).to_be_bytes().to_vec(),
        span_id: fastrand::u64(1..).to_be_bytes().to_vec(),
        name: name.to_owned(),
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: now - 1_000_000,
        end_time_unix_nano: now,
        ..Span::default()
    };
    request("bench", vec![span]).encode_to_vec()
}

/// The requests of one trace: a tree of `spans` spans named `step 0`, `step 1`, …, each with ten children at most, that took
/// a microsecond per span and ended `before` now.
pub(crate) fn one_trace(spans: usize, before: Duration) -> impl Iterator<Item = Vec<u8>> {
    let trace_id = fastrand::u128(1..).to_be_bytes().to_vec();
    let first_id = fastrand::u64(1..u64::MAX / 2);
    let end = unix_nano(SystemTime::now() - before);
    let span = move |at: usize| {
        let number = at as u64;
        Span {
            trace_id: trace_id.clone(),
            span_id: (first_id + number).to_be_bytes().to_vec(),
            parent_span_id: match number.checked_sub(1) {
                Some(before) => (first_id + before / 10).to_be_bytes().to_vec(),
                None => Vec::new(),
            },
            name: format!("step {at}"),
            kind: SpanKind::Internal.into(),
            start_time_unix_nano: end - 1_000 * (spans as u64 - number),
            end_time_unix_nano: end,
            attributes: vec![
                text("code.function.name", "step"),
                text("app.request.id", &format!("{at:016}")),
            ],
            ..Span::default()
        }
    };
    (0..spans).step_by(SPANS).map(move |from| {
        let part = (from..spans.min(from + SPANS)).map(&span).collect();
        request("bench", part).encode_to_vec()
    })
}

fn request(service: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: vec![text("service.name", service), text("service.version", "1.0.0")],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "bench".to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub(crate) fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests;

//! Hostile requests: valid or nearly so, within the limit of a body, and built to cost more than their bytes.
//!
//! One table for every part that sends them. A body depends on its round, so that no request repeats what is known already.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use eyre::Result;

use crate::viewer::Viewer;

/// A kind of hostile request.
#[derive(Debug)]
pub(crate) struct Mix {
    /// Content of the mix, for the report.
    pub(crate) name: &'static str,
    pub(crate) listener: Listener,
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    /// Makes the body of one round, uncompressed.
    pub(crate) body: fn(u64) -> Vec<u8>,
}

/// Listener of a mix.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listener {
    OtlpHttp,
    Sentry,
}

impl Listener {
    pub(crate) fn address(self, viewer: &Viewer) -> Result<SocketAddr> {
        match self {
            Self::OtlpHttp => viewer.otlp_http(),
            Self::Sentry => viewer.sentry(),
        }
    }
}

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const ENVELOPE: &str = "application/x-sentry-envelope";
const MEBIBYTE: usize = 1024 * 1024;

const fn otlp(name: &'static str, path: &'static str, content_type: &'static str, body: fn(u64) -> Vec<u8>) -> Mix {
    Mix {
        name,
        listener: Listener::OtlpHttp,
        path,
        content_type,
        body,
    }
}

/// Every mix.
pub(crate) const MIXES: &[Mix] = &[
    otlp("100,000 empty points of one metric", "/v1/metrics", PROTOBUF, empty_points),
    otlp("10,000 series of one metric", "/v1/metrics", PROTOBUF, distinct_points),
    otlp("20,000 points of an 8 MiB name", "/v1/metrics", PROTOBUF, large_name),
    otlp(
        "20,000 points below an 8 MiB resource",
        "/v1/metrics",
        PROTOBUF,
        large_metric_resource,
    ),
    otlp(
        "10,000 scopes below an 8 MiB resource",
        "/v1/traces",
        PROTOBUF,
        large_resource,
    ),
    otlp("one span id under 30,000 services", "/v1/traces", PROTOBUF, one_span_id),
    otlp("50,000 traces of one span", "/v1/traces", PROTOBUF, tiny_traces),
    otlp("one trace of 100,000 spans", "/v1/traces", PROTOBUF, one_trace),
    otlp("1,000,000 empty log records", "/v1/logs", PROTOBUF, empty_logs),
    otlp("50,000 spans in JSON", "/v1/traces", JSON, json_spans),
    otlp(
        "a name of 8 MiB of combining characters",
        "/v1/traces",
        PROTOBUF,
        combining_name,
    ),
    Mix {
        name: "a transaction of 20,000 spans",
        listener: Listener::Sentry,
        path: "/api/1/envelope/?sentry_key=bench",
        content_type: ENVELOPE,
        body: transaction,
    },
    Mix {
        name: "1,000 errors in an envelope",
        listener: Listener::Sentry,
        path: "/api/1/envelope/?sentry_key=bench",
        content_type: ENVELOPE,
        body: errors,
    },
];

fn empty_points(_round: u64) -> Vec<u8> {
    let gauge = Message::default().repeat(1, 100_000, |_, point| point);
    metrics(b"", &metric(b"empty", &gauge))
}

fn distinct_points(round: u64) -> Vec<u8> {
    let gauge = Message::default().repeat(1, 10_000, |at, point| {
        point
            .bytes(7, &text(b"number", format!("{round} {at}").as_bytes()))
            .fixed64(3, now())
            .fixed64(6, at)
    });
    metrics(b"", &metric(b"distinct", &gauge))
}

fn large_name(round: u64) -> Vec<u8> {
    let gauge = Message::default().repeat(1, 20_000, |at, point| point.fixed64(3, now() + at));
    metrics(b"", &metric(&large(round, 8 * MEBIBYTE), &gauge))
}

fn large_metric_resource(round: u64) -> Vec<u8> {
    let gauge = Message::default().repeat(1, 20_000, |at, point| point.fixed64(3, now() + at));
    let resource = resource(b"bench", &large(round, 8 * MEBIBYTE));
    metrics(&resource, &metric(b"of a large resource", &gauge))
}

fn metric(name: &[u8], gauge: &Message) -> Message {
    Message::default().bytes(1, name).bytes(5, &gauge.0)
}

fn metrics(resource: &[u8], metric: &Message) -> Vec<u8> {
    let scope = Message::default().bytes(2, &metric.0);
    let group = Message::default().bytes(1, resource).bytes(2, &scope.0);
    Message::default().bytes(1, &group.0).0
}

fn large_resource(round: u64) -> Vec<u8> {
    let resource = resource(b"bench", &large(round, 8 * MEBIBYTE));
    let group = Message::default().bytes(1, &resource).repeat(2, 10_000, |at, scope| {
        let name = Message::default().bytes(1, format!("scope {at}").as_bytes());
        scope
            .bytes(1, &name.0)
            .bytes(2, &span(mixed(round, at), mixed(round, at), b"in a scope").0)
    });
    Message::default().bytes(1, &group.0).0
}

fn one_span_id(round: u64) -> Vec<u8> {
    let id = mixed(round, 0);
    let request = Message::default().repeat(1, 30_000, |at, group| {
        let scope = Message::default().bytes(2, &span(id, id, b"shared").0);
        group
            .bytes(1, &resource(format!("service {at}").as_bytes(), b""))
            .bytes(2, &scope.0)
    });
    request.0
}

pub(crate) fn tiny_traces(round: u64) -> Vec<u8> {
    spans(50_000, |at| span(mixed(round, at), mixed(round, at), b""))
}

fn one_trace(round: u64) -> Vec<u8> {
    let trace = mixed(round, 0);
    spans(100_000, |at| {
        span(trace, mixed(round, at), b"step").bytes(4, &mixed(round, at / 10).to_be_bytes())
    })
}

fn combining_name(round: u64) -> Vec<u8> {
    let name = format!("e{}", "\u{301}".repeat(4 * MEBIBYTE));
    spans(1, |at| span(mixed(round, at), mixed(round, at), name.as_bytes()))
}

fn spans(count: u64, span: impl Fn(u64) -> Message) -> Vec<u8> {
    let mut scope = Message::default();
    for at in 0..count {
        scope = scope.bytes(2, &span(at).0);
    }
    let group = Message::default().bytes(1, &resource(b"bench", b"")).bytes(2, &scope.0);
    Message::default().bytes(1, &group.0).0
}

pub(crate) fn empty_logs(_round: u64) -> Vec<u8> {
    let scope = Message::default().repeat(2, 1_000_000, |_, record| record);
    let group = Message::default().bytes(2, &scope.0);
    Message::default().bytes(1, &group.0).0
}

fn json_spans(round: u64) -> Vec<u8> {
    let span = |at| {
        let id = mixed(round, at);
        format!(
            r#"{{"traceId":"{id:032x}","spanId":"{id:016x}","endTimeUnixNano":"{}"}}"#,
            now()
        )
    };
    let spans: Vec<_> = (0..50_000).map(span).collect();
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
    .into_bytes()
}

fn transaction(round: u64) -> Vec<u8> {
    let trace = mixed(round, 0);
    let seconds = now() / 1_000_000_000;
    let span = |at| {
        let id = mixed(round, at);
        format!(
            r#"{{"trace_id":"{trace:032x}","span_id":"{id:016x}","op":"db","start_timestamp":{seconds},"timestamp":{seconds}}}"#
        )
    };
    let spans: Vec<_> = (1..=20_000).map(span).collect();
    let payload = format!(
        r#"{{"type":"transaction","transaction":"hostile","start_timestamp":{seconds},"timestamp":{seconds},"contexts":{{"trace":{{"trace_id":"{trace:032x}","span_id":"{trace:016x}"}}}},"spans":[{}]}}"#,
        spans.join(",")
    );
    format!("{{}}\n{{\"type\":\"transaction\"}}\n{payload}").into_bytes()
}

fn errors(round: u64) -> Vec<u8> {
    let trace = mixed(round, 0);
    let mut envelope = String::from("{}");
    for at in 0..1_000 {
        let event = mixed(round, at);
        let item = format!(
            r#"{{"event_id":"{event:032x}","message":"error {at}","level":"error","contexts":{{"trace":{{"trace_id":"{trace:032x}","span_id":"{trace:016x}"}}}}}}"#
        );
        let _ = write!(envelope, "\n{{\"type\":\"event\",\"length\":{}}}\n{item}", item.len());
    }
    envelope.into_bytes()
}

/// An OTLP span that has just ended.
fn span(trace: u64, id: u64, name: &[u8]) -> Message {
    let mut trace_id = [0; 16];
    trace_id[8..].copy_from_slice(&trace.to_be_bytes());
    let now = now();
    Message::default()
        .bytes(1, &trace_id)
        .bytes(2, &id.to_be_bytes())
        .bytes(5, name)
        .fixed64(7, now - 1_000_000)
        .fixed64(8, now)
}

fn resource(service: &[u8], large: &[u8]) -> Vec<u8> {
    Message::default()
        .bytes(1, &text(b"service.name", service))
        .bytes(1, &text(b"large", large))
        .0
}

/// An attribute whose value is a text.
fn text(key: &[u8], value: &[u8]) -> Vec<u8> {
    let value = Message::default().bytes(1, value);
    Message::default().bytes(1, key).bytes(2, &value.0).0
}

/// Returns so many bytes of text, another one in each round.
fn large(round: u64, bytes: usize) -> Vec<u8> {
    let mut text = format!("{round:016x}").into_bytes();
    text.resize(bytes, b'x');
    text
}

/// An id that no other round has, and never zero.
const fn mixed(round: u64, at: u64) -> u64 {
    (round + 1) << 32 | at
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A protobuf message that is being written.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn bytes(mut self, number: u32, value: &[u8]) -> Self {
        self.varint(u64::from(number << 3 | 2));
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    fn fixed64(mut self, number: u32, value: u64) -> Self {
        self.varint(u64::from(number << 3 | 1));
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Writes a field so many times.
    fn repeat(mut self, number: u32, count: u64, value: impl Fn(u64, Self) -> Self) -> Self {
        for at in 0..count {
            self = self.bytes(number, &value(at, Self::default()).0);
        }
        self
    }

    fn varint(&mut self, value: u64) {
        prost::encoding::encode_varint(value, &mut self.0);
    }
}

#[cfg(test)]
mod tests {
    use otlp_wire::{schema, validate};

    use super::*;

    /// Bytes of a body; a limit of `crates/collector`.
    const LIMIT: usize = 16 * MEBIBYTE;

    #[test]
    fn mixes_are_valid_and_within_the_limit_of_a_body() {
        for mix in MIXES {
            let (one, other) = ((mix.body)(1), (mix.body)(2));
            assert!(one.len() < LIMIT, "{}: {} bytes", mix.name, one.len());
            let schema = match mix.path {
                "/v1/traces" => &schema::TRACES_REQUEST,
                "/v1/metrics" => &schema::METRICS_REQUEST,
                _ => &schema::LOGS_REQUEST,
            };
            if mix.content_type == PROTOBUF {
                assert_eq!(validate(&one, schema), Ok(()), "{}", mix.name);
            }
            let is_empty = mix.name.contains("empty");
            assert_eq!(one == other, is_empty, "{}: rounds differ", mix.name);
        }
    }
}

//! Jaeger's query API, as version 2.20 answers with storage in memory: parameters of requests, and answers as JSON.
//!
//! Sources: `cmd/jaeger/internal/extension/jaegerquery/internal/http_handler.go` and `query_parser.go`, `internal/uimodel` and
//! `internal/storage/v2/memory` of [jaegertracing/jaeger](https://github.com/jaegertracing/jaeger), and `pkg/translator/jaeger` of
//! opentelemetry-collector-contrib.

mod duration;
mod params;
mod span;
mod writer;

use serde::Serialize;
use trace_model::{SpanKind, TraceId};

use crate::{Part, json};

pub use self::params::{ParamError, Params, trace_id};
pub use self::writer::TracesWriter;

/// Name of services that have none, as Jaeger stores their spans.
pub const NO_SERVICE: &str = "missing-service-name";
/// Message of an answer without the requested trace.
pub const NOT_FOUND: &str = "trace not found";

/// Around every answer.
#[derive(Debug, Serialize)]
struct Envelope<T> {
    data: T,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<Problem>>,
}

/// An entry of `errors`.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    msg: String,
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct OperationLine<'a> {
    name: &'a str,
    #[serde(rename = "spanKind")]
    kind: &'a str,
}

#[derive(Debug, Serialize)]
struct CallsLine<'a> {
    parent: &'a str,
    child: &'a str,
    #[serde(rename = "callCount")]
    count: u64,
}

/// Formats an error: its HTTP status and what is wrong.
#[must_use]
pub fn error(status: u16, message: &str) -> Vec<u8> {
    let problem = Problem {
        code: Some(status),
        msg: message.to_owned(),
        trace_id: None,
    };
    let mut body = json(&Envelope {
        data: (),
        total: 0,
        limit: 0,
        offset: 0,
        errors: Some(vec![problem]),
    });
    body.push(b'\n');
    body
}

/// Formats the answer to `/api/services`.
#[must_use]
pub fn services(part: &Part) -> Vec<u8> {
    let Part::Services(services) = part else { return Vec::new() };
    let names: Vec<&str> = services.iter().map(|service| service_name(service)).collect();
    all(names.len(), names)
}

/// Formats the answer to `/api/operations`.
#[must_use]
pub fn operations(part: &Part) -> Vec<u8> {
    let Part::Operations(operations) = part else {
        return Vec::new();
    };
    let lines: Vec<_> = operations
        .iter()
        .map(|operation| OperationLine {
            name: &operation.name,
            kind: kind_name(operation.kind),
        })
        .collect();
    all(lines.len(), lines)
}

/// Formats the answer to `/api/services/{service}/operations`: names without kinds, and `null` without any.
#[must_use]
pub fn operation_names(part: &Part) -> Vec<u8> {
    let Part::Operations(operations) = part else {
        return Vec::new();
    };
    let mut names: Vec<&str> = operations.iter().map(|operation| &*operation.name).collect();
    names.dedup();
    all(names.len(), Some(names).filter(|names| !names.is_empty()))
}

/// Formats the answer to `/api/dependencies`: calls of one service, as the caller or the callee, if one is named.
#[must_use]
pub fn dependencies(part: &Part, of: Option<&str>) -> Vec<u8> {
    let Part::Calls(calls) = part else { return Vec::new() };
    let lines = calls.iter().map(|calls| CallsLine {
        parent: service_name(&calls.caller),
        child: service_name(&calls.callee),
        count: calls.count,
    });
    let lines: Vec<_> = lines
        .filter(|line| of.is_none_or(|of| line.parent == of || line.child == of))
        .collect();
    all(0, lines)
}

fn all(total: usize, data: impl Serialize) -> Vec<u8> {
    json(&Envelope {
        data,
        total,
        limit: 0,
        offset: 0,
        errors: None,
    })
}

fn service_name(service: &str) -> &str {
    if service.is_empty() { NO_SERVICE } else { service }
}

/// The service as it is stored.
fn stored_service(service: String) -> String {
    if service == NO_SERVICE { String::new() } else { service }
}

const fn kind_name(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "",
        kind => kind.name(),
    }
}

/// Formats an id: 16 digits where the first 64 bits are zero.
fn id_text(trace_id: TraceId) -> String {
    let text = trace_id.to_string();
    match text.strip_prefix("0000000000000000") {
        Some(low) => low.to_owned(),
        None => text,
    }
}

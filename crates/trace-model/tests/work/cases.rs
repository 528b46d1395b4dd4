//! Generators of requests, each of a kind that some table or loop is worst at.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use trace_model::{Batch, Source, otlp};

use crate::KIB;

pub(crate) fn text(key: &str, value: String) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value)),
        }),
        ..KeyValue::default()
    }
}

pub(crate) fn id(number: usize, length: usize) -> Vec<u8> {
    let mut id = vec![1; length - 4];
    id.extend(u32::try_from(number).expect("small").to_be_bytes());
    id
}

/// Span `number` of trace `trace`.
pub(crate) fn span(trace: usize, number: usize) -> Span {
    Span {
        trace_id: id(trace, 16),
        span_id: id(number, 8),
        name: "work".to_owned(),
        start_time_unix_nano: 1_000 + number as u64,
        end_time_unix_nano: 5_000 + number as u64,
        ..Span::default()
    }
}

pub(crate) fn resource(service: &str, filler: usize) -> Resource {
    let attributes = vec![text("filler", "x".repeat(filler)), text("service.name", service.to_owned())];
    Resource {
        attributes,
        ..Resource::default()
    }
}

pub(crate) fn scope(name: String, filler: usize, spans: Vec<Span>) -> ScopeSpans {
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

pub(crate) fn traces(groups: Vec<ResourceSpans>, source: Source) -> Vec<Batch> {
    vec![otlp::batch(groups, source).0]
}

pub(crate) fn one_group(service: &str, filler: usize, scopes: Vec<ScopeSpans>) -> Vec<Batch> {
    let group = ResourceSpans {
        resource: Some(resource(service, filler)),
        scope_spans: scopes,
        ..ResourceSpans::default()
    };
    traces(vec![group], Source::OtlpHttp)
}

/// Spans of one scope.
pub(crate) fn plain(spans: impl Iterator<Item = Span>) -> Vec<Batch> {
    one_group("shop", 0, vec![scope(String::new(), 0, spans.collect())])
}

/// Returns each span by a separate service.
pub(crate) fn by_services(spans: impl Iterator<Item = Span>, source: Source) -> Vec<Batch> {
    let group = |(number, span): (usize, Span)| ResourceSpans {
        resource: Some(resource(&format!("service {number}"), 0)),
        scope_spans: vec![scope(String::new(), 0, vec![span])],
        ..ResourceSpans::default()
    };
    traces(spans.enumerate().map(group).collect(), source)
}

pub(crate) fn logs(filler: usize, scopes: usize, records: impl Iterator<Item = LogRecord>) -> Vec<Batch> {
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

pub(crate) fn record(trace: usize, number: usize, event_name: &str) -> LogRecord {
    LogRecord {
        trace_id: if trace == 0 { Vec::new() } else { id(trace, 16) },
        span_id: id(number, 8),
        time_unix_nano: 1_000 + number as u64,
        event_name: event_name.to_owned(),
        ..LogRecord::default()
    }
}

pub(crate) fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

pub(crate) type Generator = fn(usize) -> Vec<Batch>;

/// Requests that are about `size` times as large as the smallest of their kind.
pub(crate) const CASES: &[(&str, Generator)] = &[
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

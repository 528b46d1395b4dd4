//! Spans made of a few words, for the tests of this crate.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use trace_model::sentry::Verdict;
use trace_model::{Batch, CrossCheck, Outline, Source, SpanId, SpanKey, Store, TraceId, otlp};

/// A span to be sent; times are offsets in nanoseconds from nowhere in particular.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) trace: u8,
    pub(crate) id: u8,
    /// 0 for none.
    pub(crate) parent: u8,
    pub(crate) service: &'static str,
    pub(crate) start: u64,
    /// 0 while it is in flight.
    pub(crate) end: u64,
    /// OTLP's number.
    pub(crate) kind: i32,
    pub(crate) failed: bool,
}

pub(crate) fn sent(id: u8, parent: u8, start: u64, end: u64) -> Sent {
    Sent {
        trace: 1,
        id,
        parent,
        service: "api",
        start,
        end,
        kind: 1,
        failed: false,
    }
}

impl Sent {
    pub(crate) fn to_otlp(&self) -> ResourceSpans {
        let span = Span {
            trace_id: vec![self.trace; 16],
            span_id: vec![self.id; 8],
            parent_span_id: if self.parent == 0 { Vec::new() } else { vec![self.parent; 8] },
            name: format!("span {}", self.id),
            start_time_unix_nano: self.start,
            end_time_unix_nano: self.end,
            kind: self.kind,
            status: self.failed.then(|| Status {
                code: 2,
                message: String::new(),
            }),
            ..Span::default()
        };
        let service = AnyValue {
            value: Some(any_value::Value::StringValue(self.service.to_owned())),
        };
        let attribute = KeyValue {
            key: "service.name".to_owned(),
            value: Some(service),
            ..KeyValue::default()
        };
        ResourceSpans {
            resource: Some(Resource {
                attributes: vec![attribute],
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }
    }
}

pub(crate) fn batch<'a>(spans: impl IntoIterator<Item = &'a Sent>) -> Batch {
    let (batch, rejected) = otlp::batch(spans.into_iter().map(Sent::to_otlp).collect(), Source::OtlpHttp);
    assert!(rejected.is_empty(), "{rejected}");
    batch
}

/// The same by a Sentry envelope.
pub(crate) fn envelope<'a>(spans: impl IntoIterator<Item = &'a Sent>) -> Batch {
    otlp::batch(spans.into_iter().map(Sent::to_otlp).collect(), Source::Sentry).0
}

pub(crate) fn store(spans: &[Sent]) -> Store {
    let mut store = Store::new(1 << 30);
    store.add(batch(spans));
    store
}

pub(crate) fn trace(byte: u8) -> TraceId {
    TraceId::from_bytes([byte; 16]).expect("not zero")
}

pub(crate) fn span(byte: u8) -> SpanId {
    SpanId::from_bytes([byte; 8]).expect("not zero")
}

pub(crate) fn outline(store: &Store) -> Outline {
    let mut outline = Outline::new(trace(1));
    outline.refresh(store);
    outline
}

/// The tree as text: two spaces a level, `?` for a parent that has not arrived, `@` for a broken circle.
pub(crate) fn drawn(store: &Store, outline: &Outline) -> Vec<String> {
    let rows = outline.rows(store, 0..usize::MAX);
    let line = |row: &trace_model::Row| {
        let mark = match (&row.line, row.cyclic) {
            (None, _) => "?",
            (Some(_), true) => "@",
            (Some(_), false) => "",
        };
        let hidden = if row.hidden > 0 {
            format!(" +{}", row.hidden)
        } else {
            String::new()
        };
        format!(
            "{}{mark}{}{}{hidden}",
            "  ".repeat(row.depth),
            row.key.span_id.as_bytes()[0],
            row.key.service
        )
    };
    rows.iter().map(line).collect()
}

pub(crate) fn edit(mut spans: ResourceSpans, change: impl FnOnce(&mut Span)) -> ResourceSpans {
    change(&mut spans.scope_spans[0].spans[0]);
    spans
}

/// A link to a span of a trace.
pub(crate) fn link(trace: u8, span: u8) -> Link {
    Link {
        trace_id: vec![trace; 16],
        span_id: vec![span; 8],
        ..Link::default()
    }
}

/// Log records of the service `api`: trace, span (0 for none), time and text.
pub(crate) fn logs(records: &[(u8, u8, u64, &str)]) -> Batch {
    log_records(records, "")
}

/// Error events, with the same.
pub(crate) fn errors(records: &[(u8, u8, u64, &str)]) -> Batch {
    log_records(records, trace_model::sentry::EXCEPTION)
}

fn log_records(records: &[(u8, u8, u64, &str)], event_name: &str) -> Batch {
    let text = |text: &str| AnyValue {
        value: Some(any_value::Value::StringValue(text.to_owned())),
    };
    let id = |byte: u8, length| if byte == 0 { Vec::new() } else { vec![byte; length] };
    let record = |(trace, span, time, body): &(u8, u8, u64, &str)| LogRecord {
        trace_id: id(*trace, 16),
        span_id: id(*span, 8),
        time_unix_nano: *time,
        body: Some(text(body)),
        event_name: event_name.to_owned(),
        ..LogRecord::default()
    };
    let service = KeyValue {
        key: "service.name".to_owned(),
        value: Some(text("api")),
        ..KeyValue::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(Resource {
                attributes: vec![service],
                ..Resource::default()
            }),
            scope_logs: vec![ScopeLogs {
                log_records: records.iter().map(record).collect(),
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    Batch::logs(request.encode_to_vec().into(), Source::OtlpHttp).expect("a request")
}

/// Returns the cross-check of a span at this time, in nanoseconds since the Unix epoch; `None` if it is not stored.
pub(crate) fn verdict(store: &Store, trace_id: TraceId, key: &SpanKey, now: u64) -> Option<Verdict> {
    CrossCheck::of(store, trace_id)?.verdict(key, now)
}

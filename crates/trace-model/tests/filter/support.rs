//! Spans to search in.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use trace_model::{Candidate, Filter, SpanId, SpanKind, StatusCode, TraceId};

pub(crate) const TRACE_ID: [u8; 16] = [
    0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36,
];
pub(crate) const SPAN_ID: [u8; 8] = [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
pub(crate) const PARENT_ID: [u8; 8] = [0xee, 0xd1, 0x2e, 0xa1, 0x00, 0xf0, 0x67, 0x01];

/// A span with all that belongs to it, as bytes.
pub(crate) struct Sample {
    pub(crate) span: Span,
    pub(crate) service: String,
    raw: Vec<u8>,
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl Sample {
    pub(crate) fn new(span: &Span, resource: &Resource, scope: &InstrumentationScope) -> Self {
        let raw = span.encode_to_vec();
        Self::of_bytes(raw, resource, scope)
    }

    /// A span whose bytes are not as prost would write them.
    pub(crate) fn of_bytes(raw: Vec<u8>, resource: &Resource, scope: &InstrumentationScope) -> Self {
        otlp_wire::validate(&raw, &otlp_wire::schema::SPAN).expect("valid");
        let name = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
        let service = match name.and_then(|name| name.value.as_ref()?.value.as_ref()) {
            Some(Value::StringValue(name)) => name.clone(),
            _ => String::new(),
        };
        Self {
            span: Span::decode(raw.as_slice()).expect("decodes"),
            service,
            raw,
            resource: resource.encode_to_vec(),
            scope: scope.encode_to_vec(),
        }
    }

    pub(crate) fn candidate(&self) -> Candidate<'_> {
        let status = self.span.status.as_ref().map_or(0, |status| status.code);
        Candidate {
            trace_id: TraceId::try_from(self.span.trace_id.as_slice()).expect("valid"),
            span_id: SpanId::try_from(self.span.span_id.as_slice()).expect("valid"),
            parent_span_id: SpanId::try_from(self.span.parent_span_id.as_slice()).ok(),
            name: &self.span.name,
            service: &self.service,
            kind: SpanKind::from_otlp(self.span.kind),
            status: StatusCode::from_otlp(status),
            start_unix_nano: self.span.start_time_unix_nano,
            end_unix_nano: self.span.end_time_unix_nano,
            raw: &self.raw,
            resource: &self.resource,
            scope: &self.scope,
        }
    }

    pub(crate) fn matches(&self, filter: &str) -> bool {
        let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        filter.matches(&self.candidate())
    }
}

pub(crate) fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

pub(crate) fn array(values: impl IntoIterator<Item = Value>) -> Value {
    let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
    Value::ArrayValue(ArrayValue { values })
}

pub(crate) fn map(values: Vec<KeyValue>) -> Value {
    Value::KvlistValue(KeyValueList { values })
}

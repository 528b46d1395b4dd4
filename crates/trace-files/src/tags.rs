//! Conversion of Jaeger and Zipkin tags to OTLP fields.
//!
//! Source: [OpenTelemetry to Jaeger](https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/jaeger/) and [to
//! Zipkin](https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/), reversed, and [OpenTracing's
//! conventions](https://opentracing.io/specification/conventions/).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Status, status::StatusCode};
use serde_json::Value;

/// Creates an attribute.
pub(crate) fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Creates a text attribute.
pub(crate) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Any::StringValue(value.into()))
}

/// Converts any JSON value. Recursion is bounded: serde rejects nesting deeper than 128.
pub(crate) fn any(value: &Value) -> Any {
    match value {
        Value::Null => Any::StringValue(String::new()),
        Value::Bool(value) => Any::BoolValue(*value),
        Value::Number(number) => number.as_i64().map_or_else(
            // Integers over 64 bits are rounded to a double.
            || Any::DoubleValue(number.as_f64().unwrap_or_default()),
            Any::IntValue,
        ),
        Value::String(text) => Any::StringValue(text.clone()),
        Value::Array(values) => Any::ArrayValue(ArrayValue {
            values: values.iter().map(|value| AnyValue { value: Some(any(value)) }).collect(),
        }),
        // Tags have no objects; as text nothing is lost.
        Value::Object(_) => Any::StringValue(value.to_string()),
    }
}

/// Text encoding of a binary value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binary {
    /// Encoding of Jaeger's API.
    Base64,
    /// Encoding of Jaeger's storage in Elasticsearch.
    Hexadecimal,
}

impl Binary {
    fn decode(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Base64 => BASE64_STANDARD.decode(text).ok(),
            Self::Hexadecimal => {
                let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
                let is_hexadecimal = text.len().is_multiple_of(2) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
                is_hexadecimal.then(|| text.as_bytes().chunks_exact(2).map(pair).collect())?
            }
        }
    }
}

/// Converts a value of a Jaeger type, possibly written as text.
pub(crate) fn typed(value: &Value, kind: Option<&str>, binary: Binary) -> Any {
    let Value::String(text) = value else { return any(value) };
    let read = match kind {
        Some("bool") => text.parse().ok().map(Any::BoolValue),
        Some("int64") => text.parse().ok().map(Any::IntValue),
        Some("float64") => text.parse().ok().map(Any::DoubleValue),
        Some("binary") => binary.decode(text).map(Any::BytesValue),
        _ => None,
    };
    read.unwrap_or_else(|| Any::StringValue(text.clone()))
}

/// A span's tags by OTLP field.
#[derive(Debug, Default)]
pub(crate) struct Tags {
    pub(crate) kind: SpanKind,
    code: StatusCode,
    message: String,
    is_error: bool,
    pub(crate) scope: InstrumentationScope,
    pub(crate) trace_state: String,
    pub(crate) attributes: Vec<KeyValue>,
}

impl Tags {
    pub(crate) fn add(&mut self, key: &str, value: Any) {
        match (key, &value) {
            ("span.kind", Any::StringValue(text)) if kind(text).is_some() => self.kind = kind(text).unwrap_or_default(),
            ("error", Any::BoolValue(true)) => self.is_error = true,
            ("error", Any::StringValue(text)) if text == "true" => self.is_error = true,
            ("otel.status_code" | "status.code", Any::StringValue(text)) if code(text).is_some() => {
                self.code = code(text).unwrap_or_default();
            }
            ("otel.status_description" | "status.message", Any::StringValue(text)) => self.message.clone_from(text),
            ("otel.scope.name" | "otel.library.name", Any::StringValue(text)) => self.scope.name.clone_from(text),
            ("otel.scope.version" | "otel.library.version", Any::StringValue(text)) => self.scope.version.clone_from(text),
            ("w3c.tracestate", Any::StringValue(text)) => self.trace_state.clone_from(text),
            _ => self.attributes.push(attribute(key, value)),
        }
    }

    /// Marks the span as failed, with a status message.
    pub(crate) fn failed(&mut self, message: &str) {
        self.is_error = true;
        if self.message.is_empty() && message != "true" {
            message.clone_into(&mut self.message);
        }
    }

    pub(crate) fn status(&self) -> Option<Status> {
        let code = match self.code {
            StatusCode::Unset if self.is_error => StatusCode::Error,
            code => code,
        };
        (code != StatusCode::Unset || !self.message.is_empty()).then(|| Status {
            code: code.into(),
            message: self.message.clone(),
        })
    }
}

/// Parses a span kind, ignoring case.
pub(crate) fn kind(name: &str) -> Option<SpanKind> {
    let kinds = [
        ("internal", SpanKind::Internal),
        ("server", SpanKind::Server),
        ("client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    let known = kinds.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| kind)
}

fn code(name: &str) -> Option<StatusCode> {
    match name.to_ascii_lowercase().as_str() {
        "ok" => Some(StatusCode::Ok),
        "error" => Some(StatusCode::Error),
        "unset" => Some(StatusCode::Unset),
        _ => None,
    }
}

/// Converts microseconds, possibly fractional or text, to nanoseconds; `None` if invalid.
pub(crate) fn micros(value: &Value) -> Option<u64> {
    u64::try_from(nanos(value)?).ok()
}

/// Like [`micros`], but allows negative durations: from clocks that were set back, and from writers whose unsigned numbers
/// wrapped around. A longer duration than 64 bits of nanoseconds is shortened to that.
pub(crate) fn duration(value: &Value) -> Option<i128> {
    const WRAP: i128 = 1 << 64;
    const LONGEST: i128 = u64::MAX as i128;
    let nano = nanos(value)?;
    let micros = nano / 1000;
    let is_wrapped = (WRAP / 2..=WRAP).contains(&micros);
    // JavaScript rounds such a number, possibly to the first one that is too large.
    let nano = if is_wrapped { (micros - WRAP).min(-1) * 1000 } else { nano };
    Some(nano.clamp(-LONGEST, LONGEST))
}

fn nanos(value: &Value) -> Option<i128> {
    const LIMIT: f64 = 1e20;
    let parsed;
    let number = match value {
        Value::String(text) => {
            parsed = text.trim().parse().ok()?;
            &parsed
        }
        Value::Number(number) => number,
        _ => return None,
    };
    if let Some(whole) = number.as_i128() {
        return Some(whole * 1000);
    }
    let float = number.as_f64().filter(|micros| (-LIMIT..LIMIT).contains(micros))?;
    #[expect(clippy::cast_possible_truncation, reason = "its range is checked")]
    let of_whole = |whole: f64| whole as i128;
    Some(of_whole(float.trunc()) * 1000 + of_whole((float.fract() * 1000.0).round()))
}

//! Parts of OTLP messages.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};

/// Returns a text as a value.
pub fn text(text: impl Into<String>) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::StringValue(text.into())),
    }
}

/// Returns an attribute with a text.
pub fn attribute(key: &str, value: impl Into<String>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(text(value)),
        ..KeyValue::default()
    }
}

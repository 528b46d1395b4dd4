//! Tags of Jaeger's search.

use trace_files::json_lines;
use trace_model::{Attribute, Span, SpanKind, StatusCode, Value};

/// A condition of Jaeger's search: a key with a value. Keys that name a part of a span are tested against that; all others against the
/// attributes of the span, its scope, its resource, its events and its links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// `error`, `span.status`, `span.kind`, `scope.name`, `scope.version`, `resource.…`, or the name of an attribute.
    pub key: String,
    /// The value as [`text_of`] formats it.
    pub value: String,
}

impl Tag {
    pub(crate) fn matches(&self, span: &Span) -> bool {
        let value = self.value.as_str();
        match self.key.as_str() {
            "error" => go_bool(value) == Some(span.status == StatusCode::Error),
            "span.status" => {
                let wanted = [StatusCode::Ok, StatusCode::Error]
                    .into_iter()
                    .find(|code| code.name().eq_ignore_ascii_case(value));
                wanted.unwrap_or_default() == span.status
            }
            "span.kind" => SpanKind::from_name(&value.to_ascii_lowercase()).unwrap_or_default() == span.kind,
            "scope.name" => span.scope.name == value,
            "scope.version" => span.scope.version == value,
            key => match key.strip_prefix("resource.") {
                Some(key) => has(&span.resource, key, value),
                None => lists(span).any(|attributes| has(attributes, key, value)),
            },
        }
    }
}

/// All attributes of a span.
fn lists(span: &Span) -> impl Iterator<Item = &Vec<Attribute>> {
    let own = [&span.attributes, &span.scope.attributes, &span.resource].into_iter();
    let events = span.events.iter().map(|event| &event.attributes);
    let links = span.links.iter().map(|link| &link.attributes);
    own.chain(events).chain(links)
}

fn has(attributes: &[Attribute], key: &str, value: &str) -> bool {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    found.is_some_and(|attribute| text_of(&attribute.value) == value)
}

/// Parses a truth value as Go's `strconv.ParseBool` does.
fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Formats a value as Jaeger compares it: text as it is, everything else as its JSON.
#[must_use]
pub fn text_of(value: &Value) -> String {
    match json_lines::value(value) {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

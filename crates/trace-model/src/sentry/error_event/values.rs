//! Values of attributes by their keys. One of another type is as good as absent.

use crate::{Attribute, Value};

pub(super) fn get<'a>(attributes: &'a [Attribute], key: &str) -> Option<&'a Value> {
    attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| &attribute.value)
}

pub(super) fn text(attributes: &[Attribute], key: &str) -> Option<String> {
    match get(attributes, key) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// Returns texts, which may be empty: lines of a source.
pub(super) fn texts(attributes: &[Attribute], key: &str) -> Vec<String> {
    let lines = array(attributes, key).iter().map(|line| match line {
        Value::String(line) => line.clone(),
        _ => String::new(),
    });
    lines.collect()
}

pub(super) fn number(attributes: &[Attribute], key: &str) -> Option<u64> {
    match get(attributes, key) {
        Some(Value::Int(number)) => (*number).try_into().ok(),
        _ => None,
    }
}

pub(super) fn boolean(attributes: &[Attribute], key: &str) -> Option<bool> {
    match get(attributes, key) {
        Some(Value::Bool(value)) => Some(*value),
        _ => None,
    }
}

pub(super) fn array<'a>(attributes: &'a [Attribute], key: &str) -> &'a [Value] {
    match get(attributes, key) {
        Some(Value::Array(values)) => values,
        _ => &[],
    }
}

pub(super) fn members(value: &Value) -> &[Attribute] {
    match value {
        Value::Map(members) => members,
        _ => &[],
    }
}

/// Returns the attributes whose names have a prefix, without it.
pub(super) fn below(attributes: &[Attribute], prefix: &str) -> Vec<Attribute> {
    let below = attributes.iter().filter_map(|attribute| {
        let key = attribute.key.strip_prefix(prefix)?;
        Some(Attribute {
            key: key.to_owned(),
            value: attribute.value.clone(),
        })
    });
    below.collect()
}

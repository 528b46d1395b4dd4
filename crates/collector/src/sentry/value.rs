//! JSON values as OTLP's attributes.

use std::collections::HashSet;

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value};
use serde_json::value::RawValue;

use super::json::{self, Object};

/// Levels of nested arrays and objects; deeper ones become the text of their JSON. OTLP's readers reject messages that are nested
/// deeper than a hundred, and an object takes three of them.
const LEVELS: usize = 16;

/// Any value; `None` for `null`.
///
/// An integer that does not fit into 64 bits with a sign, and a number that no double can hold, are text.
pub(super) fn any(raw: &RawValue) -> Option<AnyValue> {
    nested(raw, LEVELS)
}

fn nested(raw: &RawValue, levels: usize) -> Option<AnyValue> {
    let source = raw.get();
    let value = match source.as_bytes().first()? {
        b'n' => return None,
        b't' => any_value::Value::BoolValue(true),
        b'f' => any_value::Value::BoolValue(false),
        b'"' => any_value::Value::StringValue(json::text(raw)?.into_owned()),
        b'[' | b'{' if levels == 0 => any_value::Value::StringValue(source.to_owned()),
        // Elements keep their places.
        b'[' => any_value::Value::ArrayValue(ArrayValue {
            values: json::elements(raw)?
                .into_iter()
                .map(|element| nested(element, levels - 1).unwrap_or_default())
                .collect(),
        }),
        b'{' => {
            let object = Object::of(raw)?;
            let members = object.members();
            let members = members.filter_map(|(name, raw)| Some(attribute(name, nested(raw, levels - 1)?)));
            any_value::Value::KvlistValue(KeyValueList {
                values: members.collect(),
            })
        }
        _ => number(source),
    };
    Some(AnyValue { value: Some(value) })
}

fn number(source: &str) -> any_value::Value {
    if let Ok(integer) = source.parse() {
        return any_value::Value::IntValue(integer);
    }
    let is_integer = source.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match source.parse::<f64>() {
        Ok(double) if double.is_finite() && !is_integer => any_value::Value::DoubleValue(double),
        _ => any_value::Value::StringValue(source.to_owned()),
    }
}

/// A name with a value.
pub(super) fn attribute(key: impl Into<String>, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(value),
        ..KeyValue::default()
    }
}

pub(super) fn string(text: impl Into<String>) -> AnyValue {
    of(any_value::Value::StringValue(text.into()))
}

pub(super) fn int(number: u64) -> AnyValue {
    of(any_value::Value::IntValue(i64::try_from(number).unwrap_or(i64::MAX)))
}

pub(super) const fn boolean(value: bool) -> AnyValue {
    of(any_value::Value::BoolValue(value))
}

pub(super) fn array(values: Vec<AnyValue>) -> AnyValue {
    of(any_value::Value::ArrayValue(ArrayValue { values }))
}

pub(super) fn list(values: Vec<KeyValue>) -> AnyValue {
    of(any_value::Value::KvlistValue(KeyValueList { values }))
}

const fn of(value: any_value::Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

/// Attributes in the making.
#[derive(Debug, Default)]
pub(super) struct Attributes(pub(super) Vec<KeyValue>);

impl Attributes {
    pub(super) fn push(&mut self, key: impl Into<String>, value: AnyValue) {
        self.0.push(attribute(key, value));
    }

    /// Text, if there is any.
    pub(super) fn text(&mut self, key: &str, text: Option<impl Into<String>>) {
        if let Some(text) = text {
            self.push(key, string(text));
        }
    }

    /// A member of any type, if it is there.
    pub(super) fn member(&mut self, key: &str, object: &Object<'_>, member: &str) {
        if let Some(value) = object.get(member).and_then(any) {
            self.push(key, value);
        }
    }

    /// Adds the members of an object with a prefix to their names.
    pub(super) fn members(&mut self, prefix: &str, object: &Object<'_>) {
        for (name, raw) in object.members() {
            if let Some(value) = any(raw) {
                self.push(format!("{prefix}{name}"), value);
            }
        }
    }

    /// Adds the members of an object that are missing.
    pub(super) fn missing(&mut self, object: &Object<'_>) {
        let known: HashSet<_> = self.0.iter().map(|known| known.key.as_str()).collect();
        let missing = object.members().filter(|(name, _)| !known.contains(name));
        let missing: Vec<_> = missing.filter_map(|(name, raw)| Some(attribute(name, any(raw)?))).collect();
        self.0.extend(missing);
    }

    /// Sentry's tags: an object, or pairs of name and value.
    pub(super) fn tags(&mut self, of: &Object<'_>) {
        self.members("tags.", &of.object("tags"));
        for pair in of.list("tags") {
            if let Some([name, value]) = json::elements(pair).as_deref()
                && let (Some(name), Some(value)) = (json::text(name), any(value))
            {
                self.push(format!("tags.{name}"), value);
            }
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.iter().any(|attribute| attribute.key == key)
    }

    /// The value of one that is text.
    pub(super) fn get_text(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|attribute| attribute.key == key)?;
        match &found.value.as_ref()?.value {
            Some(any_value::Value::StringValue(text)) => Some(text),
            _ => None,
        }
    }
}

/// Reads typed attributes, as in spans (version 2) and logs: `{"key": {"value": 1, "type": "integer"}}`.
pub(super) fn typed(attributes: &Object<'_>) -> Attributes {
    let mut read = Attributes::default();
    for (name, raw) in attributes.members() {
        let wrapped = Object::of(raw).unwrap_or_default();
        let value = match wrapped.get("value") {
            // JavaScript writes the double 1.0 as 1.
            Some(value) if wrapped.text("type").as_deref() == Some("double") => {
                let double = value.get().parse().ok().map(any_value::Value::DoubleValue);
                double.map(of).or_else(|| any(value))
            }
            Some(value) => any(value),
            None if wrapped.text("type").is_some() => None,
            None => any(raw),
        };
        if let Some(value) = value {
            read.push(name, value);
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Option<any_value::Value> {
        any(&RawValue::from_string(source.to_owned()).unwrap())?.value
    }

    #[test]
    fn types_are_converted() {
        use any_value::Value as V;
        assert_eq!(read("null"), None);
        assert_eq!(read("true"), Some(V::BoolValue(true)));
        assert_eq!(read("-9223372036854775808"), Some(V::IntValue(i64::MIN)));
        assert_eq!(read("1.5e3"), Some(V::DoubleValue(1500.0)));
        assert_eq!(read("\"a\\nb\""), Some(V::StringValue("a\nb".to_owned())));
        let Some(V::ArrayValue(array)) = read("[1, null, {\"a\": [], \"b\": null}]") else {
            panic!()
        };
        assert_eq!(array.values.len(), 3);
        let Some(V::KvlistValue(list)) = &array.values[2].value else {
            panic!()
        };
        assert_eq!(list.values.iter().map(|pair| &*pair.key).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn numbers_that_do_not_fit_stay_exact() {
        for source in ["18446744073709551615", "1e999", "-1e999", "123456789012345678901234567890"] {
            assert_eq!(read(source), Some(any_value::Value::StringValue(source.to_owned())));
        }
    }

    #[test]
    fn deep_nesting_becomes_text() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let source = format!("{}7{}", open.repeat(50_000), close.repeat(50_000));
            let raw = RawValue::from_string(source).unwrap();
            let mut value = any(&raw).unwrap();
            let mut levels = 0;
            loop {
                value = match value.value.unwrap() {
                    any_value::Value::ArrayValue(mut array) => array.values.remove(0),
                    any_value::Value::KvlistValue(mut list) => list.values.remove(0).value.unwrap(),
                    any_value::Value::StringValue(text) => break assert!(text.starts_with(open)),
                    other => panic!("{other:?}"),
                };
                levels += 1;
            }
            assert_eq!(levels, LEVELS);
        }
    }

    #[test]
    fn typed_attributes_are_unwrapped() {
        let source = br#"{"a":{"value":1,"type":"integer"},"b":{"value":1,"type":"double"},"c":{"type":"string"},"d":"bare","e":{"value":[1],"type":"array"}}"#;
        let read = typed(&Object::parse(source).unwrap());
        let keys: Vec<_> = read.0.iter().map(|attribute| &*attribute.key).collect();
        assert_eq!(keys, ["a", "b", "d", "e"]);
        let value = |at: usize| read.0[at].value.clone().unwrap().value.unwrap();
        assert_eq!(value(0), any_value::Value::IntValue(1));
        assert_eq!(value(1), any_value::Value::DoubleValue(1.0));
        assert_eq!(read.get_text("d"), Some("bare"));
        assert!(read.has("e") && !read.has("c"));
    }

    #[test]
    fn tags_come_in_two_shapes() {
        for source in [
            &br#"{"tags":{"a":"x","b":1}}"#[..],
            br#"{"tags":[["a","x"],["b",1],["c"],7]}"#,
        ] {
            let mut read = Attributes::default();
            read.tags(&Object::parse(source).unwrap());
            assert_eq!(read.get_text("tags.a"), Some("x"));
            assert_eq!(read.0.len(), 2);
        }
    }
}

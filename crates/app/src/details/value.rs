//! Values as people read them.

use std::fmt::Write;

use trace_model::{Attribute, Value, grpc_status};

use crate::text::LAID_OUT_BYTES_MAX;
use crate::units::{quantity, unit_of};

/// A value in one text, in the manner of JSON; of a very long one the start.
#[must_use]
pub fn value(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::String(string) => push_start(&mut text, string),
        Value::Empty => text.push_str("(empty)"),
        _ => write(&mut text, value),
    }
    text
}

/// The value of an attribute with its unit or the name of its code where the attribute's name tells that, and the exact number where the unit rounds it.
#[must_use]
pub fn attribute_value(attribute: &Attribute) -> String {
    let named = with_name(attribute).or_else(|| with_unit(attribute));
    named.unwrap_or_else(|| value(&attribute.value))
}

/// All of a value: a text as it is, bytes as text or in hexadecimal, and what is nested as JSON.
pub(crate) fn whole(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => hexadecimal(bytes),
        },
        Value::Empty => String::new(),
        _ => {
            let mut json = String::new();
            write_json(&mut json, value);
            json
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for byte in bytes {
        let _ = write!(text, "{byte:02x} ");
    }
    text
}

fn write_json(json: &mut String, value: &Value) {
    match value {
        Value::Empty => json.push_str("null"),
        Value::String(text) => quote(json, text),
        Value::Bytes(bytes) => quote(json, &hexadecimal(bytes)),
        Value::Bool(_) | Value::Int(_) => write(json, value),
        Value::Double(number) if number.is_finite() => write(json, value),
        Value::Double(number) => quote(json, &number.to_string()),
        Value::Array(values) => {
            json.push('[');
            for (at, value) in values.iter().enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                write_json(json, value);
            }
            json.push(']');
        }
        Value::Map(pairs) => {
            json.push('{');
            for (at, pair) in pairs.iter().enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                quote(json, &pair.key);
                json.push(':');
                write_json(json, &pair.value);
            }
            json.push('}');
        }
    }
}

fn quote(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if c < ' ' => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

/// A status code of gRPC with its name.
fn with_name(attribute: &Attribute) -> Option<String> {
    const CODES: [&str; 3] = ["rpc.grpc.status_code", "rpc.response.status_code", "grpc.status_code"];
    if !CODES.contains(&&*attribute.key) {
        return None;
    }
    let code = match &attribute.value {
        Value::Int(code) => *code,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(format!("{code} {}", grpc_status(code)?))
}

fn with_unit(attribute: &Attribute) -> Option<String> {
    let unit = unit_of(&attribute.key)?;
    let number = match &attribute.value {
        #[expect(clippy::cast_precision_loss, reason = "three digits of it are shown")]
        Value::Int(number) => *number as f64,
        Value::Double(number) => *number,
        // Some SDKs write all values as text.
        Value::String(text) if text.len() < 20 => text.parse().ok()?,
        _ => return None,
    };
    let quantity = quantity(number, unit)?;
    let is_rounded = unit == "By" && number >= 1_024.0;
    Some(if is_rounded {
        format!("{quantity} ({number})")
    } else {
        quantity
    })
}

fn write(text: &mut String, value: &Value) {
    // Writing to a string does not fail.
    let _ = match value {
        Value::Empty => {
            text.push_str("null");
            Ok(())
        }
        Value::String(string) => write!(text, "{:?}", crate::text::start(string, LAID_OUT_BYTES_MAX)),
        Value::Bool(value) => write!(text, "{value}"),
        Value::Int(value) => write!(text, "{value}"),
        Value::Double(value) => write!(text, "{value}"),
        Value::Bytes(bytes) => {
            text.push_str(&crate::format::count(bytes.len() as u64, "byte"));
            text.push(':');
            bytes.iter().take(64).try_for_each(|byte| write!(text, " {byte:02x}"))
        }
        Value::Array(values) => {
            separated(text, ('[', ']'), values, write);
            Ok(())
        }
        Value::Map(pairs) => {
            separated(text, ('{', '}'), pairs, |text, pair| {
                push_start(text, &pair.key);
                text.push_str(": ");
                write(text, &pair.value);
            });
            Ok(())
        }
    };
}

fn separated<T>(text: &mut String, (open, close): (char, char), parts: &[T], mut part: impl FnMut(&mut String, &T)) {
    text.push(open);
    for (at, one) in parts.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        if text.len() >= LAID_OUT_BYTES_MAX {
            text.push('…');
            break;
        }
        part(text, one);
    }
    text.push(close);
}

fn push_start(text: &mut String, string: &str) {
    let start = crate::text::start(string, LAID_OUT_BYTES_MAX);
    text.push_str(start);
    if start.len() < string.len() {
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(key: &str, value: Value) -> Attribute {
        Attribute {
            key: key.to_owned(),
            value,
        }
    }

    #[test]
    fn values_have_their_units() {
        for (key, value, expected) in [
            ("messaging.message.body.size", Value::Int(182), "182 B"),
            ("http.response.body.size", Value::Int(1_536), "1.50 KiB (1536)"),
            (
                "http.response_content_length",
                Value::String("2048".to_owned()),
                "2 KiB (2048)",
            ),
            ("busy_ns", Value::Int(1_234_567), "1.23 ms"),
            ("server.port", Value::Int(5432), "5432"),
            ("rpc.grpc.status_code", Value::Int(14), "14 UNAVAILABLE"),
            ("rpc.response.status_code", Value::String("5".to_owned()), "5 NOT_FOUND"),
            (
                "rpc.response.status_code",
                Value::String("UNAVAILABLE".to_owned()),
                "UNAVAILABLE",
            ),
            ("rpc.grpc.status_code", Value::Int(99), "99"),
            ("after_ms", Value::String("soon".to_owned()), "soon"),
            ("after_ms", Value::Int(-1), "-1"),
        ] {
            assert_eq!(attribute_value(&attribute(key, value)), expected, "{key}");
        }
    }

    #[test]
    fn nested_values_are_quoted() {
        let map = Value::Map(vec![
            attribute("a", Value::String("b\"".to_owned())),
            attribute("c", Value::Array(vec![Value::Int(1), Value::Empty])),
        ]);
        assert_eq!(value(&map), r#"{a: "b\"", c: [1, null]}"#);
        assert_eq!(value(&Value::Empty), "(empty)");
        assert_eq!(value(&Value::Bytes(vec![1, 255])), "2 bytes: 01 ff");
    }

    #[test]
    fn whole_values_are_json_where_they_are_nested() {
        let map = Value::Map(vec![
            attribute("a", Value::String("b\"\n\u{1}".to_owned())),
            attribute("c", Value::Array(vec![Value::Double(f64::NAN), Value::Bytes(vec![255])])),
        ]);
        assert_eq!(whole(&map), r#"{"a":"b\"\n\u0001","c":["NaN","ff "]}"#);
        assert_eq!(whole(&Value::String("a\nb".to_owned())), "a\nb");
    }

    #[test]
    fn long_values_are_formatted_in_part() {
        let long = Value::String("x".repeat(10 << 20));
        let many = Value::Array(vec![Value::Int(1); 1 << 20]);
        let nested = Value::Array(vec![long.clone(), long.clone(), long.clone()]);
        for long in [long, many, nested] {
            assert!(value(&long).len() < 3 * LAID_OUT_BYTES_MAX);
        }
    }
}

//! Conversion of protobuf to OTLP/JSON.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::reader::{DEPTH, Value, fields};
use crate::schema::{self, Field, Kind, Message};

/// Writes a message as OTLP/JSON: camel-case names, ids in lower-case hexadecimal, bytes in base64, 64-bit integers as text,
/// enumerations as numbers, and only the fields that are present. [`super::transcode`] parses it into the same message.
///
/// The bytes should be valid ([`crate::validate`]); of others the readable part is written. Packed numbers, which only metrics
/// have, are omitted.
///
/// ```
/// use otlp_wire::{json, schema};
///
/// let span = b"\x12\x08\0\0\0\0\0\0\0\x01\x2a\x03GET\x30\x02\x39\x01\0\0\0\0\0\0\0";
/// let mut text = Vec::new();
/// json::write(span, &schema::SPAN, &mut text);
/// assert_eq!(text, br#"{"spanId":"0000000000000001","name":"GET","kind":2,"startTimeUnixNano":"1"}"#);
/// ```
pub fn write(bytes: &[u8], message: &'static Message, out: &mut Vec<u8>) {
    object(bytes, message, out, DEPTH);
}

/// Recursion is bounded by `depth`.
fn object(bytes: &[u8], message: &'static Message, out: &mut Vec<u8>, depth: u32) {
    // A request may have millions of empty messages.
    if bytes.is_empty() {
        return out.extend_from_slice(b"{}");
    }
    out.push(b'{');
    // The last alternative counts.
    let alternative = std::ptr::eq(message, &raw const schema::ANY_VALUE)
        .then(|| fields(bytes).filter_map(|field| message.field(field.number)).last())
        .flatten();
    let mut separator = "";
    for field in message.fields {
        if alternative.is_some_and(|alternative| alternative.number != field.number) {
            continue;
        }
        let start = out.len();
        // Names of the schema are letters and digits, and most fields are absent: nothing is escaped or allocated for them.
        for part in [separator, "\"", field.json_name, "\":"] {
            out.extend_from_slice(part.as_bytes());
        }
        if values(bytes, field, out, depth) {
            separator = ",";
        } else {
            out.truncate(start);
        }
    }
    out.push(b'}');
}

/// Writes the contents of a field; returns false if it is empty.
fn values(bytes: &[u8], field: &'static Field, out: &mut Vec<u8>, depth: u32) -> bool {
    let all = fields(bytes)
        .filter(|found| found.number == field.number)
        .map(|found| found.value);
    if !field.repeated {
        if let Kind::Message(message) = field.kind {
            // A message in several parts is the concatenation of their bytes.
            let parts: Vec<&[u8]> = all.filter_map(contents).collect();
            match *parts {
                [] => return false,
                [part] => nested(part, message, out, depth),
                _ => nested(&parts.concat(), message, out, depth),
            }
            return true;
        }
        return all.last().is_some_and(|value| scalar(value, field.kind, out));
    }
    let start = out.len();
    out.push(b'[');
    for value in all {
        let before = out.len();
        if before > start + 1 {
            out.push(b',');
        }
        let written = match (field.kind, contents(value)) {
            (Kind::Message(message), Some(part)) => {
                nested(part, message, out, depth);
                true
            }
            _ => scalar(value, field.kind, out),
        };
        if !written {
            out.truncate(before);
        }
    }
    out.push(b']');
    out.len() > start + 2
}

fn nested(bytes: &[u8], message: &'static Message, out: &mut Vec<u8>, depth: u32) {
    match depth.checked_sub(1) {
        Some(depth) => object(bytes, message, out, depth),
        None => out.extend_from_slice(b"{}"),
    }
}

const fn contents(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

/// Writes a scalar value; returns false if it does not match the kind.
#[expect(clippy::cast_possible_truncation, reason = "protobuf cuts a number to the bits of its type")]
fn scalar(value: Value<'_>, kind: Kind, out: &mut Vec<u8>) -> bool {
    let number = |number: &dyn std::fmt::Display, out: &mut Vec<u8>| out.extend_from_slice(number.to_string().as_bytes());
    let quoted = |number: &dyn std::fmt::Display, out: &mut Vec<u8>| out.extend_from_slice(format!("\"{number}\"").as_bytes());
    match (kind, value) {
        (Kind::String, Value::Bytes(bytes)) => text(&String::from_utf8_lossy(bytes), out),
        (Kind::Bytes, Value::Bytes(bytes)) => text(&BASE64_STANDARD.encode(bytes), out),
        (Kind::Id, Value::Bytes(bytes)) => text(&hexadecimal(bytes), out),
        (Kind::Bool, Value::Varint(bit)) => number(&(bit != 0), out),
        (Kind::Int32 | Kind::Enum(_), Value::Varint(bits)) => number(&(bits as i32), out),
        (Kind::Uint32, Value::Varint(bits)) => number(&(bits as u32), out),
        (Kind::Sint32, Value::Varint(bits)) => number(&((bits as u32 >> 1).cast_signed() ^ -((bits & 1) as i32)), out),
        (Kind::Fixed32, Value::Fixed32(bits)) => number(&bits, out),
        (Kind::Int64, Value::Varint(bits)) | (Kind::Sfixed64, Value::Fixed64(bits)) => quoted(&bits.cast_signed(), out),
        (Kind::Uint64, Value::Varint(bits)) | (Kind::Fixed64, Value::Fixed64(bits)) => quoted(&bits, out),
        (Kind::Double, Value::Fixed64(bits)) => double(f64::from_bits(bits), out),
        _ => return false,
    }
    true
}

fn double(value: f64, out: &mut Vec<u8>) {
    match value {
        f64::INFINITY => text("Infinity", out),
        f64::NEG_INFINITY => text("-Infinity", out),
        value => match serde_json::Number::from_f64(value) {
            Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
            None => text("NaN", out),
        },
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn text(text: &str, out: &mut Vec<u8>) {
    // Lines may be printed to a terminal.
    let json = serde_json::Value::from(text).to_string();
    out.extend_from_slice(printable::escape_json(&json).as_bytes());
}

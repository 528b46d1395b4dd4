//! Protobuf becomes equivalent JSON.

use otlp_wire::json::{transcode, write};
use otlp_wire::schema::{ANY_VALUE, LOGS_REQUEST, Message, SPAN, TRACES_REQUEST};
use proptest::prelude::*;

use crate::messages::{logs_request, traces_request};

fn written(bytes: &[u8], schema: &'static Message) -> String {
    let mut json = Vec::new();
    write(bytes, schema, &mut json);
    String::from_utf8(json).unwrap()
}

/// Checks that a message round-trips.
fn same<T: prost::Message + Default>(message: &T, schema: &'static Message) {
    let json = written(&message.encode_to_vec(), schema);
    let read = transcode(json.as_bytes(), schema).unwrap();
    // Compares bytes, because NaN is not equal to itself.
    let again = T::decode(&*read.bytes).unwrap();
    assert_eq!(again.encode_to_vec(), message.encode_to_vec(), "{json}");
}

proptest! {
    #[test]
    fn traces_round_trip(request in traces_request()) {
        same(&request, &TRACES_REQUEST);
    }

    #[test]
    fn logs_round_trip(request in logs_request()) {
        same(&request, &LOGS_REQUEST);
    }

    /// The readable part is written.
    #[test]
    fn arbitrary_bytes_become_json(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        serde_json::from_str::<serde_json::Value>(&written(&bytes, &SPAN)).unwrap();
    }
}

/// The JSON mapping of OTLP's specification, field by field.
#[test]
fn field_types_are_written_as_specified() {
    let span = r#"{"traceId":"0AF7651916CD43DD8448EB211C80319C","spanId":"00000000000000fF","kind":"SPAN_KIND_SERVER","startTimeUnixNano":18446744073709551615,
        "attributes":[{"key":"i","value":{"intValue":-5}},{"key":"b","value":{"bytesValue":"AP8="}},{"key":"t","value":{"boolValue":true}},
            {"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"stringValue":""}},{"key":"n","value":{}},
            {"key":"a","value":{"arrayValue":{"values":[{"doubleValue":0.5},{"doubleValue":"-Infinity"}]}}}],
        "droppedEventsCount":7,"status":{"code":"STATUS_CODE_ERROR"},"events":[]}"#;
    let bytes = transcode(span.as_bytes(), &SPAN).unwrap().bytes;
    let expected = r#"{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000ff","kind":2,"startTimeUnixNano":"18446744073709551615","attributes":[{"key":"i","value":{"intValue":"-5"}},{"key":"b","value":{"bytesValue":"AP8="}},{"key":"t","value":{"boolValue":true}},{"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"stringValue":""}},{"key":"n","value":{}},{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":0.5},{"doubleValue":"-Infinity"}]}}}],"droppedEventsCount":7,"status":{"code":2}}"#;
    assert_eq!(written(&bytes, &SPAN), expected);
}

#[test]
fn last_of_alternatives_and_duplicates_is_written() {
    // A text, then true.
    assert_eq!(written(b"\x0a\x01a\x10\x01", &ANY_VALUE), r#"{"boolValue":true}"#);
    // Two names, and a status in two parts.
    let span = b"\x2a\x01a\x2a\x01b\x7a\x02\x18\x02\x7a\x03\x12\x01m";
    assert_eq!(written(span, &SPAN), r#"{"name":"b","status":{"message":"m","code":2}}"#);
}

/// Unvalidated bytes may be nested deeper than the stack allows.
#[test]
fn excessive_nesting_is_truncated() {
    let mut value = Vec::new();
    for _ in 0..10_000 {
        for key in [0x0a, 0x2a] {
            let mut outer = vec![key];
            prost::encoding::encode_varint(value.len() as u64, &mut outer);
            outer.append(&mut value);
            value = outer;
        }
    }
    let json = written(&value, &ANY_VALUE);
    assert!(json.len() < 3_000, "{}", json.len());
}

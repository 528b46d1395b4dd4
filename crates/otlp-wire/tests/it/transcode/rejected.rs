//! Rejected input: each error has a cause and a position, and quotes nothing of the input, which may be anything of any length.

use otlp_wire::json::transcode;
use otlp_wire::schema::{ANY_VALUE, Message, SPAN};

fn reject(schema: &'static Message, cases: &[(&str, &str)]) {
    for (json, expected) in cases {
        let error = transcode(json.as_bytes(), schema).unwrap_err();
        assert_eq!(error.to_string(), *expected, "{json}");
        let place = format!("at line {} column {}", error.line(), error.column());
        assert!(expected.ends_with(&place), "{json}: {place}");
    }
}

#[test]
fn invalid_json_is_rejected() {
    reject(
        &SPAN,
        &[
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\"name\":\"a\"", "EOF while parsing an object at line 1 column 11"),
            ("{} {}", "trailing characters at line 1 column 4"),
            ("{\"name\":\"\\ud800\"}", "unexpected end of hex escape at line 1 column 16"),
            (
                "{\"name\":\"\u{1}\"}",
                "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 10",
            ),
            ("{\"startTimeUnixNano\":1e999}", "number out of range at line 1 column 26"),
            ("{\"name\":NaN}", "expected value at line 1 column 9"),
        ],
    );
}

#[test]
fn other_values_than_objects_are_rejected() {
    reject(
        &SPAN,
        &[
            ("[]", "an array, not the object Span at line 1 column 2"),
            ("\"secret\"", "text, not the object Span at line 1 column 8"),
            ("1", "a number, not the object Span at line 1 column 1"),
            ("-1", "a number, not the object Span at line 1 column 2"),
            ("1.5", "a number, not the object Span at line 1 column 3"),
            ("null", "null, not the object Span at line 1 column 4"),
            ("true", "true or false, not the object Span at line 1 column 4"),
        ],
    );
}

#[test]
fn values_of_a_wrong_type_are_rejected() {
    reject(
        &SPAN,
        &[
            ("{\n\"name\":\n  {}}", "Span.name is an object, not text at line 3 column 4"),
            ("{\"name\":[]}", "Span.name is an array, not text at line 1 column 10"),
            ("{\"name\":200}", "Span.name is a number, not text at line 1 column 11"),
            ("{\"name\":true}", "Span.name is true, not text at line 1 column 12"),
            (
                "{\"status\":\"secret\"}",
                "Span.status is text, not an object at line 1 column 18",
            ),
            (
                "{\"status\":[]}",
                "Span.status is an array, not an object at line 1 column 12",
            ),
            (
                "{\"events\":{}}",
                "Span.events is an object, not an array at line 1 column 12",
            ),
            (
                "{\"events\":\"secret\"}",
                "Span.events is text, not an array at line 1 column 18",
            ),
            (
                "{\"events\":[\"secret\"]}",
                "Span.events is text, not an object at line 1 column 19",
            ),
            (
                "{\"events\":[[]]}",
                "Span.events is an array, not an object at line 1 column 13",
            ),
            (
                "{\"events\":[{\"name\":1}]}",
                "Event.name is a number, not text at line 1 column 20",
            ),
            (
                "{\"traceId\":5}",
                "Span.trace_id is a number, not hexadecimal at line 1 column 12",
            ),
            (
                "{\"traceId\":{\"type\":\"Buffer\"}}",
                "Span.trace_id is an object, not hexadecimal at line 1 column 12",
            ),
            ("{\"kind\":\"secret\"}", "Span.kind has an unknown name at line 1 column 16"),
            ("{\"kind\":\"\"}", "Span.kind has an unknown name at line 1 column 10"),
            (
                "{\"attributes\":[{\"value\":5}]}",
                "KeyValue.value is a number, not an object at line 1 column 25",
            ),
        ],
    );
}

#[test]
fn numbers_out_of_range_are_rejected() {
    reject(
        &SPAN,
        &[
            (
                "{\"startTimeUnixNano\":-1}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 23",
            ),
            (
                "{\"startTimeUnixNano\":1.5}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 24",
            ),
            (
                "{\"startTimeUnixNano\":18446744073709551616}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 41",
            ),
            (
                "{\"startTimeUnixNano\":\"18446744073709551616\"}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 43",
            ),
            (
                "{\"startTimeUnixNano\":\"-1\"}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 25",
            ),
            (
                "{\"startTimeUnixNano\":\"NaN\"}",
                "Span.start_time_unix_nano has a number out of range at line 1 column 26",
            ),
            (
                "{\"startTimeUnixNano\":\"secret\"}",
                "Span.start_time_unix_nano is text, not a number at line 1 column 29",
            ),
            (
                "{\"startTimeUnixNano\":\"\"}",
                "Span.start_time_unix_nano is text, not a number at line 1 column 23",
            ),
            (
                "{\"startTimeUnixNano\":\"1e999\"}",
                "Span.start_time_unix_nano is text, not a number at line 1 column 28",
            ),
            (
                "{\"startTimeUnixNano\":false}",
                "Span.start_time_unix_nano is false, not a number at line 1 column 26",
            ),
            (
                "{\"flags\":4294967296}",
                "Span.flags has a number out of range at line 1 column 19",
            ),
            (
                "{\"droppedLinksCount\":-1}",
                "Span.dropped_links_count has a number out of range at line 1 column 23",
            ),
            (
                "{\"kind\":2147483648}",
                "Span.kind has a number out of range at line 1 column 18",
            ),
            (
                "{\"kind\":true}",
                "Span.kind is true, not a name or a number at line 1 column 12",
            ),
        ],
    );
}

#[test]
fn invalid_attributes_are_rejected() {
    reject(
        &ANY_VALUE,
        &[
            (
                "{\"boolValue\":1}",
                "AnyValue.bool_value is a number, not true or false at line 1 column 14",
            ),
            (
                "{\"boolValue\":\"yes\"}",
                "AnyValue.bool_value is text, not true or false at line 1 column 18",
            ),
            (
                "{\"bytesValue\":\"?\"}",
                "AnyValue.bytes_value is text, not base64 at line 1 column 17",
            ),
            (
                "{\"intValue\":9223372036854775808}",
                "AnyValue.int_value has a number out of range at line 1 column 31",
            ),
            (
                "{\"doubleValue\":\"inf\"}",
                "AnyValue.double_value is text, not a number at line 1 column 20",
            ),
            (
                "{\"doubleValue\":\"1e999\"}",
                "AnyValue.double_value is text, not a number at line 1 column 22",
            ),
        ],
    );
}

#[test]
fn invalid_utf_8_is_rejected() {
    let error = transcode(b"{\"name\":\"\xff\"}", &SPAN).unwrap_err();
    assert_eq!(error.to_string(), "invalid unicode code point at line 1 column 10");
}

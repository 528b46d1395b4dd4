//! Malformed files.

use proptest::prelude::*;

use crate::support::{read, try_read};

const SPAN: &str = r#"{"traceId": "1", "id": "2", "name": "good", "timestamp": 1}"#;

/// Another span of the same length as [`SPAN`].
fn span(number: char) -> String {
    SPAN.replace("\"2\"", &format!("\"{number}\""))
}

fn error(file: &str) -> String {
    try_read(file).map(|read| read.spans.len()).unwrap_err().to_string()
}

#[test]
fn unknown_format_error_has_position_and_supported_formats() {
    assert_eq!(
        error("\n  {\"hello\": 1}"),
        "the file: line 2, column 3: neither OTLP, Jaeger, Zipkin nor spanfall tail JSON\n  \
         supported: OTLP (JSON or protobuf), Jaeger JSON (API or Elasticsearch), Zipkin JSON (v1 or v2), spanfall tail --json"
    );
    for (file, expected) in [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("\u{feff}", "the file is empty"),
        ("hello", "the file: line 1, column 1: expected value\n"),
        ("[1, \"x\"]", "the file: line 1, column 2: neither"),
        (
            "{\"resourceSpans\": [\n  {\"a\":",
            "the file: line 2, column 7: EOF while parsing a value",
        ),
        ("[[[[[[[[]]]]]]]]", "the file: line 1, column 5: neither"),
    ] {
        assert!(error(file).starts_with(expected), "{file:?}: {}", error(file));
    }
}

#[test]
fn excessive_nesting_is_an_error() {
    for begin in ["[", "{\"data\":", "{\"resourceSpans\":["] {
        assert!(error(&begin.repeat(300_000)).contains("EOF"), "{begin}");
    }
    let nested = format!("{}{}", "[".repeat(300_000), "]".repeat(300_000));
    assert!(error(&nested).contains("neither"));
    let tags = format!(r#"{{"traceId": "1", "id": "2", "tags": {nested}}}"#);
    let read = read(format!("{SPAN}\n{tags}\n{}", span('3')));
    assert_eq!(
        (read.spans.len(), read.problems()),
        (2, vec!["line 2, column 163: recursion limit exceeded".to_owned()])
    );
}

#[test]
fn invalid_line_affects_only_itself() {
    let read = read(format!(
        "{}\n{{\"traceId\": \"1\", \"id\n{}\n{{\"traceId\": \"1\",\n{}\nnonsense\n{}\n{{\"tra",
        span('2'),
        span('3'),
        span('4'),
        span('5')
    ));
    assert_eq!(read.spans.len(), 4);
    assert_eq!(
        read.problems(),
        [
            "line 2, column 20: control character (\\u0000-\\u001F) found while parsing a string",
            "line 5, column 1: key must be a string",
            "line 6, column 2: expected ident",
            "line 8, column 5: EOF while parsing a string",
        ]
    );
}

/// A file whose writer was interrupted.
#[test]
fn truncated_array_yields_the_elements_on_their_own_lines() {
    let read = read(format!("[\n{SPAN},\n{},\n{{\"tra", span('3')));
    assert_eq!(read.spans.len(), 2);
    assert_eq!(
        read.problems().first().unwrap(),
        "line 4, column 5: EOF while parsing a string"
    );
}

#[test]
fn huge_numbers_are_rejected_and_invalid_utf8_is_replaced() {
    for time in ["1e999", "1e308", "99999999999999999999999"] {
        let read = read(format!(r#"[{SPAN}, {{"traceId": "1", "id": "3", "timestamp": {time}}}]"#));
        assert_eq!((read.spans.len(), read.report.problems.count), (1, 1), "{time}");
    }
    let file = [
        br#"{"traceId": "1", "id": "2", "name": "g"#.as_slice(),
        b"\xff",
        br#"d", "timestamp": 1}"#,
    ]
    .concat();
    assert_eq!(read(file).spans[0].name, "g\u{fffd}d");
}

proptest! {
    /// Any damage is reported, unless everything is read.
    #[test]
    fn truncation_anywhere_is_reported(at in 0..SPAN.len() * 3 + 4) {
        let file = format!("[{SPAN},\n{},\n{}]", span('3'), span('4'));
        let cut = &file[..at];
        match try_read(cut) {
            Ok(read) => prop_assert!(!read.problems().is_empty()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

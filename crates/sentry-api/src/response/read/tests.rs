use proptest::prelude::*;

use super::*;

/// As in the documentation, with children and errors before the span's own id.
const NESTED: &str = r#"[
  {
    "children": [
      {"children": [], "errors": [{"event_id": "e2", "event_type": "error", "description": "broken pipe", "level": "error", "issue_id": 7}],
       "event_id": "00f067aa0ba902b7", "event_type": "span", "parent_span_id": "b7ad6b7169203331", "op": "db", "name": "db",
       "description": "SELECT 1", "duration": 1.5, "start_timestamp": "2026-04-15T18:22:31.000000Z", "is_transaction": false}
    ],
    "errors": [{"event_id": "e1", "event_type": "error", "description": "Timeout: 5 s", "level": "warning"}],
    "occurrences": [{"event_id": "e3", "event_type": "occurrence", "description": "N+1 Query", "level": "info"}],
    "event_id": "0000000000000000b7ad6b7169203331", "event_type": "span", "parent_span_id": null, "op": "http.server",
    "name": "http.server", "description": "", "transaction": "GET /", "project_slug": "api", "is_transaction": true,
    "measurements": {"measurements.fcp": {"value": [1, 2]}}, "something_new": [[{}]]
  },
  {"event_id": "e4", "event_type": "error", "title": "alone", "level": "fatal"},
  {"event_id": "u1", "event_type": "uptime_check", "children": [{"event_type": "span", "event_id": "11f067aa0ba902b7"}], "errors": []},
  null
]"#;

fn read(json: &str) -> Page {
    Page::read(json.as_bytes()).expect("a trace")
}

fn span_id(text: &str) -> SpanId {
    text.parse().expect("an id")
}

#[test]
fn nested_spans_are_parsed_with_their_parents_and_texts() {
    let page = read(NESTED);
    let root = page.spans.iter().find(|span| span.is_transaction).expect("the root");
    assert_eq!(
        root,
        &SentrySpan {
            span_id: span_id("b7ad6b7169203331"),
            parent_span_id: None,
            op: "http.server".into(),
            name: "http.server".into(),
            project: "api".into(),
            transaction: "GET /".into(),
            is_transaction: true,
        }
    );
    let child = page.spans.iter().find(|span| &*span.op == "db").expect("the child");
    assert_eq!((child.parent_span_id, &*child.name), (Some(root.span_id), "SELECT 1"));
    assert_eq!(
        (page.spans.len(), page.complete),
        (3, true),
        "includes the child of the uptime check"
    );
}

#[test]
fn errors_have_the_id_of_their_span() {
    let page = read(NESTED);
    let mut errors: Vec<_> = page
        .errors
        .iter()
        .map(|error| {
            (
                &*error.event_id,
                &*error.title,
                &*error.level,
                error.span_id.map(|id| id.to_string()),
            )
        })
        .collect();
    errors.sort();
    assert_eq!(
        errors,
        [
            ("e1", "Timeout: 5 s", "warning", Some("b7ad6b7169203331".to_owned())),
            ("e2", "broken pipe", "error", Some("00f067aa0ba902b7".to_owned())),
            ("e3", "N+1 Query", "info", Some("b7ad6b7169203331".to_owned())),
            ("e4", "alone", "fatal", None),
        ]
    );
}

#[test]
fn events_trace_response_has_transactions_and_is_incomplete() {
    let page = read(
        r#"{"transactions": [{"event_id": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "span_id": "b7ad6b7169203331", "transaction": "GET /",
              "transaction.op": "http.server", "project_slug": "api", "parent_span_id": null, "generation": 0,
              "errors": [{"event_id": "e1", "span": "00f067aa0ba902b7", "title": "Timeout", "level": "error"}], "performance_issues": [],
              "children": [{"event_id": "bbbb", "span_id": "11f067aa0ba902b7", "parent_span_id": "00f067aa0ba902b7"}]}],
            "orphan_errors": [{"event_id": "e2", "span": "22f067aa0ba902b7", "title": "alone"}]}"#,
    );
    let ids: Vec<_> = page.spans.iter().map(|span| span.span_id.to_string()).collect();
    assert_eq!(ids, ["11f067aa0ba902b7", "b7ad6b7169203331"]);
    assert!(page.spans.iter().all(|span| span.is_transaction));
    let errors: Vec<_> = page
        .errors
        .iter()
        .map(|error| error.span_id.map(|id| id.to_string()))
        .collect();
    assert_eq!(
        errors,
        [Some("00f067aa0ba902b7".to_owned()), Some("22f067aa0ba902b7".to_owned())]
    );
    assert!(!page.complete);
}

#[test]
fn unexpected_member_types_drop_no_span() {
    let page = read(
        r#"[{"event_type": "span", "event_id": "b7ad6b7169203331", "op": null, "name": 7, "description": {"a": [1]}, "project_slug": [[]],
             "parent_span_id": "0000000000000000", "children": null, "errors": null}]"#,
    );
    assert_eq!(
        (&*page.spans[0].op, &*page.spans[0].name, page.spans[0].parent_span_id),
        ("", "7", None)
    );
}

#[test]
fn long_text_is_truncated_between_characters() {
    let name = "é".repeat(10_000);
    let page = read(&format!(
        r#"[{{"event_type": "span", "event_id": "b7ad6b7169203331", "name": "x{name}"}}]"#
    ));
    assert_eq!(page.spans[0].name.len(), 511);
}

#[test]
fn span_with_an_invalid_id_makes_the_trace_incomplete_and_keeps_its_children() {
    let page = read(
        r#"[{"event_type": "span", "event_id": "?", "children": [{"event_type": "span", "event_id": "b7ad6b7169203331"}]}]"#,
    );
    assert_eq!((page.spans.len(), page.complete), (1, false));
}

fn chain(depth: usize) -> String {
    let open = r#"{"event_type":"span","event_id":"b7ad6b7169203331","children":["#;
    format!("[{}{}]", open.repeat(depth), "]}".repeat(depth))
}

#[test]
fn nesting_over_the_limit_is_rejected_without_overflow() {
    assert_eq!(read(&chain(1_000)).spans.len(), 1_000);
    let rejected = Page::read(chain(100_000).as_bytes()).expect_err("too deep");
    assert!(rejected.starts_with("not a trace"), "{rejected}");
    let ignored = format!(r#"[{{"new":{}{}}}]"#, "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(read(&ignored).spans.len(), 0);
}

#[test]
fn invalid_body_is_rejected_without_being_quoted() {
    for (body, problem) in [
        ("", "truncated JSON"),
        ("[{", "truncated JSON"),
        ("<html>secret</html>", "invalid JSON"),
        ("[] secret", "invalid JSON"),
        ("\"secret\"", "not a trace"),
        ("{\"detail\": \"secret\"}", "not a trace"),
        ("[\"secret\"]", "not a trace"),
    ] {
        let rejected = Page::read(body.as_bytes()).expect_err(body);
        assert!(
            rejected.starts_with(problem) && !rejected.contains("secret"),
            "{body}: {rejected}"
        );
    }
}

proptest! {
    #[test]
    fn parser_accepts_arbitrary_bytes_without_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Page::read(&body);
    }

    #[test]
    fn parser_accepts_damaged_pages_without_panic(at in 0..NESTED.len(), byte in any::<u8>(), end in 0..NESTED.len()) {
        let mut body = NESTED.as_bytes().to_vec();
        body[at] = byte;
        let _ = Page::read(&body);
        body.truncate(end);
        let _ = Page::read(&body);
    }
}

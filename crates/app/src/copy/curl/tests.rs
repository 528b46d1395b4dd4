use trace_model::{Attribute, Scope, Source, SpanKind, StatusCode};

use super::*;

const IDS: Ids = Ids { trace: 1, span: 2 };
const FRESH: &str = "-H 'traceparent: 00-00000000000000000000000000000001-0000000000000002-01' \
                     -H 'sentry-trace: 00000000000000000000000000000001-0000000000000002-1'";

fn span(attributes: &[(&str, Value)]) -> Span {
    let attribute = |(key, value): &(&str, Value)| Attribute {
        key: (*key).to_owned(),
        value: value.clone(),
    };
    Span {
        trace_id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
        span_id: "b7ad6b7169203331".parse().unwrap(),
        parent_span_id: None,
        service: String::new(),
        name: "work".to_owned(),
        kind: SpanKind::Client,
        start_unix_nano: 1,
        end_unix_nano: None,
        status: StatusCode::Unset,
        status_message: String::new(),
        trace_state: String::new(),
        attributes: attributes.iter().map(attribute).collect(),
        events: Vec::new(),
        links: Vec::new(),
        resource: Vec::new(),
        resource_schema_url: String::new(),
        scope: Scope::default(),
        source: Source::OtlpHttp,
        dropped: 0,
        is_cut: false,
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn written(attributes: &[(&str, Value)]) -> Option<String> {
    command(&span(attributes), &IDS, None).ok().map(|curl| curl.command)
}

#[test]
fn an_address_is_found_under_all_its_names() {
    let get = ("http.request.method", text("GET"));
    for (attributes, url) in [
        (
            vec![get.clone(), ("url.full", text("https://shop.example/a?b=c#d"))],
            "'https://shop.example/a?b=c'",
        ),
        (
            vec![("http.method", text("GET")), ("http.url", text("http://old.example/a"))],
            "http://old.example/a",
        ),
        (
            vec![
                get.clone(),
                ("url.scheme", text("http")),
                ("server.address", text("127.0.0.1")),
                ("server.port", Value::Int(3000)),
                ("url.path", text("/users")),
                ("url.query", text("q=1")),
            ],
            "'http://127.0.0.1:3000/users?q=1'",
        ),
        (
            vec![
                get.clone(),
                ("http.host", text("old.example:81")),
                ("http.target", text("/t?x")),
            ],
            "'http://old.example:81/t?x'",
        ),
        (
            vec![
                get.clone(),
                ("server.address", text("::1")),
                ("server.port", Value::Int(80)),
                ("url.path", text("x")),
            ],
            "'http://[::1]/x'",
        ),
    ] {
        assert_eq!(written(&attributes), Some(format!("curl -i -g {url} {FRESH}")));
    }
}

#[test]
fn spans_without_a_request_give_no_command() {
    for attributes in [
        vec![],
        vec![("http.request.method", text("GET"))],
        vec![("url.full", text("http://here.example/"))],
        vec![("http.request.method", text("GET")), ("url.full", text("file:///etc/passwd"))],
        vec![
            ("http.request.method", text("GET; rm")),
            ("url.full", text("http://here.example/")),
        ],
        vec![("http.request.method", text("GET")), ("server.address", text("here.example"))],
    ] {
        assert_eq!(written(&attributes), None, "{attributes:?}");
    }
}

#[test]
fn headers_of_the_list_are_repeated_and_others_named() {
    let header = |name: &str| format!("http.request.header.{name}");
    let named: Vec<_> = [
        "accept",
        "authorization",
        "cookie",
        "x-api-key",
        "proxy-authorization",
        "x-amz-anything",
        "traceparent",
        "host",
    ]
    .map(header)
    .into();
    let mut attributes = vec![
        ("http.request.method", text("PUT")),
        ("url.full", text("http://me:secret@here.example/?token=secret")),
    ];
    attributes.extend(
        named
            .iter()
            .map(|name| (name.as_str(), Value::Array(vec![text("it's"), text("b")]))),
    );
    let curl = command(&span(&attributes), &IDS, None).unwrap();
    assert_eq!(
        curl.command,
        format!(r"curl -i -g -X PUT 'http://here.example/?token=REDACTED' -H 'accept: it'\''s, b' {FRESH}")
    );
    assert!(curl.lacks_body);
    assert_eq!(
        curl.left_out,
        [
            "user and password",
            "parameter token",
            "header authorization",
            "header cookie",
            "header x-api-key",
            "header proxy-authorization",
            "header x-amz-anything"
        ]
    );
}

#[test]
fn headers_that_cannot_be_quoted_or_hold_a_credential_are_left_out() {
    for value in [
        "a\u{1b}[201~\nrm",
        "a\u{202e}b",
        &"a".repeat(VALUE_MAX + 1),
        "app/1 (token=ghp_16C7e42F292c6912E7710c838347Ae178B4a)",
    ] {
        let attributes = [
            ("http.request.method", text("GET")),
            ("url.full", text("http://here.example/")),
            ("http.request.header.user-agent", text(value)),
        ];
        let curl = command(&span(&attributes), &IDS, None).unwrap();
        assert_eq!(curl.left_out, ["header user-agent"], "{value}");
        assert!(!curl.command.contains("user-agent"));
    }
}

#[test]
fn the_demos_request_has_its_body() {
    let reset = span(&[
        ("http.request.method", text("POST")),
        ("url.full", text("http://127.0.0.1:3000/users/reset-password")),
    ]);
    let body = body_of_demo(&reset);
    let curl = command(&reset, &IDS, body).unwrap();
    assert!(
        curl.command
            .ends_with(r#"-H 'content-type: application/json' --data '{"email":"ada@example.com"}'"#),
        "{}",
        curl.command
    );
    assert!(!curl.lacks_body);
}

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::*;

#[path = "instrumentations.rs"]
mod instrumentations;

const CLIENT: SpanKind = SpanKind::Client;
const SERVER: SpanKind = SpanKind::Server;
const INTERNAL: SpanKind = SpanKind::Internal;

/// Attributes with texts.
type Texts<'a> = &'a [(&'static str, &'a str)];

fn span(attributes: &[(&str, Value)]) -> Vec<u8> {
    let attributes = attributes.iter().map(|(key, value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue {
            value: Some(value.clone()),
        }),
        ..KeyValue::default()
    });
    let span = Span {
        attributes: attributes.collect(),
        ..Span::default()
    };
    span.encode_to_vec()
}

fn texts(attributes: Texts<'_>) -> Vec<u8> {
    let text = |(key, value): &(&'static str, &str)| (*key, Value::StringValue((*value).to_owned()));
    span(&attributes.iter().map(text).collect::<Vec<_>>())
}

fn subject(name: &str, kind: SpanKind, attributes: Texts<'_>) -> String {
    SpanSubject::of_span(name, kind, &texts(attributes)).text.into()
}

fn operation(name: &str, kind: SpanKind, attributes: Texts<'_>) -> String {
    SpanSubject::of_operation(name, kind, &texts(attributes)).into()
}

#[test]
fn http_spans_are_known_by_route_or_path() {
    let cases: &[(&str, SpanKind, Texts<'_>, &str)] = &[
        (
            "GET",
            SERVER,
            &[("http.route", "/posts/{id}"), ("url.path", "/posts/1")],
            "/posts/{id}",
        ),
        (
            "GET",
            SERVER,
            &[("http.route", "/posts/{id}"), ("db.statement", "SELECT 1")],
            "/posts/{id}",
        ),
        (
            "GET",
            SERVER,
            &[("url.path", "/posts/1"), ("url.query", "token=secret")],
            "/posts/1",
        ),
        ("HTTP GET", SERVER, &[("http.target", "/posts/1?token=secret")], "/posts/1"),
        ("server", SERVER, &[("http.method", "GET"), ("http.target", "/")], "/"),
        ("GET", SERVER, &[("http.url", "http://user:secret@shop/posts?x")], "/posts"),
        (
            "GET",
            CLIENT,
            &[("url.full", "https://api.example/v1/posts?x")],
            "api.example/v1/posts",
        ),
        (
            "POST",
            CLIENT,
            &[("url.template", "/v1/{id}"), ("url.full", "https://api.example/v1/1")],
            "/v1/{id}",
        ),
        (
            "HTTP POST",
            CLIENT,
            &[("http.host", "api:8080"), ("http.target", "/v1")],
            "api:8080/v1",
        ),
        ("http.client", CLIENT, &[("url", "https://api.example/v1")], "api.example/v1"),
        ("GET", CLIENT, &[("server.address", "api.example")], "api.example"),
        ("GET", CLIENT, &[("peer.service", "billing")], "billing"),
        ("GET /posts", SERVER, &[("http.route", "/posts")], ""),
        ("GET /", SERVER, &[("http.route", "/")], ""),
        ("reset password", CLIENT, &[("url.full", "https://api.example/v1/posts")], ""),
        ("GET", SERVER, &[], ""),
    ];
    for (name, kind, attributes, expected) in cases {
        assert_eq!(subject(name, *kind, attributes), *expected, "{name} {attributes:?}");
    }
}

#[test]
fn database_spans_are_known_by_their_statement() {
    let cases: &[(&str, Texts<'_>, &str)] = &[
        (
            "SELECT",
            &[("db.statement", "SELECT * FROM users WHERE mail = 'a@b' AND id IN (1, 2)")],
            "* FROM users WHERE mail = ? AND id IN (?)",
        ),
        (
            "pg.query:SELECT shop",
            &[
                ("db.name", "shop"),
                ("db.statement", "/*traceparent='00-1'*/ SELECT\n  1 FROM t"),
            ],
            "SELECT ? FROM t",
        ),
        (
            "SELECT",
            &[("db.query.summary", "SELECT users"), ("db.query.text", "SELECT 1")],
            "users",
        ),
        (
            "find",
            &[("db.mongodb.collection", "users"), ("db.statement", "{\"find\":\"users\"}")],
            "users",
        ),
        ("redis-GET", &[("db.statement", "GET user:17")], "user:?"),
        ("INSERT", &[("db.sql.table", "orders")], "orders"),
        ("SELECT users", &[("db.statement", "SELECT * FROM users")], ""),
        (
            "connect",
            &[("db.system", "postgresql"), ("net.peer.name", "db.example")],
            "db.example",
        ),
    ];
    for (name, attributes, expected) in cases {
        assert_eq!(subject(name, CLIENT, attributes), *expected, "{name} {attributes:?}");
    }
}

#[test]
fn subjects_of_other_spans_are_their_peers() {
    let cases: &[(&str, SpanKind, Texts<'_>, &str)] = &[
        (
            "publish",
            SpanKind::Producer,
            &[("messaging.destination.name", "orders")],
            "orders",
        ),
        (
            "process",
            SpanKind::Consumer,
            &[("messaging.destination", "orders")],
            "orders",
        ),
        (
            "basic.publish",
            SpanKind::Producer,
            &[("messaging.rabbitmq.routing_key", "mail")],
            "mail",
        ),
        (
            "orders publish",
            SpanKind::Producer,
            &[("messaging.destination.name", "orders")],
            "",
        ),
        (
            "grpc.unary",
            CLIENT,
            &[("rpc.service", "shop.Cart"), ("rpc.method", "Add")],
            "shop.Cart/Add",
        ),
        ("grpc", CLIENT, &[("rpc.method", "shop.Cart/Add")], "shop.Cart/Add"),
        ("chat", CLIENT, &[("gen_ai.request.model", "gpt-4o")], "gpt-4o"),
        (
            "execute_tool",
            INTERNAL,
            &[("gen_ai.tool.name", "weather"), ("gen_ai.request.model", "gpt-4o")],
            "weather",
        ),
        ("ai.toolCall", INTERNAL, &[("ai.toolCall.name", "weather")], "weather"),
        ("query", INTERNAL, &[("graphql.operation.name", "Cart")], "Cart"),
        ("resetPasswordHandler", INTERNAL, &[("http.route", "/reset")], ""),
    ];
    for (name, kind, attributes, expected) in cases {
        assert_eq!(subject(name, *kind, attributes), *expected, "{name} {attributes:?}");
    }
}

#[test]
fn operations_have_few_subjects() {
    let cases: &[(&str, SpanKind, Texts<'_>, &str)] = &[
        ("GET", SERVER, &[("url.path", "/posts/17/comments")], "/posts/?/comments"),
        (
            "GET",
            SERVER,
            &[("http.route", "/posts/{id}"), ("url.path", "/posts/1")],
            "/posts/{id}",
        ),
        (
            "GET",
            CLIENT,
            &[("url.full", "https://api.example/v1/17")],
            "api.example/v1/?",
        ),
        ("SELECT", CLIENT, &[("db.statement", "SELECT 17")], ""),
        (
            "publish",
            SpanKind::Producer,
            &[
                ("messaging.destination.name", "user.17"),
                ("messaging.destination.template", "user.{id}"),
            ],
            "user.{id}",
        ),
    ];
    for (name, kind, attributes, expected) in cases {
        assert_eq!(operation(name, *kind, attributes), *expected, "{name} {attributes:?}");
    }
}

#[test]
fn answers_are_read_from_all_protocols() {
    let text = |text: &str| Value::StringValue(text.to_owned());
    let cases = [
        (
            "http.response.status_code",
            Value::IntValue(200),
            Some(("200", StatusClass::Success)),
        ),
        (
            "http.status_code",
            Value::IntValue(404),
            Some(("404", StatusClass::ClientError)),
        ),
        ("http.status_code", text("503"), Some(("503", StatusClass::ServerError))),
        ("http.status_code", Value::IntValue(0), None),
        (
            "rpc.grpc.status_code",
            Value::IntValue(0),
            Some(("0 OK", StatusClass::Success)),
        ),
        (
            "rpc.grpc.status_code",
            Value::IntValue(14),
            Some(("14 UNAVAILABLE", StatusClass::ServerError)),
        ),
        (
            "rpc.grpc.status_code",
            Value::IntValue(99),
            Some(("99", StatusClass::ServerError)),
        ),
        (
            "rpc.response.status_code",
            text("NOT_FOUND"),
            Some(("NOT_FOUND", StatusClass::ClientError)),
        ),
        (
            "rpc.connect_rpc.error_code",
            text("not_found"),
            Some(("not_found", StatusClass::ClientError)),
        ),
        (
            "db.response.status_code",
            text("23505"),
            Some(("23505", StatusClass::ServerError)),
        ),
        ("db.response.status_code", text("00000"), None),
        ("http.status_code", Value::BoolValue(true), None),
    ];
    for (key, value, expected) in cases {
        let status = SpanSubject::of_span("GET", SERVER, &span(&[(key, value.clone())])).status;
        let found = status.map(|status| (whole(&status), status.class));
        let expected = expected.map(|(code, class)| (code.to_owned(), class));
        assert_eq!(found, expected, "{key} {value:?}");
    }
    let both = [
        ("http.status_code", Value::IntValue(200)),
        ("rpc.grpc.status_code", Value::IntValue(5)),
    ];
    let status = SpanSubject::of_span("GET", CLIENT, &span(&both)).status.expect("a status");
    assert_eq!(whole(&status), "5 NOT_FOUND", "the more specific one");
}

fn whole(status: &CallStatus) -> String {
    let name = status.name.map(|name| format!(" {name}"));
    format!("{}{}", status.code, name.unwrap_or_default())
}

#[test]
fn operation_names_have_no_ids() {
    for (name, expected) in [
        ("GET /posts/17?x=1", "GET /posts/?"),
        (
            "GET http://api.example:8080/v1/posts/17",
            "GET http://api.example:8080/v1/posts/?",
        ),
        ("POST https://10.0.0.1", "POST https://10.0.0.1"),
        ("/users/a@b.de", "/users/?"),
        ("SELECT * FROM posts WHERE id = 17", "SELECT * FROM posts WHERE id = ?"),
        ("GET /posts/{id2}", "GET /posts/{id2}"),
        ("GET /posts/<int:id>", "GET /posts/<int:id>"),
        ("phase 2", "phase 2"),
        ("order-v2 process", "order-v2 process"),
        ("GET /a b/17", "GET /a b/17"),
        ("resetPassword", "resetPassword"),
        ("", ""),
    ] {
        let masked = SpanSubject::operation_name(name);
        assert_eq!(masked.as_deref().unwrap_or(name), expected, "{name}");
    }
}

#[test]
fn subjects_are_short_whatever_is_sent() {
    let long = format!("/{}", "é".repeat(100_000));
    for key in [
        "url.path",
        "url.full",
        "http.route",
        "db.statement",
        "messaging.destination",
        "server.address",
        "rpc.method",
    ] {
        for kind in [CLIENT, SERVER] {
            assert!(subject("GET", kind, &[(key, &long)]).len() <= TEXT_LENGTH_MAX, "{key}");
        }
    }
    let many: Vec<(String, Value)> = (0..1_000).map(|at| (format!("key {at}"), Value::IntValue(at))).collect();
    let mut many: Vec<(&str, Value)> = many.iter().map(|(key, value)| (&**key, value.clone())).collect();
    many.push(("http.route", Value::StringValue("/last".to_owned())));
    assert_eq!(
        &*SpanSubject::of_span("GET", SERVER, &span(&many)).text,
        "",
        "only so many are read"
    );
}

#[test]
fn long_values_are_read_in_part() {
    let text = "é".repeat(READ_MAX);
    let odd = format!("x{text}");
    assert_eq!(prefix(text.as_bytes()).map(str::len), Some(READ_MAX));
    assert_eq!(
        prefix(odd.as_bytes()).map(str::len),
        Some(READ_MAX - 1),
        "no part of a character"
    );
    assert_eq!(prefix("é".as_bytes()), Some("é"));
    assert_eq!(prefix(&odd.as_bytes()[..2]), None, "a short text is whole or invalid");
}

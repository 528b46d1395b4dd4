//! Targets of client spans' requests.

use opentelemetry_proto::tonic::common::v1::any_value::Value::{IntValue, StringValue};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use trace_model::{Batch, Source, otlp, work};

const CLIENT: i32 = 3;

fn text(value: &str) -> any_value::Value {
    StringValue(value.to_owned())
}

fn span(kind: i32, name: &str, attributes: &[(&str, any_value::Value)]) -> Span {
    let attribute = |(key, value): &(&str, any_value::Value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue {
            value: Some(value.clone()),
        }),
        ..KeyValue::default()
    };
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        kind,
        attributes: attributes.iter().map(attribute).collect(),
        ..Span::default()
    }
}

fn one_span(kind: i32, name: &str, attributes: &[(&str, any_value::Value)]) -> Batch {
    let scope = ScopeSpans {
        spans: vec![span(kind, name, attributes)],
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    otlp::batch(vec![resource], Source::OtlpHttp).0
}

fn target(batch: &Batch) -> Option<String> {
    let span = batch.each_span().next().expect("a span");
    let target = span.call_target(|_| true)?;
    let port = target.port.unwrap_or_default();
    Some(format!("{} {port} {}", target.host, target.path))
}

/// A name, attributes, and what is called.
type Case<'a> = (&'a str, &'a [(&'a str, any_value::Value)], Option<&'a str>);

#[test]
fn call_target_is_read_from_every_convention() {
    const TRACES: &str = "opentelemetry.proto.collector.trace.v1.TraceService";
    let grpc = format!("localhost 4317 /{TRACES}/Export");
    let cases: &[Case] = &[
        (
            "POST",
            &[
                ("server.address", text("proxy")),
                ("url.full", text("http://localhost:4318/v1/traces?x")),
            ],
            Some("localhost 4318 /v1/traces"),
        ),
        (
            "POST",
            &[("http.url", text("http://[::1]:4318/v1/logs"))],
            Some("::1 4318 /v1/logs"),
        ),
        (
            "POST",
            &[("url", text("http://localhost:8969/stream"))],
            Some("localhost 8969 /stream"),
        ),
        ("POST http://localhost:8969/stream", &[], Some("localhost 8969 /stream")),
        (
            "POST",
            &[
                ("server.address", text("::1")),
                ("server.port", IntValue(4318)),
                ("url.path", text("/v1/traces")),
            ],
            Some("::1 4318 /v1/traces"),
        ),
        (
            "HTTP POST",
            &[
                ("net.peer.name", text("localhost")),
                ("net.peer.port", text("4318")),
                ("http.target", text("/v1/traces?x=1")),
            ],
            Some("localhost 4318 /v1/traces"),
        ),
        (
            "HTTP POST",
            &[("http.host", text("127.0.0.1:4318")), ("http.target", text("/v1/traces"))],
            Some("127.0.0.1 4318 /v1/traces"),
        ),
        (
            "Export",
            &[
                ("rpc.service", text(TRACES)),
                ("rpc.method", text("Export")),
                ("server.address", text("localhost")),
                ("server.port", IntValue(4317)),
            ],
            Some(&grpc),
        ),
        (
            "Export",
            &[
                ("rpc.method", text(&format!("{TRACES}/Export"))),
                ("server.address", text("localhost")),
                ("server.port", IntValue(4317)),
            ],
            Some(&grpc),
        ),
        ("GET", &[("url.path", text("/v1/traces"))], None),
        (
            "GET",
            &[("server.address", text("localhost")), ("server.port", IntValue(4318))],
            None,
        ),
        (
            "GET",
            &[
                ("server.address", text("a")),
                ("server.port", IntValue(-1)),
                ("url.path", text("/b")),
            ],
            None,
        ),
        ("SELECT 1", &[("url.full", IntValue(7))], None),
        ("", &[], None),
    ];
    for (name, attributes, expected) in cases {
        let found = target(&one_span(CLIENT, name, attributes));
        assert_eq!(found.as_deref(), *expected, "{name} {attributes:?}");
    }
}

/// Field order is the sender's: protobuf has none.
#[test]
fn call_target_is_read_whatever_the_order_of_fields() {
    let url = [("url.full", text("http://localhost:4318/v1/traces"))];
    let whole = span(CLIENT, "POST", &url);
    let last = Span {
        kind: CLIENT,
        ..Span::default()
    };
    let bytes = [Span { kind: 0, ..whole }.encode_to_vec(), last.encode_to_vec()].concat();
    let request = delimited(1, &delimited(2, &delimited(2, &bytes)));
    let (batch, _) = Batch::traces(request.into(), Source::OtlpHttp).expect("a request");
    assert_eq!(target(&batch).as_deref(), Some("localhost 4318 /v1/traces"));
}

/// A field of less than 128 bytes.
fn delimited(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short field");
    assert!(length < 128, "{length}");
    [&[number << 3 | 2, length], bytes].concat()
}

#[test]
fn call_target_at_another_port_is_not_read() {
    let url = [("url.full", text("http://localhost:4318/v1/traces"))];
    let port = [
        ("server.port", IntValue(4318)),
        ("server.address", text("localhost")),
        ("url.path", text("/v1/traces")),
    ];
    for attributes in [&url[..], &port] {
        let batch = one_span(CLIENT, "POST", attributes);
        let span = batch.each_span().next().expect("a span");
        assert!(span.call_target(|port| port == 4318).is_some(), "{attributes:?}");
        assert_eq!(span.call_target(|port| port == 4317), None, "{attributes:?}");
    }
}

/// Most calls are to databases and other services.
#[test]
fn call_target_without_a_port_costs_nothing() {
    let path = [("server.address", text("shop")), ("url.path", text("/v1/traces"))];
    let batch = one_span(CLIENT, "POST", &path);
    assert_eq!(work::of(|| target(&batch)), (None, 0));
}

#[test]
fn call_target_of_other_kinds_costs_nothing() {
    let url = [("url.full", text("http://localhost:4318/v1/traces"))];
    for kind in [0, 1, 2, 4, 5] {
        let batch = one_span(kind, "POST", &url);
        assert_eq!(work::of(|| target(&batch)), (None, 0), "{kind}");
    }
}

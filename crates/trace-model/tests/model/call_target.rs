//! Where a client span's request goes, and spans that are dropped from a batch.

use opentelemetry_proto::tonic::common::v1::any_value::Value::{IntValue, StringValue};
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use trace_model::{Batch, Source, otlp, work};

use crate::support::{Sent, batch, sent};

const CLIENT: i32 = 3;

fn text(value: &str) -> any_value::Value {
    StringValue(value.to_owned())
}

fn one_span(kind: i32, name: &str, attributes: &[(&str, any_value::Value)]) -> Batch {
    let attribute = |(key, value): &(&str, any_value::Value)| KeyValue {
        key: (*key).to_owned(),
        value: Some(AnyValue {
            value: Some(value.clone()),
        }),
        ..KeyValue::default()
    };
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        kind,
        attributes: attributes.iter().map(attribute).collect(),
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: vec![span],
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
    let target = span.call_target()?;
    let port = target.port.map_or("?".to_owned(), |port| port.to_string());
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
            Some("a ? /b"),
        ),
        ("SELECT 1", &[("url.full", IntValue(7))], None),
        ("", &[], None),
    ];
    for (name, attributes, expected) in cases {
        let found = target(&one_span(CLIENT, name, attributes));
        assert_eq!(found.as_deref(), *expected, "{name} {attributes:?}");
    }
}

#[test]
fn call_target_of_other_kinds_costs_nothing() {
    let url = [("url.full", text("http://localhost:4318/v1/traces"))];
    for kind in [0, 1, 2, 4, 5] {
        let batch = one_span(kind, "POST", &url);
        assert_eq!(work::of(|| target(&batch)), (None, 0), "{kind}");
    }
}

fn upload(id: u8, parent: u8) -> Sent {
    Sent {
        kind: CLIENT,
        ..sent(id, parent, 1, 2)
    }
}

/// Drops the client spans; tells how many, and which spans are left.
fn dropped(spans: &[Sent]) -> (usize, Vec<String>) {
    let mut batch = batch(spans);
    // Of other spans it is known without a look that they are none.
    let count = batch.drop_spans(|span| span.candidate().kind == trace_model::SpanKind::Client);
    let left = batch.decode_spans().map(|span| span.name.replace("span ", "")).collect();
    assert_eq!(batch.span_count(), spans.len() - count);
    (count, left)
}

#[test]
fn dropped_spans_are_no_ancestors_of_others() {
    let cases: &[(&[Sent], usize, &str)] = &[
        (&[upload(1, 0), sent(2, 0, 1, 2)], 1, "2"),
        // An HTTP library's span, and below it that of the one it is built on.
        (&[upload(2, 1), upload(1, 0)], 2, ""),
        // In either order: the chain up from a span that stays.
        (&[sent(3, 2, 1, 2), upload(2, 1), upload(1, 0), upload(4, 1)], 1, "3 2 1"),
        (&[upload(4, 1), upload(1, 0), upload(2, 1), sent(3, 2, 1, 2)], 1, "1 2 3"),
        // Cycles of uploads end.
        (&[upload(1, 2), upload(2, 1), upload(3, 3)], 3, ""),
        (&[upload(1, 2), upload(2, 1), sent(3, 1, 1, 2)], 0, "1 2 3"),
        // The same ids in another trace, and another span with the id of an upload.
        (
            &[
                upload(1, 0),
                Sent {
                    trace: 2,
                    ..sent(3, 1, 1, 2)
                },
            ],
            1,
            "3",
        ),
        (&[upload(1, 0), sent(1, 0, 5, 6)], 1, "1"),
        (&[sent(1, 0, 1, 2), sent(2, 1, 1, 2)], 0, "1 2"),
    ];
    for (spans, count, left) in cases {
        let left: Vec<_> = left.split_whitespace().map(str::to_owned).collect();
        assert_eq!(dropped(spans), (*count, left), "{spans:?}");
    }
}

#[test]
fn dropped_spans_are_bounded_in_number() {
    let spans: Vec<_> = (0..5_000).map(|_| upload(1, 0)).collect();
    assert_eq!(dropped(&spans).0, 5_000, "they share an id");
    let mut spans = Vec::new();
    for trace in 1..=20 {
        spans.extend((1..=250).map(|id| Sent { trace, ..upload(id, 0) }));
    }
    assert_eq!(dropped(&spans).0, 4_096);
}

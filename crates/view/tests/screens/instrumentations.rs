//! Spans in the shape of ordinary instrumentations, in the details.

use app::Mode;
use app::keymap::Key;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Status};

use crate::errors::{add_error, map, text};
use crate::scene::{MILLI, Part, START, Scene, edit, span};

/// Converts pairs to attributes: numbers to numbers, `[a, b]` to an array of texts.
pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let text = |value: &str| any_value::Value::StringValue(value.to_owned());
    let value = |value: &str| match (
        value.parse(),
        value.strip_prefix('[').and_then(|value| value.strip_suffix(']')),
    ) {
        (Ok(number), _) => any_value::Value::IntValue(number),
        (_, Some(list)) => any_value::Value::ArrayValue(ArrayValue {
            values: list.split(", ").map(|one| AnyValue { value: Some(text(one)) }).collect(),
        }),
        _ => text(value),
    };
    pairs
        .iter()
        .map(|(key, one)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(value(one)) }),
            ..KeyValue::default()
        })
        .collect()
}

fn event(at_ms: u64, name: &str, pairs: &[(&str, &str)]) -> Event {
    Event {
        time_unix_nano: START + at_ms * MILLI,
        name: name.to_owned(),
        attributes: attributes(pairs),
        ..Event::default()
    }
}

/// A span of a library in a program.
struct Sample {
    name: &'static str,
    kind: i32,
    scope: (&'static str, &'static str),
    resource: &'static [(&'static str, &'static str)],
    attributes: &'static [(&'static str, &'static str)],
    events: Vec<Event>,
    status: Option<&'static str>,
}

impl Sample {
    fn spans(self) -> ResourceSpans {
        let mut spans = edit(span(1, 1, 0, "", self.name, 0, 90), |span| {
            span.kind = self.kind;
            span.attributes = attributes(self.attributes);
            span.events = self.events;
            span.status = self.status.map(|message| Status {
                code: 2,
                message: message.to_owned(),
            });
        });
        spans.resource = Some(opentelemetry_proto::tonic::resource::v1::Resource {
            attributes: attributes(self.resource),
            ..Default::default()
        });
        spans.scope_spans[0].scope = Some(InstrumentationScope {
            name: self.scope.0.to_owned(),
            version: self.scope.1.to_owned(),
            ..InstrumentationScope::default()
        });
        spans
    }

    fn scene(self, width: u16, height: u16) -> Scene {
        let mut scene = Scene::new(Mode::Viewer, width, height);
        scene.add(vec![self.spans()]);
        scene.press(&[Key::Enter, Key::Enter]);
        scene
    }
}

const NODE: &[(&str, &str)] = &[
    ("service.name", "shop"),
    ("telemetry.sdk.language", "nodejs"),
    ("telemetry.sdk.name", "opentelemetry"),
    ("telemetry.sdk.version", "2.1.0"),
    ("process.pid", "4711"),
    (
        "process.command_args",
        "[/usr/bin/node, --require, ./tracing.js, /srv/shop/server.js]",
    ),
    ("process.runtime.version", "22.11.0"),
    ("host.name", "laptop"),
];

/// `@opentelemetry/instrumentation-http` on the server's side, before and after the stable conventions.
fn node_http() -> Sample {
    Sample {
        name: "GET",
        kind: 2,
        scope: ("@opentelemetry/instrumentation-http", "0.205.0"),
        resource: NODE,
        attributes: &[
            (
                "http.url",
                "http://shop.example.com:3000/products/search?query=garden+chairs&page=2&order=price",
            ),
            ("http.host", "shop.example.com:3000"),
            ("net.host.name", "shop.example.com"),
            ("http.method", "GET"),
            ("http.scheme", "http"),
            ("http.client_ip", "127.0.0.1"),
            ("http.target", "/products/search?query=garden+chairs&page=2&order=price"),
            (
                "http.user_agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            ),
            ("http.request_content_length_uncompressed", "1536"),
            ("http.flavor", "1.1"),
            ("net.transport", "ip_tcp"),
            ("net.host.ip", "::ffff:127.0.0.1"),
            ("net.host.port", "3000"),
            ("net.peer.ip", "::ffff:127.0.0.1"),
            ("net.peer.port", "51234"),
            ("http.status_code", "404"),
            ("http.status_text", "NOT FOUND"),
        ],
        events: Vec::new(),
        status: None,
    }
}

/// `@opentelemetry/instrumentation-pg`.
fn node_pg() -> Sample {
    Sample {
        name: "pg.query:SELECT shop",
        kind: 3,
        scope: ("@opentelemetry/instrumentation-pg", "0.58.0"),
        resource: NODE,
        attributes: &[
            ("db.system", "postgresql"),
            ("db.name", "shop"),
            ("db.connection_string", "postgresql://db.internal:5432/shop"),
            ("net.peer.name", "db.internal"),
            ("net.peer.port", "5432"),
            ("db.user", "shop"),
            (
                "db.statement",
                "SELECT p.id, p.title\n  FROM products p\n WHERE p.title ILIKE $1\n ORDER BY p.price",
            ),
        ],
        events: Vec::new(),
        status: None,
    }
}

const TRACEBACK: &str = "Traceback (most recent call last):\n  File \"/srv/app/.venv/lib/python3.12/site-packages/flask/app.py\", line 1511, in wsgi_app\n    response = self.full_dispatch_request()\n  File \"/srv/app/orders.py\", line 42, in create\n    total = price(order)\nValueError: no price for 'garden chair'\n";

/// `opentelemetry-instrumentation-flask` where a view fails, after it has caught another error.
fn python_flask() -> Sample {
    Sample {
        name: "POST /orders",
        kind: 2,
        scope: ("opentelemetry.instrumentation.flask", "0.58b0"),
        resource: &[
            ("telemetry.sdk.language", "python"),
            ("telemetry.sdk.name", "opentelemetry"),
            ("telemetry.sdk.version", "1.37.0"),
            ("service.name", "orders"),
        ],
        attributes: &[
            ("http.method", "POST"),
            ("http.server_name", "127.0.0.1"),
            ("http.scheme", "http"),
            ("net.host.name", "localhost:5000"),
            ("http.host", "localhost:5000"),
            ("net.host.port", "5000"),
            ("http.target", "/orders"),
            ("net.peer.ip", "127.0.0.1"),
            ("http.user_agent", "python-requests/2.32.3"),
            ("net.peer.port", "40312"),
            ("http.flavor", "1.1"),
            ("http.route", "/orders"),
            ("http.status_code", "500"),
        ],
        events: vec![
            event(
                12,
                "cache miss",
                &[("cache.key", "price:garden chair"), ("cache.item_size", "0")],
            ),
            event(
                80,
                "exception",
                &[
                    ("exception.type", "ValueError"),
                    ("exception.message", "no price for 'garden chair'"),
                    ("exception.stacktrace", TRACEBACK),
                    ("exception.escaped", "False"),
                ],
            ),
        ],
        status: Some("ValueError: no price for 'garden chair'"),
    }
}

/// The Java agent: a consumer of Kafka that catches what goes wrong.
fn java_agent() -> Sample {
    Sample {
        name: "orders process",
        kind: 5,
        scope: ("io.opentelemetry.kafka-clients-0.11", "2.20.1-alpha"),
        resource: &[
            ("service.name", "billing"),
            (
                "process.command_line",
                "/usr/lib/jvm/java-21/bin/java -javaagent:/opt/opentelemetry-javaagent.jar -jar /srv/billing.jar",
            ),
            ("os.type", "linux"),
            ("telemetry.distro.name", "opentelemetry-java-instrumentation"),
        ],
        attributes: &[
            ("thread.id", "31"),
            ("thread.name", "consumer-1"),
            ("messaging.system", "kafka"),
            ("messaging.destination.name", "orders"),
            ("messaging.operation", "process"),
            ("messaging.kafka.consumer.group", "billing"),
            ("messaging.kafka.message.offset", "1093"),
            ("messaging.message.body.size", "2093"),
            ("messaging.destination.partition.id", "3"),
            ("messaging.client_id", "consumer-billing-1"),
            ("kafka.record.queue_time_ms", "125"),
        ],
        events: vec![event(
            30,
            "exception",
            &[
                ("exception.type", "java.net.SocketTimeoutException"),
                ("exception.message", "Read timed out"),
                (
                    "exception.stacktrace",
                    "java.net.SocketTimeoutException: Read timed out\n\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)\n\tat com.example.billing.Rates.fetch(Rates.java:61)\n",
                ),
            ],
        )],
        status: None,
    }
}

/// `otelgrpc`, whose messages are events.
fn go_grpc() -> Sample {
    Sample {
        name: "hipstershop.CurrencyService/Convert",
        kind: 3,
        scope: (
            "go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc",
            "0.63.0",
        ),
        resource: &[("service.name", "checkout"), ("telemetry.sdk.language", "go")],
        attributes: &[
            ("rpc.system", "grpc"),
            ("rpc.service", "hipstershop.CurrencyService"),
            ("rpc.method", "Convert"),
            ("server.address", "currencyservice"),
            ("server.port", "7000"),
            ("rpc.grpc.status_code", "14"),
        ],
        events: vec![
            event(
                1,
                "message",
                &[
                    ("rpc.message.type", "SENT"),
                    ("rpc.message.id", "1"),
                    ("rpc.message.uncompressed_size", "18"),
                ],
            ),
            event(88, "message", &[("rpc.message.type", "RECEIVED"), ("rpc.message.id", "1")]),
        ],
        status: Some("connection refused"),
    }
}

#[test]
fn details_of_ordinary_instrumentations() {
    let samples = || {
        [
            ("node_http", node_http()),
            ("node_pg", node_pg()),
            ("python_flask", python_flask()),
            ("java_agent", java_agent()),
            ("go_grpc", go_grpc()),
        ]
    };
    for (width, height) in [(40, 10), (80, 24), (120, 40)] {
        for (name, sample) in samples() {
            let mut scene = sample.scene(width, height);
            insta::assert_snapshot!(format!("details_{name}_{width}x{height}"), scene.part(Part::Details));
        }
    }
}

/// Asserts that parts are shown in this order, whatever the width.
pub(crate) fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest
            .find(part)
            .unwrap_or_else(|| panic!("{part} is not where it should be\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn details_are_ordered_by_use() {
    let text = node_http().scene(200, 60).part(Part::Details);
    in_order(
        &text,
        &[
            "http.status_code",
            "http.method",
            "http.target",
            "http.url",
            "net.peer.port",
            "http.flavor",
            "▸ resource",
            "▸ scope",
        ],
    );
    let text = python_flask().scene(200, 60).part(Part::Details);
    in_order(
        &text,
        &[
            "status",
            "events",
            "cache miss",
            "✗ ValueError",
            "attributes",
            "http.status_code",
            "http.route",
        ],
    );
    let text = java_agent().scene(200, 60).part(Part::Details);
    in_order(
        &text,
        &[
            "events",
            "attributes",
            "messaging.destination.name",
            "kafka.record.queue_time_ms",
            "thread.id",
        ],
    );
}

#[test]
fn values_are_whole_and_as_people_read_them() {
    for width in [80, 100] {
        let text = node_http().scene(width, 100).part(Part::Details);
        in_order(&text, &["http.url", "http://shop.example.com:3000/products/search?"]);
        in_order(&text, &["http.request_content_length_uncompressed", "1.50 KiB (1536)"]);
        let text = node_pg().scene(width, 100).part(Part::Details);
        in_order(
            &text,
            &[
                "db.statement",
                "SELECT p.id, p.title\n",
                "  FROM products p\n",
                " WHERE p.title ILIKE $1\n",
            ],
        );
        let text = java_agent().scene(width, 100).part(Part::Details);
        in_order(&text, &["messaging.message.body.size", "2.04 KiB (2093)"]);
        in_order(&text, &["kafka.record.queue_time_ms", "125 ms"]);
    }
}

#[test]
fn handled_exceptions_are_told_from_failures() {
    let text = java_agent().scene(100, 40).part(Part::Details);
    in_order(&text, &["⚠ handled SocketTimeoutException: Read timed out"]);
    let text = python_flask().scene(100, 40).part(Part::Details);
    in_order(&text, &["✗ ValueError: no price for 'garden chair'"]);
    assert!(!text.contains("handled"), "{text}");
    // On the bars, too.
    let bar = java_agent().scene(100, 40).part(Part::Waterfall);
    assert!(bar.contains('⚠') && !bar.contains('!'), "{bar}");
    let bar = python_flask().scene(100, 40).part(Part::Waterfall);
    assert!(bar.contains('!'), "{bar}");
}

#[test]
fn handled_errors_of_sentry_are_told_from_failures() {
    for (code, part, row, counts) in [
        (0, "⚠ handled KeyError: 'basket'", "GET /basket ⚠ handled KeyErr…", "1 ⚠1"),
        (2, "! KeyError: 'basket'", "GET /basket ! KeyError", "1 ✗1 !1"),
    ] {
        let mut scene = Scene::new(Mode::Viewer, 100, 40);
        scene.add(vec![edit(span(1, 1, 0, "shop", "GET /basket", 0, 90), |span| {
            span.status = Some(Status {
                code,
                ..Status::default()
            });
        })]);
        let thrown = [
            ("type", text("KeyError")),
            ("value", text("'basket'")),
            ("handled", any_value::Value::BoolValue(true)),
        ];
        let exceptions = any_value::Value::ArrayValue(ArrayValue {
            values: vec![AnyValue {
                value: Some(map(thrown)),
            }],
        });
        add_error(
            &mut scene,
            1,
            1,
            "shop",
            30,
            vec![("title", text("KeyError: 'basket'")), ("sentry.exceptions", exceptions)],
        );
        scene.press(&[Key::Enter, Key::Enter]);
        in_order(&scene.part(Part::Details), &["errors", part]);
        let waterfall = scene.part(Part::Waterfall);
        in_order(&waterfall, &[row]);
        assert_eq!(waterfall.contains('!'), code == 2, "{waterfall}");
        assert!(scene.part(Part::Traces).contains(counts), "{}", scene.part(Part::Traces));
        let counted = scene.app.store.traces(0..1)[0].clone();
        assert_eq!(counted.grave_events(), usize::from(code == 2));
    }
}

#[test]
fn attributes_of_an_event_fold_below_it() {
    let mut scene = python_flask().scene(200, 60);
    assert!(!scene.part(Part::Details).contains("line 42"));
    // The cursor begins on the status, above the heading and the first event.
    scene.type_keys("jjj");
    scene.press(&[Key::Enter]);
    let text = scene.part(Part::Details);
    in_order(
        &text,
        &[
            "▾ ✗ ValueError",
            "exception.stacktrace",
            "File \"/srv/app/orders.py\", line 42",
            "total = price(order)",
        ],
    );
    scene.type_keys(" ");
    assert!(!scene.part(Part::Details).contains("line 42"));
}

#[test]
fn stack_trace_of_an_event_opens_full_size() {
    let mut scene = python_flask().scene(200, 60);
    // The cursor begins on the status, above the heading and the first event.
    scene.type_keys("jjjv");
    let text = scene.text();
    in_order(
        &text,
        &["VALUE", "exception.stacktrace", "File \"/srv/app/orders.py\", line 42"],
    );
}

//! Spans and transactions.

use opentelemetry_proto::tonic::trace::v1 as proto;
use serde_json::json;
use trace_model::sentry::Evidence;
use trace_model::{SpanKind, StatusCode, Value};

use super::super::draft::kind_of;
use super::super::testing::{RECEIVED, TRACE, get, item, read_one, read_with, spans, text};

const A1: &str = "00000000000000a1";
const A2: &str = "00000000000000a2";
const A3: &str = "00000000000000a3";

#[test]
fn transaction_is_a_span_with_its_children() {
    let reading = read_one(
        "transaction",
        json!({
            "event_id": "9ec79c33ec9942ab8353589fcb2e04dc",
            "transaction": "POST /person/",
            "start_timestamp": 1_708_333_062.041_582,
            "timestamp": "2024-02-19T08:57:42.258721Z",
            "release": "api@1.2",
            "tags": { "tier": "gold" },
            "measurements": { "rows": { "value": 3, "unit": "none" } },
            "request": { "url": "http://localhost/person/", "method": "POST", "headers": { "authorization": "Basic secret" } },
            "contexts": {
                "trace": {
                    "trace_id": TRACE, "span_id": A1, "parent_span_id": "00000000000000ff", "op": "http.server", "status": "ok",
                    "origin": "auto.http", "data": { "nested": { "a": [1, 2.5] } },
                },
                "os": { "name": "Linux" },
                "response": { "status_code": 200 },
            },
            "spans": [
                {
                    "trace_id": TRACE, "span_id": A2, "parent_span_id": A1, "op": "db.query", "description": "insert into person",
                    "start_timestamp": 1_708_333_062.05, "timestamp": 1_708_333_062.06, "status": "not_found", "data": { "db.system": "hsqldb" },
                    "tags": { "shard": 1 },
                },
                { "span_id": "00000000000000A3", "parent_span_id": A2, "op": "view.render", "start_timestamp": 1_708_333_062.05 },
            ],
        }),
    );
    let spans = spans(&reading);
    let [root, db, view] = &spans[..] else { panic!("{spans:?}") };

    assert_eq!(
        (&*root.name, root.kind, root.status),
        ("POST /person/", SpanKind::Server, StatusCode::Ok)
    );
    assert_eq!(root.trace_id.to_string(), TRACE);
    assert_eq!(
        root.parent_span_id.map(|id| id.to_string()).as_deref(),
        Some("00000000000000ff")
    );
    assert_eq!(
        (root.start_unix_nano, root.end_unix_nano),
        (1_708_333_062_041_582_000, Some(1_708_333_062_258_721_000))
    );
    assert_eq!(get(&root.attributes, "sentry.op"), Some(&text("http.server")));
    assert_eq!(get(&root.attributes, "sentry.origin"), Some(&text("auto.http")));
    assert_eq!(get(&root.attributes, "sentry.release"), Some(&text("api@1.2")));
    assert_eq!(get(&root.attributes, "tags.tier"), Some(&text("gold")));
    assert_eq!(get(&root.attributes, "measurements.rows"), Some(&Value::Int(3)));
    assert_eq!(get(&root.attributes, "http.request.method"), Some(&text("POST")));
    assert_eq!(get(&root.attributes, "url.full"), Some(&text("http://localhost/person/")));
    assert_eq!(get(&root.attributes, "contexts.response.status_code"), Some(&Value::Int(200)));
    assert!(matches!(get(&root.attributes, "nested"), Some(Value::Map(members)) if members[0].key == "a"));
    assert_eq!(get(&root.resource, "os.name"), Some(&text("Linux")));
    assert!(!format!("{root:?}").contains("secret"));

    assert_eq!(
        (&*db.name, db.kind, db.status, &*db.status_message),
        ("insert into person", SpanKind::Client, StatusCode::Error, "not_found")
    );
    assert_eq!(get(&db.attributes, "db.system"), Some(&text("hsqldb")));
    assert_eq!(get(&db.attributes, "sentry.description"), None, "it is the name");
    assert_eq!(get(&db.attributes, "tags.shard"), Some(&Value::Int(1)));
    assert_eq!(
        (&*view.name, view.kind, view.status, view.end_unix_nano),
        ("view.render", SpanKind::Internal, StatusCode::Unset, None)
    );
    assert_eq!(view.trace_id, root.trace_id, "a transaction is of one trace");
    assert!(
        spans
            .iter()
            .all(|span| span.service == "api" && span.source == trace_model::Source::Sentry)
    );

    let (trace_id, root) = (root.trace_id, root.span_id);
    assert_eq!(
        reading.arrival.evidence,
        [Evidence::Transaction {
            trace_id,
            root,
            spans: 2
        }]
    );
    assert_eq!(reading.counts.spans, 3);
}

#[test]
fn span_items_of_version_2_say_all_in_attributes() {
    let typed = |value: serde_json::Value, kind: &str| json!({ "value": value, "type": kind });
    let item = json!({ "version": 2, "items": [
        {
            "trace_id": TRACE, "span_id": A1, "name": "GET /", "status": "ok", "is_segment": true,
            "start_timestamp": 1.5, "end_timestamp": 2,
            "attributes": {
                "sentry.op": typed(json!("http.server"), "string"), "sentry.release": typed(json!("shop@3"), "string"),
                "sentry.environment": typed(json!("test"), "string"), "http.response.status_code": typed(json!(200), "integer"),
            },
            "links": [
                { "trace_id": "11111111111111111111111111111111", "span_id": A3, "sampled": true, "attributes": { "sentry.link.type": typed(json!("previous_trace"), "string") } },
                { "trace_id": "no", "span_id": A3 },
            ],
        },
        {
            "trace_id": TRACE, "span_id": A2, "parent_span_id": A1, "name": "send", "status": "error",
            "start_timestamp": 1.6, "end_timestamp": 1.7,
            "attributes": { "otel.kind": typed(json!("PRODUCER"), "string"), "service.name": typed(json!("other"), "string") },
        },
    ]});
    let reading = read_one("span", item);
    let spans = spans(&reading);
    let [root, child] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((&*root.name, root.kind, &*root.service), ("GET /", SpanKind::Server, "shop"));
    assert_eq!(
        (root.start_unix_nano, root.end_unix_nano),
        (1_500_000_000, Some(2_000_000_000))
    );
    assert_eq!(get(&root.resource, "deployment.environment.name"), Some(&text("test")));
    assert_eq!(get(&root.attributes, "http.response.status_code"), Some(&Value::Int(200)));
    assert_eq!(get(&root.attributes, "sentry.is_segment"), Some(&Value::Bool(true)));
    assert_eq!(root.links.len(), 1);
    assert_eq!(root.links[0].span_id, Some(A3.parse().unwrap()));
    assert_eq!(
        get(&root.links[0].attributes, "sentry.link.type"),
        Some(&text("previous_trace"))
    );
    assert_eq!(
        (child.kind, child.status, &*child.status_message, &*child.service),
        (SpanKind::Producer, StatusCode::Error, "", "other")
    );
    assert_eq!(reading.arrival.evidence, [], "more may follow");
}

#[test]
fn span_item_of_version_1_is_one_span() {
    let span = json!({
        "trace_id": TRACE, "span_id": A1, "op": "ui.interaction.click", "description": "button", "is_segment": false,
        "start_timestamp": 1, "timestamp": 2, "data": { "sentry.release": "web@1" }, "measurements": { "inp": { "value": 7.5 } },
    });
    let reading = read_one("span", span);
    let spans = spans(&reading);
    assert_eq!((spans.len(), &*spans[0].name, &*spans[0].service), (1, "button", "web"));
    assert_eq!(get(&spans[0].attributes, "measurements.inp"), Some(&Value::Double(7.5)));
}

#[test]
fn kinds_by_operation() {
    for (op, kind) in [
        ("http.server", proto::span::SpanKind::Server),
        ("http.client", proto::span::SpanKind::Client),
        ("grpc.server", proto::span::SpanKind::Server),
        ("db", proto::span::SpanKind::Client),
        ("db.sql.query", proto::span::SpanKind::Client),
        ("dbus", proto::span::SpanKind::Internal),
        ("queue.publish", proto::span::SpanKind::Producer),
        ("queue.process", proto::span::SpanKind::Consumer),
        ("queue.receive", proto::span::SpanKind::Consumer),
        ("", proto::span::SpanKind::Internal),
    ] {
        assert_eq!(kind_of(op), kind, "{op}");
    }
}

#[test]
fn bad_span_costs_itself_and_bad_item_no_other() {
    let transaction = json!({
        "contexts": { "trace": { "trace_id": TRACE, "span_id": A1, "status": 7, "op": ["x"], "data": "none", "links": { "a": 1 } } },
        "transaction": { "not": "a name" }, "tags": 7, "start_timestamp": "yesterday", "timestamp": -1, "measurements": [], "request": "GET",
        "spans": [{ "span_id": 7 }, "span", null, { "trace_id": "0", "span_id": A2 }, { "span_id": A3, "parent_span_id": "zz" }],
    });
    let version_2 = json!({ "items": [{}, 7, { "trace_id": "00000000000000000000000000000000", "span_id": A1 }, { "trace_id": TRACE, "span_id": A2 }] });
    let items = vec![
        item("transaction", "{\"contexts\":"),
        item("transaction", "[]"),
        item("transaction", json!({})),
        item("transaction", transaction),
        item("span", version_2),
        item("novelty", "\u{1}"),
    ];
    let reading = read_with(&json!({}), items);
    let spans = spans(&reading);
    let ids: Vec<_> = spans.iter().map(|span| span.span_id.to_string()).collect();
    assert_eq!(ids, [A1, A3, A2]);
    assert_eq!(
        (&*spans[0].name, spans[0].start_unix_nano, spans[0].end_unix_nano),
        ("", RECEIVED, None)
    );
    assert_eq!(spans[1].parent_span_id, None);
    let problems = &reading.problems;
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert!(
        problems[0].starts_with("an item of type transaction is not readable: EOF"),
        "{problems:?}"
    );
    assert_eq!(problems[1], "an item of type transaction is not readable: not a JSON object");
    assert_eq!(problems[2], "an item of type transaction: its ids are unusable (1 dropped)");
    assert_eq!(problems[3], "an item of type transaction: its ids are unusable (4 dropped)");
    assert_eq!(problems[4], "an item of type span: its ids are unusable (3 dropped)");
    assert_eq!(reading.counts.dropped, 5);
    assert_eq!(reading.contents.items["novelty"].count, 1);
}

#[test]
fn item_too_large_for_sentry_is_reported_with_its_spans() {
    let other = "11111111111111111111111111111111";
    let span = |trace_id: &str, span_id: &str, name: String| json!({ "trace_id": trace_id, "span_id": span_id, "name": name });
    let small = json!({ "items": [span(TRACE, A3, "x".repeat(100))] });
    let large = json!({ "items": [span(TRACE, A1, "x".repeat(1024 * 1024)), span(other, A2, String::new()), span(TRACE, A2, String::new())] });
    let reading = read_with(&json!({}), vec![item("span", small), item("span", &large)]);
    let bytes = large.to_string().len() as u64;
    let ids = |ids: &[&str]| ids.iter().map(|id| id.parse().unwrap()).collect();
    let expected = [
        Evidence::TooLarge {
            trace_id: TRACE.parse().unwrap(),
            spans: ids(&[A1, A2]),
            bytes,
        },
        Evidence::TooLarge {
            trace_id: other.parse().unwrap(),
            spans: ids(&[A2]),
            bytes,
        },
    ];
    assert_eq!(reading.arrival.evidence, expected);
    let spans = spans(&reading);
    assert_eq!(get(&spans[0].attributes, "sentry.item.bytes"), None);
    assert_eq!(
        get(&spans[1].attributes, "sentry.item.bytes"),
        Some(&Value::Int(bytes.try_into().unwrap()))
    );
}

/// A mebibyte is what Sentry takes.
#[test]
fn item_of_the_maximum_size_is_not_too_large() {
    let span = |length: usize| json!({ "trace_id": TRACE, "span_id": A1, "name": "x".repeat(length) }).to_string();
    let room = 1024 * 1024 - span(0).len();
    assert_eq!(read_one("span", span(room)).arrival.evidence, []);
    assert_eq!(read_one("span", span(room + 1)).arrival.evidence.len(), 1);
}

#[test]
fn statuses_that_sentry_counts_as_no_failure_are_unset() {
    for (status, expected) in [
        ("ok", StatusCode::Ok),
        ("unset", StatusCode::Unset),
        ("unknown", StatusCode::Unset),
        ("cancelled", StatusCode::Unset),
        ("canceled", StatusCode::Unset),
        ("unknown_error", StatusCode::Error),
        ("aborted", StatusCode::Error),
        ("deadline_exceeded", StatusCode::Error),
        ("not_found", StatusCode::Error),
        ("internal_error", StatusCode::Error),
        // Of the oldest SDKs.
        ("success", StatusCode::Ok),
        ("failure", StatusCode::Error),
        // Sentry's value for unknown.
        ("Cancelled", StatusCode::Unset),
        ("teapot", StatusCode::Unset),
    ] {
        let reading = read_one("span", json!({ "trace_id": TRACE, "span_id": A1, "status": status }));
        let [span] = <[_; 1]>::try_from(spans(&reading)).unwrap();
        assert_eq!(span.status, expected, "{status}");
        let is_kept = get(&span.attributes, "sentry.status") == Some(&text(status));
        assert_eq!(is_kept, expected == StatusCode::Unset && status != "unset", "{status}");
    }
}

#[test]
fn root_of_the_older_go_sdk_keeps_its_attributes() {
    let reading = read_one(
        "transaction",
        json!({
            "transaction": "GET /",
            "contexts": {
                "trace": { "trace_id": TRACE, "span_id": A1, "data": { "http.route": "/" } },
                "otel": { "attributes": { "http.method": "GET", "http.route": "other" }, "resource": { "service.name": "shop" } },
            },
        }),
    );
    let [root] = <[_; 1]>::try_from(spans(&reading)).unwrap();
    assert_eq!(get(&root.attributes, "http.method"), Some(&text("GET")));
    assert_eq!(get(&root.attributes, "http.route"), Some(&text("/")));
    assert_eq!(&*root.service, "shop");
}

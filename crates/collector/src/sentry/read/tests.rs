//! Logs, check-ins, sessions, client reports; what is bounded; what must hold of anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use trace_model::sentry::Evidence;
use trace_model::{Severity, Value as Any, work};

use super::super::testing::{RECEIVED, TRACE, get, item, logs, read_one, read_with, spans, text};
use super::*;

#[test]
fn logs_are_log_records() {
    let typed = |value: Json, kind: &str| json!({ "value": value, "type": kind });
    let reading = read_one(
        "log",
        json!({ "items": [
            {
                "timestamp": 1.5, "trace_id": TRACE, "span_id": "00000000000000a1", "level": "warn", "severity_number": 14, "body": "slow",
                "attributes": { "sentry.release": typed(json!("shop@1"), "string"), "amount": typed(json!(99.5), "double") },
            },
            {
                "timestamp": 2, "trace_id": TRACE, "level": "error", "severity_number": 99, "body": "bad",
                "attributes": { "service.name": typed(json!("other"), "string"), "sentry.trace.parent_span_id": typed(json!("00000000000000a2"), "string") },
            },
            { "trace_id": "no", "body": 7 },
        ]}),
    );
    let logs = logs(&reading);
    let [slow, bad, bare] = &logs[..] else { panic!("{logs:?}") };
    assert_eq!(
        (slow.time_unix_nano, slow.severity, &*slow.severity_text, &*slow.service),
        (1_500_000_000, Severity::Warn, "warn", "shop")
    );
    assert_eq!((&slow.body, &*slow.event_name), (&text("slow"), ""));
    assert_eq!(slow.span_id.unwrap().to_string(), "00000000000000a1");
    assert_eq!(get(&slow.attributes, "amount"), Some(&Any::Double(99.5)));
    assert_eq!(
        (bad.severity, &*bad.service, bad.span_id.unwrap().to_string()),
        (Severity::Error, "other", "00000000000000a2".to_owned())
    );
    assert_eq!(
        (bare.trace_id, bare.time_unix_nano, &bare.body),
        (None, RECEIVED, &Any::Int(7))
    );
    assert_eq!((reading.counts.log_records, reading.counts.errors), (3, 0));
}

#[test]
fn bad_log_record_costs_itself() {
    let items = vec![
        item("log", json!({ "items": [7, { "body": "kept" }, null] })),
        item("log", json!({ "level": "info" })),
    ];
    let reading = read_with(&json!({}), items);
    assert_eq!(logs(&reading).len(), 1);
    assert_eq!(
        reading.problems,
        [
            "an item of type log: not an object (2 dropped)",
            "an item of type log: it has no `items` (1 dropped)"
        ]
    );
}

#[test]
fn check_ins_are_counted_and_stand_in_their_trace() {
    let check_in = |status: &str, contexts: Json| {
        let check_in = json!({ "check_in_id": "83a7c03ed0a04e1b97e2e3b18d38f244", "monitor_slug": "nightly", "status": status, "duration": 1.5, "contexts": contexts });
        item("check_in", check_in)
    };
    let trace = json!({ "trace": { "trace_id": TRACE } });
    let reading = read_with(
        &json!({}),
        vec![
            check_in("in_progress", json!({})),
            check_in("error", trace),
            check_in("error", json!(7)),
        ],
    );
    let logs = logs(&reading);
    assert_eq!(logs.len(), 1);
    assert_eq!(
        (&*logs[0].event_name, &logs[0].body, logs[0].severity),
        ("sentry.check_in", &text("nightly error"), Severity::Error)
    );
    assert_eq!(logs[0].trace_id.unwrap().to_string(), TRACE);
    assert_eq!(get(&logs[0].attributes, "sentry.check_in.duration"), Some(&Any::Double(1.5)));
    assert_eq!(counts(&reading.contents.check_ins), [("error", 2), ("in_progress", 1)]);
}

#[test]
fn sessions_are_counted_by_status() {
    let items = vec![
        item("session", json!({ "sid": "x", "init": true, "status": "ok" })),
        item("session", json!({ "sid": "x", "status": "exited", "errors": 1 })),
        item("session", json!({ "sid": "y", "status": "crashed", "errors": 1 })),
        item(
            "sessions",
            json!({ "aggregates": [{ "started": "x", "exited": 3, "errored": 2 }, 7, { "exited": 1, "crashed": "many" }] }),
        ),
    ];
    let reading = read_with(&json!({}), items);
    assert_eq!(reading.problems, [""; 0]);
    assert_eq!(
        counts(&reading.contents.sessions),
        [("crashed", 1), ("errored", 3), ("exited", 4), ("ok", 1)]
    );
    assert!(reading.arrival.is_empty());
}

#[test]
fn client_reports_are_evidence_with_the_sender_of_what_came_with_them() {
    let report = json!({
        "timestamp": "2024-02-19T08:57:42Z",
        "discarded_events": [
            { "reason": "sample_rate", "category": "transaction", "quantity": 3 },
            { "reason": "x".repeat(1000), "category": "span", "quantity": 2 },
            { "reason": "queue_overflow", "category": "error", "quantity": 0 },
            { "reason": "queue_overflow", "category": "error", "quantity": "many" },
            7,
        ],
        "rate_limited_events": [{ "category": "error", "quantity": 5 }],
    });
    let dropped = |reading: &ParsedEnvelope| -> Vec<_> {
        let evidence = reading.arrival.evidence.iter().map(|evidence| match evidence {
            Evidence::Dropped {
                service,
                unix_nano,
                reason,
                category,
                quantity,
            } => {
                assert_eq!(*unix_nano, 1_708_333_062_000_000_000);
                (service.to_string(), reason.to_string(), category.to_string(), *quantity)
            }
            other => panic!("{other:?}"),
        });
        evidence.collect()
    };
    let line = |service: &str, reason: &str, category: &str, quantity| {
        (service.to_owned(), reason.to_owned(), category.to_owned(), quantity)
    };

    let items = vec![
        item("client_report", &report),
        item("event", json!({ "message": "x", "release": "shop@1" })),
    ];
    let reading = read_with(&json!({ "sdk": { "name": "sentry.python" } }), items);
    let overlong = "x".repeat(64);
    let expected = [
        line("shop", "sample_rate", "transaction", 3),
        line("shop", &overlong, "span", 2),
        line("shop", "rate_limited", "error", 5),
    ];
    assert_eq!(dropped(&reading), expected);
    assert_eq!(
        counts(&reading.contents.client_reports),
        [("other", 2), ("rate_limited", 5), ("sample_rate", 3)]
    );

    let alone = read_with(
        &json!({ "sdk": { "name": "sentry.python" } }),
        vec![item("client_report", &report)],
    );
    assert_eq!(dropped(&alone)[0].0, "python");
    let unknown = read_with(&json!({}), vec![item("client_report", &report)]);
    assert_eq!(dropped(&unknown)[0].0, "");
}

#[test]
fn unsampled_trace_is_reported() {
    let header = |sampled: Json| json!({ "trace": { "trace_id": TRACE, "sampled": sampled } });
    for (sampled, said) in [
        (json!("false"), true),
        (json!(false), true),
        (json!("true"), false),
        (json!(null), false),
        (json!(0), false),
    ] {
        let reading = read_with(&header(sampled.clone()), Vec::new());
        let expected = Evidence::Unsampled {
            trace_id: TRACE.parse().unwrap(),
        };
        assert_eq!(reading.arrival.evidence.contains(&expected), said, "{sampled}");
    }
    assert!(
        read_with(&json!({ "trace": { "trace_id": "x", "sampled": "false" } }), Vec::new())
            .arrival
            .is_empty()
    );
}

#[test]
fn unread_items_are_counted_with_their_size() {
    let types = [
        "attachment",
        "profile",
        "profile_chunk",
        "replay_event",
        "replay_recording",
        "replay_video",
        "statsd",
        "metric_buckets",
        "user_report",
        "feedback",
        "raw_security",
        "form_data",
        "nel",
        "unreal_report",
        "novelty",
    ];
    let reading = read_with(&json!({}), types.map(|item_type| item(item_type, "\u{0}no JSON")).to_vec());
    assert_eq!(reading.problems, [""; 0]);
    assert!(reading.arrival.is_empty());
    for item_type in types {
        assert_eq!(
            reading.contents.items[item_type],
            crate::ItemCount { count: 1, bytes: 8 },
            "{item_type}"
        );
    }
}

#[test]
fn items_over_the_limit_are_not_read() {
    let span = json!({ "trace_id": TRACE, "span_id": "00000000000000a1" }).to_string();
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(ENVELOPE_READING_MAX / TEXT_COPIES));
    let many = format!("{{\"items\":[{}0]}}", "0,".repeat(ENVELOPE_READING_MAX / VALUE_BYTES));
    for large in [long, many] {
        let items = ["span", "span", "attachment"].map(|item_type| item(item_type, &large));
        let items = [&items[..], &[item("span", &span)]].concat();
        let envelope = Envelope {
            items: items.clone(),
            ..Envelope::default()
        };
        assert_eq!(memory(&envelope), cost(span.as_bytes()));
        let reading = read_with(&json!({}), items);
        assert_eq!(reading.problems, ["an item of type span is more than is read at once"; 2]);
        assert_eq!(spans(&reading).len(), 1, "the one after them is");
    }
}

/// A text of a megabyte is sent once, not a thousand times.
#[test]
fn shared_header_texts_do_not_multiply() {
    let long = "x".repeat(1 << 20);
    let header = json!({ "event_id": long, "sdk": { "name": long, "version": long }, "dsn": format!("http://{long}@x/1") });
    let report = json!({ "discarded_events": [{ "reason": "r", "category": "c", "quantity": 1 }] });
    let mut items = vec![item("event", json!({ "message": "x", "tags": { "service": long } }))];
    items.extend((0..300).map(|_| item("event", json!({ "message": "x" }))));
    items.extend((0..300).map(|_| item("client_report", &report)));
    let reading = read_with(&header, items);
    assert_eq!((reading.arrival.logs.log_count(), reading.arrival.evidence.len()), (301, 300));
    assert!(reading.arrival.bytes() < 4 << 20, "{}", reading.arrival.bytes());
    let services = reading.arrival.evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Dropped { service, .. } => Some(service),
        _ => None,
    });
    let mut services = services.collect::<Vec<_>>();
    services.dedup_by(|one, other| Arc::ptr_eq(one, other));
    assert_eq!(services.len(), 1, "one name for all");
}

#[test]
fn name_of_a_context_is_not_copied_for_each_member() {
    let members: serde_json::Map<_, _> = (0..1_000).map(|at| (format!("m{at}"), json!(at))).collect();
    let contexts = json!({ "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" }, "x".repeat(100_000): members });
    let reading = read_one("transaction", json!({ "contexts": contexts }));
    assert!(reading.arrival.bytes() < 1 << 20, "{}", reading.arrival.bytes());
    let attributes = &spans(&reading)[0].attributes;
    assert!(
        attributes.iter().any(|attribute| attribute.key.starts_with("contexts.xx")),
        "nothing is lost"
    );
}

#[test]
fn resource_of_a_transaction_is_not_compared_for_each_span() {
    let long = "x".repeat(100_000);
    let span = |at: u64| json!({ "trace_id": TRACE, "span_id": format!("{:016x}", at + 1) });
    let spans: Vec<_> = (1..1_000).map(span).collect();
    let contexts = json!({ "trace": span(0), "os": { "name": long } });
    let (reading, counted) = work::of(|| read_one("transaction", json!({ "contexts": contexts, "spans": spans })));
    assert_eq!(reading.counts.spans, 1_000);
    assert!(counted < 20 * reading.arrival.bytes() as u64, "{counted}");
    assert_eq!(
        reading
            .arrival
            .spans
            .decode_spans()
            .filter(|span| !span.resource.is_empty())
            .count(),
        1_000
    );
}

/// Names and values of hostile documents.
#[test]
fn hostile_documents_are_read_as_far_as_they_go() {
    let deep = |open: &str, close: &str| format!("{}0{}", open.repeat(5_000), close.repeat(5_000));
    let ids = format!("\"trace_id\":\"{TRACE}\",\"span_id\":\"00000000000000a1\"");
    for value in [
        deep("[", "]"),
        deep("{\"a\":", "}"),
        "1e999".to_owned(),
        "-0.0".to_owned(),
        "99999999999999999999999999999999".to_owned(),
        "\"\\ud800\"".to_owned(),
        "\"\\u0000\\u001b[2J\"".to_owned(),
        "9223372036854775808".to_owned(),
        "[[],{},[{}],\"\"]".to_owned(),
    ] {
        for member in [
            "data",
            "start_timestamp",
            "timestamp",
            "status",
            "op",
            "tags",
            "links",
            "measurements",
            "attributes",
            "name",
            "parent_span_id",
        ] {
            let span = format!("{{{ids},\"{member}\":{value},\"data\":{{\"a\":{value}}},\"{member}\":{value}}}");
            assert_eq!(spans(&read_one("span", &span)).len(), 1, "{member} {value:.40}");
            let transaction = format!(
                "{{\"contexts\":{{\"trace\":{{{ids}}},\"c\":{value}}},\"{member}\":{value},\"spans\":[{span}],\"spans\":[{span},{span}]}}"
            );
            assert_eq!(spans(&read_one("transaction", &transaction)).len(), 3, "{member} {value:.40}");
        }
        for member in [
            "exception",
            "breadcrumbs",
            "message",
            "timestamp",
            "level",
            "contexts",
            "threads",
            "tags",
            "request",
            "user",
        ] {
            let event = format!("{{\"event_id\":\"{TRACE}\",\"{member}\":{value},\"extra\":{{\"x\":{value}}}}}");
            assert_eq!(logs(&read_one("event", &event)).len(), 1, "{member} {value:.40}");
        }
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    counts.iter().map(|(name, count)| (&**name, *count)).collect()
}

/// JSON of members that mean something here, with values of all types.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!(TRACE)),
        Just(json!("00000000000000a1")),
        Just(json!("2024-02-19T08:57:42Z")),
        ".{0,8}".prop_map(Json::from),
    ];
    let name = prop_oneof![
        prop::sample::select(vec![
            "trace_id",
            "span_id",
            "parent_span_id",
            "contexts",
            "trace",
            "spans",
            "items",
            "data",
            "attributes",
            "value",
            "values",
            "type",
            "exception",
            "stacktrace",
            "frames",
            "breadcrumbs",
            "tags",
            "links",
            "timestamp",
            "start_timestamp",
            "discarded_events",
            "quantity",
            "aggregates",
            "exited",
            "otel",
            "resource",
            "service.name",
            "sdk",
            "name",
            "request",
            "headers",
            "threads",
            "measurements",
            "op",
            "status",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((name.clone(), inner), 0..8).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// For any item, the counts match its content, and all of it can be decoded.
    #[test]
    fn counts_are_what_is_there(
        header in any_json(),
        payloads in prop::collection::vec((prop::sample::select(vec!["transaction", "span", "event", "log", "check_in", "session", "sessions", "client_report"]), any_json()), 0..4),
    ) {
        let header = if header.is_object() { header } else { json!({}) };
        let items: Vec<_> = payloads.iter().map(|(item_type, payload)| item(item_type, payload)).collect();
        let number = items.len();
        let reading = read_with(&header, items);
        prop_assert!(reading.problems.len() <= number);
        prop_assert_eq!(spans(&reading).len() as u64, reading.counts.spans);
        let logs = logs(&reading);
        prop_assert_eq!(logs.len(), reading.arrival.logs.log_count());
        let check_ins = logs.iter().filter(|log| log.event_name == "sentry.check_in").count() as u64;
        prop_assert_eq!(logs.len() as u64, reading.counts.errors + reading.counts.log_records + check_ins);
        for log in logs.iter().filter(|log| ["exception", "sentry.event"].contains(&&*log.event_name)) {
            prop_assert!(trace_model::sentry::ErrorEvent::of(log).is_some());
        }
    }
}

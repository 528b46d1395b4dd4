//! Events, read back as screens do.

use serde_json::json;
use trace_model::sentry::ErrorEvent;
use trace_model::{LogRecord, Severity, Value};

use super::super::testing::{RECEIVED, TRACE, get, item, logs, read_one, read_with, text};

const EVENT: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

fn one(event: &serde_json::Value) -> (LogRecord, ErrorEvent) {
    let reading = read_one("event", event);
    assert_eq!(reading.counts.errors, 1);
    let log = logs(&reading).remove(0);
    let event = ErrorEvent::of(&log).unwrap();
    (log, event)
}

#[test]
fn error_keeps_all_its_fields() {
    let (log, event) = one(&json!({
        "event_id": EVENT, "timestamp": "2024-02-19T08:57:42.5Z", "level": "fatal", "transaction": "/pay", "logger": "shop", "release": "shop@1", "environment": "test",
        "message": "while paying",
        "exception": { "values": [
            { "type": "IOError", "value": "gone", "module": "std.io" },
            {
                "type": "PaymentError", "value": "card refused", "mechanism": { "type": "generic", "handled": false },
                "stacktrace": { "frames": [
                    { "function": "main", "filename": "main.py", "lineno": 3, "in_app": true, "pre_context": ["def main():", ""], "context_line": "pay()", "post_context": ["done()", 7] },
                    { "function": "pay", "module": "shop.pay", "abs_path": "/srv/pay.py", "lineno": 8, "colno": 2, "in_app": true, "vars": { "card": "secret" } },
                    { "function": "raise_", "filename": "lib.py", "in_app": false },
                ] },
            },
        ] },
        "breadcrumbs": { "values": [{ "timestamp": 1.5, "category": "http", "type": "http", "level": "info", "message": "GET /", "data": { "status": 200 } }] },
        "tags": [["tier", "gold"]],
        "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" }, "os": { "name": "Linux" } },
        "extra": { "cart": [1, 2] },
        "user": { "id": 7 },
        "request": { "method": "POST", "url": "http://localhost/pay", "headers": { "Accept": "*/*", "Cookie": "secret", "AUTHORIZATION": "secret" } },
    }));
    assert_eq!(log.event_name, "exception");
    assert_eq!(log.body, text("PaymentError: card refused"));
    assert_eq!(
        (log.severity, &*log.severity_text, &*log.service),
        (Severity::Fatal, "fatal", "shop")
    );
    assert_eq!(log.time_unix_nano, 1_708_333_062_500_000_000);
    assert_eq!(log.trace_id.unwrap().to_string(), TRACE);
    assert_eq!(log.span_id.unwrap().to_string(), "00000000000000a1");
    assert_eq!(get(&log.attributes, "exception.type"), Some(&text("PaymentError")));
    assert_eq!(get(&log.attributes, "exception.message"), Some(&text("card refused")));
    assert!(!format!("{log:?}").contains("secret"), "{log:?}");

    assert_eq!(
        (&*event.title, event.message.as_deref()),
        ("PaymentError: card refused", Some("while paying"))
    );
    assert_eq!(
        (
            event.event_id.as_deref(),
            event.transaction.as_deref(),
            event.logger.as_deref()
        ),
        (Some(EVENT), Some("/pay"), Some("shop"))
    );
    let [thrown, cause] = &event.exceptions[..] else {
        panic!("{event:?}")
    };
    assert_eq!(
        (cause.title(), cause.module.as_deref()),
        ("IOError: gone".to_owned(), Some("std.io"))
    );
    assert_eq!((thrown.handled, thrown.mechanism.as_deref()), (Some(false), Some("generic")));
    let functions: Vec<_> = thrown.frames.iter().filter_map(|frame| frame.function.as_deref()).collect();
    assert_eq!(functions, ["raise_", "pay", "main"]);
    let pay = thrown.in_app_frames().next().unwrap();
    assert_eq!(
        (pay.module.as_deref(), pay.abs_path.as_deref(), pay.lineno, pay.colno),
        (Some("shop.pay"), Some("/srv/pay.py"), Some(8), Some(2))
    );
    assert_eq!(thrown.frames[2].context_line.as_deref(), Some("pay()"));
    assert_eq!(thrown.frames[2].pre_context, ["def main():", ""]);
    assert_eq!(
        thrown.frames[2].post_context,
        ["done()", ""],
        "the line that is not text keeps its place"
    );
    assert!(pay.pre_context.is_empty() && pay.post_context.is_empty());
    assert_eq!(
        (event.release.as_deref(), event.environment.as_deref()),
        (Some("shop@1"), Some("test"))
    );
    let stacktrace = "PaymentError: card refused\n    at raise_ (lib.py)\n    at pay (/srv/pay.py:8:2)\n    at main (main.py:3)\nCaused by: IOError: gone\n";
    assert_eq!(event.stacktrace.as_deref(), Some(stacktrace));
    let breadcrumb = &event.breadcrumbs[0];
    assert_eq!(
        (
            breadcrumb.unix_nano,
            breadcrumb.category.as_deref(),
            breadcrumb.message.as_deref()
        ),
        (Some(1_500_000_000), Some("http"), Some("GET /"))
    );
    assert_eq!(breadcrumb.data[0].value, Value::Int(200));
    assert_eq!(get(&event.tags, "tier"), Some(&text("gold")));
    assert_eq!(get(&event.contexts, "os.name"), Some(&text("Linux")));
    assert_eq!(get(&event.user, "id"), Some(&Value::Int(7)));
    assert_eq!(get(&event.request, "headers.Accept"), Some(&text("*/*")));
    assert!(get(&event.extra, "cart").is_some());
}

#[test]
fn message_is_an_event_without_exceptions() {
    for (event, title) in [
        (json!({ "message": "hello" }), "hello"),
        (json!({ "logentry": "hello" }), "hello"),
        (
            json!({ "message": { "message": "hello %s", "formatted": "hello you" } }),
            "hello you",
        ),
        (
            json!({ "logentry": { "message": "hello %s", "params": ["you"] } }),
            "hello you",
        ),
        (
            json!({ "message": "plain", "logentry": { "formatted": "formatted" } }),
            "formatted",
        ),
        (json!({}), "an event without a message"),
    ] {
        let (log, event) = one(&event);
        assert_eq!(
            (&*log.event_name, log.severity, log.time_unix_nano),
            ("sentry.event", Severity::Error, RECEIVED)
        );
        assert_eq!((&*event.title, event.exceptions.len(), event.stacktrace), (title, 0, None));
    }
}

#[test]
fn levels() {
    for (level, severity) in [
        (json!("warning"), Severity::Warn),
        (json!("info"), Severity::Info),
        (json!("debug"), Severity::Debug),
        (json!("novelty"), Severity::Error),
        (json!(7), Severity::Error),
    ] {
        assert_eq!(one(&json!({ "message": "x", "level": level })).1.level, severity, "{level}");
    }
}

#[test]
fn stack_of_a_message_is_kept() {
    let stacktrace = json!({ "frames": [{ "function": "work", "in_app": true }] });
    for event in [
        json!({ "message": "x", "stacktrace": stacktrace }),
        json!({ "message": "x", "threads": { "values": [{ "id": 1 }, { "id": 2, "current": true, "stacktrace": stacktrace }] } }),
        json!({ "message": "x", "threads": [{ "stacktrace": stacktrace }] }),
        json!({ "exception": [{ "type": "E" }], "stacktrace": stacktrace }),
        json!({ "exception": { "value": "E", "stacktrace": stacktrace } }),
    ] {
        let (log, read) = one(&event);
        assert_eq!(read.exceptions.len(), 1, "{event}");
        assert_eq!(read.exceptions[0].frames[0].function.as_deref(), Some("work"), "{event}");
        assert_eq!(log.event_name == "exception", event.get("exception").is_some(), "{event}");
    }
}

#[test]
fn event_without_a_trace_gets_its_own() {
    let by_id = |event: &serde_json::Value| one(event).0.trace_id.map(|id| id.to_string());
    assert_eq!(by_id(&json!({ "event_id": EVENT })).as_deref(), Some(EVENT));
    let with_hyphens = "9ec79c33-ec99-42ab-8353-589fcb2e04dc";
    assert_eq!(by_id(&json!({ "event_id": with_hyphens })).as_deref(), Some(EVENT));
    assert_eq!(by_id(&json!({ "event_id": "no id" })), None);

    let header = json!({ "event_id": EVENT });
    let reading = read_with(&header, vec![item("event", "{}")]);
    assert_eq!(ErrorEvent::of(&logs(&reading)[0]).unwrap().event_id.as_deref(), Some(EVENT));
    let header = json!({ "event_id": EVENT, "trace": { "trace_id": TRACE } });
    let reading = read_with(&header, vec![item("event", "{}")]);
    assert_eq!(
        logs(&reading)[0].trace_id.unwrap().to_string(),
        TRACE,
        "what the envelope is about"
    );
}

#[test]
fn wrong_type_costs_only_its_member() {
    let (_, event) = one(&json!({
        "message": 7, "level": [], "timestamp": {}, "transaction": false, "contexts": [], "extra": "x", "user": 1, "request": [1], "breadcrumbs": "x",
        "tags": "x", "threads": 1, "sdk": 7, "release": 1.5,
        "exception": { "values": [7, null, { "type": 7, "value": "kept", "mechanism": 1, "stacktrace": { "frames": [null, { "lineno": "x", "function": "f" }, 3] } }] },
    }));
    assert_eq!((&*event.title, event.exceptions.len()), ("kept", 1));
    assert_eq!(
        (event.exceptions[0].frames.len(), event.exceptions[0].frames[0].lineno),
        (1, None)
    );
}

#[test]
fn old_event_may_be_a_transaction() {
    let reading = read_one(
        "event",
        json!({ "type": "transaction", "contexts": { "trace": { "trace_id": TRACE, "span_id": "00000000000000a1" } } }),
    );
    assert_eq!((reading.counts.spans, reading.counts.errors), (1, 0));
}

#[test]
fn message_is_formatted_with_its_parameters() {
    for (entry, expected) in [
        (json!({ "message": "user %s", "params": ["ann"] }), "user ann"),
        (json!({ "message": "user %(name)s", "params": { "name": "ann" } }), "user ann"),
        (
            json!({ "message": "user {}", "params": ["ann"], "formatted": "" }),
            "user ann",
        ),
        (
            json!({ "message": "user %s", "params": ["ann"], "formatted": "said so" }),
            "said so",
        ),
        (json!({ "message": "user %s" }), "user %s"),
    ] {
        let (_, event) = one(&json!({ "event_id": EVENT, "logentry": entry }));
        assert_eq!(event.title, expected);
    }
}

//! Groups of errors, selected by the records that report them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event};
use query::{Evaluation, Part, Request, Search, Show, Shown, ShownError, Step};
use testkit::otlp::attribute;
use trace_model::{Clock, Filter, Source, Store, otlp};

fn exception(type_name: &str, message: &str) -> Vec<KeyValue> {
    vec![
        attribute("exception.type", type_name),
        attribute("exception.message", message),
    ]
}

fn resource(service: &str) -> Resource {
    Resource {
        attributes: vec![attribute("service.name", service)],
        ..Resource::default()
    }
}

/// Stores the span of a failed checkout with an exception event, and log records with exceptions: one in the span, one outside of any trace.
fn store() -> Store {
    let mut store = Store::new(64 << 20);
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "POST /checkout".to_owned(),
        start_time_unix_nano: 100,
        end_time_unix_nano: 900,
        events: vec![Event {
            time_unix_nano: 300,
            name: "exception".to_owned(),
            attributes: exception("OutOfStock", "no chair 17"),
            ..Event::default()
        }],
        status: Some(Status {
            code: 2,
            ..Status::default()
        }),
        ..Span::default()
    };
    let spans = ResourceSpans {
        resource: Some(resource("shop")),
        scope_spans: vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    };
    store.add(otlp::batch(vec![spans], Source::OtlpHttp).0);
    let record = |time_unix_nano: u64, message: &str| LogRecord {
        time_unix_nano,
        severity_number: 17,
        attributes: exception("OutOfStock", message),
        ..LogRecord::default()
    };
    for (service, record) in [
        (
            "shop",
            LogRecord {
                trace_id: vec![1; 16],
                span_id: vec![2; 8],
                ..record(301, "no chair 17")
            },
        ),
        ("nightly", record(500, "no chair 18")),
    ] {
        let logs = ResourceLogs {
            resource: Some(resource(service)),
            scope_logs: vec![ScopeLogs {
                log_records: vec![record],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        };
        store.add(otlp::log_batch(vec![logs], Source::OtlpHttp));
    }
    store
}

fn groups(store: &Store, filter: &str, since: u64) -> Vec<ShownError> {
    let clock = Clock::in_local_zone(0);
    let search = Search {
        filter: Filter::parse_for(filter, Show::Errors.records(), &clock).unwrap(),
        start: since..=u64::MAX,
        ..Search::all(10)
    };
    let mut evaluation = Evaluation::new(Request::Show(Show::Errors, Box::new(search)));
    loop {
        match evaluation.step(store, 1 << 12) {
            Step::Part(Part::Shown(Shown::Errors(errors))) => return errors,
            Step::More => {}
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn filter_selects_errors_by_any_record_that_reports_them() {
    let store = store();
    for (filter, since, expected) in [
        ("", 0, &[("nightly", 1, 0), ("shop", 1, 1)][..]),
        ("service:nightly", 0, &[("nightly", 1, 0)]),
        ("has:trace", 0, &[("shop", 1, 1)]),
        ("severity:error", 0, &[("nightly", 1, 0), ("shop", 1, 1)]),
        ("status:error", 0, &[("shop", 1, 1)]),
        ("name:\"POST *\"", 0, &[("shop", 1, 1)]),
        ("exception.message:18", 0, &[("nightly", 1, 0)]),
        ("name:other", 0, &[]),
        // The span began before that, but the log record in it is later.
        ("", 301, &[("nightly", 1, 0), ("shop", 1, 1)]),
        ("", 302, &[("nightly", 1, 0)]),
    ] {
        let found = groups(&store, filter, since);
        let found: Vec<_> = found
            .iter()
            .map(|group| (&*group.services[0], group.events, group.traces))
            .collect();
        assert_eq!(found, expected, "{filter} since {since}");
    }
}

#[test]
fn group_has_the_facts_of_its_row_and_its_newest_error() {
    let store = store();
    let [nightly, shop] = &groups(&store, "", 0)[..] else {
        panic!("two groups")
    };
    assert_eq!(
        (shop.type_name.as_deref(), &*shop.message, shop.frame.as_deref()),
        (Some("OutOfStock"), "no chair <num>", None)
    );
    assert_eq!((shop.first_unix_nano, shop.last_unix_nano, shop.handled), (300, 300, false));
    assert_eq!(
        (shop.trace_id.as_deref(), shop.span_id.as_deref()),
        (Some(&*"01".repeat(16)), Some(&*"02".repeat(8)))
    );
    assert_eq!((nightly.trace_id.as_deref(), nightly.span_id.as_deref()), (None, None));
}

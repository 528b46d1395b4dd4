//! Errors of all traces, grouped.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;
use prost::Message;
use testkit::otlp::{attribute, text};
use trace_model::{Batch, Source, Store, TraceId, otlp, work};
use trace_stats::{ERROR_INTERVALS, ErrorGroup, Errors, ReportedBy};

use super::support::{MILLI, START};

const SECOND: u64 = 1_000 * MILLI;

/// An error to be stored, as one way reports it.
#[derive(Clone, Debug)]
struct Sent {
    trace: u64,
    span: u64,
    service: &'static str,
    way: Way,
    type_name: String,
    message: String,
    stack: String,
    second: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    SpanEvent,
    LogRecord,
    Sentry,
}

fn sent(way: Way, (trace, span): (u64, u64), error: (&str, &str), frame: &str) -> Sent {
    let stack = format!("Traceback (most recent call last):\n  File \"/app/{frame}.py\", line 7, in {frame}\n    x()\nE");
    Sent {
        trace,
        span,
        service: "api",
        way,
        type_name: error.0.to_owned(),
        message: error.1.to_owned(),
        stack: if frame.is_empty() { String::new() } else { stack },
        second: 0,
    }
}

impl Sent {
    fn at(self, second: u64) -> Self {
        Self { second, ..self }
    }

    fn by(self, service: &'static str) -> Self {
        Self { service, ..self }
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let pairs = [
            ("exception.type", &self.type_name),
            ("exception.message", &self.message),
            ("exception.stacktrace", &self.stack),
        ];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(key, value)| attribute(key, value)).collect()
    }

    fn add_to(&self, store: &mut Store) {
        let resource = Some(Resource {
            attributes: vec![attribute("service.name", self.service)],
            ..Resource::default()
        });
        let time = START + self.second * SECOND;
        if self.way == Way::SpanEvent {
            let span = Span {
                trace_id: u128::from(self.trace).to_be_bytes().to_vec(),
                span_id: self.span.to_be_bytes().to_vec(),
                name: "work".into(),
                start_time_unix_nano: time,
                end_time_unix_nano: time + MILLI,
                status: Some(Status {
                    code: 2,
                    message: String::new(),
                }),
                events: vec![Event {
                    time_unix_nano: time,
                    name: "exception".into(),
                    attributes: self.attributes(),
                    ..Event::default()
                }],
                ..Span::default()
            };
            let scope_spans = vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }];
            let spans = vec![ResourceSpans {
                resource,
                scope_spans,
                ..ResourceSpans::default()
            }];
            store.add(otlp::batch(spans, Source::OtlpHttp).0);
            return;
        }
        let record = LogRecord {
            trace_id: u128::from(self.trace).to_be_bytes().to_vec(),
            span_id: if self.span == 0 {
                Vec::new()
            } else {
                self.span.to_be_bytes().to_vec()
            },
            time_unix_nano: time,
            // Two equal records would be a retry.
            observed_time_unix_nano: time + 1 + self.way as u64,
            severity_number: 17,
            event_name: if self.type_name.is_empty() {
                "sentry.event".into()
            } else {
                "exception".into()
            },
            body: Some(text(&self.message)),
            attributes: if self.type_name.is_empty() {
                Vec::new()
            } else {
                self.attributes()
            },
            ..LogRecord::default()
        };
        let scope_logs = vec![ScopeLogs {
            log_records: vec![record],
            ..ScopeLogs::default()
        }];
        let resource_logs = vec![ResourceLogs {
            resource,
            scope_logs,
            ..ResourceLogs::default()
        }];
        let body = ExportLogsServiceRequest { resource_logs }.encode_to_vec();
        let source = if self.way == Way::Sentry {
            Source::Sentry
        } else {
            Source::OtlpHttp
        };
        store.add(Batch::logs(body.into(), source).unwrap());
    }
}

/// Steps until nothing is due any more; each step does about so much work.
fn settle(errors: &mut Errors, store: &Store, now: &mut u64, slice: u64) {
    while let Some(due) = errors.due(store) {
        *now = due.max(*now);
        let (_, cost) = work::of(|| errors.step(store, *now, slice));
        assert!(cost < slice + (8 << 20), "{cost}");
    }
}

fn grouped(sent: &[Sent]) -> (Store, Errors) {
    let mut store = Store::new(1 << 30);
    for error in sent {
        error.add_to(&mut store);
    }
    let mut errors = Errors::default();
    settle(&mut errors, &store, &mut (START + 100 * SECOND), 1 << 12);
    (store, errors)
}

fn texts(errors: &Errors) -> Vec<(usize, String)> {
    let name = |group: &ErrorGroup| {
        format!(
            "{}|{}|{}|{}",
            group.type_name,
            group.message,
            group.frame,
            group.services.join(",")
        )
    };
    let mut texts: Vec<_> = errors
        .groups()
        .iter()
        .map(|group| (group.errors.len(), name(group)))
        .collect();
    texts.sort_by(|one, other| one.1.cmp(&other.1));
    texts
}

#[test]
fn errors_are_grouped_by_type_message_and_frame() {
    let (_, errors) = grouped(&[
        sent(Way::SpanEvent, (1, 1), ("ValueError", "order 17 is invalid"), "put"),
        sent(Way::SpanEvent, (2, 1), ("ValueError", "order 18 is invalid"), "put").by("mailer"),
        sent(Way::SpanEvent, (3, 1), ("ValueError", "order 19 is invalid"), "get"),
        sent(Way::SpanEvent, (4, 1), ("KeyError", "order 20 is invalid"), "put"),
        sent(Way::SpanEvent, (5, 1), ("ValueError", "no order"), "put"),
    ]);
    assert_eq!(
        texts(&errors),
        [
            (1, "KeyError|order <num> is invalid|put (put.py)|api".to_owned()),
            (1, "ValueError|no order|put (put.py)|api".to_owned()),
            (1, "ValueError|order <num> is invalid|get (get.py)|api".to_owned()),
            (2, "ValueError|order <num> is invalid|put (put.py)|api,mailer".to_owned()),
        ]
    );
}

#[test]
fn errors_without_a_stack_or_a_type_are_grouped_by_service() {
    let (_, errors) = grouped(&[
        sent(Way::SpanEvent, (1, 1), ("ValueError", "no"), ""),
        sent(Way::SpanEvent, (2, 1), ("ValueError", "no"), "").by("mailer"),
        sent(Way::Sentry, (3, 1), ("", "queue 4 is full"), "put"),
        sent(Way::Sentry, (4, 1), ("", "queue 5 is full"), "get"),
    ]);
    assert_eq!(
        texts(&errors),
        [
            (1, "ValueError|no||api".to_owned()),
            (1, "ValueError|no||mailer".to_owned()),
            (2, "|queue <num> is full||api".to_owned()),
        ]
    );
}

#[test]
fn error_that_was_reported_in_three_ways_counts_once() {
    let error = ("shop.errors.OutOfStock", "chair 4 is gone");
    let (_, errors) = grouped(&[
        sent(Way::SpanEvent, (1, 1), error, "put"),
        sent(Way::LogRecord, (1, 1), error, "").at(1),
        sent(Way::Sentry, (1, 1), ("OutOfStock", "chair 4 is gone"), "").at(2),
    ]);
    assert_eq!(
        texts(&errors),
        [(1, "OutOfStock|chair <num> is gone|put (put.py)|api".to_owned())]
    );
    let place = errors.place(errors.groups()[0].errors[0]).unwrap();
    let all = ReportedBy::SPAN_EVENT.and(ReportedBy::LOG_RECORD).and(ReportedBy::SENTRY);
    assert!(place.reported_by.has(all), "{place:?}");
    assert_eq!(place.key.unwrap().span_id.as_bytes(), &1_u64.to_be_bytes());
}

#[test]
fn errors_count_each_where_nothing_tells_that_they_are_one() {
    let error = ("E", "no");
    let (_, errors) = grouped(&[
        // Three attempts, each recorded and logged.
        sent(Way::LogRecord, (1, 1), error, "").at(1),
        sent(Way::LogRecord, (1, 1), error, "").at(2),
        sent(Way::LogRecord, (1, 1), error, "").at(3),
        sent(Way::Sentry, (1, 1), error, "").at(1),
        sent(Way::Sentry, (1, 1), error, "").at(2),
        // In another span.
        sent(Way::Sentry, (1, 2), error, "").at(2),
        // Of no span.
        sent(Way::Sentry, (1, 0), error, "").at(2),
    ]);
    let group = &errors.groups()[0];
    assert_eq!((errors.groups().len(), group.errors.len(), group.traces), (1, 5, 1));
}

#[test]
fn figures_of_a_group_are_those_of_its_errors() {
    let (_, errors) = grouped(&[
        sent(Way::SpanEvent, (1, 1), ("E", "no"), "put").at(10),
        sent(Way::SpanEvent, (1, 2), ("E", "no"), "put").at(21),
        sent(Way::SpanEvent, (2, 1), ("E", "no"), "put").at(20),
        sent(Way::SpanEvent, (3, 1), ("F", "no"), "put").at(15),
    ]);
    let group = &errors.groups()[0];
    assert_eq!((&*group.type_name, group.errors.len(), group.traces), ("E", 3, 2));
    assert_eq!(group.first_unix_nano(), START + 10 * SECOND);
    assert_eq!(group.last_unix_nano(), START + 21 * SECOND);
    assert_eq!(errors.interval_nano(), SECOND);
    assert_eq!(group.histogram, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    assert_eq!(errors.groups()[1].histogram.iter().sum::<u32>(), 1);
    assert_eq!(group.histogram.len(), ERROR_INTERVALS);
}

#[test]
fn new_groups_have_larger_numbers_than_known_ones() {
    let mut store = Store::new(1 << 30);
    let (mut errors, mut now) = (Errors::default(), START);
    sent(Way::SpanEvent, (1, 1), ("E", "no 1"), "put").add_to(&mut store);
    settle(&mut errors, &store, &mut now, 1 << 20);
    assert_eq!((errors.noticed_ever(), errors.groups()[0].noticed), (1, 1));
    sent(Way::SpanEvent, (2, 1), ("E", "no 2"), "put").at(1).add_to(&mut store);
    sent(Way::SpanEvent, (3, 1), ("F", "no"), "put").at(2).add_to(&mut store);
    settle(&mut errors, &store, &mut now, 1 << 20);
    let noticed: Vec<_> = errors
        .groups()
        .iter()
        .map(|group| (&*group.type_name, group.errors.len(), group.noticed))
        .collect();
    assert_eq!(noticed, [("F", 1, 2), ("E", 2, 1)]);
    assert_eq!(errors.noticed_ever(), 2);
}

#[test]
fn trace_that_changes_is_not_counted_twice() {
    let mut store = Store::new(1 << 30);
    let (mut errors, mut now) = (Errors::default(), START);
    for second in 0..4 {
        sent(Way::LogRecord, (1, 1), ("E", "no"), "").at(second).add_to(&mut store);
        settle(&mut errors, &store, &mut now, 1 << 20);
        assert_eq!(errors.groups()[0].errors.len() as u64, second + 1);
    }
}

#[test]
fn errors_leave_with_their_traces() {
    let mut store = Store::new(4 << 20);
    let (mut errors, mut now) = (Errors::default(), START);
    let message = "x ".repeat(300);
    sent(Way::SpanEvent, (1, 1), ("First", &message), "put").add_to(&mut store);
    settle(&mut errors, &store, &mut now, 1 << 20);
    assert_eq!(errors.groups().len(), 1);
    let mut trace = 2;
    while store.totals().evicted_traces < 100 {
        sent(Way::SpanEvent, (trace, 1), ("Later", &message), "put").add_to(&mut store);
        trace += 1;
    }
    settle(&mut errors, &store, &mut now, 1 << 20);
    let found: Vec<_> = errors
        .groups()
        .iter()
        .map(|group| (&*group.type_name, group.errors.len()))
        .collect();
    assert_eq!(found, [("Later", store.totals().traces)]);
}

/// Trace 0 is none.
#[test]
fn errors_of_log_records_outside_of_traces_are_grouped_with_others() {
    let outside = |second: u64| sent(Way::LogRecord, (0, 0), ("E", "no"), "put").at(second);
    let (_, errors) = grouped(&[outside(1), sent(Way::SpanEvent, (1, 1), ("E", "no"), "put"), outside(2)]);
    let [group] = errors.groups() else {
        panic!("{:?}", texts(&errors))
    };
    assert_eq!(
        (group.errors.len(), group.traces),
        (3, 1),
        "each record is an error of its own"
    );
    let scopes = group
        .errors
        .iter()
        .map(|id| errors.place(*id).unwrap().scope.trace_id().is_some());
    assert_eq!(scopes.collect::<Vec<_>>(), [false, false, true], "the newest first");
}

#[test]
fn errors_outside_of_traces_leave_with_their_records() {
    let mut store = Store::new(4 << 20);
    let (mut errors, mut now) = (Errors::default(), START);
    let message = "x ".repeat(300);
    let mut second = 0;
    while store.totals().evicted_logs < 100 {
        second += 1;
        sent(Way::LogRecord, (0, 0), ("E", &message), "put")
            .at(second)
            .add_to(&mut store);
        if second == 1 {
            settle(&mut errors, &store, &mut now, 1 << 20);
            assert_eq!(errors.groups()[0].errors.len(), 1);
        }
    }
    settle(&mut errors, &store, &mut now, 1 << 20);
    assert_eq!(errors.groups()[0].errors.len(), store.totals().logs);
}

#[test]
fn more_errors_than_can_be_noted_are_found_all_the_same() {
    let mut store = Store::new(1 << 30);
    let (mut errors, mut now) = (Errors::default(), START);
    sent(Way::SpanEvent, (1, 1), ("E", "no"), "put").add_to(&mut store);
    settle(&mut errors, &store, &mut now, 1 << 20);
    for trace in 2..=10_000 {
        sent(Way::SpanEvent, (trace, 1), ("E", "no"), "put").add_to(&mut store);
    }
    sent(Way::LogRecord, (0, 0), ("E", "no"), "put").add_to(&mut store);
    for trace in 10_001..=20_000 {
        sent(Way::SpanEvent, (trace, 1), ("E", "no"), "put").add_to(&mut store);
    }
    assert_eq!(store.errors_since(trace_model::Revision::default()), None);
    settle(&mut errors, &store, &mut now, 1 << 16);
    assert_eq!(errors.groups()[0].errors.len(), 20_001, "also the record outside of traces");
}

#[test]
fn hostile_texts_take_bounded_work() {
    let long = "(".repeat(1 << 20);
    let lines = "  File \"\n".repeat(1 << 16);
    let mut hostile = vec![
        sent(Way::SpanEvent, (1, 1), (&long, &long), "put"),
        sent(Way::Sentry, (2, 1), ("\u{1b}[2J\u{202e}", "\0\u{7f}"), "put"),
        Sent {
            stack: lines,
            ..sent(Way::LogRecord, (3, 1), ("E", &"'".repeat(1 << 16)), "")
        },
    ];
    hostile.extend((0..300).map(|trace| sent(Way::SpanEvent, (10 + trace, 1), (&format!("{trace}\u{feff}"), ""), "")));
    let (_, errors) = grouped(&hostile);
    assert_eq!(errors.groups().len(), 303);
    let longest = errors
        .groups()
        .iter()
        .map(|group| group.type_name.len().max(group.message.len()))
        .max();
    assert!(longest.unwrap() <= 8_192, "{longest:?}");
}

fn any_sent() -> impl Strategy<Value = Sent> {
    let way = prop_oneof![Just(Way::SpanEvent), Just(Way::LogRecord), Just(Way::Sentry)];
    let error = (
        prop_oneof![Just("E"), Just("a.E"), Just("F"), Just("")],
        prop_oneof![Just("no 1"), Just("no 2"), Just("gone")],
    );
    let frame = prop_oneof![Just(""), Just("put"), Just("get")];
    (way, 1..4_u64, 1..3_u64, error, frame, 0..4_u64)
        .prop_filter("an exception event has a type", |(way, _, _, error, ..)| {
            *way != Way::SpanEvent || !error.0.is_empty()
        })
        .prop_map(|(way, trace, span, error, frame, second)| {
            // A span arrives once: a second record of it would be its later state.
            let span = if way == Way::SpanEvent {
                100 + trace * 10 + span
            } else {
                span
            };
            sent(way, (trace, span), error, frame).at(second)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn groups_depend_neither_on_order_nor_on_slices(
        (sent, shuffled) in prop::collection::vec(any_sent(), 1..20).prop_map(|mut sent| {
            sent.sort_by_key(|sent| (sent.way as u8, sent.trace, sent.span));
            sent.dedup_by_key(|sent| (sent.way == Way::SpanEvent).then_some((sent.trace, sent.span)).map_or((sent.second, sent.trace, sent.span, sent.message.clone()), |(trace, span)| (9, trace, span, String::new())));
            sent
        }).prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
    ) {
        let (_, one) = grouped(&sent);
        let mut store = Store::new(1 << 30);
        let (mut other, mut now) = (Errors::default(), START);
        for error in &shuffled {
            error.add_to(&mut store);
            settle(&mut other, &store, &mut now, 1);
        }
        prop_assert_eq!(texts(&one), texts(&other));
        let placed = other.groups().iter().flat_map(|group| &group.errors);
        for id in placed {
            prop_assert!(other.place(*id).is_some());
        }
    }
}

#[test]
fn errors_of_an_unknown_trace_are_none() {
    let store = Store::new(1 << 20);
    assert!(!store.has_errors(TraceId::try_from(&[7_u8; 16][..]).unwrap()));
    assert_eq!(Errors::default().due(&store), None);
}

//! Screens and queries report the same of one store.

use std::ops::ControlFlow;

use app::{App, Event, Mode, Tab};
use collector::{Addresses, Listener};
use query::{Evaluation, Found, Part as Answer, Request, Search, Show, Shown, Step};
use serde_json::{Value, json};
use trace_files::{Input, Memory, Part, Session};
use trace_model::Store;

const WORK: u64 = 1 << 16;

/// An OTLP request of spans, each with its service.
fn request(spans: impl IntoIterator<Item = (&'static str, Value)>) -> String {
    let resource = |(service, span): (&str, Value)| {
        let name = json!({ "key": "service.name", "value": { "stringValue": service } });
        json!({ "resource": { "attributes": [name] }, "scopeSpans": [{ "spans": [span] }] })
    };
    let resources: Vec<Value> = spans.into_iter().map(resource).collect();
    json!({ "resourceSpans": resources }).to_string()
}

/// A store of OTLP requests.
fn store_of(requests: impl IntoIterator<Item = String>) -> Store {
    let memory = Memory::within(1 << 30);
    let mut store = Store::new(memory.store());
    let mut session = Session::new(memory);
    let mut add = |part: Part| {
        store.add(part.batch);
        ControlFlow::Continue(())
    };
    for request in requests {
        let input = Input::new("request".to_owned(), request.into_bytes());
        assert_eq!(session.read(&input, &mut add).unwrap().problems.count, 0);
    }
    session.finish(&mut add);
    store
}

/// A store of OTLP spans of one service each.
fn store(spans: impl IntoIterator<Item = (&'static str, Value)>) -> Store {
    let store = store_of([request(spans)]);
    assert!(store.totals().spans > 0);
    store
}

/// A span of a trace, with times in milliseconds; in flight without an end.
fn span(trace: u64, (id, parent): (u64, u64), kind: u64, (start, end): (u64, u64)) -> Value {
    let nano = |milliseconds: u64| ((1_700_000_000_000 + milliseconds) * 1_000_000).to_string();
    let mut span = json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"), "name": format!("work {}", id % 3), "kind": kind,
        "startTimeUnixNano": nano(start), "status": { "code": if id % 5 == 0 { 2 } else { 0 } },
    });
    if parent > 0 {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    if end > start {
        span["endTimeUnixNano"] = nano(end).into();
    }
    span
}

/// Traces with missing parents, failed and open spans, and calls between services.
fn random(seed: u64) -> Store {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut spans = Vec::new();
    for trace in 1..=random.u64(1..5) {
        for id in 1..=random.u64(1..9) {
            let service = ["shop", "stock", "mailer", ""][random.usize(..4)];
            let start = random.u64(0..100);
            let times = (start, start + random.u64(0..50));
            let mut span = span(trace, (id, random.u64(0..10)), random.u64(1..6), times);
            if random.bool() {
                span["name"] = "GET".into();
                span["attributes"] = json!([
                    { "key": "url.path", "value": { "stringValue": format!("/posts/{id}") } },
                    { "key": "http.response.status_code", "value": { "intValue": "404" } },
                ]);
            }
            spans.push((service, span));
        }
    }
    random.shuffle(&mut spans);
    store(spans)
}

/// The same with exceptions: as events of spans, and as log records in spans, in traces and outside.
fn errors(seed: u64) -> Store {
    let mut random = fastrand::Rng::with_seed(seed);
    let exception = |number: u64| {
        let text = |key: &str, value: String| json!({ "key": key, "value": { "stringValue": value } });
        json!([
            text("exception.type", format!("Error{}", number % 3)),
            text("exception.message", format!("order {number} is late")),
        ])
    };
    let time = |random: &mut fastrand::Rng| (1_700_000_000_000_000_000 + random.u64(0..1_000_000_000)).to_string();
    let (mut spans, mut records) = (Vec::new(), Vec::new());
    for number in 0..random.u64(1..30) {
        let (trace, id) = (random.u64(1..4), random.u64(1..9));
        let attributes = exception(number);
        if random.bool() {
            let mut span = span(trace, (id, 0), 2, (0, 50));
            span["events"] = json!([{ "timeUnixNano": time(&mut random), "name": "exception", "attributes": attributes }]);
            spans.push(("shop", span));
            continue;
        }
        let mut record = json!({ "timeUnixNano": time(&mut random), "severityNumber": 17, "attributes": attributes });
        if random.bool() {
            record["traceId"] = format!("{trace:032x}").into();
            record["spanId"] = format!("{id:016x}").into();
        }
        records.push(record);
    }
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] });
    store_of([request(spans), logs.to_string()])
}

fn app(store: Store, tab: Tab) -> App {
    let any = "127.0.0.1:1".parse().unwrap();
    let mut app = App::new(
        store,
        Mode::Viewer,
        Addresses::from_fn(|_: Listener| any),
        fastrand::Rng::with_seed(1),
    );
    let key = match tab {
        Tab::Operations => 'O',
        Tab::ServiceMap => 'm',
        Tab::Errors => '3',
        _ => 'w',
    };
    app.apply(Event::Key(app::keymap::Key::Char(key)));
    assert_eq!(app.screens.tab(), tab);
    // Warnings are of traces that were idle.
    let mut now = 1_700_000_100_000_000_000;
    for _ in 0..4 {
        while app.survey(now, WORK) {}
        now += 5_000_000_000;
    }
    app
}

fn answer(store: &Store, request: Request) -> Answer {
    let mut evaluation = Evaluation::new(request);
    loop {
        match evaluation.step(store, WORK) {
            Step::More => {}
            Step::Part(part) => return part,
            Step::Complete => panic!("an answer"),
        }
    }
}

fn shown(store: &Store, show: Show) -> Shown {
    match answer(store, Request::Show(show, Box::new(Search::all(1_000)))) {
        Answer::Shown(shown) => shown,
        part => panic!("{part:?}"),
    }
}

fn text(name: &str) -> Option<String> {
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

#[test]
fn operations_of_screen_and_queries_agree() {
    for seed in 0..100 {
        let app = app(random(seed), Tab::Operations);
        let Shown::Operations(queried) = shown(&app.store, Show::Operations) else {
            panic!("operations")
        };
        let survey = app.aggregates.survey().expect("a survey");
        assert_eq!(queried.len(), survey.operations.len(), "{seed}");
        for (queried, listed) in queried.iter().zip(&survey.operations) {
            assert_eq!(
                (&queried.service, queried.name.split(' ').next(), &*queried.kind),
                (&text(&listed.service), listed.name.split(' ').next(), listed.kind.name()),
                "{seed}"
            );
            // A span in flight has no duration.
            let known = |nano: u64| (listed.count > listed.in_flight).then_some(nano);
            assert_eq!(
                (
                    queried.spans,
                    queried.errors,
                    queried.open,
                    queried.total_ns,
                    queried.duration.p99_ns
                ),
                (
                    listed.count,
                    listed.errors,
                    listed.in_flight,
                    known(listed.total_nano),
                    known(listed.latencies.percentile(99.0))
                ),
                "{seed}: {queried:?}"
            );
        }
    }
}

#[test]
fn map_of_screen_and_queries_agrees() {
    for seed in 0..100 {
        let app = app(random(seed), Tab::ServiceMap);
        let Shown::Map(queried) = shown(&app.store, Show::Map) else {
            panic!("a map")
        };
        let edges = &app.aggregates.survey().expect("a survey").edges;
        let queried: Vec<_> = queried
            .iter()
            .map(|calls| (&calls.caller, &calls.callee, calls.calls, calls.errors))
            .map(|(caller, callee, calls, errors)| (caller.clone(), callee.clone(), calls, errors))
            .collect();
        let listed: Vec<_> = edges
            .iter()
            .map(|edge| {
                (
                    text(&edge.caller),
                    text(edge.callee.name()),
                    edge.figures.calls,
                    edge.figures.errors,
                )
            })
            .collect();
        assert_eq!(queried, listed, "{seed}");
    }
}

#[test]
fn warnings_of_screen_and_queries_agree() {
    for seed in 0..100 {
        let app = app(random(seed), Tab::Warnings);
        let Shown::Warnings(queried) = shown(&app.store, Show::Warnings) else {
            panic!("warnings")
        };
        let queried: Vec<_> = queried
            .iter()
            .map(|warning| (&*warning.rule, warning.traces, warning.spans))
            .collect();
        let rules = app.aggregates.warnings().rules();
        let listed: Vec<_> = rules
            .iter()
            .map(|count| (count.rule.name(), count.traces, count.spans))
            .collect();
        assert_eq!(queried, listed, "{seed}");
    }
}

#[test]
fn errors_of_screen_and_queries_agree() {
    for seed in 0..100 {
        let app = app(errors(seed), Tab::Errors);
        let Shown::Errors(queried) = shown(&app.store, Show::Errors) else {
            panic!("errors")
        };
        let queried: Vec<_> = queried
            .iter()
            .map(|group| {
                (
                    group.type_name.clone(),
                    &*group.message,
                    group.events,
                    group.traces,
                    group.last_unix_nano,
                )
            })
            .collect();
        let listed = app.aggregates.errors().groups();
        let listed: Vec<_> = listed
            .iter()
            .map(|group| {
                (
                    text(&group.type_name),
                    &*group.message,
                    group.errors.len(),
                    group.traces,
                    group.last_unix_nano(),
                )
            })
            .collect();
        assert!(!listed.is_empty(), "{seed}");
        assert_eq!(queried, listed, "{seed}");
    }
}

/// A call whose context was lost: the called service began a trace of its own.
#[test]
fn show_warnings_lists_broken_traces() {
    let with_peer = |mut span: Value, peer: &str| {
        span["attributes"] = json!([{ "key": "server.address", "value": { "stringValue": peer } }]);
        span
    };
    let store = store([
        ("shop", span(1, (1, 0), 2, (0, 100))),
        ("shop", with_peer(span(1, (2, 1), 3, (10, 90)), "stock")),
        ("stock", span(2, (3, 0), 2, (20, 80))),
    ]);
    let app = app(store, Tab::Warnings);
    assert_eq!(app.aggregates.warnings().broken().len(), 1);
    let Shown::Warnings(queried) = shown(&app.store, Show::Warnings) else {
        panic!("warnings")
    };
    let broken: Vec<_> = queried
        .iter()
        .filter(|warning| warning.rule == "broken-trace")
        .map(|warning| (warning.traces, warning.spans, &*warning.example))
        .collect();
    assert_eq!(broken, [(1, 1, &*format!("{:032x}", 2))], "{queried:#?}");
}

#[test]
fn summaries_of_screen_and_queries_agree() {
    for seed in 0..300 {
        let store = random(seed);
        let Answer::Found(found) = answer(&store, Request::Found(Box::new(Search::all(1_000)))) else {
            panic!("traces")
        };
        let listed = store.traces(0..store.listed());
        assert_eq!(found.len(), listed.len(), "{seed}");
        for trace in &listed {
            let id = trace.trace_id.to_string();
            let found: &Found = found.iter().find(|found| found.trace_id == id).expect("the trace");
            assert_eq!(
                (&found.service, &*found.name, found.start_unix_nano, found.duration_ns),
                (
                    &text(&trace.root.service),
                    &*trace.root.name,
                    trace.start_unix_nano,
                    trace.duration_nano
                ),
                "{seed}: {id}"
            );
            let key = trace.root.key.as_ref().expect("a span");
            let subject = store.subject(trace.trace_id, key).expect("a subject");
            let status = subject.status.map(|status| status.code.to_string());
            assert_eq!((&*found.subject, &found.status), (&*subject.text, &status), "{seed}: {id}");
            assert_eq!(
                (found.spans, found.errors, found.open),
                (trace.spans, trace.errors, trace.in_flight),
                "{seed}: {id}"
            );
            let mut services: Vec<&str> = trace.services.iter().map(|service| &**service).collect();
            services.retain(|service| !service.is_empty());
            services.sort_unstable();
            let mut queried: Vec<&str> = found.services.iter().map(String::as_str).collect();
            queried.sort_unstable();
            assert_eq!(queried, services, "{seed}: {id}");
        }
    }
}

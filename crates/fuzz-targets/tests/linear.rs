//! Ingest is linear in the bytes of a request: four times the bytes cause four times the work.
//!
//! Counted, not measured: `trace_model::work`. The shapes are those that once were quadratic, for each signal and protocol: many
//! tiny parts, few huge ones, all keys equal, all different.

use fuzz_targets::{Protocol, ingest, look};
use otlp_wire::json::transcode;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, TRACES_REQUEST};
use serde_json::{Value, json};
use trace_model::{Store, work};

const FEW: usize = 200;
const TIMES: usize = 4;
/// Work that does not depend on the size of a request.
const FIXED: u64 = 64 * 1024;

type Shape = (&'static str, fn(usize) -> Value);

fn id(at: usize) -> String {
    format!("{:016x}", at + 1)
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn resource(service: usize, extra: &str) -> Value {
    json!({ "attributes": [attribute("service.name", &format!("service {service}")), attribute("extra", extra)] })
}

fn span(trace: usize, at: usize) -> Value {
    json!({ "traceId": format!("{:032x}", trace + 1), "spanId": id(at), "name": format!("span {at}"), "startTimeUnixNano": "1", "endTimeUnixNano": "2" })
}

/// A request with a group for each resource, each with a list of scopes.
fn request(groups: &str, scopes: &str, all: Vec<(Value, Vec<Value>)>) -> Value {
    let all = all
        .into_iter()
        .map(|(resource, of)| json!({ "resource": resource, scopes: of }));
    json!({ groups: all.collect::<Vec<_>>() })
}

fn spans_of(all: Vec<(Value, Vec<Value>)>) -> Value {
    request("resourceSpans", "scopeSpans", all)
}

const TRACES: &[Shape] = &[
    ("a trace for each span", |n| {
        spans_of(vec![(
            resource(0, ""),
            vec![json!({ "spans": (0..n).map(|at| span(at, at)).collect::<Vec<_>>() })],
        )])
    }),
    ("one trace", |n| {
        spans_of(vec![(
            resource(0, ""),
            vec![json!({ "spans": (0..n).map(|at| span(0, at)).collect::<Vec<_>>() })],
        )])
    }),
    ("one span again and again", |n| {
        spans_of(vec![(
            resource(0, ""),
            vec![json!({ "spans": (0..n).map(|_| span(0, 0)).collect::<Vec<_>>() })],
        )])
    }),
    ("one span id under many services", |n| {
        spans_of(
            (0..n)
                .map(|at| (resource(at, ""), vec![json!({ "spans": [span(0, 0)] })]))
                .collect(),
        )
    }),
    ("many scopes below a large resource", |n| {
        let scope = |at| json!({ "scope": { "name": format!("scope {at}") }, "spans": [span(at, at)] });
        spans_of(vec![(resource(0, &"x".repeat(200 * n)), (0..n).map(scope).collect())])
    }),
    ("runs of one span below two large scopes", |n| {
        let scope = |at| json!({ "scope": { "name": "x".repeat(if at < 2 { 100 * n } else { 1 }) }, "spans": [span(at, at)] });
        spans_of(vec![(resource(0, ""), (0..n).map(scope).collect())])
    }),
    ("one large span", |n| {
        let mut span = span(0, 0);
        span["attributes"] = (0..n).map(|at| attribute(&format!("key {at}"), "value")).collect();
        spans_of(vec![(resource(0, ""), vec![json!({ "spans": [span] })])])
    }),
    ("many links to one span", |n| {
        let link = json!({ "traceId": format!("{:032x}", 1), "spanId": id(0) });
        let linked = |at| {
            let mut span = span(at, at);
            span["links"] = json!([link]);
            span
        };
        spans_of(vec![(
            resource(0, ""),
            vec![json!({ "spans": (0..n).map(linked).collect::<Vec<_>>() })],
        )])
    }),
];

const LOGS: &[Shape] = &[
    ("empty records", |n| {
        request(
            "resourceLogs",
            "scopeLogs",
            vec![(json!({}), vec![json!({ "logRecords": vec![json!({}); n] })])],
        )
    }),
    ("equal errors of one trace", |n| {
        let record = json!({ "traceId": format!("{:032x}", 1), "spanId": id(0), "eventName": "exception", "body": { "stringValue": "no" } });
        request(
            "resourceLogs",
            "scopeLogs",
            vec![(resource(0, ""), vec![json!({ "logRecords": vec![record; n] })])],
        )
    }),
    ("errors below a large resource", |n| {
        let record = |at| json!({ "traceId": format!("{:032x}", at + 1), "eventName": "exception", "body": { "stringValue": format!("no {at}") } });
        let scope = |at| json!({ "logRecords": [record(at)] });
        request(
            "resourceLogs",
            "scopeLogs",
            vec![(resource(0, &"x".repeat(200 * n)), (0..n).map(scope).collect())],
        )
    }),
];

fn metric(name: &str, points: &[Value]) -> Value {
    json!({ "metrics": [{ "name": name, "unit": "ms", "gauge": { "dataPoints": points } }] })
}

fn metrics_of(resource: Value, scopes: Vec<Value>) -> Value {
    request("resourceMetrics", "scopeMetrics", vec![(resource, scopes)])
}

const METRICS: &[Shape] = &[
    ("empty points", |n| {
        metrics_of(json!({}), vec![metric("m", &vec![json!({}); n])])
    }),
    ("points of a large name", |n| {
        let points = (0..n)
            .map(|at| json!({ "timeUnixNano": at.to_string(), "asInt": "1" }))
            .collect::<Vec<_>>();
        metrics_of(resource(0, ""), vec![metric(&"x".repeat(200 * n), &points)])
    }),
    ("metrics below a large resource", |n| {
        let one = |at: usize| metric(&format!("m{at}"), &[json!({ "timeUnixNano": "1", "asInt": "1" })]);
        metrics_of(resource(0, &"x".repeat(200 * n)), (0..n).map(one).collect())
    }),
    ("a series for each point", |n| {
        let point = |at: usize| json!({ "timeUnixNano": "1", "asInt": "1", "attributes": [attribute("at", &at.to_string())] });
        metrics_of(resource(0, ""), vec![metric("m", &(0..n).map(point).collect::<Vec<_>>())])
    }),
    ("points from both ends to the middle", |n| {
        let time = |at: usize| if at.is_multiple_of(2) { at } else { 10 * n - at };
        let points = (0..n)
            .map(|at| json!({ "timeUnixNano": time(at).to_string(), "asInt": "1" }))
            .collect::<Vec<_>>();
        metrics_of(resource(0, ""), vec![metric("m", &points)])
    }),
    ("one large histogram", |n| {
        let point = json!({ "timeUnixNano": "1", "bucketCounts": vec!["1"; n], "explicitBounds": vec![1.0; n] });
        let metric = json!({ "name": "m", "histogram": { "dataPoints": [point] } });
        metrics_of(resource(0, ""), vec![json!({ "metrics": [metric] })])
    }),
];

type Items = fn(usize) -> Vec<(&'static str, Value)>;

fn contexts(at: usize) -> Value {
    json!({ "trace": { "trace_id": format!("{:032x}", 1), "span_id": id(at) } })
}

const ENVELOPES: &[(&str, Items)] = &[
    ("a transaction of many spans", |n| {
        let span = |at| json!({ "trace_id": format!("{:032x}", 1), "span_id": id(at) });
        let spans: Vec<_> = (1..n).map(span).collect();
        vec![("transaction", json!({ "contexts": contexts(0), "spans": spans }))]
    }),
    ("a transaction of many spans and a large resource", |n| {
        let span = |at| json!({ "trace_id": format!("{:032x}", 1), "span_id": id(at) });
        let mut contexts = contexts(0);
        contexts["os"] = json!({ "name": "x".repeat(200 * n) });
        let spans: Vec<_> = (1..n).map(span).collect();
        vec![("transaction", json!({ "contexts": contexts, "spans": spans }))]
    }),
    ("a large context name with many members", |n| {
        let members: serde_json::Map<_, _> = (0..n).map(|at| (id(at), json!(at))).collect();
        let mut contexts = contexts(0);
        contexts["x".repeat(20 * n)] = members.into();
        vec![("transaction", json!({ "contexts": contexts }))]
    }),
    ("equal errors", |n| {
        vec![("event", json!({ "message": "no", "contexts": contexts(0) })); n.min(900)]
    }),
];

fn envelope(items: Vec<(&str, Value)>) -> Vec<u8> {
    let framed = items.into_iter().map(|(kind, payload)| {
        let payload = payload.to_string();
        format!("\n{{\"type\":\"{kind}\",\"length\":{}}}\n{payload}", payload.len())
    });
    format!("{{}}{}", framed.collect::<String>()).into_bytes()
}

/// Holds the work of `TIMES` as much to that many times the work, and that per byte to a bound.
fn is_linear(name: &str, protocol: Protocol, body: impl Fn(usize) -> Vec<u8>) {
    let counted = |n| {
        let body = body(n);
        let mut store = Store::new(64 << 20);
        let (taken, counted) = work::of(|| ingest(&mut store, protocol, &body));
        assert!(taken, "{protocol:?}, {name}: rejected");
        look(&store);
        (counted, body.len() as u64)
    };
    let ((few, _), (many, bytes)) = (counted(FEW), counted(TIMES * FEW));
    let times = TIMES as u64;
    assert!(
        many <= times * few * 5 / 4 + FIXED,
        "{protocol:?}, {name}: {few} for {FEW}, {many} for {times} times as many"
    );
    assert!(
        many <= 1_000 * bytes + FIXED,
        "{protocol:?}, {name}: {many} for {bytes} bytes"
    );
}

#[test]
fn otlp_is_linear() {
    for (shapes, schema, protobuf, json) in [
        (TRACES, &TRACES_REQUEST, Protocol::Traces, Protocol::JsonTraces),
        (LOGS, &LOGS_REQUEST, Protocol::Logs, Protocol::JsonLogs),
        (METRICS, &METRICS_REQUEST, Protocol::Metrics, Protocol::JsonMetrics),
    ] {
        for (name, shape) in shapes {
            let text = |n| shape(n).to_string().into_bytes();
            is_linear(name, json, text);
            is_linear(name, protobuf, |n| transcode(&text(n), schema).unwrap().bytes);
        }
    }
}

#[test]
fn envelopes_are_linear() {
    for (name, items) in ENVELOPES {
        // Of items there is a limit.
        is_linear(name, Protocol::Envelope, |n| envelope(items(n / TIMES)));
    }
}

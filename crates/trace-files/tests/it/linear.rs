//! Linear work: proportional to the length of a file, whatever its contents.

use std::ops::ControlFlow;

use serde_json::json;
use trace_files::{Input, read_alone};
use trace_model::work;

/// Length of the texts in bytes.
const LENGTH: usize = 100_000;

/// Maximum number of visits per byte: nesting levels, and the parser of spans.
const VISITS_MAX: u64 = 40;

fn repeated(text: &str) -> String {
    text.repeat(LENGTH / text.len())
}

fn with(begin: &str, middle: &str, end: &str) -> String {
    begin.to_owned() + &repeated(middle) + end
}

fn worst() -> Vec<(&'static str, String)> {
    let span = r#"{"traceId":"1","spanId":"2","startTimeUnixNano":1}"#;
    let large = json!({ "key": "k", "value": { "stringValue": "x".repeat(LENGTH) } });
    let scopes: Vec<_> = (0..LENGTH / 100)
        .map(|number| json!({ "scope": { "name": number.to_string() }, "spans": [{ "traceId": "1", "spanId": number.to_string() }] }))
        .collect();
    let spans: Vec<_> = (0..LENGTH / 60)
        .map(|number| json!({ "traceId": "1", "spanId": number.to_string() }))
        .collect();
    let v1: Vec<_> = (0..LENGTH / 60)
        .map(|number| json!({ "timestamp": number, "value": "sr", "endpoint": { "serviceName": number.to_string() } }))
        .collect();
    let part = |number: usize| json!({ "traceId": "1", "id": "2", "localEndpoint": { "serviceName": number.to_string() } });
    let parts: Vec<_> = (0..LENGTH / 70).map(part).collect();
    let nameless: Vec<_> = (0..LENGTH / 70)
        .map(|number| json!({ "traceId": "1", "id": "2", "localEndpoint": { "port": number + 1 } }))
        .collect();
    vec![
        ("lines of one bracket", repeated("[\n")),
        ("lines of one brace", repeated("{\n")),
        ("lines of a word", repeated("x\n")),
        ("brackets", repeated("[")),
        ("truncated lines", repeated("{\"a\": {\"b\":\n")),
        (
            "truncated requests",
            repeated("{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [\n"),
        ),
        ("truncated texts", repeated("{\"a\": \"\n")),
        ("separators", repeated(",")),
        ("closing brackets", repeated("]\n")),
        ("wrapped", with("", "{\"data\":", "")),
        ("an array that is cut off", with("[", &format!("{span},"), "{")),
        ("an array without separators", with("[", span, "]")),
        ("members", with("{", "\"a\":1,", "\"resourceSpans\":[]}")),
        (
            "elements other than spans",
            with("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[", "1,", "1]}]}]}"),
        ),
        ("blank", repeated(" \n")),
        (
            "a large resource with many scopes",
            json!({ "resourceSpans": [{ "resource": { "attributes": [large] }, "scopeSpans": scopes }] }).to_string(),
        ),
        (
            "a large scope with many spans",
            json!({ "resourceSpans": [{ "scopeSpans": [{ "scope": { "name": "x".repeat(LENGTH) }, "spans": spans }] }] })
                .to_string(),
        ),
        (
            "many services in a Zipkin span",
            json!({ "traceId": "1", "id": "2", "annotations": v1 }).to_string(),
        ),
        ("many parts of a Zipkin span", json!(parts).to_string()),
        ("many nameless parts of a Zipkin span", json!(nameless).to_string()),
    ]
}

fn work(text: String) -> u64 {
    let input = Input::new("a file".to_owned(), text.into_bytes());
    let ((), work) = work::of(|| {
        let _ = read_alone(&input, &mut |_| ControlFlow::Continue(()));
    });
    work
}

#[test]
fn work_is_linear_in_the_length_of_a_file() {
    for (name, text) in worst() {
        let length = text.len() as u64;
        let work = work(text);
        assert!(work <= VISITS_MAX * length, "{name}: {} visits per byte", work / length);
    }
}

//! `spanfall inspect`: what it prints of files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spanfall::inspect;
use tempfile::TempDir;
use trace_model::RepeatedLimits;

const LIMIT: usize = 1 << 30;

/// Files with these contents, and what is printed of them.
fn printed(contents: &[String], json: bool) -> (String, Result<(), String>) {
    let directory = TempDir::new().unwrap();
    let write = |(number, content): (usize, &String)| {
        let path = directory.path().join(format!("{number}.json"));
        fs::write(&path, content).unwrap();
        path
    };
    let paths: Vec<PathBuf> = contents.iter().enumerate().map(write).collect();
    let mut out = Vec::new();
    let ended = inspect::run(&paths, json, LIMIT, RepeatedLimits::default(), &mut out).map_err(|error| error.to_string());
    (String::from_utf8(out).unwrap(), ended)
}

fn traces(contents: &[String]) -> Vec<Value> {
    let (text, ended) = printed(contents, true);
    ended.unwrap();
    serde_json::from_str(&text).unwrap()
}

fn span(id: &str, parent: &str, service: &str, from: u64, to: u64) -> Value {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] });
    let span = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": id, "parentSpanId": parent, "name": format!("{service} {id}"),
        "kind": 2, "startTimeUnixNano": from.to_string(), "endTimeUnixNano": to.to_string(), "status": { "code": 2 } });
    json!({ "resource": resource, "scopeSpans": [{ "spans": [span] }] })
}

fn file(spans: &[Value]) -> String {
    json!({ "resourceSpans": spans }).to_string()
}

const A: &str = "00000000000000aa";
const B: &str = "00000000000000bb";
const C: &str = "00000000000000cc";
const D: &str = "00000000000000dd";

#[test]
fn trace_has_exactly_the_documented_keys() {
    let [trace] = &*traces(&[file(&[span(A, "", "api", 1_000, 9_000), span(B, A, "db", 2_000, 0)])]) else {
        panic!("one trace")
    };
    let spans = json!([
        { "span_id": A, "parent_span_id": null, "service": "api", "name": format!("api {A}"), "kind": "server",
          "start_unix_nano": 1_000, "end_unix_nano": 9_000,
          "start_time": "1970-01-01T00:00:00.000001000Z", "end_time": "1970-01-01T00:00:00.000009000Z", "status": "error" },
        { "span_id": B, "parent_span_id": A, "service": "db", "name": format!("db {B}"), "kind": "server",
          "start_unix_nano": 2_000, "end_unix_nano": null,
          "start_time": "1970-01-01T00:00:00.000002000Z", "end_time": null, "status": "error" },
    ]);
    assert_eq!(trace["spans"], spans);
    let keys: Vec<&String> = trace.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "critical_path",
            "duration_ns",
            "errors",
            "lints",
            "orphans",
            "path_to_last_span",
            "roots",
            "services",
            "spans",
            "trace_id"
        ]
    );
    assert_eq!(
        (
            &trace["trace_id"],
            &trace["roots"],
            &trace["orphans"],
            &trace["services"],
            &trace["duration_ns"],
            &trace["errors"]
        ),
        (
            &json!("0af7651916cd43dd8448eb211c80319c"),
            &json!([A]),
            &json!([]),
            &json!(["api", "db"]),
            &json!(8_000),
            &json!(2)
        )
    );
}

/// Whatever the order of the files is, and whatever is missing.
#[test]
fn files_are_read_into_one_store() {
    let parts = [
        file(&[span(B, A, "fraud", 2_000, 5_000)]),
        file(&[span(C, B, "db", 3_000, 4_000), span(D, "ee", "lost", 6_000, 7_000)]),
        file(&[span(A, "", "pay", 1_000, 9_000)]),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let [trace] = &*traces(&order.map(|at| parts[at].clone())) else {
            panic!("one trace")
        };
        let ids: Vec<&str> = trace["spans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| span["span_id"].as_str().unwrap())
            .collect();
        assert_eq!(ids[..3], [A, B, C], "parents before children");
        assert_eq!((&trace["roots"], &trace["orphans"]), (&json!([A]), &json!([D])));
        assert_eq!(trace["services"], json!(["pay", "fraud", "db", "lost"]));
    }
}

#[test]
fn traces_stand_by_start_and_those_without_spans_do_not_stand_there() {
    let zipkin = |trace: &str, start: u64| json!({ "traceId": trace, "id": "1", "timestamp": start }).to_string();
    let log = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "body": { "stringValue": "alone" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [log] }] }] }).to_string();
    let found = traces(&[zipkin("b", 5), logs, zipkin("a", 7), zipkin("c", 3)]);
    let ids: Vec<&str> = found
        .iter()
        .map(|trace| trace["trace_id"].as_str().unwrap().trim_start_matches('0'))
        .collect();
    assert_eq!(ids, ["c", "b", "a"]);
}

#[test]
fn clocks_that_disagree_are_flagged() {
    for path in fixtures("zipkin").iter().filter(|path| path.ends_with("skew.json")) {
        let found = of_files(std::slice::from_ref(path));
        let lints = found[0]["lints"].as_array().unwrap();
        assert!(lints.iter().any(|lint| lint["rule"] == "clock-trouble"), "{lints:?}");
    }
}

#[test]
fn unreadable_file_is_an_error_and_others_are_printed() {
    let good = file(&[span(A, "", "api", 1_000, 9_000)]);
    let (text, ended) = printed(&["hello".to_owned(), good.clone()], true);
    let elements: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((elements.len(), &elements[0]["errors"]), (2, &json!(1)));
    let unreadable = elements[1]["unreadable"].as_array().unwrap();
    assert!(unreadable[0]["file"].as_str().unwrap().ends_with("0.json"));
    assert_eq!(
        (&unreadable[0]["place"], &unreadable[0]["reason"]),
        (&json!("line 1, column 1"), &json!("expected value"))
    );
    let error = ended.unwrap_err();
    assert!(
        error.contains("0.json: line 1, column 1: expected value") && error.contains("supported: "),
        "{error}"
    );
    let (text, ended) = printed(&["hello".to_owned(), good], false);
    assert!(text.contains("api") && ended.is_err());
}

/// `all(.[]; .errors == 0 and .orphans == [])` must fail for every kind of loss, also where nothing at all could be read: `jq` is content
/// with an empty array and with no input.
#[test]
fn unreadable_part_is_an_element_of_the_array() {
    let bad_span = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "traceId": "", "spanId": "" }] }] }] });
    let many: Vec<Value> = (0..15)
        .map(|_| json!({ "traceId": "", "spanId": "", "startTimeUnixNano": 1 }))
        .collect();
    for (content, places) in [
        ("hello".to_owned(), vec![json!("line 1, column 1")]),
        (String::new(), vec![json!(null)]),
        (bad_span.to_string(), vec![json!("line 1, column 44")]),
        ("resourceSpans:\n".to_owned(), vec![json!(null)]),
        (json!(many).to_string(), vec![]),
    ] {
        let (text, ended) = printed(&[content], true);
        assert!(ended.is_err());
        let [element] = &*serde_json::from_str::<Vec<Value>>(&text).unwrap() else {
            panic!("one element: {text}")
        };
        assert_eq!(element.as_object().unwrap().keys().collect::<Vec<_>>(), ["unreadable"]);
        let unreadable = element["unreadable"].as_array().unwrap();
        let found: Vec<Value> = unreadable.iter().map(|one| one["place"].clone()).collect();
        if places.is_empty() {
            assert_eq!((found.len(), &unreadable[10]["reason"]), (11, &json!("5 more problems")));
        } else {
            assert_eq!(found, places);
        }
    }
}

/// An empty array would satisfy every condition on all elements.
#[test]
fn empty_input_fails() {
    let log = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "body": { "stringValue": "alone" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [log] }] }] }).to_string();
    for content in ["[]", r#"{"resourceSpans":[]}"#, r#"{"data":[],"total":0,"errors":null}"#] {
        let (text, ended) = printed(&[content.to_owned()], true);
        let [element] = &*serde_json::from_str::<Vec<Value>>(&text).unwrap() else {
            panic!("one element: {text}")
        };
        let reason = json!({ "unreadable": [{ "file": null, "place": null, "reason": "no span or log record in the input" }] });
        assert_eq!(
            (element, ended),
            (&reason, Err("no span or log record in the input".to_owned())),
            "{content}"
        );
        let (text, ended) = printed(&[content.to_owned()], false);
        assert_eq!((text.as_str(), ended.is_err()), ("no trace\n", true), "{content}");
    }
    let (_, ended) = printed(&[logs], true);
    assert_eq!(ended, Ok(()), "log records are not traces, but could be read");
    let good = file(&[span(A, "", "api", 1_000, 9_000)]);
    let (text, ended) = printed(&["[]".to_owned(), good], true);
    assert_eq!((serde_json::from_str::<Vec<Value>>(&text).unwrap().len(), ended), (1, Ok(())));
}

#[test]
fn log_records_without_spans_are_counted_by_severity() {
    let log = |severity: u32| json!({ "timeUnixNano": "5", "severityNumber": severity, "body": { "stringValue": "alone" } });
    let of_trace = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "timeUnixNano": "5", "severityNumber": 13 });
    let records = [log(9), log(17), log(0), log(9), of_trace];
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] }).to_string();
    let (text, ended) = printed(std::slice::from_ref(&logs), false);
    let line = "5 log records without spans: 1 error · 1 warn · 2 info · 1 no severity\n";
    assert_eq!((text.as_str(), ended), (line, Ok(())));
    let (text, ended) = printed(&[file(&[span(A, "", "api", 1_000, 9_000)]), logs], false);
    let line = "\n\n4 log records without spans: 1 error · 2 info · 1 no severity\n";
    assert!(text.contains("1 log record\n") && text.ends_with(line), "{text}");
    assert_eq!(ended, Ok(()));
}

/// A span may refer to itself in every format; another, good reference is its parent.
#[test]
fn self_references_are_named() {
    let jaeger = |references: Value| {
        let span = |id: &str, references: Value| {
            json!({ "traceID": "0af7651916cd43dd8448eb211c80319c", "spanID": id, "operationName": "work",
            "startTime": 10, "duration": 5, "references": references, "process": { "serviceName": "api" } })
        };
        [span(A, json!([])), span(B, references)]
            .map(|span| span.to_string())
            .join("\n")
    };
    let to = |kind: &str, trace: &str, id: &str| json!({ "refType": kind, "traceID": trace, "spanID": id });
    let (own, short) = ("0af7651916cd43dd8448eb211c80319c", "8448eb211c80319c");
    let zipkin = json!([{ "traceId": own, "id": A, "timestamp": 10, "duration": 5 }, { "traceId": own, "id": B, "parentId": B, "timestamp": 10 }]);
    for (content, parent) in [
        (jaeger(json!([to("CHILD_OF", own, B)])), None),
        (jaeger(json!([to("CHILD_OF", own, B), to("CHILD_OF", own, A)])), Some(A)),
        (jaeger(json!([to("FOLLOWS_FROM", own, A), to("CHILD_OF", own, B)])), Some(A)),
        (jaeger(json!([to("CHILD_OF", own, A), to("FOLLOWS_FROM", short, B)])), Some(A)),
        (file(&[span(A, "", "api", 10, 15), span(B, B, "api", 10, 15)]), None),
        (zipkin.to_string(), None),
    ] {
        let [trace] = &*traces(std::slice::from_ref(&content)) else {
            panic!("one trace")
        };
        let lints = trace["lints"].as_array().unwrap().iter();
        let named: Vec<&Value> = lints
            .filter(|lint| lint["rule"] == "parent-cycle")
            .map(|lint| &lint["span_id"])
            .collect();
        assert_eq!(named, [B], "{content}");
        let roots = trace["roots"].as_array().unwrap();
        assert_eq!(
            (roots.contains(&json!(B)), &trace["orphans"]),
            (parent.is_none(), &json!([])),
            "{content}"
        );
    }
}

#[test]
fn data_dropped_by_the_memory_limit_is_reported() {
    let line = |number: u32| {
        json!({ "traceId": format!("{number:031x}1"), "spanId": "0000000000000001", "name": "x".repeat(2_000), "startTimeUnixNano": "5" })
            .to_string()
    };
    let lines: Vec<String> = (0..1_500).map(line).collect();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("large.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let mut out = Vec::new();
    let ended = inspect::run(&[path], true, 2 << 20, RepeatedLimits::default(), &mut out);
    assert!(ended.is_err());
    let elements: Vec<Value> = serde_json::from_slice(&out).unwrap();
    let reason = elements.last().unwrap()["unreadable"][0]["reason"].as_str().unwrap();
    let left = elements.len() as u64 - 1;
    assert!(left > 0 && reason.starts_with(&format!("{} spans", 1_500 - left)), "{reason}");
    assert!(
        reason.ends_with("dropped: the memory limit is 2 MiB (raise --max-memory)"),
        "{reason}"
    );
}

/// Twelve equal calls of a nanosecond each.
#[test]
fn limits_of_warnings_are_those_of_the_configuration() {
    let directory = TempDir::new().unwrap();
    let (path, config) = (directory.path().join("trace.json"), directory.path().join("config.toml"));
    let call = |number: u64| {
        let mut call = span(&format!("{number:016x}"), A, "api", 1_000 + 2 * number, 1_001 + 2 * number);
        (
            call["scopeSpans"][0]["spans"][0]["kind"],
            call["scopeSpans"][0]["spans"][0]["name"],
        ) = (json!(3), json!("GET"));
        call
    };
    let spans: Vec<Value> = std::iter::once(span(A, "", "api", 1_000, 9_000))
        .chain((1..=12).map(call))
        .collect();
    fs::write(&path, file(&spans)).unwrap();
    for (limit, is_repeated) in [(12, true), (13, false)] {
        fs::write(&config, format!("[warnings]\nrepeated-calls = {limit}\n")).unwrap();
        let words = ["inspect", "--json", "--config"].map(Path::new);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_spanfall"));
        let output = command.args(words).args([&config, &path]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.contains("repeated-calls"), is_repeated, "{limit}: {text}");
    }
}

#[test]
fn plain_output_has_the_main_facts() {
    let (text, ended) = printed(
        &[file(&[
            span(A, "", "api", 1_000, 9_000),
            span(B, "ee", "d\u{1b}[2Jb", 2_000, 0),
        ])],
        false,
    );
    ended.unwrap();
    for said in [
        "0af7651916cd43dd8448eb211c80319c  api 00000000000000aa",
        "8.00 µs so far · 2 spans · 2 failed · 1 in flight · 1 missing",
        "services       api → d␛[2Jb",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains('\u{1b}'));
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let Some(fixtures) = std::env::var_os("SPANFALL_FIXTURES") else {
        eprintln!("skipped: SPANFALL_FIXTURES is not set");
        return Vec::new();
    };
    let entries = fs::read_dir(Path::new(&fixtures).join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn of_files(paths: &[PathBuf]) -> Vec<Value> {
    let mut out = Vec::new();
    inspect::run(paths, true, LIMIT, RepeatedLimits::default(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn root_that_arrives_last_in_three_parts_is_one_tree() {
    let mut parts = fixtures("otlp");
    parts.retain(|path| path.to_str().unwrap().contains("late-root"));
    parts.sort();
    if parts.is_empty() {
        return;
    }
    let [trace] = &*of_files(&parts) else { panic!("one trace") };
    assert_eq!((trace["roots"].as_array().unwrap().len(), &trace["orphans"]), (1, &json!([])));
    assert_eq!(
        (&trace["spans"][0]["span_id"], &trace["spans"][0]["name"]),
        (&json!("a001a001a001a001"), &json!("POST /payment"))
    );
    assert!(!of_files(&parts[..2])[0]["orphans"].as_array().unwrap().is_empty());
}

/// The sum of all `key: […]` of a file, and of arrays of spans themselves.
fn spans_in(value: &Value) -> usize {
    match value {
        Value::Array(values) => values
            .iter()
            .map(|value| usize::from(value.get("id").is_some()) + spans_in(value))
            .sum(),
        Value::Object(members) => {
            let own = members.get("spans").and_then(Value::as_array).map_or(0, Vec::len);
            let below = ["data", "resourceSpans", "scopeSpans"]
                .iter()
                .filter_map(|name| members.get(*name));
            own + below.map(spans_in).sum::<usize>()
        }
        _ => 0,
    }
}

#[test]
fn fixtures_are_read_without_loss() {
    for path in ["otlp", "jaeger", "zipkin", "critical-path"].into_iter().flat_map(fixtures) {
        let text = fs::read_to_string(&path).unwrap();
        let values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let expected: usize = values.map(|value| spans_in(&value.unwrap())).sum();
        let found = of_files(std::slice::from_ref(&path));
        let found: usize = found.iter().map(|trace| trace["spans"].as_array().unwrap().len()).sum();
        assert_eq!(found, expected, "{}", path.display());
    }
}
/// CRISP's own expectations: microseconds on the critical path for each service and operation. The printed form of a small input
/// that failed once; `None` without the fixtures.
fn field(name: &str) -> Option<Vec<Value>> {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return None;
    };
    Some(traces(&[
        fs::read_to_string(Path::new(&fixtures).join("field").join(name)).unwrap()
    ]))
}

#[test]
fn path_to_last_span_contains_the_time_in_the_queue() {
    let Some(found) = field("celery.json") else { return };
    let trace = &found[0];
    assert_eq!(trace["critical_path"].as_array().unwrap().len(), 2, "the request's: {trace}");
    let steps = trace["path_to_last_span"].as_array().unwrap();
    let sum = |key: &str| steps.iter().map(|step| step[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("queued_ns"), 960_350_000);
    assert_eq!(sum("self_ns") + sum("queued_ns"), trace["duration_ns"].as_u64().unwrap());
}

#[test]
fn repeated_calls_are_told_of_equal_statements_only() {
    for (file, expected) in [("n1.jsonl", true), ("diff.json", false)] {
        let Some(found) = field(file) else { return };
        let lints = found.iter().flat_map(|trace| trace["lints"].as_array().unwrap());
        let is_told = lints.clone().any(|lint| lint["rule"] == "repeated-calls");
        assert_eq!(is_told, expected, "{file}");
    }
}

#[test]
fn critical_paths_are_those_of_crisp() {
    for path in fixtures("critical-path") {
        let raw: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let [trace] = &*of_files(std::slice::from_ref(&path)) else {
            panic!("one trace")
        };
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        for step in trace["critical_path"].as_array().unwrap() {
            let spans = trace["spans"].as_array().unwrap();
            let span = spans.iter().find(|span| span["span_id"] == step["span_id"]).unwrap();
            let name = format!("[{}] {}", span["service"].as_str().unwrap(), span["name"].as_str().unwrap());
            *found.entry(name).or_default() += step["self_ns"].as_u64().unwrap() / 1_000;
        }
        // Traces with errors print more than this.
        let expected = raw["testing"].get("opTimeExclusive").unwrap_or(&raw["testing"][0]);
        let expected = expected.as_object().unwrap().iter();
        let expected: BTreeMap<String, u64> = expected
            .map(|(name, micros)| (name.clone(), micros.as_u64().unwrap()))
            .collect();
        assert_eq!(found, expected, "{}", path.display());
    }
}

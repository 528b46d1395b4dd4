//! Files of other programs: nothing in them is lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trace_files::Format;

use crate::support::read;

fn files(folder: &str) -> Vec<PathBuf> {
    let Some(fixtures) = std::env::var_os("SPANFALL_FIXTURES") else {
        eprintln!("skipped: SPANFALL_FIXTURES is not set");
        return Vec::new();
    };
    let entries = fs::read_dir(Path::new(&fixtures).join(folder)).unwrap();
    let files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    files
}

/// Returns all values of a file, parsed by serde alone.
fn values(text: &str) -> Vec<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn array<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

/// Compares the result with expectations: the format, names and starts of spans, bodies of logs.
fn check(folder: &str, format: Format, expected: impl Fn(&Value) -> Vec<String>, records: impl Fn(&Value) -> usize) {
    for path in files(folder) {
        let text = fs::read_to_string(&path).unwrap();
        let path = path.display();
        let mut names: Vec<String> = values(&text).iter().flat_map(&expected).collect();
        let logs: usize = values(&text).iter().map(&records).sum();
        let read = read(text);
        assert_eq!(read.problems(), [""; 0], "{path}");
        assert_eq!(read.report.formats, [format], "{path}");
        let mut found: Vec<String> = read
            .spans
            .iter()
            .map(|span| format!("{} {}", span.start_unix_nano, span.name))
            .collect();
        assert!(names.len() + logs > 0, "{path}");
        names.sort();
        found.sort();
        assert_eq!(found, names, "{path}");
        assert_eq!(read.logs.len(), logs, "{path}");
    }
}

fn line(start: &Value, scale: u64, name: &Value) -> String {
    let start = start.as_u64().unwrap_or_else(|| start.as_str().unwrap().parse().unwrap());
    format!("{} {}", start * scale, name.as_str().unwrap())
}

#[test]
fn otlp_fixtures_lose_no_record() {
    let spans = |request: &Value| {
        let scopes = array(request, "resourceSpans").flat_map(|group| array(group, "scopeSpans"));
        let spans = scopes.flat_map(|scope| array(scope, "spans"));
        spans.map(|span| line(&span["startTimeUnixNano"], 1, &span["name"])).collect()
    };
    let logs = |request: &Value| {
        let scopes = array(request, "resourceLogs").flat_map(|group| array(group, "scopeLogs"));
        scopes.flat_map(|scope| array(scope, "logRecords")).count()
    };
    check("otlp", Format::Otlp, spans, logs);
}

#[test]
fn jaeger_fixtures_lose_no_span() {
    let of_trace = |trace: &Value| -> Vec<String> {
        let spans = array(trace, "spans");
        spans
            .map(|span| line(&span["startTime"], 1000, &span["operationName"]))
            .collect()
    };
    let spans = |file: &Value| match &file["data"] {
        Value::Array(traces) => traces.iter().flat_map(of_trace).collect(),
        Value::Object(_) => of_trace(&file["data"]),
        _ => of_trace(file),
    };
    for folder in ["jaeger", "critical-path"] {
        check(folder, Format::Jaeger, spans, |_| 0);
    }
}

#[test]
fn zipkin_fixtures_lose_no_span() {
    let spans = |file: &Value| {
        let spans = file.as_array().unwrap().iter();
        spans.map(|span| line(&span["timestamp"], 1000, &span["name"])).collect()
    };
    check("zipkin", Format::Zipkin, spans, |_| 0);
}

/// A file with ids that are not hexadecimal: the span gets an id all the same, and its links match.
#[test]
fn non_hexadecimal_ids_are_hashed() {
    for path in files("otlp")
        .iter()
        .filter(|path| path.ends_with("otel-gui-trace-links.json"))
    {
        let read = read(fs::read(path).unwrap());
        let [span] = &*read.spans else { panic!("one span") };
        assert_eq!(span.trace_id.to_string(), "9f8e7d6c5b4a3210fedcba9876543210");
        let links: BTreeSet<_> = span.links.iter().map(|link| (link.trace_id, link.span_id)).collect();
        assert_eq!(links.len(), 2);
        assert!(
            links
                .iter()
                .all(|(trace_id, span_id)| trace_id.is_some() && span_id.is_some())
        );
    }
}

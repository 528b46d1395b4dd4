//! Several files read together, and growing files.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::json;
use trace_files::{Input, Memory, Session};
use trace_model::Span;

use crate::support::read;

const LONG: &str = "aaaaaaaaaaaaaaaa463ac35c9f6413ad";
const OTHER: &str = "bbbbbbbbbbbbbbbb463ac35c9f6413ad";
const SHORT: &str = "463ac35c9f6413ad";

fn zipkin(trace: &str, id: &str) -> String {
    json!({ "traceId": trace, "id": id, "name": id, "timestamp": 5, "duration": 1 }).to_string()
}

fn jaeger(trace: &str, id: &str, parent: &str) -> String {
    json!({ "traceID": trace, "spanID": id, "operationName": id, "startTime": 5, "duration": 1,
        "references": [{ "refType": "CHILD_OF", "traceID": SHORT, "spanID": parent }] })
    .to_string()
}

fn otlp(trace: &str, id: &str) -> String {
    let log = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{ "traceId": trace, "spanId": id, "body": { "stringValue": "x" } }] }] }] });
    let span = json!({ "traceId": trace, "spanId": id, "name": id, "startTimeUnixNano": 5 });
    format!("{span}\n{log}")
}

/// Returns all spans of files read together, and the warnings.
fn together(files: &[String]) -> (Vec<Span>, Vec<String>) {
    let mut session = Session::new(Memory::default());
    let (mut spans, mut warnings) = (Vec::new(), Vec::new());
    let mut logs = Vec::new();
    let mut deliver = |part: trace_files::Part| {
        spans.extend(part.batch.decode_spans());
        logs.extend(part.batch.decode_logs());
        ControlFlow::Continue(())
    };
    for file in files {
        let input = Input::new("a file".to_owned(), file.clone().into());
        let report = session.read(&input, &mut deliver).unwrap();
        warnings.extend(report.warnings.first);
    }
    warnings.extend(session.finish(&mut deliver).first);
    for log in logs {
        assert!(
            spans.iter().any(|span| Some(span.trace_id) == log.trace_id),
            "a log without its span"
        );
    }
    (spans, warnings.iter().map(ToString::to_string).collect())
}

fn ids(spans: &[Span]) -> Vec<(String, String)> {
    let mut ids: Vec<_> = spans
        .iter()
        .map(|span| (span.name.clone(), span.trace_id.to_string()))
        .collect();
    ids.sort();
    ids
}

#[test]
fn short_trace_ids_are_merged_with_their_long_form() {
    let long = [zipkin(LONG, "1"), otlp(LONG, "2"), jaeger(LONG, "3", "1")];
    let short = [zipkin(SHORT, "4"), otlp(SHORT, "5"), jaeger(SHORT, "6", "1")];
    for long in &long {
        for short in &short {
            for files in [[long.clone(), short.clone()], [short.clone(), long.clone()]] {
                let (spans, warnings) = together(&files);
                assert_eq!((spans.len(), warnings), (2, vec![]));
                assert!(
                    spans.iter().all(|span| span.trace_id.to_string() == LONG),
                    "{:?}",
                    ids(&spans)
                );
            }
            let (spans, _) = together(&[format!("{long}\n{short}")]);
            assert!(spans.iter().all(|span| span.trace_id.to_string() == LONG), "in one file");
        }
    }
    let child = read(jaeger(LONG, "3", "1"));
    assert!(child.spans[0].parent_span_id.is_some(), "a reference by the short id");
}

#[test]
fn ambiguous_short_trace_ids_are_not_merged() {
    let (spans, warnings) = together(&[zipkin(LONG, "1"), zipkin(SHORT, "2") + &zipkin(SHORT, "3"), otlp(OTHER, "4")]);
    let short = format!("0000000000000000{SHORT}");
    let found = ids(&spans);
    assert_eq!((&found[1].1, &found[2].1), (&short, &short));
    assert_eq!(
        warnings,
        [format!("trace {SHORT} not merged: several 128-bit ids have this suffix")]
    );
    let (spans, warnings) = together(&[zipkin(SHORT, "1"), otlp(SHORT, "2")]);
    assert!(spans.iter().all(|span| span.trace_id.to_string() == short) && warnings.is_empty());
}

/// Beyond the memory limit, parts are released before the end.
#[test]
fn held_records_over_the_limit_are_released_early() {
    let tag = "x".repeat(1_000);
    let spans: Vec<_> = (1..8_000)
        .map(|id| json!({ "traceId": SHORT, "id": format!("{id:x}"), "timestamp": 5, "tags": { "a": tag } }))
        .collect();
    let input = Input::new("large".to_owned(), json!(spans).to_string().into());
    let mut session = Session::new(Memory::within(64 << 20));
    let mut before_the_end = 0;
    let report = session.read(&input, &mut |part| {
        before_the_end += part.batch.span_count();
        ControlFlow::Continue(())
    });
    assert_eq!(report.unwrap().spans, 7_999);
    assert!(before_the_end > 0);
    let mut at_the_end = 0;
    session.finish(&mut |part| {
        at_the_end += part.batch.span_count();
        ControlFlow::Continue(())
    });
    assert_eq!(before_the_end + at_the_end, 7_999);
}

/// `tail -f` of a file, compressed or not: complete records are delivered before the end.
#[cfg(unix)]
#[test]
fn open_pipe_delivers_complete_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let (sender, spans) = channel();
    let reading = std::thread::spawn({
        let path = path.clone();
        move || {
            let mut session = Session::new(Memory::default()).live();
            let input = Input::open(&path).unwrap();
            let mut deliver = |part: trace_files::Part| {
                for span in part.batch.decode_spans() {
                    sender.send(span.name).unwrap();
                }
                ControlFlow::Continue(())
            };
            let report = session.read(&input, &mut deliver).unwrap();
            session.finish(&mut deliver);
            report
        }
    });
    let mut pipe = std::fs::OpenOptions::new().write(true).open(Path::new(&path)).unwrap();
    let next = || spans.recv_timeout(Duration::from_secs(30)).unwrap();
    // The second line is incomplete.
    let lines = format!("{}\n{}", otlp(LONG, "1").lines().next().unwrap(), &otlp(LONG, "2")[..20]);
    pipe.write_all(lines.as_bytes()).unwrap();
    assert_eq!(next(), "1");
    pipe.write_all(&otlp(LONG, "2").lines().next().unwrap().as_bytes()[20..])
        .unwrap();
    pipe.write_all(zipkin(SHORT, "3").as_bytes()).unwrap();
    assert_eq!([next(), next()].concat().len(), 2);
    drop(pipe);
    assert_eq!(reading.join().unwrap().spans, 3);
}

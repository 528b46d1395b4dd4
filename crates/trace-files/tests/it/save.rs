//! Round trips of saved traces.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use trace_files::{Copying, Request, SavedFile, Selection};
use trace_model::{LogRecord, LogView, Source, Span, Store, TraceId, work};

use crate::support::{read, try_read};

/// Spans and logs of two traces, with all possible fields.
fn file() -> String {
    let span = |trace: &str, id: u32, service: &str| {
        let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": service } }, { "key": "host.name", "value": { "stringValue": "quay" } }] });
        let span = json!({ "traceId": trace, "spanId": format!("{id:016x}"), "parentSpanId": format!("{:016x}", id - 1), "name": format!("{service} {id} \"é\u{1b}\""),
            "kind": 3, "traceState": "a=b", "flags": 1, "startTimeUnixNano": "1700000000000000001", "endTimeUnixNano": "18446744073709551615",
            "status": { "code": 2, "message": "sunk" }, "droppedLinksCount": 3,
            "attributes": [{ "key": "i", "value": { "intValue": "-9223372036854775808" } }, { "key": "d", "value": { "doubleValue": 0.1 } },
                { "key": "inf", "value": { "doubleValue": "Infinity" } }, { "key": "b", "value": { "bytesValue": "AP8=" } }, { "key": "n", "value": {} },
                { "key": "m", "value": { "kvlistValue": { "values": [{ "key": "k", "value": { "arrayValue": { "values": [{ "boolValue": true }] } } }] } } }],
            "events": [{ "timeUnixNano": "5", "name": "exception", "attributes": [{ "key": "exception.type", "value": { "stringValue": "Storm" } }] }],
            "links": [{ "traceId": "ff", "spanId": "1", "traceState": "c=d", "attributes": [{ "key": "why", "value": { "stringValue": "" } }] }] });
        let schema = format!("https://example.org/schemas/{id}");
        json!({ "resource": resource, "schemaUrl": "https://example.org/schemas/1",
            "scopeSpans": [{ "scope": { "name": "hull", "version": "2" }, "schemaUrl": schema, "spans": [span] }] })
    };
    let log = |trace: &str, body: &str| json!({ "traceId": trace, "spanId": "0000000000000001", "timeUnixNano": "7", "severityNumber": 17, "severityText": "ERROR", "body": { "stringValue": body } });
    let spans =
        json!({ "resourceSpans": [span("a", 1, "ferry"), span("b", 1, "other"), span("a", 2, "radio"), span("a", 3, "ferry")] });
    let logs = json!({ "resourceLogs": [{ "resource": { "attributes": [] }, "scopeLogs": [{ "logRecords": [log("a", "hello"), log("b", "not this"), log("a", "again")] }] }] });
    format!("{spans}\n{logs}")
}

fn store(file: &str) -> Store {
    let mut store = Store::new(8 << 20);
    let input = trace_files::Input::new("a file".to_owned(), file.into());
    trace_files::read_alone(&input, &mut |part| {
        store.add(part.batch);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    store
}

fn trace(number: u8) -> TraceId {
    TraceId::try_from([[0; 15].as_slice(), &[number]].concat().as_slice()).unwrap()
}

fn saved(store: &Store, trace_id: TraceId) -> String {
    lines(&Copying::whole(store, only(trace_id)).0)
}

fn lines(requests: &[Request]) -> String {
    requests
        .iter()
        .map(|request| String::from_utf8(request.line()).unwrap())
        .collect()
}

fn only(trace_id: TraceId) -> Selection {
    Selection::Traces(vec![trace_id])
}

/// Writes a trace into a directory.
fn write(store: &Store, directory: &Path) -> std::io::Result<PathBuf> {
    let mut file = SavedFile::create(directory, "trace")?;
    file.write(&Copying::whole(store, only(trace(10))).0)?;
    file.finish()
}

fn sorted(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| span.span_id);
    spans
}

fn of_trace(spans: &[Span], trace_id: TraceId) -> Vec<Span> {
    let own = spans.iter().filter(|span| span.trace_id == trace_id);
    sorted(own.cloned().collect())
}

/// The last parts of both schema URLs of each span.
fn of_trace_schemas(lines: &str) -> Vec<String> {
    let spans = sorted(read(lines.to_owned()).spans);
    let last = |url: &str| url.rsplit('/').next().unwrap_or_default().to_owned();
    let schemas = spans.iter().map(|span| {
        let (resource, scope) = (&span.resource_schema_url, &span.scope.schema_url);
        format!("{} {}", last(resource), last(scope))
    });
    schemas.collect()
}

#[test]
fn saved_trace_round_trips() {
    let (before, store) = (read(file()), store(&file()));
    let lines = saved(&store, trace(10));
    let after = read(lines.clone());
    assert_eq!(after.problems(), [""; 0]);
    assert_eq!(
        sorted(after.spans),
        of_trace(&before.spans, trace(10)),
        "complete spans of this trace only"
    );
    let of_trace: Vec<&LogRecord> = before.logs.iter().filter(|log| log.trace_id == Some(trace(10))).collect();
    assert_eq!(after.logs.iter().collect::<Vec<_>>(), of_trace);
    assert_eq!(after.logs.len(), 2);
    assert_eq!(saved(&self::store(&lines), trace(10)), lines, "saving again gives the same");
    assert_eq!(of_trace_schemas(&lines), ["1 1", "1 2", "1 3"], "schema URLs are kept apart");
}

/// Separate requests for spans and logs, each of one resource.
#[test]
fn saved_file_is_json_lines_of_requests() {
    let lines = saved(&store(&file()), trace(10));
    let lines: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let groups = |at: usize, name: &str| lines[at][name].as_array().map(Vec::len);
    assert_eq!(
        (
            lines.len(),
            groups(0, "resourceSpans"),
            groups(1, "resourceSpans"),
            groups(2, "resourceLogs")
        ),
        (3, Some(1), Some(1), Some(1))
    );
    let span = &lines[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["traceId"], "0000000000000000000000000000000a");
    assert_eq!(span["startTimeUnixNano"], "1700000000000000001");
    assert_eq!(
        (&span["flags"], &span["links"][0]["traceState"]),
        (&json!(1), &json!("c=d")),
        "fields that no screen shows"
    );
}

#[test]
fn selection_of_all_traces_and_logs_round_trips() {
    let outside: Vec<Json> = (1..=1_200)
        .map(|number| json!({ "timeUnixNano": number.to_string(), "severityNumber": 9, "body": { "stringValue": format!("outside {number}") } }))
        .collect();
    let outside = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": outside }] }] });
    let text = format!("{}\n{outside}", file());
    let (before, store) = (read(text.clone()), store(&text));
    let (requests, counts) = Copying::whole(&store, Selection::Traces(vec![trace(10), trace(11)]));
    assert_eq!((counts.traces, counts.spans, counts.logs, counts.evicted), (2, 4, 3, 0));
    let after = read(lines(&requests));
    assert_eq!(sorted(after.spans), sorted(before.spans), "all spans");
    assert_eq!(after.logs.len(), 3, "records of the traces alone");

    let all = store.logs_at(LogView::All, 0..store.listed_logs(LogView::All));
    let (requests, counts) = Copying::whole(&store, Selection::Logs(all));
    assert_eq!((counts.traces, counts.spans, counts.logs, counts.evicted), (0, 0, 1_203, 0));
    let text = lines(&requests);
    let most = text.lines().map(|line| line.matches("\"body\"").count()).max();
    assert!(most <= Some(500) && text.lines().count() >= 3, "{most:?}");
    let sorted = |mut logs: Vec<LogRecord>| {
        logs.sort_by_key(|log| (log.time_unix_nano, log.trace_id, format!("{:?}", log.body)));
        logs
    };
    assert_eq!(
        sorted(read(text.clone()).logs),
        sorted(before.logs),
        "with and without a trace"
    );
    let (estimate, bytes) = (counts.json_bytes(), text.len() as u64);
    assert!((bytes / 2..bytes * 2).contains(&estimate), "{estimate} is about {bytes}");
}

#[test]
fn evicted_part_of_a_selection_is_counted() {
    let store = store(&file());
    let logs = store.logs_at(LogView::All, 0..3);
    let (requests, counts) = Copying::whole(&store, Selection::Traces(vec![trace(1), trace(10)]));
    assert_eq!((counts.traces, counts.evicted, requests.len()), (1, 1, 3));
    let (requests, counts) = Copying::whole(&Store::new(1 << 20), Selection::Logs(logs));
    assert_eq!((counts.logs, counts.evicted, requests.len()), (0, 3, 0));
}

#[test]
fn existing_file_is_not_overwritten() {
    let (directory, store) = (tempfile::tempdir().unwrap(), store(&file()));
    fs::write(directory.path().join("trace-2.otlp.jsonl"), "mine").unwrap();
    for expected in ["trace.otlp.jsonl", "trace-3.otlp.jsonl"] {
        let path = write(&store, directory.path()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert_eq!(path, directory.path().join(expected));
        assert_eq!(try_read(fs::read(path).unwrap()).unwrap().spans.len(), 3);
    }
    assert_eq!(
        fs::read_to_string(directory.path().join("trace-2.otlp.jsonl")).unwrap(),
        "mine"
    );
    assert!(write(&store, &directory.path().join("missing")).is_err());
}

#[test]
fn unfinished_file_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = SavedFile::create(directory.path(), "trace").unwrap();
    file.write(&Copying::whole(&store(&self::file()), only(trace(10))).0).unwrap();
    let names = || {
        fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(),
        ["trace.otlp.jsonl.part"],
        "what is cut off does not look like a whole file"
    );
    drop(file);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn saving_follows_no_symlink() {
    let directory = tempfile::tempdir().unwrap();
    let planted = directory.path().join("trace.otlp.jsonl");
    symlink(directory.path().join("elsewhere"), &planted).unwrap();
    symlink(
        directory.path().join("elsewhere"),
        directory.path().join("trace.otlp.jsonl.part"),
    )
    .unwrap();
    let path = write(&store(&file()), directory.path()).unwrap();
    assert!(path != planted && !directory.path().join("elsewhere").exists());
}

#[test]
fn large_trace_takes_several_lines_and_a_missing_one_none() {
    let spans: Vec<Json> = (1..20_000)
        .map(|id| json!({ "traceId": "a", "spanId": format!("{id:x}"), "name": format!("span number {id} with a name that takes some room to write") }))
        .collect();
    let store = store(&json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] }).to_string());
    let lines = saved(&store, trace(10));
    assert_eq!(lines.lines().count(), 40, "500 spans each");
    assert_eq!(read(lines).spans.len(), 19_999);
    assert_eq!(saved(&store, trace(11)), "");
    assert_eq!(Source::File.name(), "file");
}

#[test]
fn large_trace_is_copied_in_steps() {
    const WORK: u64 = 1 << 16;
    let spans: Vec<Json> = (1..20_000)
        .map(|id| json!({ "traceId": "a", "spanId": format!("{id:x}"), "name": format!("span {id}") }))
        .collect();
    let store = store(&json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] }).to_string());
    let mut copying = Copying::new(only(trace(10)));
    let (mut steps, mut requests) = (1, Vec::new());
    loop {
        let (is_complete, counted) = work::of(|| copying.step(&store, WORK, &mut requests));
        // A step may end with building a request.
        assert!(counted <= WORK + (1 << 19), "{counted} at once");
        if is_complete {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
    assert!(requests == Copying::whole(&store, only(trace(10))).0);
}

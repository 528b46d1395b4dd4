//! SDKs of other projects, in another language, with the real program: sent data is printed unchanged.
//!
//! They are installed by `crates/e2e/python/setup.sh`. Without them the tests print that they are skipped, and fail if
//! `SPANFALL_REQUIRE_PYTHON` is set.
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use collector::{Addresses, Arrival, Collector, Config, Listener};
use e2e::DEADLINE;
use e2e::python::interpreter_or_skip;
use e2e::tail::Tail;
use serde_json::{Value, json};
use testkit::{Process, eventually};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const START: u64 = 1_700_000_000_000_000_001;

/// Starts one of the scripts. The environment is empty: no `OTEL_*` variable or proxy of this machine applies to it.
fn start(python: &Path, script: &str, arguments: &[&str]) -> Process {
    let mut command = Command::new(python);
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    command.env_clear().arg(scripts.join(script)).args(arguments);
    Process::spawn(command).unwrap()
}

/// Runs one of the scripts to its end.
async fn run(python: &Path, script: &str, arguments: &[&str]) -> Process {
    let process = start(python, script, arguments);
    let status = process.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{script}: {}", process.stderr().join("\n"));
    process
}

/// Ends it with an interrupt, and returns its lines.
async fn end(tail: Tail) -> Vec<String> {
    let process = tail.process;
    process.interrupt();
    let status = process.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", process.stderr().join("\n"));
    // The process has exited, but its output may still be in the pipe.
    let root = || async { process.stdout().iter().any(|line| line.contains("root")).then_some(()) };
    eventually(DEADLINE, root).await.unwrap();
    process.stdout()
}

/// Returns the data sent by `send_otlp.py`, in the order in which its spans end.
fn expected(source: &str) -> Vec<Value> {
    let resource = json!({ "service.name": "checkout", "service.version": "1.2.3", "process.pid": 4242 });
    let child = |number: u64, kind: &str, code: &str, message: Option<&str>| {
        let link = json!({
            "trace_id": "000000000000000000000000000000f0", "span_id": "00000000000000f1",
            "attributes": { "why": "batch", "n": number },
        });
        json!({
            "trace_id": TRACE, "span_id": format!("{:016x}", 0xa2 + number), "parent_span_id": "00000000000000a1",
            "service": "checkout", "name": kind.to_uppercase(), "kind": kind,
            "start_unix_nano": START + 10 + number, "end_unix_nano": START + 20 + number,
            "status": { "code": code, "message": message },
            "attributes": {}, "events": [], "links": [link], "resource": resource, "source": source,
        })
    };
    let root = json!({
        "trace_id": TRACE, "span_id": "00000000000000a1", "parent_span_id": null,
        "service": "checkout", "name": "root", "kind": "server",
        "start_unix_nano": START, "end_unix_nano": START + 1_000_000_000,
        "status": { "code": "unset", "message": null },
        "attributes": {
            "str": "grüße 東京 \"quoted\"\n\u{1b}[31m", "str.empty": "",
            "bool.true": true, "bool.false": false,
            "int": 42, "int.max": i64::MAX, "int.min": i64::MIN,
            "float": 0.1, "float.whole": 2.0, "float.nan": "NaN", "float.inf": "Infinity", "float.-inf": "-Infinity",
            "bytes": "AP/+",
            "seq.str": ["a", "b"], "seq.bool": [true, false], "seq.int": [1, -2, 3], "seq.float": [0.5, 1.0],
            "seq.bytes": ["YQ==", ""], "seq.empty": [], "seq.mixed": [1, "a", null, [true]],
            "map": { "inner": { "n": 1 }, "list": ["x"] },
        },
        "events": [
            { "time_unix_nano": START + 1, "name": "cache miss", "attributes": { "key": "user:7", "tries": [1, 2] } },
            { "time_unix_nano": START + 2, "name": "bare", "attributes": {} },
        ],
        "links": [], "resource": resource, "source": source,
    });
    vec![
        child(0, "internal", "unset", None),
        child(1, "client", "error", Some("connection refused")),
        child(2, "producer", "ok", None),
        child(3, "consumer", "unset", None),
        root,
    ]
}

async fn assert_all_data_printed(protocol: &str, source: &str, compression: &str) {
    let Some(python) = interpreter_or_skip() else { return };
    let tail = Tail::start(&["--json"]).await.unwrap();
    let address = if protocol == "grpc" {
        &tail.otlp_grpc
    } else {
        &tail.otlp_http
    };
    run(
        &python,
        "send_otlp.py",
        &[protocol, &format!("http://{address}"), compression],
    )
    .await;
    let lines = end(tail).await;
    let spans: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = expected(source);
    assert_eq!(spans.len(), expected.len());
    for (mut span, expected) in spans.into_iter().zip(&expected) {
        assert_eq!(taken(&mut span, "signal"), "span");
        assert!(taken(&mut span, "start_time").starts_with("2023-11-14T22:13:20.0000000"));
        assert!(taken(&mut span, "end_time").ends_with('Z'));
        for event in span["events"].as_array_mut().unwrap() {
            assert!(taken(event, "time").ends_with('Z'));
        }
        assert_eq!(&span, expected);
    }
}

/// Removes a key and returns its text.
fn taken(object: &mut Value, key: &str) -> String {
    let value = object.as_object_mut().unwrap().remove(key).unwrap();
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sdk_data_is_printed_over_grpc() {
    assert_all_data_printed("grpc", "otlp-grpc", "none").await;
}

#[tokio::test]
async fn sdk_data_is_printed_over_gzipped_grpc() {
    assert_all_data_printed("grpc", "otlp-grpc", "gzip").await;
}

#[tokio::test]
async fn sdk_data_is_printed_over_http() {
    assert_all_data_printed("http", "otlp-http", "none").await;
}

#[tokio::test]
async fn sdk_data_is_printed_over_gzipped_http() {
    assert_all_data_printed("http", "otlp-http", "gzip").await;
}

#[tokio::test]
async fn plain_lines_have_no_terminal_controls() {
    let Some(python) = interpreter_or_skip() else { return };
    let tail = Tail::start(&[]).await.unwrap();
    run(
        &python,
        "send_otlp.py",
        &["http", &format!("http://{}", tail.otlp_http), "none"],
    )
    .await;
    let lines = end(tail).await;
    assert_eq!(lines.len(), 5);
    let client = &lines[1];
    for part in [
        "0af76519",
        "checkout",
        "CLIENT",
        "client",
        "0.000 ms",
        "error: connection refused",
    ] {
        assert!(client.contains(part), "{client}");
    }
    assert!(lines[4].contains("1000.000 ms"), "{}", lines[4]);
    assert!(!lines.concat().chars().any(char::is_control));
}

/// Logfire's SDK reports a running span by another one below it: here it is the span itself, before and after its end.
#[tokio::test]
async fn running_logfire_span_is_printed_before_its_end() {
    let Some(python) = interpreter_or_skip() else { return };
    let tail = Tail::start(&["--json"]).await.unwrap();
    let program = start(&python, "send_logfire.py", &[&format!("http://{}", tail.otlp_http)]);
    let told = |ended: bool| {
        let spans = tail.process.json();
        let spans = spans.into_iter().filter(move |span| span["end_unix_nano"].is_u64() == ended);
        let spans: Vec<_> = spans
            .map(|span| [span["name"].clone(), span["span_id"].clone(), span["parent_span_id"].clone()])
            .collect();
        (spans.len() == 2).then_some(spans)
    };
    let mut running = eventually(DEADLINE, || async { told(false) }).await.unwrap();
    assert_eq!(told(true), None, "they run");
    program.close_stdin();
    let status = program.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", program.stderr().join("\n"));
    let mut ended = eventually(DEADLINE, || async { told(true) }).await.unwrap();
    // The outer one starts first and ends last.
    running.sort_by_key(|span| span[0].to_string());
    ended.sort_by_key(|span| span[0].to_string());
    assert_eq!(running, ended);
    assert_eq!(
        (&running[0][0], &running[0][2], &running[1][2]),
        (&json!("broadcast"), &Value::Null, &running[0][1])
    );
    tail.process.interrupt();
}

/// Requests of OpenTelemetry's exporter and Sentry's SDK, in a program with an instrumented HTTP client. A request with a child
/// span is printed, although the child arrives in an earlier request.
#[tokio::test]
async fn own_uploads_of_real_sdks_are_hidden_unless_spans_are_below_them() {
    let Some(python) = interpreter_or_skip() else { return };
    for (flags, option, expected) in [
        (&["--json"][..], None, "[root]"),
        (&["--json"], Some("child"), "[root][refresh token][POST]"),
        (&["--json", "--show-uploads"], None, "[root][POST]"),
    ] {
        let tail = Tail::start(flags).await.unwrap();
        let dsn = format!("http://checkout@{}/1", tail.sentry);
        let arguments: Vec<&str> = [&*tail.otlp_http, &*dsn].into_iter().chain(option).collect();
        run(&python, "send_own_uploads.py", &arguments).await;
        let lines = end(tail).await;
        let records: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let message = records.iter().find(|record| record["event_name"] == "sentry.event");
        assert!(message.is_some(), "{lines:?}");
        let spans: Vec<&Value> = records.iter().filter(|record| record["signal"] == "span").collect();
        let mut names: Vec<String> = spans
            .iter()
            .map(|span| format!("[{}]", span["name"].as_str().unwrap()))
            .collect();
        names.dedup();
        assert_eq!(names.concat(), expected, "{lines:?}");
        if let Some(child) = spans.iter().find(|span| span["name"] == "refresh token") {
            assert_eq!(child["parent_span_id"], spans[2]["span_id"]);
        }
    }
}

/// Sentry's SDK accepts the endpoint as a Sentry, and all its data arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transaction_and_message_of_the_sentry_sdk_are_printed() {
    let Some(python) = interpreter_or_skip() else { return };
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let collector = Collector::bind(Config {
        addresses: Addresses::from_fn(|_| any),
        ..Config::default()
    })
    .await
    .unwrap();
    let dsn = format!("http://key@{}/1", collector.addresses()[Listener::Sentry]);
    let (mut arrivals, health, _server) = collector.serve();
    let sent = run(&python, "send_sentry.py", &[&dsn]).await;
    let sent: Value = eventually(DEADLINE, || async { sent.json().pop() }).await.unwrap();

    let arrived = std::iter::from_fn(|| arrivals.try_recv().ok()).map(|delivery| match delivery.arrival {
        Arrival::Sentry(arrival) => *arrival,
        other => panic!("{other:?}"),
    });
    let arrived: Vec<_> = arrived.collect();
    let spans: Vec<_> = arrived.iter().flat_map(|arrival| arrival.spans.decode_spans()).collect();
    let [root, child] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(
        json!({ "trace_id": root.trace_id.to_string(), "span_ids": [root.span_id.to_string(), child.span_id.to_string()] }),
        sent
    );
    assert_eq!(
        (&*root.name, &*child.name, child.parent_span_id),
        ("GET /", "SELECT 1", Some(root.span_id))
    );
    assert_eq!((root.kind.name(), child.kind.name()), ("server", "client"));
    assert_eq!(
        (&*root.service, child.trace_id),
        ("key", root.trace_id),
        "the DSN's key names it"
    );
    assert!(
        spans
            .iter()
            .all(|span| span.start_unix_nano > 0 && span.end_unix_nano >= Some(span.start_unix_nano))
    );
    let logs: Vec<_> = arrived.iter().flat_map(|arrival| arrival.logs.decode_logs()).collect();
    assert_eq!(logs.len(), 1);
    assert_eq!((&*logs[0].event_name, &*logs[0].service), ("sentry.event", "key"));
    assert!(format!("{:?}", logs[0].body).contains("something happened"), "{:?}", logs[0]);
    let health = health.snapshot();
    let counts = health.listeners[Listener::Sentry];
    let count = |item_type: &str| health.envelopes.items.get(item_type).map(|items| items.count);
    assert_eq!((count("transaction"), count("event")), (Some(1), Some(1)));
    assert_eq!((counts.dropped, counts.rejected), (0, 0));
}

//! Commands that ask a running viewer.

use std::path::Path;
use std::process::{Command, Output};

use e2e::DEADLINE;
use e2e::serve::Serve;
use e2e::tail::FREE_PORTS;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Process, eventually};

const FIRST: &str = "0af7651916cd43dd8448eb211c80319c";
const SECOND: &str = "1af7651916cd43dd8448eb211c80319c";
const SECRET: &str = "s3cr3t";

fn spanfall(runtime: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(testkit::bin("spanfall").unwrap());
    command.args(words).env("XDG_RUNTIME_DIR", runtime);
    command
}

/// Runs a command to its end: its exit status, what it printed and what it said.
fn run(runtime: &Path, words: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = spanfall(runtime, words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

async fn serve(runtime: &Path) -> Serve {
    let environment = [("XDG_RUNTIME_DIR", runtime.display().to_string())];
    Serve::start(&[], &environment).await.unwrap()
}

fn span(trace: &str, id: u32, parent: u32, name: &str, milliseconds: (u64, u64)) -> Value {
    let nano = |milliseconds: u64| (1_700_000_000_000_000_000 + milliseconds * 1_000_000).to_string();
    let parent = if parent == 0 {
        String::new()
    } else {
        format!("{parent:016x}")
    };
    let end = if milliseconds.1 == 0 {
        "0".to_owned()
    } else {
        nano(milliseconds.1)
    };
    json!({
        "traceId": trace, "spanId": format!("{id:016x}"), "parentSpanId": parent, "name": name, "kind": 2,
        "startTimeUnixNano": nano(milliseconds.0), "endTimeUnixNano": end,
    })
}

fn request(spans: &[Value]) -> Value {
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] })
}

/// A trace with an error and a secret.
fn cart() -> Value {
    let mut failed = span(FIRST, 2, 1, &format!("GET /stock?token={SECRET}"), (50, 200));
    failed["status"] = json!({ "code": 2, "message": "no \u{1b}[2Jstock" });
    failed["events"] = json!([{ "timeUnixNano": "1700000000150000000", "name": "exception", "attributes": [
        { "key": "exception.type", "value": { "stringValue": "OutOfStock" } },
        { "key": "exception.message", "value": { "stringValue": "no \u{1b}[2Jchair 17 at GET /stock?token=hunter2" } },
    ] }]);
    failed["attributes"] = json!([{ "key": "http.request.header.authorization", "value": { "stringValue": SECRET } }]);
    request(&[span(FIRST, 1, 0, "POST /cart", (0, 250)), failed])
}

fn lines(output: &str) -> Vec<&str> {
    output.lines().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_ask_the_running_viewer() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    served
        .send_otlp(&request(&[span(SECOND, 1, 0, "GET /", (0, 9))]))
        .await
        .unwrap();
    served.send_otlp(&cart()).await.unwrap();
    served.wait(&format!("trace:{FIRST}")).await.unwrap();
    let ask = |words: &[&str]| run(runtime.path(), words);

    let (status, output, _) = ask(&["query"]);
    let ids: Vec<_> = output.lines().map(|line| line.contains(FIRST)).collect();
    assert_eq!((status, ids), (0, vec![true, false]), "the last arrived first: {output}");
    let (_, output, _) = ask(&["query", "status:error", "--json"]);
    let found: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(
        (&found["trace_id"], &found["spans"], &found["errors"], &found["duration_ns"]),
        (&json!(FIRST), &json!(2), &json!(1), &json!(250_000_000))
    );
    assert_eq!(lines(&ask(&["query", "--limit", "1"]).1).len(), 1);

    for id in ["last", FIRST] {
        let (status, text, _) = ask(&["trace", id]);
        assert_eq!(status, 0);
        assert!(
            text.contains(FIRST) && text.contains("POST /cart") && text.contains("250 ms"),
            "{text}"
        );
        assert!(
            text.contains("critical path") && text.contains("error in shop GET /stock?…: no ␛[2Jstock"),
            "{text}"
        );
        assert!(!text.contains(SECRET) && !text.contains('\u{1b}'), "{text}");
        let bars: Vec<_> = text.lines().filter(|line| line.contains('█')).collect();
        assert_eq!(bars.len(), 2, "{text}");
        assert!(bars.iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(bars[1].starts_with("✗* "), "{text}");
    }
    let (_, whole, said) = ask(&["trace", FIRST, "--otlp"]);
    assert!(whole.contains(SECRET) && said.contains("credentials"), "{said}");
    let file = runtime.path().join("trace.jsonl");
    std::fs::write(&file, whole).unwrap();
    let (_, inspected, _) = ask(&["inspect", "--json", &file.display().to_string()]);
    let (_, json, _) = ask(&["trace", FIRST, "--json"]);
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&json), parsed(&inspected));
    assert_eq!(parsed(&json)[0]["spans"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_shown_for_people_and_programs() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    served.send_otlp(&cart()).await.unwrap();
    let record = json!({ "timeUnixNano": "1700000000000000000", "severityNumber": 13, "traceId": FIRST, "spanId": format!("{:016x}", 2),
        "body": { "stringValue": "low \u{1b}[2Jstock" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record] }] }] });
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let sent = client.post(format!("http://{}/v1/logs", served.otlp_http)).json(&logs).send();
    assert_eq!(sent.await.unwrap().status(), 200);
    served
        .query("/spanfall/v1/show/logs", |answer| answer["logs"][0] != Value::Null)
        .await
        .unwrap();
    let show = |words: &[&str]| {
        let (status, output, said) = run(runtime.path(), &[&["show"], words].concat());
        assert_eq!(status, 0, "{words:?}: {said}");
        assert!(!output.contains(SECRET) || words.contains(&"--json"), "{output}");
        assert!(!output.contains('\u{1b}'), "{output}");
        output
    };
    let rows = |words: &[&str]| -> Vec<Value> {
        let output = show(&[words, &["--json"]].concat());
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(show(&["logs"]).contains(&format!("{FIRST}  WARN  -  low ␛[2Jstock")));
    assert_eq!(rows(&["logs", "stock"])[0]["severity"], "warn");
    assert_eq!(rows(&["logs", "service:other"]).len(), 0);
    let errors = show(&["errors"]);
    assert!(
        errors.contains("OutOfStock: no ␛[<num>Jchair <num> at GET /stock?…"),
        "{errors}"
    );
    assert_eq!(rows(&["errors", "name:stock"])[0]["span_id"], format!("{:016x}", 2));
    assert_eq!(rows(&["errors", "name:cart"]).len(), 0, "nothing was thrown there");
    let operations = show(&["operations", "status:error"]);
    assert!(
        operations.contains("p95") && operations.contains("POST /cart"),
        "{operations}"
    );
    assert_eq!(rows(&["operations"]).len(), 2);
    assert_eq!(rows(&["operations", "--limit", "1"]).len(), 1);
    assert!(show(&["map"]).starts_with("calls  errors"));
    assert_eq!(rows(&["warnings", "service:other"]).len(), 0);
    let ingest = show(&["ingest"]);
    assert!(
        ingest.contains("OTLP/HTTP") && ingest.contains("stored: 1 trace, 2 spans, 1 log record"),
        "{ingest}"
    );
    assert_eq!(rows(&["ingest"])[0]["services"][1]["service"], "shop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_trace_has_no_duration_yet() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    let mut open = span(SECOND, 1, 0, "GET /", (0, 9));
    open.as_object_mut().unwrap().remove("endTimeUnixNano");
    served.send_otlp(&request(&[open])).await.unwrap();
    served
        .query("/spanfall/v1/traces", |answer| answer["traces"][0] != Value::Null)
        .await
        .unwrap();
    for words in [&["query"][..], &["trace", "last"]] {
        let (_, output, _) = run(runtime.path(), words);
        assert!(output.contains("still open") && !output.contains("0 ns"), "{output}");
    }
}

/// A trace in Jaeger's form has the same spans as in the viewer's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jaegers_form_of_a_trace_has_the_same_spans() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    served.send_otlp(&cart()).await.unwrap();
    let answer = served
        .query(&format!("/api/traces/{FIRST}"), |answer| answer["data"] != Value::Null)
        .await
        .unwrap();
    let file = runtime.path().join("jaeger.json");
    std::fs::write(&file, answer.to_string()).unwrap();
    let spans = |words: &[&str]| {
        let (status, output, said) = run(runtime.path(), words);
        assert_eq!(status, 0, "{said}");
        serde_json::from_str::<Value>(&output).unwrap()[0]["spans"].clone()
    };
    let read = spans(&["inspect", "--json", &file.display().to_string()]);
    assert_eq!(read, spans(&["trace", FIRST, "--json"]));
    assert_eq!(read.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exit_status_says_what_is_wrong() {
    let runtime = TempDir::new().unwrap();
    for words in [
        &["query"][..],
        &["trace", "last"],
        &["show", "errors"],
        &["show", "ingest", "--json"],
    ] {
        let (status, _, said) = run(runtime.path(), words);
        assert_eq!(status, 3, "{said}");
        assert!(said.contains("no viewer is running"), "{said}");
    }
    let _served = serve(runtime.path()).await;
    for (words, expected) in [
        (&["query", "status:odd"][..], 2),
        (&["query", "--limit", "0"], 2),
        (&["trace", "xyz"], 2),
        (&["show", "nothing"], 2),
        (&["show", "logs", "status:odd"], 2),
        (&["show", "logs"], 0),
        (&["trace", "last"], 1),
        (&["trace", "ff"], 1),
        (&["query", "--attach", "127.0.0.1:1"], 3),
        (&["wait", "--timeout", "never"], 2),
        (&["man", "nothing"], 2),
        (&["query"], 0),
    ] {
        let (status, _, said) = run(runtime.path(), words);
        assert_eq!(status, expected, "{words:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn newest_viewer_is_asked_and_attach_chooses() {
    let runtime = TempDir::new().unwrap();
    let first = serve(runtime.path()).await;
    let second = serve(runtime.path()).await;
    first.send_otlp(&cart()).await.unwrap();
    first.wait(&format!("trace:{FIRST}")).await.unwrap();
    assert_eq!(run(runtime.path(), &["query"]).1, "");
    let api = first.api.to_string();
    assert!(run(runtime.path(), &["query", "--attach", &api]).1.contains(FIRST));
    second.process.terminate();
    assert!(second.process.exited(DEADLINE).await.unwrap().success());
    assert!(run(runtime.path(), &["query"]).1.contains(FIRST), "its file is gone");
}

/// A port may be another program's by now, and a killed viewer leaves its file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewer_without_proof_is_not_attached_to() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    let directory = runtime.path().join("spanfall");
    let files = || -> Vec<_> {
        std::fs::read_dir(&directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let file = files().remove(0);
    let content = std::fs::read_to_string(&file).unwrap();
    let mut forged: Value = serde_json::from_str(&content).unwrap();
    forged["nonce"] = json!("00".repeat(32));
    std::fs::write(&file, forged.to_string()).unwrap();
    assert_eq!(run(runtime.path(), &["query"]).0, 3, "a wrong nonce");
    std::fs::write(&file, content).unwrap();
    assert_eq!(run(runtime.path(), &["query"]).0, 0);
    served.process.kill();
    served.process.exited(DEADLINE).await.unwrap();
    assert_eq!(files().len(), 1);
    assert_eq!(run(runtime.path(), &["query"]).0, 3);
    assert_eq!(files().len(), 0, "the stale file is removed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_ends_when_traces_are_complete() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    let within = |timeout: &str, words: &[&str]| {
        let soon = ["--quiet-for", "50ms", "--timeout", timeout];
        run(runtime.path(), &[&["wait"], words, &soon].concat())
    };
    // What is there is found within this on a busy machine, too.
    let wait = |words: &[&str]| within("2s", words);
    let (status, _, said) = within("300ms", &["name:cart"]);
    assert_eq!((status, said.trim()), (1, "spanfall: timeout: 0 of 1 trace arrived"));
    served
        .send_otlp(&request(&[span(FIRST, 1, 0, "POST /cart", (0, 0))]))
        .await
        .unwrap();
    let (status, output, said) = wait(&["name:cart"]);
    assert_eq!(
        (status, said.trim()),
        (1, "spanfall: incomplete: 1 trace with 0 missing parents and 1 open span")
    );
    assert!(output.contains(FIRST) && output.contains("1 open"), "{output}");
    served
        .send_otlp(&request(&[span(SECOND, 3, 2, "stock", (5, 9))]))
        .await
        .unwrap();
    let (status, _, said) = wait(&["name:stock"]);
    assert_eq!(
        (status, said.trim()),
        (1, "spanfall: incomplete: 1 trace with 1 missing parent and 0 open spans")
    );

    let waiting = Process::spawn(spanfall(
        runtime.path(),
        &[
            "wait",
            "service:shop",
            "--count",
            "2",
            "--quiet-for",
            "50ms",
            "--timeout",
            "60s",
            "--json",
        ],
    ))
    .unwrap();
    served
        .send_otlp(&request(&[
            span(FIRST, 1, 0, "POST /cart", (0, 9)),
            span(SECOND, 2, 0, "GET /", (0, 9)),
        ]))
        .await
        .unwrap();
    assert!(waiting.exited(DEADLINE).await.unwrap().success());
    let said = waiting.stderr().join("\n");
    assert_eq!(said, "spanfall: complete: 2 traces, nothing new for 50.0 ms");
    assert_eq!(within("300ms", &["service:shop", "--since", "1h"]).0, 1, "they are older");
    assert_eq!(within("60s", &["service:shop", "--since", "2023-01-01T00:00:00Z"]).0, 0);
}

/// A CI job does not attach to the viewer of a developer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wait_with_a_listener_collects_here() {
    let runtime = TempDir::new().unwrap();
    let _served = serve(runtime.path()).await;
    let words = [
        &["wait", "name:cart", "--quiet-for", "50ms", "--timeout", "60s"],
        &FREE_PORTS[..],
    ]
    .concat();
    let waiting = Process::spawn(spanfall(runtime.path(), &words)).unwrap();
    let port = || async {
        let line = waiting.stderr().into_iter().find(|line| line.contains("OTLP/HTTP on "))?;
        Some(line.split_once("OTLP/HTTP on ")?.1.split(',').next()?.to_owned())
    };
    let port = eventually(DEADLINE, port).await.unwrap();
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let sent = client
        .post(format!("http://{port}/v1/traces"))
        .json(&cart())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    let viewers = std::fs::read_dir(runtime.path().join("spanfall")).unwrap().count();
    assert_eq!(viewers, 1, "other commands do not find it");
    assert!(waiting.exited(DEADLINE).await.unwrap().success(), "{:?}", waiting.stderr());
    assert_eq!(
        run(runtime.path(), &["query"]).1,
        "",
        "the running viewer has received nothing"
    );
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let nowhere = Path::new("/nonexistent");
    for shell in ["bash", "zsh", "fish"] {
        let (status, script, _) = run(nowhere, &["completions", shell]);
        assert!(status == 0 && script.contains("quiet-for"), "{shell}");
    }
    let (status, page, _) = run(nowhere, &["man"]);
    assert!(status == 0 && page.contains(".TH spanfall 1"), "{page:.200}");
    let (_, page, _) = run(nowhere, &["man", "wait"]);
    assert!(page.contains("quiet") && page.contains("Exit status"), "{page:.400}");
}

//! `tail` attached to a running viewer.

use std::path::Path;
use std::process::Command;

use e2e::DEADLINE;
use e2e::serve::Serve;
use e2e::tail::{FREE_PORTS, Tail};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Process, eventually};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

async fn serve(runtime: &Path) -> Serve {
    let environment = [("XDG_RUNTIME_DIR", runtime.display().to_string())];
    Serve::start(&[], &environment).await.unwrap()
}

fn command(runtime: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(testkit::bin("spanfall").unwrap());
    command.arg("tail").args(words).env("XDG_RUNTIME_DIR", runtime);
    command
}

/// Starts `tail` and waits until it is attached.
async fn attached(runtime: &Path, words: &[&str]) -> Process {
    let tail = Process::spawn(command(runtime, words)).unwrap();
    let is_attached = || async { tail.stderr().into_iter().find(|line| line.contains("attached to")) };
    eventually(DEADLINE, is_attached).await.unwrap();
    tail
}

fn spans(names: &[&str]) -> Value {
    let span = |(number, name): (usize, &&str)| {
        json!({
            "traceId": TRACE, "spanId": format!("{:016x}", number + 1), "name": name, "kind": 3, "flags": 257, "traceState": "a=b",
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000012345678", "droppedEventsCount": 3,
            "status": { "code": 2, "message": "no \u{1b}[2Jstock" },
            "attributes": [{ "key": "n", "value": { "intValue": "9007199254740993" } }],
        })
    };
    let spans: Vec<_> = names.iter().enumerate().map(span).collect();
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "schemaUrl": "https://example.org/1", "scopeSpans": [{ "spans": spans }] }] })
}

/// A transaction, an error in it, and a log.
fn envelope() -> String {
    let trace = json!({ "trace_id": TRACE, "span_id": "b7ad6b7169203331", "op": "http.server" });
    let transaction = json!({ "type": "transaction", "transaction": "GET /cart", "contexts": { "trace": trace },
        "start_timestamp": 1.0, "timestamp": 2.0 });
    let error = json!({ "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "contexts": { "trace": trace }, "timestamp": 1.5,
        "exception": { "values": [{ "type": "CartError", "value": "empty" }] } });
    let log = json!({ "items": [{ "timestamp": 1.2, "trace_id": TRACE, "level": "info", "body": "looking", "attributes": {} }] });
    let header = json!({ "type": "log", "item_count": 1, "content_type": "application/vnd.sentry.items.log+json" });
    format!(
        "{{}}\n{}\n{transaction}\n{}\n{error}\n{header}\n{log}\n",
        json!({ "type": "transaction" }),
        json!({ "type": "event" })
    )
}

/// Sends spans, a log record and an envelope, one after the other.
async fn send(otlp: &str, sentry: &str) {
    let client = http_client::builder().no_proxy().timeout(DEADLINE).build().unwrap();
    let record = json!({ "timeUnixNano": "1", "severityNumber": 9, "traceId": TRACE, "body": { "stringValue": "hello" } });
    let logs = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record] }] }] });
    for (url, body) in [
        (format!("http://{otlp}/v1/traces"), spans(&["one", "two"]).to_string()),
        (format!("http://{otlp}/v1/logs"), logs.to_string()),
        (format!("http://{sentry}/api/1/envelope/"), envelope()),
    ] {
        let request = client.post(url).header("content-type", "application/json").body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

/// A line without the times at which an envelope's logs were received.
fn without_observation(line: &str) -> String {
    let mut parts = line.split("\"observedTimeUnixNano\":\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |line, part| {
        line + part.trim_start_matches(|c: char| c.is_ascii_digit())
    })
}

/// Every form prints the same as a tail that collects itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attached_tail_prints_what_a_collecting_one_does() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    for words in [
        &["--count", "6", "--logs"][..],
        &["--count", "6", "--logs", "--json"],
        &["--count", "6", "--logs", "--otlp"],
        &["--count", "5", "--json"],
        &["--count", "3", "--json", "name:two OR CartError OR looking"],
    ] {
        let attached = attached(runtime.path(), words).await;
        let collecting = Tail::start(words).await.unwrap();
        send(&served.otlp_http.to_string(), &served.sentry.to_string()).await;
        send(&collecting.otlp_http, &collecting.sentry).await;
        for tail in [&attached, &collecting.process] {
            assert!(
                tail.exited(DEADLINE).await.unwrap().success(),
                "{words:?}: {:?}",
                tail.stderr()
            );
        }
        let (printed, expected) = (attached.stdout(), collecting.process.stdout());
        let comparable = |lines: &[String]| lines.iter().map(|line| without_observation(line)).collect::<Vec<_>>();
        assert_eq!(comparable(&printed), comparable(&expected), "{words:?}");
        assert!(!attached.stdout().is_empty(), "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attached_tail_ends_on_its_conditions_and_with_the_viewer() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    let ended = async |tail: &Process, said: &str| {
        let status = tail.exited(DEADLINE).await.unwrap().code();
        let is_said = || async { tail.stderr().into_iter().find(|line| line.contains(said)) };
        eventually(DEADLINE, is_said).await.unwrap();
        status
    };
    let tail = attached(runtime.path(), &["--timeout", "100ms"]).await;
    assert_eq!(ended(&tail, "nothing arrived in time").await, Some(1));
    let tail = attached(runtime.path(), &["--timeout", "100ms", "--count", "2"]).await;
    assert_eq!(ended(&tail, "0 of 2 records arrived").await, Some(1));
    let tail = attached(runtime.path(), &["--quiet-for", "100ms", "name:one"]).await;
    served.send_otlp(&spans(&["one", "two"])).await.unwrap();
    assert_eq!(ended(&tail, "attached").await, Some(0));
    assert_eq!(tail.stdout().len(), 1);
    let tail = attached(runtime.path(), &["--attach", &served.api.to_string()]).await;
    served.process.terminate();
    assert_eq!(ended(&tail, "has ended").await, Some(1));
}

/// A CI job does not attach to the viewer of a developer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_of_the_collector_mean_to_collect_here() {
    let runtime = TempDir::new().unwrap();
    let served = serve(runtime.path()).await;
    let collecting = Tail::within(command(runtime.path(), &FREE_PORTS)).await.unwrap();
    assert_ne!(collecting.otlp_http, served.otlp_http.to_string());
    // The default ports may be in use here, which is printed, too.
    for option in [&["--no-attach"][..], &["--max-body", "1MiB"], &["--show-uploads"]] {
        let words = [option, &["--timeout", "100ms"]].concat();
        let tail = Process::spawn(command(runtime.path(), &words)).unwrap();
        assert!(!tail.exited(DEADLINE).await.unwrap().success());
        assert!(tail.stderr().iter().all(|line| !line.contains("attached")), "{option:?}");
    }
    let tail = Process::spawn(command(runtime.path(), &["--attach", "127.0.0.1:1", "--max-body", "1MiB"])).unwrap();
    assert_eq!(tail.exited(DEADLINE).await.unwrap().code(), Some(2));
}

//! `tail` between a real sender and a real reader, without the program around it.
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use collector::{Addresses, Collector, Config, Listener};
use query::RecordFilter;
use serde_json::{Value, json};
use spanfall::tail::{self, Form, Selection, Until};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trace_model::Clock;

const SOON: Duration = Duration::from_secs(20);

/// Standard output: read by the test, closed when the test drops the other end.
struct Pipe(SyncSender<Vec<u8>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tail {
    at: Addresses,
    output: Receiver<Vec<u8>>,
    end: oneshot::Sender<()>,
    running: JoinHandle<eyre::Result<()>>,
}

impl Tail {
    async fn start(json: bool) -> Self {
        let form = if json { Form::Json } else { Form::Plain };
        Self::with(
            Selection {
                form,
                ..Selection::default()
            },
            Until::default(),
        )
        .await
    }

    async fn with(selection: Selection, until: Until) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let collector = Collector::bind(Config {
            addresses: Addresses::from_fn(|_| any),
            ..Config::default()
        })
        .await
        .unwrap();
        let at = collector.addresses();
        // Room for what the tests read; one that reads nothing fills it soon.
        let (writer, output) = sync_channel(100);
        let (end, ended) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = ended.await;
        };
        let running = tokio::spawn(tail::run_until(collector, selection, until, Pipe(writer), shutdown));
        Self {
            at,
            output,
            end,
            running,
        }
    }

    async fn send(&self, names: &[&str]) -> reqwest::StatusCode {
        let span =
            |name: &&str| json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": name });
        let spans: Vec<Value> = names.iter().map(span).collect();
        let request = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": spans }] }] });
        let url = format!("http://{}/v1/traces", self.at[Listener::OtlpHttp]);
        http_client::builder()
            .build()
            .unwrap()
            .post(url)
            .json(&request)
            .send()
            .await
            .unwrap()
            .status()
    }
}

impl Tail {
    async fn post(&self, url: String, body: impl Into<reqwest::Body>) {
        let request = http_client::builder()
            .build()
            .unwrap()
            .post(url)
            .header("content-type", "application/json")
            .body(body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    async fn log(&self, text: &str) {
        let record = json!({ "timeUnixNano": "1", "severityNumber": 9, "body": { "stringValue": text } });
        let request = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [record] }] }] });
        self.post(format!("http://{}/v1/logs", self.at[Listener::OtlpHttp]), request.to_string())
            .await;
    }

    /// A transaction, an error in it, and a log.
    async fn envelope(&self) {
        let trace = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "op": "http.server" });
        let transaction = json!({ "type": "transaction", "transaction": "GET /cart", "contexts": { "trace": trace },
            "start_timestamp": 1.0, "timestamp": 2.0 });
        let error = json!({ "event_id": "9ec79c33ec9942ab8353589fcb2e04dc", "contexts": { "trace": trace }, "timestamp": 1.5,
            "exception": { "values": [{ "type": "CartError", "value": "empty" }] } });
        let log = json!({ "items": [{ "timestamp": 1.2, "trace_id": "0af7651916cd43dd8448eb211c80319c", "level": "info", "body": "looking",
            "attributes": {} }] });
        let item = |kind: &str, payload: &Value| format!("{}\n{payload}\n", json!({ "type": kind }));
        let log_header = json!({ "type": "log", "item_count": 1, "content_type": "application/vnd.sentry.items.log+json" });
        let envelope = format!(
            "{{}}\n{}{}{log_header}\n{log}\n",
            item("transaction", &transaction),
            item("event", &error)
        );
        self.post(format!("http://{}/api/1/envelope/", self.at[Listener::Sentry]), envelope)
            .await;
    }

    /// Asks it to end, and gives what was printed.
    async fn end(self) -> String {
        self.end.send(()).unwrap();
        tokio::time::timeout(SOON, self.running).await.unwrap().unwrap().unwrap();
        rest(&self.output)
    }

    /// Waits until it has ended by itself; gives what was printed, and why it failed.
    async fn ended(self) -> (String, Option<String>) {
        let ended = tokio::time::timeout(SOON, self.running).await.unwrap().unwrap();
        (rest(&self.output), ended.err().map(|error| error.to_string()))
    }
}

fn json() -> Selection {
    Selection {
        form: Form::Json,
        ..Selection::default()
    }
}

fn filter(text: &str) -> RecordFilter {
    RecordFilter::parse(text, &Clock::in_local_zone(0)).unwrap()
}

/// The values of one key, line by line.
fn values(output: &str, key: &str) -> Vec<String> {
    let line = |line: &str| {
        serde_json::from_str::<Value>(line).unwrap()[key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    output.lines().map(line).collect()
}

/// Returns everything that is still written.
fn rest(output: &Receiver<Vec<u8>>) -> String {
    let mut bytes = Vec::new();
    while let Ok(more) = output.recv_timeout(SOON) {
        bytes.extend(more);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accepted_spans_are_printed_before_the_end() {
    for json in [false, true] {
        let tail = Tail::start(json).await;
        assert_eq!(tail.send(&["one", "two"]).await, 200);
        assert_eq!(tail.send(&["three"]).await, 200);
        tail.end.send(()).unwrap();
        tokio::time::timeout(SOON, tail.running).await.unwrap().unwrap().unwrap();
        let output = rest(&tail.output);
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 3, "{output}");
        for (line, name) in lines.iter().zip(["one", "two", "three"]) {
            assert!(line.contains(name), "{line}");
            assert_eq!(serde_json::from_str::<Value>(line).is_ok(), json, "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closed_output_ends_without_an_error() {
    let Tail {
        at,
        output,
        end,
        running,
    } = Tail::start(true).await;
    drop(output);
    let (_, output) = sync_channel(1);
    let tail = Tail {
        at,
        output,
        end,
        running,
    };
    assert_eq!(tail.send(&["one"]).await, 200);
    tokio::time::timeout(SOON, tail.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocked_output_throttles_senders_and_not_the_end() {
    let tail = Tail::start(false).await;
    let mut taken = 0;
    while tail.send(&["x"; 100]).await == 200 {
        taken += 1;
        assert!(taken < 1000, "there is an end to what is kept");
    }
    tail.end.send(()).unwrap();
    tokio::time::timeout(SOON, tail.running).await.unwrap().unwrap().unwrap();
    assert!(taken > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn envelopes_are_printed_whole() {
    let tail = Tail::with(json(), Until::default()).await;
    tail.envelope().await;
    let output = tail.end().await;
    assert_eq!(values(&output, "signal"), ["span", "error", "log"], "{output}");
    assert_eq!(values(&output, "source"), ["sentry"; 3], "{output}");
    assert!(output.contains("CartError") && output.contains("looking"), "{output}");
    let tail = Tail::start(false).await;
    tail.envelope().await;
    let output = tail.end().await;
    let lines: Vec<&str> = output.lines().collect();
    assert!(
        lines[0].contains("GET /cart") && lines[1].contains("CartError: empty") && lines[2].ends_with("looking"),
        "{output}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otlp_logs_are_printed_where_they_are_asked_for() {
    for (logs, expected) in [(false, &["span"][..]), (true, &["log", "span"])] {
        let tail = Tail::with(Selection { logs, ..json() }, Until::default()).await;
        tail.log("hello").await;
        tail.send(&["work"]).await;
        assert_eq!(values(&tail.end().await, "signal"), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filter_selects_what_is_printed() {
    let filter = filter("name:two OR CartError");
    let tail = Tail::with(Selection { filter, ..json() }, Until::default()).await;
    tail.send(&["one", "two"]).await;
    tail.envelope().await;
    let output = tail.end().await;
    assert_eq!(values(&output, "signal"), ["span", "error"], "{output}");
    assert_eq!(values(&output, "name")[0], "two");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filter_with_fields_of_log_records_selects_them_alone() {
    for (text, expected) in [
        ("severity:info body:hel", &["hello"][..]),
        ("severity:>=warn", &[]),
        ("name:nothing OR body:world", &["world"]),
        ("!has:trace body:world", &["world"]),
    ] {
        let selection = Selection {
            filter: filter(text),
            ..json()
        };
        let tail = Tail::with(selection, Until::default()).await;
        tail.log("hello").await;
        tail.log("world").await;
        tail.send(&["hello"]).await;
        let output = tail.end().await;
        assert_eq!(values(&output, "body"), expected, "{text}: {output}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn count_ends_after_so_many_records() {
    for form in [Form::Json, Form::Otlp] {
        let selection = Selection {
            form,
            count: Some(3),
            ..json()
        };
        let tail = Tail::with(selection, Until::default()).await;
        tail.send(&["one", "two"]).await;
        tail.send(&["three", "four"]).await;
        let (output, failed) = tail.ended().await;
        assert_eq!(failed, None);
        assert!(output.contains("three") && !output.contains("four"), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quiet_ends_after_the_last_record() {
    let until = Until {
        quiet_for: Some(Duration::from_millis(50)),
        timeout: Some(SOON),
    };
    let tail = Tail::with(json(), until).await;
    tail.send(&["one"]).await;
    let (output, failed) = tail.ended().await;
    assert_eq!((values(&output, "name"), failed), (vec!["one".to_owned()], None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timeout_says_what_did_not_come() {
    let timeout = Some(Duration::from_millis(200));
    let ended = async |selection, quiet_for| {
        let tail = Tail::with(selection, Until { quiet_for, timeout }).await;
        tail.ended().await.1.unwrap_or_default()
    };
    assert_eq!(ended(json(), None).await, "nothing arrived in time");
    assert_eq!(ended(json(), Some(SOON)).await, "nothing arrived in time");
    let three = Selection {
        count: Some(3),
        ..json()
    };
    assert_eq!(ended(three, None).await, "0 of 3 records arrived");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_for_programs_are_read_again() {
    for form in [Form::Otlp, Form::Json] {
        let selection = Selection {
            form,
            logs: true,
            ..Selection::default()
        };
        let tail = Tail::with(selection, Until::default()).await;
        tail.send(&["one", "two"]).await;
        tail.log("hello").await;
        tail.envelope().await;
        let output = tail.end().await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &output).unwrap();
        let mut printed = Vec::new();
        // It fails where a line is not read.
        spanfall::inspect::run(
            &[file.path().to_owned()],
            true,
            1 << 30,
            trace_model::RepeatedLimits::default(),
            &mut printed,
        )
        .unwrap();
        let traces: Value = serde_json::from_slice(&printed).unwrap();
        let spans = traces[0]["spans"].as_array().unwrap();
        let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
        assert!(names.contains(&"GET /cart"), "{form:?}: {names:?}");
        assert!(traces.as_array().unwrap().iter().all(|trace| trace["unreadable"].is_null()));
    }
}

//! `tail` between a real sender and a real reader, without the program around it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use collector::{Addresses, Collector, Config};
use serde_json::{Value, json};
use spanfall::tail;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const SOON: Duration = Duration::from_secs(20);

/// Where lines go: read by the test, closed when the test drops the other end.
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
    running: JoinHandle<color_eyre::Result<()>>,
}

impl Tail {
    async fn start(json: bool) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let collector = Collector::bind(Config {
            otlp_grpc: any,
            otlp_http: any,
            sentry: any,
        })
        .await
        .unwrap();
        let at = collector.addresses();
        // Room for what the tests read; one that reads nothing fills it soon.
        let (writer, output) = sync_channel(100);
        let (end, ended) = oneshot::channel::<()>();
        let shutdown = async move {
            let _ = ended.await;
            Ok(())
        };
        let running = tokio::spawn(tail::run_until(collector, json, Pipe(writer), shutdown));
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
        let url = format!("http://{}/v1/traces", self.at.otlp_http);
        reqwest::Client::new().post(url).json(&request).send().await.unwrap().status()
    }
}

/// All that is still written, up to the end.
fn rest(output: &Receiver<Vec<u8>>) -> String {
    let mut bytes = Vec::new();
    while let Ok(more) = output.recv_timeout(SOON) {
        bytes.extend(more);
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_printed_before_the_end() {
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
async fn a_reader_that_has_had_enough_ends_it_quietly() {
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
async fn a_reader_that_does_not_read_holds_senders_up_and_not_the_end() {
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

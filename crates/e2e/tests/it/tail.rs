//! `spanfall tail` with other programs: in a pipe, on an occupied port, on signals.
use std::process::Command;

use e2e::DEADLINE;
use e2e::tail::{FREE_PORTS, Tail};
use serde_json::{Value, json};
use testkit::{Process, eventually};

fn spanfall() -> std::path::PathBuf {
    testkit::bin("spanfall").unwrap()
}

async fn send(address: &str, request: String) -> reqwest::Result<reqwest::Response> {
    let request = http_client::builder()
        .build()
        .unwrap()
        .post(format!("http://{address}/v1/traces"))
        .body(request);
    request.header("content-type", "application/json").send().await
}

fn one_span() -> String {
    let span = json!({ "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "work" });
    json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] }).to_string()
}

#[tokio::test]
async fn closed_pipe_ends_tail_quietly() {
    let mut command = Command::new("sh");
    let script = format!(
        "{{ \"$0\" tail --json {}; echo \"status $?\" >&2; }} | head -n 1",
        FREE_PORTS.join(" ")
    );
    command.arg("-c").arg(script).arg(spanfall());
    let Tail { process, otlp_http, .. } = Tail::within(command).await.unwrap();
    // Nothing else arrives after the line.
    assert_eq!(send(&otlp_http, one_span()).await.unwrap().status(), 200);
    process.exited(DEADLINE).await.unwrap();
    let said = || async { (process.stderr().len() > 1).then(|| process.stderr()) };
    let said = eventually(DEADLINE, said).await.unwrap();
    assert_eq!(said[1..], ["status 0"], "{said:?}");
    assert_eq!(process.stdout().len(), 1);
}

#[tokio::test]
async fn signals_end_tail_after_the_last_line() {
    for end in [Process::interrupt, Process::terminate] {
        let Tail { process, otlp_http, .. } = Tail::start(&["--json"]).await.unwrap();
        assert_eq!(send(&otlp_http, one_span()).await.unwrap().status(), 200);
        end(&process);
        assert!(process.exited(DEADLINE).await.unwrap().success());
        let line = process.line(DEADLINE, |line| line["name"] == "work").await.unwrap();
        assert_eq!(line["end_unix_nano"], Value::Null);
    }
}

#[tokio::test]
async fn rejections_are_printed_to_stderr() {
    let Tail { process, otlp_http, .. } = Tail::start(&[]).await.unwrap();
    let hostile = "\u{1b}[2J{".to_owned();
    assert_eq!(send(&otlp_http, hostile).await.unwrap().status(), 400);
    let said = || async {
        process
            .stderr()
            .into_iter()
            .find(|line| line.contains("rejected, OTLP/HTTP: "))
    };
    let said = eventually(DEADLINE, said).await.unwrap();
    assert!(!said.chars().any(char::is_control), "{said:?}");
    assert_eq!(process.stdout().len(), 0);
}

#[tokio::test]
async fn occupied_ports_are_named_with_a_working_command() {
    let taken = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [grpc, sentry] = taken.each_ref().map(|taken| taken.local_addr().unwrap().port().to_string());
    let mut command = Command::new(spanfall());
    command.args([
        "tail",
        "--otlp-grpc",
        &grpc,
        "--otlp-http",
        "0",
        "--sentry",
        &format!(":{sentry}"),
    ]);
    let process = Process::spawn(command).unwrap();
    assert!(!process.exited(DEADLINE).await.unwrap().success());
    let said = eventually(DEADLINE, || async { (process.stderr().len() == 3).then(|| process.stderr()) });
    let expected = [
        format!("spanfall: cannot bind OTLP/gRPC to 127.0.0.1:{grpc}: address in use (set --otlp-grpc)"),
        format!("cannot bind Sentry to 127.0.0.1:{sentry}: address in use (set --sentry)"),
        "  this works: spanfall tail --otlp-grpc 0 --otlp-http 0 --sentry 0".to_owned(),
    ];
    assert_eq!(said.await.unwrap(), expected);
}

//! The viewer without a screen, and its query API.

use std::net::TcpListener;
use std::process::Command;

use e2e::DEADLINE;
use e2e::screen::Screen;
use e2e::serve::{Serve, query};
use e2e::tail::FREE_PORTS;
use e2e::viewer::Viewer;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Process, unused_address};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn request() -> Value {
    let span = json!({ "traceId": TRACE, "spanId": "b7ad6b7169203331", "name": "GET /cart", "startTimeUnixNano": "1", "endTimeUnixNano": "5" });
    let resource = json!({ "attributes": [{ "key": "service.name", "value": { "stringValue": "shop" } }] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": [span] }] }] })
}

fn has_trace(answer: &Value) -> bool {
    answer["data"][0]["traceID"] == TRACE
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_answers_queries_and_ends_when_asked() {
    let served = Serve::start(&[], &[]).await.unwrap();
    served.send_otlp(&request()).await.unwrap();
    assert_eq!(served.wait("service:shop").await.unwrap()[0]["trace_id"], TRACE);
    let found = served.query("/api/traces?service=shop&start=0", has_trace).await.unwrap();
    assert_eq!(found["data"][0]["spans"][0]["operationName"], "GET /cart");
    served.process.terminate();
    assert!(served.process.exited(DEADLINE).await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_in_use_is_named_with_the_other_ports_and_off_is_off() {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [api, http] = held.each_ref().map(|held| held.local_addr().unwrap().to_string());
    let fails = async |ports: [&str; 8]| {
        let mut command = Command::new(testkit::bin("spanfall").unwrap());
        command.arg("serve").args(ports);
        let process = Process::spawn(command).unwrap();
        assert_eq!(process.exited(DEADLINE).await.unwrap().code(), Some(1));
        process.stderr()
    };
    let of_api = format!("cannot bind the query API to {api}: address in use (set --api)");
    assert_eq!(
        fails(["--otlp-grpc", "0", "--otlp-http", &http, "--sentry", "0", "--api", &api]).await,
        [
            format!("spanfall: cannot bind OTLP/HTTP to {http}: address in use (set --otlp-http)"),
            of_api.clone(),
            "  this works: spanfall serve --otlp-grpc 0 --otlp-http 0 --sentry 0 --api 0".to_owned(),
        ]
    );
    assert_eq!(
        fails(["--otlp-grpc", "0", "--otlp-http", "0", "--sentry", "0", "--api", &api]).await,
        [
            format!("spanfall: {of_api}"),
            "  this works: spanfall serve --otlp-grpc 0 --otlp-http 0 --sentry 0 --api 0".to_owned(),
        ]
    );
    drop(held);
    // The same port twice.
    let twice = fails(["--otlp-grpc", &http, "--otlp-http", "0", "--sentry", "0", "--api", &http]).await;
    assert_eq!(
        twice.last().unwrap(),
        &format!("  this works: spanfall serve --otlp-grpc 0 --otlp-http 0 --sentry 0 --api {http}")
    );

    let mut command = Command::new(testkit::bin("spanfall").unwrap());
    command.arg("serve").args(FREE_PORTS).args(["--api", "off"]);
    let process = Process::spawn(command).unwrap();
    let listening = || async { process.stderr().into_iter().find(|line| line.contains("OTLP/HTTP on ")) };
    let listening = testkit::eventually(DEADLINE, listening).await.unwrap();
    assert!(!listening.contains("query API"), "{listening}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screen_and_queries_share_one_store() {
    let api = unused_address().unwrap();
    let viewer = Viewer::start(&format!("--api {api}"), &[]).unwrap();
    viewer.send_otlp(&request()).await.unwrap();
    viewer.screen.wait_frame("the trace", |text| text.contains("GET /cart"));
    query(api, &format!("/api/traces/{TRACE}"), has_trace).await.unwrap();
}

/// The default is taken on a machine with a Jaeger.
#[test]
fn moved_api_is_said_on_the_screen() {
    let _held = TcpListener::bind("127.0.0.1:16686");
    let script = format!(
        "exec {} {} --log-file /dev/null",
        testkit::bin("spanfall").unwrap().display(),
        FREE_PORTS.join(" ")
    );
    let screen = Screen::start(&script, [("XDG_CONFIG_HOME", "/nonexistent")], 120, 40).unwrap();
    screen.wait_frame("the address", |text| {
        text.contains("query API on 127.0.0.1:") && text.contains("16686 is in use")
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_queried_where_an_address_is_given() {
    let api = unused_address().unwrap();
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("trace.json");
    std::fs::write(&file, request().to_string()).unwrap();
    let spanfall = testkit::bin("spanfall").unwrap();
    let script = format!(
        "exec {} open {} --api {api} --log-file /dev/null",
        spanfall.display(),
        file.display()
    );
    let screen = Screen::start(&script, [("XDG_CONFIG_HOME", "/nonexistent")], 120, 40).unwrap();
    screen.wait_frame("the trace", |text| text.contains("GET /cart"));
    query(api, &format!("/api/traces/{TRACE}"), has_trace).await.unwrap();
}

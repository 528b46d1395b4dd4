//! Errors of real SDKs on the Errors tab: OpenTelemetry's and Sentry's for Python, one error in several ways.
//!
//! They are installed by `crates/e2e/python/setup.sh`. Without them the test prints that it is skipped, and fails if
//! `SPANFALL_REQUIRE_PYTHON` is set.

use std::path::Path;
use std::process::Command;

use e2e::viewer::{ENTER, Viewer};
use e2e::{DEADLINE, python};
use testkit::Process;

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_python_sdks_are_one_group_and_count_once() {
    let Some(interpreter) = python::interpreter_or_skip() else {
        return;
    };
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut command = Command::new(interpreter);
    let (otlp, sentry) = (viewer.otlp_http, viewer.sentry);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/send_errors.py"))
        .args([format!("http://{otlp}"), format!("http://key@{sentry}/1")]);
    let sender = Process::spawn(command).unwrap();
    let status = sender.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", sender.stderr().join("\n"));

    viewer.screen.press("3").unwrap();
    // Two that were recorded as events and logged, one that was logged outside of any trace, and two of Sentry.
    let text = viewer.screen.wait_frame("the groups", |text| {
        text.contains("2 groups, 5 events") && text.contains("OutOfStock: order <num> of <str> is out of stock")
    });
    let group = text.lines().find(|line| line.contains("OutOfStock:")).unwrap_or_default();
    assert!(group.contains("reserve (send_errors.py)"), "{text}");
    assert!(text.contains("queue <num> is full"), "{text}");

    viewer.screen.press(&format!("/stock{ENTER}")).unwrap();
    viewer.screen.wait_frame("one group", |text| {
        text.contains("newest of 4") && !text.contains("queue <num>")
    });
    viewer.screen.press(ENTER).unwrap();
    let text = viewer
        .screen
        .wait_frame("the newest event", |text| text.contains("Errors › ERROR"));
    assert!(text.contains("send_errors.py") && text.contains("is out of stock"), "{text}");
    assert!(text.contains("release shop@1.4.2 · environment staging"), "{text}");
    // The SDK sends five lines of source before and after that of the call.
    for source in [
        "│ class OutOfStock(Exception):",
        "│ def reserve(order):",
        "raise OutOfStock(f\"order",
        "│ def main():",
    ] {
        assert!(text.contains(source), "{source}: {text}");
    }
    viewer.screen.press("n").unwrap();
    viewer
        .screen
        .wait_frame("the record without a trace", |text| text.contains("2 of 4"));
    viewer.screen.press("n").unwrap();
    let text = viewer
        .screen
        .wait_frame("the event before it", |text| text.contains("3 of 4"));
    assert!(text.contains("span event and log record"), "{text}");
    viewer.screen.press(ENTER).unwrap();
    viewer
        .screen
        .wait_frame("its span", |text| text.contains("SPAN shop checkout"));
}

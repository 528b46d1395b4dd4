//! Log records on the Logs tab, in a real terminal: without a trace, of OpenTelemetry's and Sentry's SDKs for Python, and of OpenTelemetry's for
//! Node.js.
//!
//! The SDKs are installed by `setup.sh` in `crates/e2e/python` and `crates/e2e/node`. Without them a test prints that it is skipped, and fails if
//! `SPANFALL_REQUIRE_PYTHON` or `SPANFALL_REQUIRE_NODE` is set.

use std::process::Command;

use e2e::viewer::{ENTER, Viewer};
use e2e::{DEADLINE, node, python};
use serde_json::json;
use testkit::Process;

const ESCAPE: &str = "\u{1b}";

#[tokio::test(flavor = "multi_thread")]
async fn record_without_a_trace_is_found_by_two_keys_and_a_word() {
    let mut viewer = Viewer::start("", &[]).unwrap();
    let record = |second: u64, body: &str| {
        json!({ "timeUnixNano": (1_790_000_000 + second).to_string() + "000000000", "severityNumber": 13,
            "body": { "stringValue": body } })
    };
    let records = [
        record(1, "nightly cleanup skipped: another run holds the lock"),
        record(2, "disk is nearly full"),
    ];
    let request = json!({ "resourceLogs": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "janitor" } }] },
        "scopeLogs": [{ "logRecords": records }],
    }] });
    viewer.send_logs(&request).await.unwrap();
    viewer
        .screen
        .wait_frame("the count of records", |text| text.contains("2 Logs 2"));
    viewer.screen.press("2").unwrap();
    viewer.screen.wait_frame("both records", |text| {
        text.contains("nightly cleanup") && text.contains("disk is nearly full")
    });
    viewer.screen.press("/lock").unwrap();
    let text = viewer.screen.wait("the record alone", |text| {
        text.contains("nightly cleanup") && text.contains("1 record") && !text.contains("disk is nearly full")
    });
    assert!(text.contains("janitor") && text.contains("WARN"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_python_sdks_are_listed_with_and_without_a_span() {
    let Some(interpreter) = python::interpreter_or_skip() else {
        return;
    };
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut command = Command::new(interpreter);
    command
        .arg(python::scripts().join("send_logs.py"))
        .args([format!("http://{}", viewer.otlp_http), viewer.dsn("pay")]);
    let sender = Process::spawn(command).unwrap();
    let status = sender.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", sender.stderr().join("\n"));

    viewer.screen.press("2").unwrap();
    let text = viewer.screen.wait_frame("all records", |text| {
        ["stock of chairs is low", "nightly inventory done", "payment 42 declined"]
            .iter()
            .all(|body| text.contains(body))
    });
    let row = |body: &str| text.lines().find(|line| line.contains(body)).unwrap_or_default();
    let (within, outside, sentry) = (row("chairs"), row("inventory"), row("declined"));
    assert!(within.contains("WARN") && within.contains("shop"), "{text}");
    assert!(
        outside.contains("INFO") && outside.contains("shop") && outside.contains('–'),
        "{text}"
    );
    assert!(!within.contains('–'), "{text}");
    assert!(sentry.contains("ERROR") && sentry.contains("pay"), "{text}");

    // From the record within a span to that span, and back to the record.
    viewer.screen.press(&format!("/left:3{ENTER}")).unwrap();
    viewer.screen.wait_frame("the record alone", |text| {
        text.contains("1 of 3 records") && !text.contains("nightly inventory")
    });
    viewer.screen.press(ENTER).unwrap();
    viewer
        .screen
        .wait_frame("its span", |text| text.contains("SPAN shop checkout"));
    viewer.screen.press(ESCAPE).unwrap();
    viewer.screen.wait_frame("the record", |text| text.contains("1 of 3 records"));

    // The other one names no span to go to.
    viewer.screen.press(ESCAPE).unwrap();
    viewer.screen.wait_frame("no filter", |text| {
        text.contains("3 records") && !text.contains("1 of 3 records")
    });
    viewer.screen.press(&format!("/inventory{ENTER}")).unwrap();
    viewer
        .screen
        .wait_frame("the other record", |text| text.contains("1 of 3 records"));
    viewer.screen.press(ENTER).unwrap();
    viewer
        .screen
        .wait_frame("why it stays", |text| text.contains("this record belongs to no trace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_the_node_sdk_are_listed_and_their_exceptions_grouped() {
    let Some(scripts) = node::scripts_or_skip() else {
        return;
    };
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut command = Command::new("node");
    command
        .arg(scripts.join("send_logs.mjs"))
        .arg(format!("http://{}", viewer.otlp_http));
    let sender = Process::spawn(command).unwrap();
    let status = sender.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", sender.stderr().join("\n"));

    viewer.screen.press("2").unwrap();
    let text = viewer.screen.wait_frame("all records", |text| {
        text.contains("4 records") && text.contains("basket is nearly full") && text.contains("nightly price update done")
    });
    let row = |body: &str| text.lines().find(|line| line.contains(body)).unwrap_or_default();
    let (within, outside) = (row("nearly full"), row("nightly price"));
    assert!(
        within.contains("WARN") && within.contains("basket") && !within.contains('–'),
        "{text}"
    );
    assert!(outside.contains("INFO") && outside.contains('–'), "{text}");
    viewer.screen.press(&format!("/basket.id:17{ENTER}")).unwrap();
    viewer
        .screen
        .wait_frame("the record in the span", |text| text.contains("1 of 4 records"));
    viewer.screen.press(ENTER).unwrap();
    viewer
        .screen
        .wait_frame("its span", |text| text.contains("SPAN basket POST /basket"));

    // The exception in the span and the one outside of any are one group, with the function that threw them.
    viewer.screen.press("3").unwrap();
    let text = viewer.screen.wait_frame("the group", |text| {
        text.contains("1 group, 2 events") && text.contains("RangeError: no chair <num> left in aisle <num>")
    });
    assert!(text.contains("restock (send_logs.mjs)"), "{text}");
}

//! Log records without a trace, in a real terminal.

use e2e::viewer::Viewer;
use serde_json::json;

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

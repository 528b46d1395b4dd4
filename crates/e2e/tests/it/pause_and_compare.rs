//! Keys and mouse in a real terminal: pause, comparison, clicks.

use e2e::viewer::Viewer;
use serde_json::{Value, json};

/// A trace of two spans; the second takes `slow` milliseconds.
fn trace(number: u8, name: &str, slow: u64) -> Value {
    let start = 1_700_000_000_000_000_000 + u64::from(number) * 1_000_000_000;
    let span = |id: u8, parent: u8, name: &str, from: u64, to: u64| {
        let hex = |id: u8, length: usize| if id == 0 { String::new() } else { format!("{id:0length$x}") };
        json!({ "traceId": hex(number, 32), "spanId": hex(id, 16), "parentSpanId": hex(parent, 16), "name": name, "kind": 2,
            "startTimeUnixNano": (start + from * 1_000_000).to_string(), "endTimeUnixNano": (start + to * 1_000_000).to_string() })
    };
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "ferry" } }] },
        "scopeSpans": [{ "spans": [span(1, 0, name, 0, 20 + slow), span(2, 1, "cast off", 5, 5 + slow)] }],
    }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_freezes_the_screen_and_counts_arrivals() {
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace(1, "first voyage", 10)).await.unwrap();
    viewer.screen.wait_frame("the first trace", |text| {
        text.contains("first voyage") && text.contains("cast off")
    });
    viewer.screen.press("P").unwrap();
    viewer
        .screen
        .wait_frame("that it is paused", |text| text.contains("❚❚ paused"));
    viewer.send_otlp(&trace(2, "second voyage", 10)).await.unwrap();
    let text = viewer
        .screen
        .wait_frame("how much has arrived", |text| text.contains("2 spans arrived since"));
    assert!(text.contains("[1 Traces 1]") && !text.contains("second voyage"), "{text}");
    viewer.screen.press("P").unwrap();
    viewer.screen.wait_frame("what has arrived", |text| {
        text.contains("[1 Traces 2]") && text.contains("second voyage") && !text.contains("paused")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn comparison_with_a_marked_trace_opens_a_span_by_mouse() {
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace(1, "voyage", 10)).await.unwrap();
    viewer.screen.wait_frame("the first trace", |text| {
        text.contains("[1 Traces 1]") && text.contains("cast off")
    });
    viewer.screen.press("=").unwrap();
    viewer.screen.wait_frame("the mark", |text| text.contains("=▸"));
    viewer.send_otlp(&trace(2, "voyage", 910)).await.unwrap();
    viewer
        .screen
        .wait_frame("the second trace", |text| text.contains("[1 Traces 2]"));
    viewer.screen.press("gd").unwrap();
    let text = viewer.screen.wait_frame("the difference", |text| text.contains("+900 ms"));
    assert!(text.contains("1 changed"), "{text}");
    let row = text
        .lines()
        .position(|line| line.contains("cast off") && line.contains('▲'))
        .unwrap()
        + 1;
    // Two clicks of the left button, encoded as SGR.
    let click = format!("\u{1b}[<0;20;{row}M\u{1b}[<0;20;{row}m");
    viewer.screen.press(&click).unwrap();
    viewer.screen.press(&click).unwrap();
    let opened = |text: &str| !text.contains("1 changed") && text.contains("SPAN ferry cast off");
    let text = viewer.screen.wait_frame("the span", opened);
    assert!(text.contains("910 ms"), "{text}");
}

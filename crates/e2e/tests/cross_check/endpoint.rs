//! Comparison with the envelopes received by the viewer.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use e2e::screen::waterfall_of;
use e2e::viewer::Viewer;
use e2e::{DEADLINE, python};
use serde_json::{Value, json};
use testkit::{Process, eventually};

use crate::trace::{
    CHILD, LATER, LONG_AGO, OTHER, ROOT, SERVICE, Span, TRACE, Trace, assert_said, envelope, open, pair, said, span, wait_said,
};

const REACHED: &str = "✓ reached Sentry";

/// In the list before anything was sent to Sentry: without Sentry it has no column of marks.
const UNCOMPARED: &str = "1.00 s";

/// Waits for the mark of the only trace in the list.
fn wait_listed(viewer: &Viewer, mark: &str) {
    let listed = |text: &str| {
        text.lines()
            .any(|line| line.contains("POST /checkout") && line.contains(mark))
    };
    viewer.screen.wait_frame(&format!("{mark} in the list"), listed);
}

/// As in the official span processor: spans that outlive the root, or start after it, are not in its transaction.
#[tokio::test(flavor = "multi_thread")]
async fn span_outliving_the_root_is_missing_with_that_reason() {
    let mut spans = pair();
    spans.push(span(OTHER, Some(ROOT), "send mail", (900, 1_250)));
    spans.push(span("00000000000000a4", Some(ROOT), "clean up", (3_000, 3_500)));
    let trace = Trace::new(spans, LONG_AGO);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    viewer
        .send_envelope(SERVICE, trace.transaction(&[ROOT, CHILD]))
        .await
        .unwrap();
    wait_listed(&viewer, "✗ 2/4");
    let sent = "with which it would have been sent";
    let text = assert_said(
        &mut viewer,
        &[
            ("POST /checkout", REACHED),
            ("publish order", REACHED),
            (
                "send mail",
                &format!("✗ missing: ended 250.0 ms after \"POST /checkout\", {sent}"),
            ),
            (
                "clean up",
                &format!("✗ missing: started 2.0 s after \"POST /checkout\" had ended, {sent}"),
            ),
        ],
    );
    assert!(text.contains("✗ 2 missing · ✓ 2 reached it"), "{text}");
    assert!(text.contains("the Sentry envelopes that came to this viewer"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn late_envelope_replaces_the_expected_mark() {
    let trace = Trace::new(pair(), LATER);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    wait_listed(&viewer, UNCOMPARED);
    assert_said(&mut viewer, &[("POST /checkout", "– nothing to compare with")]);
    viewer.send_envelope(SERVICE, trace.single_spans(&[ROOT])).await.unwrap();
    let on_its_way = "… still expected: its envelope is on its way";
    let text = wait_said(&viewer, &[("POST /checkout", REACHED), ("publish order", on_its_way)]);
    assert!(text.contains("… 1 expected · ✓ 1 reached it"), "{text}");
    viewer.send_envelope(SERVICE, trace.single_spans(&[CHILD])).await.unwrap();
    wait_said(&viewer, &[("POST /checkout", REACHED), ("publish order", REACHED)]);
    viewer.screen.press("x").unwrap();
    wait_listed(&viewer, "✓ 2/2");
}

/// Unmatched envelopes are compared again when a matching trace arrives.
#[tokio::test(flavor = "multi_thread")]
async fn span_under_another_trace_id_is_found_for_a_listed_trace() {
    let trace = Trace::new(pair(), LONG_AGO);
    let mut there = trace.clone();
    "1af7651916cd43dd8448eb211c80319c".clone_into(&mut there.id);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    wait_listed(&viewer, UNCOMPARED);
    viewer
        .send_envelope(SERVICE, there.single_spans(&[ROOT, CHILD]))
        .await
        .unwrap();
    wait_listed(&viewer, "≠ 2/2");
    viewer.select("≠ 2/2").unwrap();
    let found = "≠ arrived under trace 1af7651916cd43dd8448eb211c80319c";
    viewer
        .screen
        .wait_frame("the trace", |text| waterfall_of(text, TRACE).is_some());
    assert_said(&mut viewer, &[("POST /checkout", found), ("publish order", found)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn span_with_another_parent_is_different() {
    let mut spans = pair();
    spans.push(span(OTHER, Some(CHILD), "send mail", (200, 300)));
    let trace = Trace::new(spans, LONG_AGO);
    let mut there = trace.clone();
    there.spans[2].parent = Some(ROOT);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    viewer
        .send_envelope(SERVICE, there.single_spans(&[ROOT, CHILD, OTHER]))
        .await
        .unwrap();
    wait_listed(&viewer, "≠ 3/3");
    let instead = format!("≠ arrived with parent {ROOT} instead of parent {CHILD}");
    assert_said(&mut viewer, &[("publish order", REACHED), ("send mail", &instead)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn client_report_explains_a_missing_span() {
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    viewer.send_envelope(SERVICE, trace.transaction(&[ROOT])).await.unwrap();
    let silent = "✗ missing: transaction \"POST /checkout\" arrived without it, reason unknown";
    assert_said(&mut viewer, &[("publish order", silent)]);
    let dropped = json!({ "reason": "queue_overflow", "category": "span", "quantity": 2 });
    // After the start of the span.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let report = json!({ "timestamp": now, "discarded_events": [dropped] });
    let report = envelope(&[(json!({ "type": "client_report" }), report)]);
    viewer.send_envelope(SERVICE, report).await.unwrap();
    let why = "✗ missing: client report: 2 × span dropped, queue_overflow";
    let text = wait_said(&viewer, &[("POST /checkout", REACHED), ("publish order", why)]);
    assert!(text.contains("CLIENT REPORTS"), "{text}");
}

/// Over 1 MiB in one item: Sentry would reject it.
#[tokio::test(flavor = "multi_thread")]
async fn item_over_the_limit_of_sentry_is_missing() {
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = Viewer::start("", &[]).unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    viewer.send_envelope(SERVICE, trace.transaction(&[ROOT])).await.unwrap();
    let single = trace.single_spans(&[CHILD]);
    // JSON may contain any amount of white space.
    let padded = single.replace("{\"items\":", &format!("{{{}\"items\":", " ".repeat(1_100 * 1_024)));
    assert!(padded.len() > 1 << 20, "{single}");
    viewer.send_envelope(SERVICE, padded).await.unwrap();
    wait_listed(&viewer, "✗ 1/2");
    open(&mut viewer);
    let too_large = |text: &str| {
        let said = said(text, "publish order").unwrap_or_default();
        said.starts_with("✗ missing: item too large: 11") && said.ends_with("KiB, and Sentry takes 1,024")
    };
    viewer.screen.wait_frame("the large item", too_large);
}

/// Sentry's SDK for Python, configured to sample nothing, still sends errors, and marks the trace as not sampled in their
/// envelopes.
#[tokio::test(flavor = "multi_thread")]
async fn unsampled_trace_is_missing_with_that_reason() {
    let Some(python) = python::interpreter_or_skip() else { return };
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut command = Command::new(python);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/send_unsampled.py");
    command.env_clear().arg(script).arg(viewer.dsn(SERVICE));
    let process = Process::spawn(command).unwrap();
    assert!(process.exited(DEADLINE).await.unwrap().success(), "{:?}", process.stderr());
    let ids: Value = eventually(DEADLINE, || async { process.json().pop() }).await.unwrap();

    let root: &'static str = ids["span_id"].as_str().unwrap().to_owned().leak();
    let mut trace = Trace::new(
        vec![Span {
            id: root,
            ..pair().remove(0)
        }],
        LONG_AGO,
    );
    ids["trace_id"].as_str().unwrap().clone_into(&mut trace.id);
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    wait_listed(&viewer, "✗ 0/1");
    let text = assert_said(
        &mut viewer,
        &[(
            "POST /checkout ⚠ handled ValueError: declined",
            "✗ missing: unsampled by its sender",
        )],
    );
    assert!(!text.contains(TRACE), "{text}");
}

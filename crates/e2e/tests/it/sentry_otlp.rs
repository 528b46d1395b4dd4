//! Spans by Sentry's own OTLP route, from real SDKs: Sentry's, which derives the route from a DSN, and OpenTelemetry's,
//! configured by hand.
use std::path::Path;
use std::process::Command;

use e2e::viewer::{ENTER, Viewer};
use e2e::{DEADLINE, python};
use testkit::Process;

/// Sends two spans, and checks their details.
async fn spans_reach_sentry(send: impl FnOnce(&mut Command, &Viewer), has_error: bool) {
    let Some(interpreter) = python::interpreter_or_skip() else {
        return;
    };
    let mut viewer = Viewer::start("", &[]).unwrap();
    let mut command = Command::new(interpreter);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/send_sentry_otlp.py"));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    send(&mut command, &viewer);
    let process = Process::spawn(command).unwrap();
    let status = process.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", process.stderr().join("\n"));

    viewer.screen.wait_frame("the trace in the list", |text| {
        let is_named = |line: &str| line.contains("POST /checkout") && line.contains("shop");
        text.lines().any(is_named) && text.contains("[1 Traces 1]") && text.contains(" 2 spans")
    });
    viewer.select("POST /checkout").unwrap();
    viewer.screen.press(&format!("{ENTER}j")).unwrap();
    viewer.screen.wait_frame("the child's details", |text| {
        text.lines()
            .any(|line| line.contains("SPAN ") && line.contains("charge card"))
    });
    let details = viewer.read_details().unwrap();
    for part in ["Sentry's OTLP route", "✓ reached Sentry, whose OTLP route drops span events"] {
        assert!(details.contains(part), "{part} is missing in:\n{details}");
    }
    assert_eq!(
        details.contains("⚠ handled ValueError: card declined"),
        has_error,
        "{details}"
    );

    viewer.screen.press("x").unwrap();
    let text = viewer
        .screen
        .wait_frame("the cross-check", |text| text.contains("✓ 2 reached it"));
    assert!(text.contains("reached Sentry"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_integration_of_sentrys_python_sdk_reaches_the_viewer() {
    let send = |command: &mut Command, viewer: &Viewer| {
        command.args(["integration", &viewer.dsn("shop")]);
    };
    spans_reach_sentry(send, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn otlp_exporter_set_up_by_hand_reaches_the_viewer() {
    let send = |command: &mut Command, viewer: &Viewer| {
        let endpoint = format!("http://{}/api/1/integration/otlp/v1/traces", viewer.sentry);
        command
            .arg("by-hand")
            .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint)
            .env("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-sentry-auth=sentry sentry_key=shop");
    };
    spans_reach_sentry(send, false).await;
}

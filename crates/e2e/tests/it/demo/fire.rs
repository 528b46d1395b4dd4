//! A request of the demo that a command fires.

use std::path::Path;
use std::process::{Command, Output};

use e2e::DEADLINE;
use tempfile::TempDir;
use testkit::eventually;

use crate::demo::session::Session;

/// Runs a command to its end: its exit status, what it printed and what it said.
fn run(runtime: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(testkit::bin("spanfall").unwrap());
    let Output { status, stdout, stderr } = command.args(words).env("XDG_RUNTIME_DIR", runtime).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fired_request_is_a_trace_of_the_demo() {
    let runtime = TempDir::new().unwrap();
    let arguments = "demo --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0 --api 127.0.0.1:0";
    let environment = [("XDG_RUNTIME_DIR", runtime.path().display().to_string())];
    let session = Session::take(arguments, &environment);
    session.screen.wait("the services to be up", |text| {
        text.contains("api ●") && text.contains("mailer ●")
    });
    let wait = ["--wait", "--quiet-for", "300ms", "--timeout", "60s"];
    let (status, output, said) = run(runtime.path(), &[&["fire", "reset"], &wait[..]].concat());
    assert_eq!(status, Some(0), "{said}");
    let (trace_id, waterfall) = output.split_once('\n').unwrap();
    assert!(waterfall.contains("spanfall reset password"), "{waterfall}");
    assert!(waterfall.lines().all(|line| line.chars().count() <= 80), "{waterfall}");
    // The services export on their own time, and envelopes may come after the spans.
    let parts = ["api POST /users/reset-password", "mailer send mail", "✓ 7 reached it"];
    let checked = || async {
        let trace = run(runtime.path(), &["trace", trace_id]).1;
        parts.iter().all(|part| trace.contains(part)).then_some(())
    };
    eventually(DEADLINE, checked).await.unwrap();
    assert_eq!(session.mails().len(), 1);

    let (status, output, said) = run(runtime.path(), &[&["fire", "invalid"], &wait[..]].concat());
    assert_eq!(status, Some(0), "{said}");
    assert!(output.contains("✗"), "{output}");
    let (status, output, _) = run(runtime.path(), &["fire", "reset"]);
    assert_eq!((status, output.trim().len()), (Some(0), 32));
    assert_eq!(run(runtime.path(), &["fire", "everything"]).0, Some(2));
    assert_eq!(
        run(runtime.path(), &["fire", "reset", "--timeout", "1s"]).0,
        Some(2),
        "only with --wait"
    );
}

//! Sentry's own SDKs, from their registries, with the real screen: their data is shown correctly.
//!
//! They are installed by `crates/e2e/python/setup.sh` and `crates/e2e/node/setup.sh`. Without them the tests print that they are
//! skipped, and fail if `SPANFALL_REQUIRE_PYTHON` and `SPANFALL_REQUIRE_NODE` are set.
use std::path::Path;
use std::process::Command;

use e2e::screen::waterfall_of;
use e2e::viewer::{BACK, ENTER, Viewer};
use e2e::{DEADLINE, node, python};
use serde_json::Value;
use testkit::{Process, eventually};

/// Properties of an SDK.
struct Sdk {
    command: Command,
    /// Title of the error in the span.
    error: &'static str,
    /// Location of that error, and its source line.
    thrown: [&'static str; 2],
    /// Title of the error without a span.
    alone: &'static str,
    /// Default service name.
    platform: &'static str,
}

fn python_sdk() -> Option<Sdk> {
    let mut command = Command::new(python::interpreter_or_skip()?);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python/send_checkout.py"));
    Some(Sdk {
        command,
        error: "ValueError: card declined for 42",
        thrown: [
            "send_checkout.py:26 charge",
            "raise ValueError(f\"card declined for {amount}\")",
        ],
        alone: "KeyError: 'basket'",
        platform: "python",
    })
}

/// Generation 10 sends transactions, 11 sends single spans.
fn node_sdk(generation: &str) -> Option<Sdk> {
    let mut command = Command::new("node");
    command
        .arg(node::scripts_or_skip()?.join("send_checkout.mjs"))
        .arg(generation);
    Some(Sdk {
        command,
        error: "RangeError: card declined for 42",
        thrown: [
            "send_checkout.mjs:17 charge",
            "throw new RangeError(`card declined for ${amount}`);",
        ],
        alone: "TypeError: no such basket",
        platform: "node",
    })
}

/// Configuration of the SDK to send here.
#[derive(PartialEq)]
enum Configuration {
    /// By a DSN whose key names the service.
    Dsn,
    /// By the option for Sentry's own viewer, without a DSN.
    Spotlight,
}

/// Runs the script to its end and returns the printed ids. No variable of this machine applies to it.
async fn run(mut command: Command, viewer: &Viewer, configuration: &Configuration) -> Value {
    match configuration {
        Configuration::Dsn => command.args(["dsn", &viewer.dsn("shop")]),
        Configuration::Spotlight => command.args(["spotlight", &format!("http://{}/stream", viewer.sentry)]),
    };
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let process = Process::spawn(command).unwrap();
    let status = process.exited(DEADLINE).await.unwrap();
    assert!(status.success(), "{}", process.stderr().join("\n"));
    eventually(DEADLINE, || async { process.json().pop() }).await.unwrap()
}

/// A transaction with a child, an error and a log in the child, and an error without a span, each shown correctly.
async fn assert_everything_shown(sdk: Option<Sdk>, configuration: Configuration) {
    let Some(sdk) = sdk else { return };
    // Python's SDK sends no logs to Spotlight.
    let logs = sdk.platform != "python" || configuration == Configuration::Dsn;
    let mut viewer = Viewer::start("", &[]).unwrap();
    let ids = run(sdk.command, &viewer, &configuration).await;
    let service = match configuration {
        Configuration::Dsn => "shop",
        Configuration::Spotlight => sdk.platform,
    };
    let alone = format!("⚠ {}", sdk.alone);
    viewer.screen.wait_frame("both traces in the list", |text| {
        let listed = |name: &str, service: &str| text.lines().any(|line| line.contains(name) && line.contains(service));
        listed(&alone, service) && listed("POST /checkout", service) && text.contains("[1 Traces 2]") && text.contains(" 2 spans")
    });

    viewer.select("POST /checkout").unwrap();
    let trace_id = ids["trace_id"].as_str().unwrap();
    let (kind, _) = sdk.error.split_once(':').unwrap();
    let text = viewer.screen.wait_frame("the trace, whole", |text| {
        let Some(waterfall) = waterfall_of(text, trace_id) else {
            return false;
        };
        let mut lines = waterfall.lines();
        let parts = ["2 spans", "⚠ 1 handled", "via Sentry", if logs { "1 log" } else { "" }];
        let whole = |line: &str| parts.iter().all(|part| line.contains(part));
        // Next to the name, and on the bar: the error, and the warning that was logged, which may be in the same cell. Between them a span
        // is warned of that ends after its parent: on a busy machine the SDK reads its two clocks at different times.
        let handled = format!("⚠ handled {kind}");
        let marked = |line: &str| {
            let after = line.split_once("publish order ").map_or("", |(_, after)| after);
            let is_handled = after.find(&handled).is_some_and(|at| ["", "⚠ "].contains(&&after[..at]));
            is_handled && line.matches('⚠').count() >= 2
        };
        lines.next().is_some_and(whole) && lines.any(marked)
    });
    let row = |name: &str| {
        let mut rows = text
            .lines()
            .enumerate()
            .skip_while(|(_, line)| !line.starts_with(" WATERFALL"));
        let (at, line) = rows.find(|(_, line)| line.contains(name)).unwrap();
        (at, line[..line.find(name).unwrap()].chars().count(), line)
    };
    let (root, left, line) = row(&format!("{service} POST /checkout"));
    let (child, right, _) = row(&format!("{service} publish order"));
    assert!(child == root + 1 && right == left + 2, "one below the other:\n{text}");
    assert!(!line.contains(['!', '⚠']), "the error is on its own row alone:\n{text}");

    viewer.screen.press(&format!("{ENTER}j")).unwrap();
    let shown = format!(" SPAN {service} publish order");
    viewer.screen.wait_frame("the child's details", |text| text.contains(&shown));
    let details = viewer.read_details().unwrap();
    for part in [
        &format!("⚠ handled {}", sdk.error),
        sdk.thrown[0],
        sdk.thrown[1],
        "basket three items in the basket",
        ids["event"].as_str().unwrap(),
        ids["child"].as_str().unwrap(),
        "arrived in an envelope only",
    ] {
        assert!(details.contains(part), "{part} is missing in:\n{details}");
    }
    // The line of the call, and the one before it.
    let source = details.lines().filter(|line| line.contains('│'));
    assert!(
        source.clone().any(|line| line.contains("charge(amount)")) && source.clone().any(|line| line.contains(sdk.thrown[1])),
        "{details}"
    );
    assert_eq!(details.contains("stock is low"), logs, "{details}");
    let said = [("payment", "card"), ("sentry.op", "queue.publish"), ("warehouse", "north")];
    for (name, value) in &said[..if logs { 3 } else { 2 }] {
        let pair = |line: &str| {
            line.split_whitespace()
                .collect::<Vec<_>>()
                .windows(2)
                .any(|pair| pair == [*name, *value])
        };
        assert!(details.lines().any(pair), "{name} {value} is missing in:\n{details}");
    }

    viewer.screen.press("k").unwrap();
    let shown = format!(" SPAN {service} POST /checkout");
    viewer.screen.wait_frame("the root's details", |text| text.contains(&shown));
    let details = viewer.read_details().unwrap();
    for foreign in [sdk.error, "stock is low"] {
        assert!(!details.contains(foreign), "{foreign} is not the root's:\n{details}");
    }

    assert_error_without_span(&mut viewer, &ids, &alone, service);
}

fn assert_error_without_span(viewer: &mut Viewer, ids: &Value, alone: &str, service: &str) {
    viewer.screen.press(BACK).unwrap();
    viewer.select(alone).unwrap();
    let error = alone.trim_start_matches("⚠ ");
    let shown = format!(" ERROR {service} {error}");
    let text = viewer.screen.wait_frame("the other trace", |text| text.contains(&shown));
    assert!(text.contains("no spans · ⚠ 1 handled"), "{text}");
    viewer.screen.press(ENTER).unwrap();
    let details = viewer.read_details().unwrap();
    assert!(details.contains(ids["alone"].as_str().unwrap()), "{details}");
    assert!(details.contains(&format!("⚠ handled {error}")), "{details}");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_is_shown_by_dsn() {
    assert_everything_shown(python_sdk(), Configuration::Dsn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sdk_is_shown_by_spotlight() {
    assert_everything_shown(python_sdk(), Configuration::Spotlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sdk_with_transactions_is_shown_by_dsn() {
    assert_everything_shown(node_sdk("10"), Configuration::Dsn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sdk_with_transactions_is_shown_by_spotlight() {
    assert_everything_shown(node_sdk("10"), Configuration::Spotlight).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sdk_with_single_spans_is_shown_by_dsn() {
    assert_everything_shown(node_sdk("11"), Configuration::Dsn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sdk_with_single_spans_is_shown_by_spotlight() {
    assert_everything_shown(node_sdk("11"), Configuration::Spotlight).await;
}

//! Pages of this machine and others, in a real browser: allowed origins, and the screen's report of denied ones.

use std::process::Command;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use e2e::DEADLINE;
use e2e::viewer::Viewer;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::Process;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::page::user::browser;

/// Sends in all ways used by SDKs, and reports the results: a status, or `null` if the browser did not allow reading it.
const SCRIPT: &str = r#"
const status = (url, type) => fetch(url, { method: "POST", body: "{}", headers: { "content-type": type } })
  .then((answer) => answer.status, () => null);
const [otlp, sentry] = ADDRESSES;
const said = {
  otlp: await status(`http://${otlp}/v1/traces`, "application/json"),
  otlp_without_preflight: await status(`http://${otlp}/v1/traces`, "text/plain"),
  envelope: await status(`http://${sentry}/api/1/envelope/?sentry_key=page`, "text/plain"),
  spotlight: await status(`http://${sentry}/stream`, "application/x-sentry-envelope"),
};
await fetch("/said", { method: "POST", body: JSON.stringify(said) });
"#;

/// Returns the report of a page served from this machine under this name.
async fn page(viewer: &Viewer, name: &str) -> (u16, Value) {
    let script = SCRIPT.replace("ADDRESSES", &json!([viewer.otlp_http, viewer.sentry]).to_string());
    let document = format!("<!doctype html><script type=module>{script}</script>");
    let (say, mut said) = mpsc::channel(1);
    let report = move |body: String| async move { say.send(body).await.unwrap() };
    let routes = Router::new()
        .route("/", get(|| async { Html(document) }))
        .route("/said", post(report));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });

    let profile = TempDir::new().unwrap();
    let mut command = Command::new(browser().expect("looked for before"));
    command
        .args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(' '))
        .args(["--disable-component-update", "--disable-sync", "--remote-debugging-port=0"])
        .arg("--host-resolver-rules=MAP *.example 127.0.0.1")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{name}:{port}/"));
    let browser = Process::spawn(command).unwrap();
    let said = tokio::time::timeout(DEADLINE, said.recv()).await;
    let said = said.unwrap_or_else(|_| panic!("{}", browser.stderr().join("\n")));
    server.abort();
    (port, serde_json::from_str(&said.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_origin_is_denied_and_the_screen_shows_how_to_allow_it() {
    if browser().is_none() {
        return;
    }
    let mut viewer = Viewer::start("--allowed-origin http://allowed.example:*", &[]).unwrap();
    // An empty request is valid; as text it is not OTLP, which an allowed page can read.
    let taken = json!({ "otlp": 200, "otlp_without_preflight": 415, "envelope": 200, "spotlight": 200 });
    for name in ["localhost", "127.0.0.1", "shop.localhost", "allowed.example"] {
        assert_eq!(page(&viewer, name).await.1, taken, "{name}");
    }
    assert!(!viewer.screen.text().contains("denied"), "{}", viewer.screen.text());

    let (port, said) = page(&viewer, "app.example").await;
    let denied = json!({ "otlp": null, "otlp_without_preflight": null, "envelope": null, "spotlight": null });
    assert_eq!(said, denied);
    let flag = format!("--allowed-origin http://app.example:{port}");
    viewer.screen.wait("the header to say so", |text| {
        text.lines()
            .nth(1)
            .is_some_and(|line| line.contains(&format!("4 denied: {flag}")))
    });
    viewer.screen.press("H").unwrap();
    viewer.screen.wait("what was denied", |text| {
        text.contains(&format!("4  origin http://app.example:{port}")) && text.contains(&format!("to allow it: {flag}"))
    });
}

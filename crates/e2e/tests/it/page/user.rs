//! A user at a browser, and the data sent to Sentry by the page.

use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::DEADLINE;
use e2e::envelopes::Items;
use serde_json::Value;
use testkit::Process;

const REQUIRE_BROWSER: &str = "SPANFALL_REQUIRE_BROWSER";

/// Text typed by the user, in `frontend/e2e/user.mjs`, which must not leak.
pub(crate) const NAME: &str = "grace.hopper";

/// A browser with the page open; closed when dropped.
pub(crate) struct User {
    browser: Process,
    said: Value,
}

/// The page's part of a trace: two spans.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageSpans {
    pub(crate) submit: String,
    pub(crate) post: String,
}

impl User {
    /// Performs an action on the page at `url`, such as `reset`; see `frontend/e2e/user.mjs`.
    pub(crate) async fn perform(what: &str, url: &str) -> Self {
        let mut node = Command::new("node");
        node.arg(frontend().join("e2e/user.mjs")).args([what, url]);
        let browser = Process::spawn(node).unwrap();
        let said = browser.line(DEADLINE, |line| line["done"] == true).await;
        let said = said.unwrap_or_else(|error| panic!("{error}\n{}", browser.stderr().join("\n")));
        Self { browser, said }
    }

    pub(crate) fn trace_id(&self) -> &str {
        let trace_id = self.said["traceId"].as_str().expect("the page shows it");
        assert_eq!(trace_id.len(), 32, "{trace_id}");
        trace_id
    }

    pub(crate) fn reported(&self, what: &str) -> &Value {
        &self.said[what]
    }

    /// Closes the browser after it has sent its data.
    pub(crate) async fn close(self) {
        self.browser.close_stdin();
        assert!(self.browser.exited(DEADLINE).await.unwrap().success());
    }
}

fn frontend() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend")
}

/// Returns the built page, if everything required by a test with a browser is present.
pub(crate) fn built_page() -> Option<PathBuf> {
    let (frontend, page) = (frontend(), frontend().join("dist"));
    let needed = [
        chromium(),
        (frontend.join("node_modules/playwright-core"), "npm ci in frontend/"),
        (page.join("index.html"), "npm run build in frontend/"),
    ];
    all_there(&needed).then_some(page)
}

/// Returns the browser, if present.
pub(crate) fn browser() -> Option<PathBuf> {
    let needed = [chromium()];
    all_there(&needed).then(|| needed[0].0.clone())
}

fn chromium() -> (PathBuf, &'static str) {
    let path = std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    (path, "Chromium (Debian: chromium), or CHROMIUM naming it")
}

fn all_there(needed: &[(PathBuf, &'static str)]) -> bool {
    let Some((_, what)) = needed.iter().find(|(path, _)| !path.exists()) else {
        return true;
    };
    let required = std::env::var_os(REQUIRE_BROWSER).is_some_and(|value| value == "1");
    assert!(!required, "{REQUIRE_BROWSER} is set, and this is missing: {what}");
    eprintln!("SKIPPED, nothing was checked in a browser. This is missing: {what}. ({REQUIRE_BROWSER}=1 makes this a failure.)");
    false
}

/// Returns the page's spans of a trace as received by Sentry; `None` until both child and parent are there.
pub(crate) fn sentry_spans(items: &Items, trace_id: &str) -> Option<PageSpans> {
    let spans: Vec<_> = span_items(&items.raw)
        .into_iter()
        .filter(|span| span["trace_id"] == trace_id)
        .collect();
    page_spans(&spans, "parent_span_id")
}

/// Returns the two spans among those of one trace, whose parents' ids are in this field.
pub(crate) fn page_spans(spans: &[Value], parent: &str) -> Option<PageSpans> {
    let named = |name: &str| spans.iter().find(|span| span["name"] == name);
    let (submit, post) = (named("handleSubmit")?, named("POST")?);
    assert!(submit[parent].is_null(), "the page's span is the root: {submit}");
    assert_eq!(post[parent], submit["span_id"], "the fetch is its child");
    let id = |span: &Value| span["span_id"].as_str().expect("an id").to_owned();
    Some(PageSpans {
        submit: id(submit),
        post: id(post),
    })
}

/// Returns all `span` items of version 2, which Sentry's types for Rust do not support.
fn span_items(raw: &str) -> Vec<Value> {
    let payloads = raw.match_indices(r#"{"version":2,"items":["#).filter_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&raw[at..]).into_iter::<Value>();
        values.next()?.ok()
    });
    payloads
        .flat_map(|payload| payload["items"].as_array().cloned().unwrap_or_default())
        .collect()
}

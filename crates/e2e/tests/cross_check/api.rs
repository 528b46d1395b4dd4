//! Comparison with the data of Sentry's API.

use e2e::sentry_api::{Paging, SentryApi, Span as StoredSpan, TOKEN, Trouble};
use e2e::viewer::Viewer;
use testkit::unused_address;

use crate::trace::{CHILD, LONG_AGO, OTHER, ROOT, SERVICE, TRACE, Trace, assert_said, pair, span, wait_said};

const REACHED: &str = "✓ reached Sentry";
const NO_ANSWER: &str = "… still expected: no final answer from Sentry";
/// Not within the time of a test.
const LATER: &str = "86400";
/// Once, immediately.
const ONCE: &str = "0.02";

fn asking(api: &SentryApi, delays: &str) -> Viewer {
    let mut environment = api.environment().to_vec();
    environment.push(("SPANFALL_SENTRY_ASK_AFTER", delays.to_owned()));
    Viewer::start("", &environment).unwrap()
}

fn three() -> Trace {
    let mut spans = pair();
    spans.push(span(OTHER, Some(CHILD), "send mail", (200, 300)));
    Trace::new(spans, LONG_AGO)
}

fn stored(id: &str, parent: Option<&str>) -> StoredSpan {
    StoredSpan::new(id, parent, "default", "a span")
}

/// Asserts that the token is not shown.
fn assert_secret(viewer: &Viewer) {
    assert!(!viewer.screen.written().contains(TOKEN), "on the screen");
    let log = viewer.log();
    assert!(!log.is_empty(), "there is a log to look at");
    assert!(!log.contains(TOKEN), "in the log:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn api_responses_update_the_marks() {
    let api = SentryApi::start().await.unwrap();
    api.set_paging(Paging::Pages(1));
    let (root, child, other) = (stored(ROOT, None), stored(CHILD, Some(ROOT)), stored(OTHER, Some(ROOT)));
    api.store(
        TRACE,
        &[
            &[],
            std::slice::from_ref(&root),
            &[root.clone(), child.clone()],
            &[root.clone(), child, other],
        ],
    );
    let mut viewer = asking(&api, LATER);
    viewer.send_otlp(&three().otlp()).await.unwrap();
    let names = ["POST /checkout", "publish order", "send mail"];
    let text = assert_said(&mut viewer, &names.map(|name| (name, NO_ANSWER)));
    assert!(text.contains("what Sentry has stored for acme at 127.0.0.1"), "{text}");
    assert!(text.contains("not asked yet, next ask in"), "{text}");

    let instead = format!("≠ arrived with parent {ROOT} instead of parent {CHILD}");
    let answers = [
        [NO_ANSWER, NO_ANSWER, NO_ANSWER],
        [REACHED, NO_ANSWER, NO_ANSWER],
        [REACHED, REACHED, NO_ANSWER],
        [REACHED, REACHED, &instead],
    ];
    for (number, marks) in answers.into_iter().enumerate() {
        viewer.screen.press("R").unwrap();
        api.wait_asked(number + 1).await.unwrap();
        let spans: Vec<_> = names.into_iter().zip(marks).collect();
        viewer
            .screen
            .wait_frame("the answer", |text| text.contains("acme at") && text.contains(": asked at"));
        wait_said(&viewer, &spans);
    }
    viewer.screen.press("x").unwrap();
    viewer
        .screen
        .wait_frame("the list", |text| text.lines().any(|line| line.contains("≠ 3/3")));
    assert_secret(&viewer);
}

#[tokio::test(flavor = "multi_thread")]
async fn span_absent_from_sentry_is_missing() {
    let api = SentryApi::start().await.unwrap();
    api.store(TRACE, &[&[stored(ROOT, None), stored(CHILD, Some(ROOT))]]);
    let mut viewer = asking(&api, ONCE);
    let trace = three();
    viewer
        .send_envelope(SERVICE, trace.transaction(&[ROOT, CHILD, OTHER]))
        .await
        .unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    let missing = "✗ missing: sent, but Sentry does not have it; why is not known";
    let spans = [
        ("POST /checkout", REACHED),
        ("publish order", REACHED),
        ("send mail", missing),
    ];
    assert_said(&mut viewer, &spans);
    let last = |text: &str| text.contains(": asked at") && text.contains("R asks again");
    viewer.screen.wait_frame("the last answer", last);
    viewer.screen.press("x").unwrap();
    viewer
        .screen
        .wait_frame("the list", |text| text.lines().any(|line| line.contains("✗ 2/3")));

    // It arrives later.
    api.store(
        TRACE,
        &[&[stored(ROOT, None), stored(CHILD, Some(ROOT)), stored(OTHER, Some(CHILD))]],
    );
    viewer.screen.press("xR").unwrap();
    wait_said(
        &viewer,
        &[
            ("POST /checkout", REACHED),
            ("publish order", REACHED),
            ("send mail", REACHED),
        ],
    );
    assert_secret(&viewer);
}

/// All pages are requested: a page has one of the outermost spans.
#[tokio::test(flavor = "multi_thread")]
async fn response_pages_are_merged() {
    let api = SentryApi::start().await.unwrap();
    api.set_paging(Paging::Pages(1));
    // Both parents are missing, so both spans are outermost.
    api.store(
        TRACE,
        &[&[stored(CHILD, Some(ROOT)), stored(OTHER, Some("00000000000000ff"))]],
    );
    let mut viewer = asking(&api, ONCE);
    let trace = three();
    viewer
        .send_envelope(SERVICE, trace.transaction(&[ROOT, CHILD, OTHER]))
        .await
        .unwrap();
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    let missing = "✗ missing: sent, but Sentry does not have it; why is not known";
    let instead = format!("≠ arrived with parent 00000000000000ff instead of parent {CHILD}");
    assert_said(
        &mut viewer,
        &[
            ("POST /checkout", missing),
            ("publish order", REACHED),
            ("send mail", &instead),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn api_error_is_shown_until_the_next_success() {
    let api = SentryApi::start().await.unwrap();
    api.store(
        TRACE,
        &[&[stored(ROOT, None), stored(CHILD, Some(ROOT)), stored(OTHER, Some(CHILD))]],
    );
    let mut viewer = asking(&api, LATER);
    viewer.send_otlp(&three().otlp()).await.unwrap();
    assert_said(&mut viewer, &[("POST /checkout", NO_ANSWER)]);
    for (trouble, words) in [
        (
            Trouble::Status(401),
            "rejected the token (401): set SENTRY_AUTH_TOKEN to one with scope org:read",
        ),
        (
            Trouble::Status(403),
            "no access to organization acme (403): the token lacks scope org:read",
        ),
        (Trouble::Status(404), "trace not found on"),
        (Trouble::Status(500), "returned a server error (500)"),
        (Trouble::Status(503), "returned a server error (503)"),
        (Trouble::Body("<html>sign in</html>".to_owned()), "SENTRY_URL"),
        (Trouble::Status(429), "(429): retrying automatically"),
    ] {
        api.set_trouble(trouble);
        viewer.screen.press("R").unwrap();
        let text = viewer.screen.wait_frame(words, |text| without_border(text).contains(words));
        assert!(without_border(&text).contains("no answer so far"), "{text}");
    }
    api.set_trouble(None);
    viewer.screen.press("R").unwrap();
    let text = wait_said(
        &viewer,
        &[
            ("POST /checkout", REACHED),
            ("publish order", REACHED),
            ("send mail", REACHED),
        ],
    );
    assert!(!text.contains("(429)"), "{text}");
    assert_secret(&viewer);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_sentry_and_unknown_organization_are_distinguished() {
    let api = SentryApi::start().await.unwrap();
    let unused = unused_address().unwrap();
    for (variable, value, words) in [
        ("SENTRY_ORG", "other".to_owned(), "organization other not found"),
        ("SENTRY_URL", format!("http://{unused}"), "cannot connect to"),
    ] {
        let mut environment = api.environment().to_vec();
        environment.extend([(variable, value), ("SPANFALL_SENTRY_ASK_AFTER", LATER.to_owned())]);
        let mut viewer = Viewer::start("", &environment).unwrap();
        viewer.send_otlp(&three().otlp()).await.unwrap();
        assert_said(&mut viewer, &[("POST /checkout", NO_ANSWER)]);
        viewer.screen.press("R").unwrap();
        viewer.screen.wait_frame(words, |text| without_border(text).contains(words));
        assert_secret(&viewer);
    }
}

/// `sentry-cli` uses the same variable, with its organization from another source.
#[tokio::test(flavor = "multi_thread")]
async fn viewer_starts_with_a_token_without_an_organization() {
    let api = SentryApi::start().await.unwrap();
    let mut environment = api.environment().to_vec();
    environment.retain(|(variable, _)| *variable != "SENTRY_ORG");
    let viewer = Viewer::start("", &environment).unwrap();
    viewer.screen.wait_frame("what is missing", |text| {
        without_border(text).contains("Sentry is not polled: SENTRY_ORG is missing")
    });
    assert!(!viewer.screen.written().contains(TOKEN));
}

/// Removes the border of the overlay from wrapped sentences.
fn without_border(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c == '│')
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

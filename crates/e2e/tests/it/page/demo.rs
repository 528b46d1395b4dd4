//! From the browser to the terminal: one trace.

use e2e::envelopes::{Envelopes, Items, trace_of};
use e2e::screen::waterfall_of;
use serde_json::json;

use crate::demo::session::Session;
use crate::page::user::{NAME, User, built_page, sentry_spans};
use testkit::unused_address;

/// Rows of the whole trace, each the child of the one before.
const ROWS: [&str; 6] = [
    "frontend handleSubmit",
    "frontend POST",
    "api POST /users/reset-password",
    "api resetPasswordHandler",
    "api EnqueueMessage",
    "mailer handleSentMailMessage",
];

#[tokio::test(flavor = "multi_thread")]
async fn click_is_one_trace_of_page_api_and_mailer() {
    let Some(page) = built_page() else { return };
    let envelopes = Envelopes::receive().await.unwrap();
    // A fixed address: with a relay, a header of 120 columns has no space for the page's port.
    let address = unused_address().unwrap();
    let environment = [
        ("PAGE_ADDR", address.to_string()),
        ("PAGE_DIR", page.display().to_string()),
        ("SENTRY_DSN", envelopes.dsn()),
        ("SENTRY_ORG", "acme".to_owned()),
    ];
    let session = Session::demo(&environment);
    let up = |text: &str| ["api ●", "mailer ●", "page ●"].iter().all(|part| text.contains(part));
    session.screen.wait("the services and the page to be up", up);
    let user = User::perform("reset", &format!("http://{address}/")).await;

    assert_eq!(user.reported("violations"), &json!([]), "axe");
    assert_eq!(
        user.reported("complaints"),
        &json!([]),
        "errors of scripts, violations of the policy"
    );
    assert!(
        user.reported("answer")
            .as_str()
            .unwrap()
            .contains("Password reset email sent")
    );
    let trace_id = user.trace_id();
    assert_eq!(user.reported("copied"), trace_id);
    let link = format!("https://acme.sentry.io/explore/traces/trace/{trace_id}/");
    assert_eq!(user.reported("link"), &link);

    let whole = |text: &str| waterfall_of(text, trace_id).is_some() && ROWS.iter().all(|row| text.contains(row));
    let text = session.screen.wait_frame("the whole trace", whole);
    assert_rows(&text);
    assert!(text.contains("frontend→api→mailer"), "{text}");
    assert!(
        ROWS.iter().all(|row| !text.contains(&format!("✗ {row}"))),
        "nothing failed:\n{text}"
    );
    session.wait_mails(1);

    let spans = envelopes.wait(|items| sentry_spans(items, trace_id)).await.unwrap();
    // The API's transaction is a child of the page's fetch, and the mailer's is of the same trace.
    let services = |items: &Items| {
        let traces: Vec<_> = items
            .transactions
            .iter()
            .filter_map(|transaction| trace_of(&transaction.contexts))
            .filter(|trace| trace.trace_id.to_string() == trace_id)
            .collect();
        let below_page = traces.iter().any(|trace| {
            let parent = trace.parent_span_id.map(|parent| parent.to_string());
            parent.as_deref() == Some(&spans.post)
        });
        (below_page && traces.len() > 1).then_some(())
    };
    envelopes.wait(services).await.unwrap();
    assert!(!envelopes.all().raw.contains(NAME), "no email address reaches Sentry");
    assert!(
        !session.screen.written().contains(NAME),
        "no email address reaches the screen"
    );
    user.close().await;
}

/// Asserts that each row is below the one before and two columns further right.
fn assert_rows(text: &str) {
    let place = |row: &str| {
        let mut lines = text.lines().enumerate();
        let found = lines.find_map(|(at, line)| line.find(row).map(|start| (at, line[..start].chars().count())));
        found.expect("the row was shown before")
    };
    let (top, left) = place(ROWS[0]);
    for (depth, row) in ROWS.iter().enumerate() {
        assert_eq!(place(row), (top + depth, left + 2 * depth), "{row}:\n{text}");
    }
}

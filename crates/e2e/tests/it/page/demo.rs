//! From the browser to the terminal: one trace.

use e2e::envelopes::{Envelopes, Items, trace_of};
use e2e::mail::free_address;
use serde_json::json;

use crate::demo::seat::Seat;
use crate::page::person::{NAME, Person, built_page, sentry_spans};

/// The rows of the whole trace, each the child of the one before.
const ROWS: [&str; 6] = [
    "frontend handleSubmit",
    "frontend POST",
    "api POST /users/reset-password",
    "api resetPasswordHandler",
    "api EnqueueMessage",
    "mailer handleSentMailMessage",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_click_is_one_trace_of_page_api_and_mailer_here_and_at_sentry() {
    let Some(page) = built_page() else { return };
    let envelopes = Envelopes::receive().await.unwrap();
    // Chosen here: with a relay a header of 120 columns has no place for the page's port.
    let address = free_address().unwrap();
    let environment = [
        ("PAGE_ADDR", address.to_string()),
        ("PAGE_DIR", page.display().to_string()),
        ("SENTRY_DSN", envelopes.dsn()),
        ("SENTRY_ORG", "acme".to_owned()),
    ];
    let seat = Seat::demo(&environment);
    let up = |text: &str| ["api ●", "mailer ●", "page ●"].iter().all(|part| text.contains(part));
    seat.screen.wait("the services and the page to be up", up);
    let person = Person::does("reset", &format!("http://{address}/")).await;

    assert_eq!(person.said("violations"), &json!([]), "axe");
    assert_eq!(
        person.said("complaints"),
        &json!([]),
        "errors of scripts, violations of the policy"
    );
    assert!(person.said("answer").as_str().unwrap().contains("Password reset email sent"));
    let trace_id = person.trace_id();
    assert_eq!(person.said("copied"), trace_id);
    let link = format!("https://acme.sentry.io/explore/traces/trace/{trace_id}/");
    assert_eq!(person.said("link"), &link);

    let whole =
        |text: &str| text.contains(&format!("WATERFALL  {}", &trace_id[..8])) && ROWS.iter().all(|row| text.contains(row));
    let text = seat.screen.wait("the whole trace", whole);
    assert_rows(&text);
    assert!(text.contains("frontend→api→mailer"), "{text}");
    assert!(!text.contains('✗'), "nothing failed:\n{text}");
    assert_eq!(seat.mails().len(), 1);

    let spans = envelopes.wait(|items| sentry_spans(items, trace_id)).await.unwrap();
    // The API's transaction hangs below the page's fetch, and the mailer's is of the same trace.
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
    assert!(!seat.screen.written().contains(NAME), "no email address reaches the screen");
    person.goes().await;
}

/// The rows stand one below the other, each two columns further in.
fn assert_rows(text: &str) {
    let place = |row: &str| {
        let mut lines = text.lines().enumerate();
        let found = lines.find_map(|(at, line)| line.find(row).map(|start| (at, line[..start].chars().count())));
        found.expect("it was there a moment ago")
    };
    let (top, left) = place(ROWS[0]);
    for (depth, row) in ROWS.iter().enumerate() {
        assert_eq!(place(row), (top + depth, left + 2 * depth), "{row}:\n{text}");
    }
}

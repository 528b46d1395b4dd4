//! Sentry's API over real sockets: stored data, and every kind of failure.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use e2e::DEADLINE;
use e2e::sentry_api::{Paging, SentryApi, Span, TOKEN, Trouble};
use sentry_api::{ApiError, Client, SentryTrace, Settings, SettingsError};
use serde_json::json;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const ROOT: &str = "b7ad6b7169203331";
const CHILD: &str = "00f067aa0ba902b7";

fn settings(variables: &[(&str, String)]) -> Result<Settings, SettingsError> {
    let settings = Settings::from_lookup(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| value.clone())
    });
    settings.map(Option::unwrap)
}

/// Returns a client of the substitute, with one variable changed.
fn client(api: &SentryApi, changed: Option<(&str, &str)>) -> Client {
    let mut variables = api.environment();
    for (name, value) in &mut variables {
        if let Some((_, instead)) = changed.filter(|(variable, _)| variable == name) {
            instead.clone_into(value);
        }
    }
    let Settings { site, token } = settings(&variables).unwrap();
    Client::new(site, token.unwrap()).unwrap().with_timeout(DEADLINE)
}

async fn ask(client: &Client) -> Result<SentryTrace, ApiError> {
    let answer = client.trace(TRACE.parse().unwrap()).await;
    assert!(!format!("{answer:?} {client:?}").contains(TOKEN), "{answer:?}");
    if let Err(error) = &answer {
        assert!(!error.to_string().contains(TOKEN), "{error}");
    }
    answer
}

/// Returns the error for a failure of the API.
async fn rejected(api: &SentryApi, trouble: Trouble) -> ApiError {
    api.set_trouble(trouble);
    ask(&client(api, None)).await.unwrap_err()
}

fn ids(trace: &SentryTrace) -> Vec<String> {
    let mut ids: Vec<_> = trace.spans.iter().map(|span| span.span_id.to_string()).collect();
    ids.sort();
    ids
}

fn reset() -> [Span; 2] {
    [
        Span::new(ROOT, None, "http.server", "POST /users/reset-password"),
        Span::new(CHILD, Some(ROOT), "queue.publish", "EnqueueMessage").with_error("connection reset"),
    ]
}

#[tokio::test]
async fn spans_have_their_parents_and_errors_their_spans() {
    let api = SentryApi::start().await.unwrap();
    api.store(TRACE, &[&reset()]);
    let trace = ask(&client(&api, None)).await.unwrap();
    assert_eq!(ids(&trace), [CHILD, ROOT]);
    let child = trace.spans.iter().find(|span| &*span.op == "queue.publish").unwrap();
    assert_eq!(
        (child.parent_span_id, &*child.name),
        (Some(ROOT.parse().unwrap()), "EnqueueMessage")
    );
    assert_eq!((trace.errors.len(), &*trace.errors[0].title), (1, "connection reset"));
    assert_eq!(trace.errors[0].span_id, Some(child.span_id));
    assert!(trace.complete);
    let path = format!("/api/0/organizations/acme/trace/{TRACE}/");
    assert_eq!(api.asked()[0].path, path);
}

#[tokio::test]
async fn unknown_trace_is_empty() {
    let api = SentryApi::start().await.unwrap();
    let [root, child] = reset();
    api.store(TRACE, &[&[], std::slice::from_ref(&root), &[root.clone(), child]]);
    let client = client(&api, None);
    for spans in [0, 1, 2, 2] {
        let trace = ask(&client).await.unwrap();
        assert_eq!((trace.spans.len(), trace.complete), (spans, true));
    }
}

fn many(spans: usize) -> Vec<Span> {
    (1..=spans)
        .map(|id| Span::new(&format!("{id:016x}"), None, "db", "SELECT 1"))
        .collect()
}

#[tokio::test]
async fn pages_are_all_read() {
    let api = SentryApi::start().await.unwrap();
    api.store(TRACE, &[&many(7)]);
    api.set_paging(Paging::Pages(3));
    let trace = ask(&client(&api, None)).await.unwrap();
    assert_eq!((trace.spans.len(), trace.complete, api.asked().len()), (7, true, 3));
}

#[tokio::test]
async fn endless_paging_is_cut_off_as_incomplete() {
    let api = SentryApi::start().await.unwrap();
    api.store(TRACE, &[&many(50)]);
    api.set_paging(Paging::Pages(1));
    let trace = ask(&client(&api, None)).await.unwrap();
    assert_eq!((trace.spans.len(), trace.complete), (20, false));
}

#[tokio::test]
async fn repeated_page_ends_paging() {
    let api = SentryApi::start().await.unwrap();
    api.store(TRACE, &[&many(5)]);
    api.set_paging(Paging::Ignored);
    let trace = ask(&client(&api, None)).await.unwrap();
    assert_eq!((trace.spans.len(), trace.complete, api.asked().len()), (5, false, 2));
}

#[tokio::test]
async fn old_sentry_returns_transactions() {
    let api = SentryApi::start().await.unwrap();
    api.play_old();
    let transaction = json!({"event_id": "aa".repeat(16), "span_id": ROOT, "transaction": "GET /", "children": [], "errors": []});
    api.store_raw(TRACE, vec![json!({"transactions": [transaction], "orphan_errors": []})]);
    let trace = ask(&client(&api, None)).await.unwrap();
    assert_eq!((ids(&trace), trace.complete), (vec![ROOT.to_owned()], false));
}

#[tokio::test]
async fn wrong_token_and_wrong_organization_are_distinguished() {
    let api = SentryApi::start().await.unwrap();
    let host = api.address().to_string().into_boxed_str();
    let wrong = ask(&client(&api, Some(("SENTRY_AUTH_TOKEN", "sntryu_other"))))
        .await
        .unwrap_err();
    assert_eq!(wrong, ApiError::TokenRejected { host: host.clone() });
    let wrong = ask(&client(&api, Some(("SENTRY_ORG", "other")))).await.unwrap_err();
    let organization = "other".into();
    assert_eq!(wrong, ApiError::OrganizationUnknown { organization, host });
}

#[tokio::test]
async fn status_codes_have_their_errors() {
    let api = SentryApi::start().await.unwrap();
    for (status, words) in [
        (400, "check SENTRY_URL"),
        (401, "rejected the token"),
        (403, "lacks scope org:read"),
        (404, "trace not found"),
        (429, "(429): retrying automatically"),
        (500, "a server error (500)"),
        (503, "a server error (503)"),
    ] {
        let said = rejected(&api, Trouble::Status(status)).await.to_string();
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn rate_limit_reports_its_duration() {
    let api = SentryApi::start().await.unwrap();
    let told = rejected(&api, Trouble::RateLimited(vec![("retry-after", "17".to_owned())])).await;
    assert!(
        matches!(told, ApiError::RateLimited { wait: Some(wait), .. } if wait == Duration::from_secs(17)),
        "{told}"
    );
    let reset = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(1000);
    let told = rejected(
        &api,
        Trouble::RateLimited(vec![("x-sentry-rate-limit-reset", reset.as_secs().to_string())]),
    )
    .await;
    let ApiError::RateLimited { wait: Some(wait), .. } = told else {
        panic!("{told}")
    };
    assert!(
        wait <= Duration::from_secs(1000) && wait > Duration::from_secs(900),
        "{wait:?}"
    );
}

#[tokio::test]
async fn redirect_does_not_get_the_token() {
    let (api, other) = (SentryApi::start().await.unwrap(), SentryApi::start().await.unwrap());
    let elsewhere = format!("{}/api/0/organizations/acme/trace/{TRACE}/", other.url());
    let told = rejected(&api, Trouble::Redirect(elsewhere)).await;
    assert!(matches!(told, ApiError::Redirected { status: 302, .. }), "{told}");
    assert_eq!(other.asked(), []);
    assert_eq!(api.asked()[0].authorization, format!("Bearer {TOKEN}"));
}

#[tokio::test]
async fn unreadable_response_is_reported() {
    let api = SentryApi::start().await.unwrap();
    let sign_in = format!("<html>{TOKEN}</html>");
    let told = rejected(&api, Trouble::Body(sign_in)).await;
    assert!(matches!(told, ApiError::Unreadable { .. }), "{told}");
    let told = rejected(&api, Trouble::Cut).await;
    assert!(matches!(told, ApiError::Interrupted { .. }), "{told}");
    let told = rejected(&api, Trouble::Endless).await;
    assert!(matches!(told, ApiError::TooLarge { .. }), "{told}");
}

#[tokio::test]
async fn response_times_out() {
    let api = SentryApi::start().await.unwrap();
    api.set_trouble(Trouble::Hang);
    let client = client(&api, None).with_timeout(Duration::from_millis(50));
    let told = ask(&client).await.unwrap_err();
    assert!(matches!(told, ApiError::TimedOut { .. }), "{told}");
}

#[tokio::test]
async fn connection_failures_are_distinguished() {
    let api = SentryApi::start().await.unwrap();
    let unused = format!("http://{}", testkit::unused_address().unwrap());
    let told = ask(&client(&api, Some(("SENTRY_URL", &unused)))).await.unwrap_err();
    assert!(matches!(told, ApiError::Unreachable { .. }), "{told}");

    let told = ask(&client(&api, Some(("SENTRY_URL", "https://sentry.invalid"))))
        .await
        .unwrap_err();
    assert!(matches!(told, ApiError::NameUnknown { .. }), "{told}");

    let no_tls = format!("https://{}", api.address());
    let told = ask(&client(&api, Some(("SENTRY_URL", &no_tls)))).await.unwrap_err();
    assert!(matches!(told, ApiError::Tls { .. }), "{told}");
}

#[tokio::test]
async fn token_is_not_sent_unencrypted() {
    let api = SentryApi::start().await.unwrap();
    let mut variables = api.environment();
    "http://sentry.example".clone_into(&mut variables[0].1);
    let rejected = settings(&variables).unwrap_err();
    assert_eq!(rejected.variable, "SENTRY_URL");

    // Nor by a client created in another way.
    let Settings { token, .. } = settings(&api.environment()).unwrap();
    let Settings { site, .. } = settings(&variables[..2]).unwrap();
    assert!(Client::new(site, token.unwrap()).is_err());
}

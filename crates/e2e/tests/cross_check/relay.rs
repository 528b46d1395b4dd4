//! Comparison with Sentry's responses to forwarded envelopes.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use e2e::viewer::Viewer;
use e2e::{DEADLINE, Error};
use testkit::unused_address;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::trace::{CHILD, LONG_AGO, ROOT, SERVICE, Trace, assert_said, open, pair, said, said_of, wait_said};

const REACHED: &str = "✓ reached Sentry";
/// Key of the target project.
const KEY: &str = "5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88";

const ANSWER: &str = r#"{"id":"9ec79c33ec9942ab8353589fcb2e04dc","from":"sentry"}"#;

/// Sentry's envelope endpoint.
#[derive(Clone)]
struct Ingest {
    taken: watch::Sender<Vec<Bytes>>,
    answer: watch::Sender<(u16, &'static str, &'static str)>,
}

impl Ingest {
    async fn listen(at: SocketAddr) -> Result<(Self, SocketAddr), Error> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let ingest = Self {
            taken: watch::Sender::new(Vec::new()),
            answer: watch::Sender::new((200, "server", "nginx")),
        };
        let app = Router::new()
            .route("/api/42/envelope/", post(take))
            .with_state(ingest.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok((ingest, address))
    }

    /// Waits for this many envelopes.
    async fn wait(&self, number: usize) -> Vec<Bytes> {
        let mut taken = self.taken.subscribe();
        let waited = tokio::time::timeout(DEADLINE, taken.wait_for(|taken| taken.len() >= number)).await;
        waited.expect("envelopes are forwarded").unwrap().clone()
    }
}

async fn take(State(ingest): State<Ingest>, headers: HeaderMap, body: Bytes) -> Response {
    let auth = headers.get("x-sentry-auth").and_then(|value| value.to_str().ok());
    if !auth.is_some_and(|auth| auth.contains(&format!("sentry_key={KEY}"))) {
        return StatusCode::FORBIDDEN.into_response();
    }
    ingest.taken.send_modify(|taken| taken.push(body));
    let (status, name, value) = *ingest.answer.borrow();
    (StatusCode::from_u16(status).unwrap(), [(name, value)], ANSWER).into_response()
}

fn any() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn relaying(to: SocketAddr) -> Viewer {
    Viewer::start(&format!("--sentry-relay http://{KEY}@{to}/42"), &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_envelope_is_unmodified_and_reached_sentry() {
    let (ingest, address) = Ingest::listen(any()).await.unwrap();
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = relaying(address);
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    let envelope = trace.transaction(&[ROOT, CHILD]);
    let answer = viewer.send_envelope(SERVICE, envelope.clone()).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), ANSWER, "Sentry's own answer goes back");
    assert_eq!(ingest.wait(1).await, [envelope]);
    let text = assert_said(&mut viewer, &[("POST /checkout", REACHED), ("publish order", REACHED)]);
    assert!(text.contains("forwarded to"), "{text}");
    assert!(
        !viewer.screen.written().contains(KEY) && !viewer.log().contains(KEY),
        "the key is not shown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_is_passed_back_and_shown_in_the_cross_check() {
    let (ingest, address) = Ingest::listen(any()).await.unwrap();
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = relaying(address);
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    let limits = (429, "x-sentry-rate-limits", "3600:transaction:organization:quota_exceeded");
    ingest.answer.send_replace(limits);
    let rejected = viewer
        .send_envelope(SERVICE, trace.transaction(&[ROOT, CHILD]))
        .await
        .unwrap_err();
    let rejected = rejected.downcast::<reqwest::Error>().unwrap();
    assert_eq!(rejected.status().map(|status| status.as_u16()), Some(429));
    let why = "✗ missing: rate limit: quota_exceeded";
    assert_said(&mut viewer, &[("POST /checkout", why), ("publish order", why)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_envelope_is_missing_with_its_status() {
    let (ingest, address) = Ingest::listen(any()).await.unwrap();
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = relaying(address);
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    ingest.answer.send_replace((403, "x-sentry-error", "project is disabled"));
    viewer
        .send_envelope(SERVICE, trace.transaction(&[ROOT, CHILD]))
        .await
        .unwrap_err();
    open(&mut viewer);
    let why = |text: &str| {
        let said = said(text, "publish order").unwrap_or_default();
        said.starts_with("✗ missing: Sentry answered 403")
    };
    viewer.screen.wait_frame("the rejection", why);
}

#[tokio::test(flavor = "multi_thread")]
async fn undeliverable_envelope_is_buffered_until_sentry_is_reachable() {
    // Nothing listens there at first.
    let address = unused_address().unwrap();
    let trace = Trace::new(pair(), LONG_AGO);
    let mut viewer = relaying(address);
    viewer.send_otlp(&trace.otlp()).await.unwrap();
    let envelope = trace.transaction(&[ROOT, CHILD]);
    let answer = viewer.send_envelope(SERVICE, envelope.clone()).await.unwrap();
    assert_eq!(answer.status(), 200, "the SDK need not know");
    open(&mut viewer);
    let waits = |text: &str| {
        let said = said(text, "publish order").unwrap_or_default();
        said.starts_with("… still expected: kept here until Sentry can be reached")
    };
    viewer.screen.wait_frame("it to wait", waits);

    let (ingest, _) = Ingest::listen(address).await.unwrap();
    assert_eq!(ingest.wait(1).await, [envelope]);
    wait_said(&viewer, &[("POST /checkout", REACHED), ("publish order", REACHED)]);
}

/// The demo's own services, and a Sentry that rejects everything.
#[tokio::test(flavor = "multi_thread")]
async fn spans_of_the_services_are_missing_when_sentry_rejects_them() {
    let (ingest, address) = Ingest::listen(any()).await.unwrap();
    ingest.answer.send_replace((403, "x-sentry-error", "project is disabled"));
    let files = tempfile::tempdir().unwrap();
    let path = |name: &str| files.path().join(name).display().to_string();
    let environment = [
        ("API_ADDR", "127.0.0.1:0".to_owned()),
        ("PAGE_ADDR", "127.0.0.1:0".to_owned()),
        // Without the page.
        ("PAGE_DIR", path("page")),
        ("MAIL_DIR", path("mail")),
    ];
    let mut viewer = Viewer::start(&format!("demo --sentry-relay http://{KEY}@{address}/42"), &environment).unwrap();
    let ready = |text: &str| ["broker ●", "api ●", "mailer ●"].iter().all(|service| text.contains(service));
    viewer.screen.wait_frame("the services", ready);
    viewer.screen.press("r").unwrap();
    open(&mut viewer);
    let why = "✗ missing: Sentry answered 403: project is disabled";
    viewer.screen.wait_frame("the rejections", |text| {
        let missing = |service, name| said_of(text, service, name).as_deref() == Some(why);
        missing("api", "POST /users/reset-password")
            && missing("api", "EnqueueMessage")
            && missing("mailer", "handleSentMailMessage")
            && missing("mailer", "send mail")
            && said_of(text, "spanfall", "reset password").as_deref() == Some("– the viewer's own span, not for Sentry")
    });
}

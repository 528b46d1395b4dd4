//! The page without one of its peers, and a user who leaves: everything possible arrives.

use std::process::Command;

use e2e::envelopes::Envelopes;
use e2e::services::{Services, embedded_broker};
use e2e::{DEADLINE, Error};
use testkit::{Process, eventually, unused_address};

use crate::page::user::{NAME, PageSpans, User, built_page, page_spans, sentry_spans};

/// The page's server, configured with all addresses.
struct Page {
    _server: Process,
    url: String,
}

impl Page {
    async fn start(api: &str, otlp: &str, dsn: &str) -> Result<Self, Error> {
        let mut command = Command::new(testkit::bin("page")?);
        command
            .env("PAGE_ADDR", "127.0.0.1:0")
            .env("PAGE_DIR", built_page().ok_or("the page is not built")?)
            .env("API_URL", api)
            .env("OTLP_HTTP_URL", otlp)
            .env("SENTRY_DSN", dsn);
        let server = Process::spawn(command)?;
        let address = server.ready(DEADLINE).await?.ok_or("the page prints no address")?;
        Ok(Self {
            _server: server,
            url: format!("http://{address}/"),
        })
    }
}

/// A collector that prints received data.
struct Tail(Process);

impl Tail {
    fn start() -> Result<Self, Error> {
        let mut command = Command::new(testkit::bin("spanfall")?);
        command.args("tail --json --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --sentry 127.0.0.1:0".split(' '));
        Ok(Self(Process::spawn(command)?))
    }

    /// Returns its OTLP/HTTP address.
    async fn url(&self) -> String {
        let said = eventually(DEADLINE, || async {
            let said = self.0.stderr().join("\n");
            let (_, address) = said.split_once("OTLP/HTTP on ")?;
            address.split([',', '\n']).next().map(str::to_owned)
        });
        format!("http://{}", said.await.unwrap())
    }

    /// Waits for the page's spans of a trace.
    async fn spans(&self, trace_id: &str) -> PageSpans {
        let found = eventually(DEADLINE, || async {
            let spans: Vec<_> = self
                .0
                .json()
                .into_iter()
                .filter(|span| span["trace_id"] == trace_id)
                .collect();
            page_spans(&spans, "parent_span_id")
        });
        found.await.unwrap_or_else(|_| panic!("not among {:#?}", self.0.stdout()))
    }

    /// Returns the status of a span.
    fn status(&self, span_id: &str) -> String {
        let spans = self.0.json();
        let span = spans
            .iter()
            .find(|span| span["span_id"] == span_id)
            .expect("the span is printed");
        span["status"].to_string().to_lowercase()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_without_an_api_reports_the_failure_everywhere() {
    if built_page().is_none() {
        return;
    }
    let (tail, envelopes) = (Tail::start().unwrap(), Envelopes::receive().await.unwrap());
    let api = format!("http://{}", unused_address().unwrap());
    let page = Page::start(&api, &tail.url().await, &envelopes.dsn()).await.unwrap();
    let user = User::perform("submit", &page.url).await;
    assert!(user.reported("answer").as_str().unwrap().contains("unreachable"));

    let trace_id = user.trace_id();
    let spans = tail.spans(trace_id).await;
    for span in [&spans.submit, &spans.post] {
        assert!(tail.status(span).contains("error"), "{}", tail.status(span));
    }
    let at_sentry = envelopes.wait(|items| sentry_spans(items, trace_id)).await.unwrap();
    assert_eq!(at_sentry, spans);
    let event = envelopes.wait(|items| items.raw.contains("Failed to fetch").then(|| items.raw.clone()));
    let event = event.await.unwrap();
    let event = event.lines().find(|line| line.contains("Failed to fetch")).unwrap();
    assert!(event.contains(trace_id) && event.contains(&spans.submit), "{event}");
    assert!(!envelopes.all().raw.contains(NAME));
    user.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_without_a_collector_sends_the_mail_and_reports_to_sentry() {
    if built_page().is_none() {
        return;
    }
    let (_broker, broker) = embedded_broker().await.unwrap();
    let services = Services::start(&broker).await.unwrap();
    let dsn = services.envelopes.dsn();
    let page = Page::start(&services.api_url, &format!("http://{}", unused_address().unwrap()), &dsn)
        .await
        .unwrap();
    let user = User::perform("submit", &page.url).await;
    assert!(user.reported("answer").as_str().unwrap().contains("email sent"));

    let trace_id = user.trace_id();
    let envelopes = &services.envelopes;
    let at_sentry = envelopes.wait(|items| sentry_spans(items, trace_id)).await.unwrap();
    below_page(&services, trace_id, &at_sentry).await;
    user.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn page_without_sentry_sends_the_mail_and_reports_to_the_collector() {
    if built_page().is_none() {
        return;
    }
    let (_broker, broker) = embedded_broker().await.unwrap();
    let (services, tail) = (Services::start(&broker).await.unwrap(), Tail::start().unwrap());
    let dsn = format!("http://public@{}/1", unused_address().unwrap());
    let page = Page::start(&services.api_url, &tail.url().await, &dsn).await.unwrap();
    let user = User::perform("submit", &page.url).await;
    assert!(user.reported("answer").as_str().unwrap().contains("email sent"));
    let spans = tail.spans(user.trace_id()).await;
    below_page(&services, user.trace_id(), &spans).await;
    user.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_the_page_loses_neither_mail_nor_span() {
    if built_page().is_none() {
        return;
    }
    let (_broker, broker) = embedded_broker().await.unwrap();
    let (services, tail) = (Services::start(&broker).await.unwrap(), Tail::start().unwrap());
    let envelopes = &services.envelopes;
    let page = Page::start(&services.api_url, &tail.url().await, &envelopes.dsn())
        .await
        .unwrap();
    let user = User::perform("leave", &page.url).await;

    let trace_id = user.trace_id();
    let spans = tail.spans(trace_id).await;
    let at_sentry = envelopes.wait(|items| sentry_spans(items, trace_id)).await.unwrap();
    assert_eq!(at_sentry, spans);
    below_page(&services, trace_id, &spans).await;
    for span in [&spans.submit, &spans.post] {
        assert!(
            !tail.status(span).contains("error"),
            "leaving is not an error: {}",
            tail.status(span)
        );
    }
    assert!(!envelopes.all().raw.contains("Failed to fetch"), "nor an event");
    // Data about the page itself is complete only at that point.
    let vitals = tail.0.line(DEADLINE, |line| line["name"] == "web vitals").await.unwrap();
    assert!(vitals.to_string().contains("browser.web_vital.lcp.value"), "{vitals}");
    let load = tail.0.line(DEADLINE, |line| line["name"] == "page load").await.unwrap();
    assert_eq!(vitals["parent_span_id"], load["span_id"]);
    let end = |span: &serde_json::Value| span["end_unix_nano"].as_u64().unwrap();
    assert!(end(&vitals) <= end(&load), "within its parent: {vitals} {load}");
    user.close().await;
}

/// Asserts that the API's span is a child of the page's fetch, the mailer's is of the same trace, and the mail was sent.
async fn below_page(services: &Services, trace_id: &str, page: &PageSpans) {
    let both = services.spans.wait(|spans| {
        let of = |service: &str| {
            let mut spans = spans.iter().filter(|span| span.trace_id == trace_id);
            spans.find(|span| span.service == service && (service != "api" || span.parent_id == page.post))
        };
        of("api").and(of("mailer")).map(|_| ())
    });
    both.await.unwrap();
    let mail = eventually(DEADLINE, || async {
        services.recipients().ok().filter(|mails| mails.len() == 1)
    });
    assert!(mail.await.unwrap()[0].contains(NAME));
}

//! The viewer's poller of Sentry: gets notified of traces, polls as planned, and reports the results.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::DEADLINE;
use e2e::sentry_api::{SentryApi, Span, TOKEN, Trouble};
use sentry_api::{Client, Delays, Settings};
use spanfall::sentry_poller::{PollResult, SentryPoller};
use tokio::sync::mpsc;
use trace_model::TraceId;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "1af7651916cd43dd8448eb211c80319c";
const ROOT: &str = "b7ad6b7169203331";

/// However busy the machine is, one of them is still to come.
const RISING: &str = "0.02,0.3,1,3,10,30,100";
/// Not within the time of a test.
const LATER: &str = "3600";

struct Asking {
    api: SentryApi,
    poller: SentryPoller,
    events: mpsc::Receiver<PollResult>,
}

impl Asking {
    async fn start(delays: &str) -> Self {
        let api = SentryApi::start().await.unwrap();
        let variables = api.environment();
        let settings = Settings::from_lookup(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| value.clone())
        });
        let Settings { site, token } = settings.unwrap().unwrap();
        let client = Client::new(site, token.unwrap()).unwrap();
        let delays: Delays = delays.parse().unwrap();
        let (poller, events) = SentryPoller::start(client, delays);
        Self { api, poller, events }
    }

    async fn event(&mut self) -> PollResult {
        let waited = tokio::time::timeout(DEADLINE, self.events.recv()).await;
        waited.unwrap().unwrap()
    }

    /// Waits for the next result: a trace and the number of its spans in Sentry.
    async fn spans(&mut self) -> (TraceId, usize) {
        let event = self.event().await;
        (event.trace_id, event.outcome.unwrap().spans.len())
    }
}

fn id(text: &str) -> TraceId {
    text.parse().unwrap()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

fn root() -> Span {
    Span::new(ROOT, None, "http.server", "GET /")
}

#[tokio::test]
async fn late_spans_are_found_by_a_later_poll() {
    let mut asking = Asking::start(RISING).await;
    asking.api.store(TRACE, &[&[], &[root()]]);
    let told = now();
    assert!(asking.poller.arrived(id(TRACE), told));
    let first = asking.event().await;
    assert_eq!((first.trace_id, first.outcome.unwrap().spans.len()), (id(TRACE), 0));
    assert!(first.asked_unix_nano >= told + 20_000_000, "not before its time");
    assert!(first.next_ask_unix_nano.is_some());
    assert_eq!(asking.spans().await, (id(TRACE), 1));
    let asked = asking.api.asked();
    assert!(
        asked.iter().all(|asked| asked.authorization == format!("Bearer {TOKEN}")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn last_poll_is_marked_as_the_last() {
    let mut asking = Asking::start("0.02").await;
    assert!(asking.poller.arrived(id(TRACE), now()));
    assert_eq!(asking.event().await.next_ask_unix_nano, None);
}

#[tokio::test]
async fn selecting_an_old_trace_polls_it() {
    let mut asking = Asking::start(LATER).await;
    asking.api.store(TRACE, &[&[root()]]);
    assert!(asking.poller.arrived(id(OTHER), now()));
    asking.poller.select(Some((id(TRACE), 1)));
    assert_eq!(asking.spans().await, (id(TRACE), 1));
    assert_eq!(asking.api.asked().len(), 1, "the other is not due");
}

#[tokio::test]
async fn poll_requested_by_the_user_precedes_the_schedule() {
    let mut asking = Asking::start(LATER).await;
    asking.api.store(TRACE, &[&[root()]]);
    assert!(asking.poller.arrived(id(TRACE), now()));
    asking.poller.ask_now(id(TRACE));
    let event = asking.event().await;
    assert_eq!(event.outcome.unwrap().spans.len(), 1);
    assert!(event.next_ask_unix_nano.is_some(), "the plan stays");
}

#[tokio::test]
async fn rejected_token_stops_polling_until_requested() {
    let mut asking = Asking::start("0.02").await;
    asking.api.set_trouble(Trouble::Status(401));
    assert!(asking.poller.arrived(id(TRACE), now()));
    let event = asking.event().await;
    let said = event.outcome.unwrap_err();
    assert!(said.contains("SENTRY_AUTH_TOKEN") && !said.contains(TOKEN), "{said}");
    assert_eq!(event.next_ask_unix_nano, None);

    asking.api.set_trouble(None);
    asking.api.store(OTHER, &[&[root()]]);
    asking.poller.ask_now(id(OTHER));
    assert_eq!(asking.spans().await, (id(OTHER), 1));
    assert_eq!(asking.spans().await, (id(TRACE), 0), "then polling continues");
}

#[tokio::test]
async fn rate_limit_reports_the_next_poll() {
    let mut asking = Asking::start("0.02").await;
    asking
        .api
        .set_trouble(Trouble::RateLimited(vec![("retry-after", "600".to_owned())]));
    assert!(asking.poller.arrived(id(TRACE), now()));
    let event = asking.event().await;
    assert!(
        event.next_ask_unix_nano.unwrap() >= event.asked_unix_nano + 600_000_000_000,
        "{event:?}"
    );
}

#[tokio::test]
async fn hanging_request_ends_with_the_poller() {
    let mut asking = Asking::start("0.02").await;
    asking.api.set_trouble(Trouble::Hang);
    assert!(asking.poller.arrived(id(TRACE), now()));
    asking.api.wait_asked(1).await.unwrap();
    drop(asking.poller);
    let ended = tokio::time::timeout(DEADLINE, asking.events.recv()).await;
    assert_eq!(ended, Ok(None));
}

#[tokio::test]
async fn forgotten_trace_is_not_polled() {
    let mut asking = Asking::start("0.02").await;
    assert!(asking.poller.arrived(id(TRACE), now()));
    asking.poller.forget(id(TRACE));
    assert!(asking.poller.arrived(id(OTHER), now()));
    assert_eq!(asking.event().await.trace_id, id(OTHER));
    assert_eq!(asking.api.asked().len(), 1);
}

#[tokio::test]
async fn organization_without_a_token_is_not_polled() {
    let settings = Settings::from_lookup(|name| (name == "SENTRY_ORG").then(|| "acme".to_owned()));
    let asking = SentryPoller::connect(&settings.unwrap().unwrap()).unwrap();
    assert!(asking.is_none());
}

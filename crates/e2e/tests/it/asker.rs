//! The viewer's task that asks Sentry: told of traces, it asks as planned and says what it heard.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::DEADLINE;
use e2e::sentry_api::{SentryApi, Span, TOKEN, Trouble};
use sentry_api::{Client, Delays, Settings};
use spanfall::asker::{Asker, AskerEvent};
use tokio::sync::mpsc;
use trace_model::TraceId;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "1af7651916cd43dd8448eb211c80319c";
const ROOT: &str = "b7ad6b7169203331";

/// However busy the machine is, one of them is still to come.
const RISING: &str = "0.02,0.3,1,3,10,30,100";
/// Never, as far as a test goes.
const LATER: &str = "3600";

struct Asking {
    api: SentryApi,
    asker: Asker,
    events: mpsc::Receiver<AskerEvent>,
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
        let (asker, events) = Asker::start(client, delays);
        Self { api, asker, events }
    }

    async fn event(&mut self) -> AskerEvent {
        let waited = tokio::time::timeout(DEADLINE, self.events.recv()).await;
        waited.unwrap().unwrap()
    }

    /// How many spans Sentry has of which trace.
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
async fn spans_that_come_late_are_found_by_a_later_question() {
    let mut asking = Asking::start(RISING).await;
    asking.api.store(TRACE, &[&[], &[root()]]);
    let told = now();
    assert!(asking.asker.arrived(id(TRACE), told));
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
async fn the_last_question_says_that_it_is_the_last() {
    let mut asking = Asking::start("0.02").await;
    assert!(asking.asker.arrived(id(TRACE), now()));
    assert_eq!(asking.event().await.next_ask_unix_nano, None);
}

#[tokio::test]
async fn a_trace_of_yesterday_is_asked_for_when_it_is_selected() {
    let mut asking = Asking::start(LATER).await;
    asking.api.store(TRACE, &[&[root()]]);
    assert!(asking.asker.arrived(id(OTHER), now()));
    asking.asker.select(Some((id(TRACE), 1)));
    assert_eq!(asking.spans().await, (id(TRACE), 1));
    assert_eq!(asking.api.asked().len(), 1, "the other is not due");
}

#[tokio::test]
async fn somebody_who_asks_gets_an_answer_before_the_time() {
    let mut asking = Asking::start(LATER).await;
    asking.api.store(TRACE, &[&[root()]]);
    assert!(asking.asker.arrived(id(TRACE), now()));
    asking.asker.ask_now(id(TRACE));
    let event = asking.event().await;
    assert_eq!(event.outcome.unwrap().spans.len(), 1);
    assert!(event.next_ask_unix_nano.is_some(), "the plan stays");
}

#[tokio::test]
async fn a_refused_token_is_said_and_ends_it_until_somebody_asks() {
    let mut asking = Asking::start("0.02").await;
    asking.api.set_trouble(Trouble::Status(401));
    assert!(asking.asker.arrived(id(TRACE), now()));
    let event = asking.event().await;
    let said = event.outcome.unwrap_err();
    assert!(said.contains("SENTRY_AUTH_TOKEN") && !said.contains(TOKEN), "{said}");
    assert_eq!(event.next_ask_unix_nano, None);

    asking.api.set_trouble(None);
    asking.api.store(OTHER, &[&[root()]]);
    asking.asker.ask_now(id(OTHER));
    assert_eq!(asking.spans().await, (id(OTHER), 1));
    assert_eq!(asking.spans().await, (id(TRACE), 0), "then it goes on by itself");
}

#[tokio::test]
async fn a_rate_limit_says_when_it_goes_on() {
    let mut asking = Asking::start("0.02").await;
    asking
        .api
        .set_trouble(Trouble::RateLimited(vec![("retry-after", "600".to_owned())]));
    assert!(asking.asker.arrived(id(TRACE), now()));
    let event = asking.event().await;
    assert!(
        event.next_ask_unix_nano.unwrap() >= event.asked_unix_nano + 600_000_000_000,
        "{event:?}"
    );
}

#[tokio::test]
async fn a_request_without_end_does_not_outlive_it() {
    let mut asking = Asking::start("0.02").await;
    asking.api.set_trouble(Trouble::Hang);
    assert!(asking.asker.arrived(id(TRACE), now()));
    asking.api.wait_asked(1).await.unwrap();
    drop(asking.asker);
    let ended = tokio::time::timeout(DEADLINE, asking.events.recv()).await;
    assert_eq!(ended, Ok(None));
}

#[tokio::test]
async fn what_is_forgotten_is_not_asked_for() {
    let mut asking = Asking::start("0.02").await;
    assert!(asking.asker.arrived(id(TRACE), now()));
    asking.asker.forget(id(TRACE));
    assert!(asking.asker.arrived(id(OTHER), now()));
    assert_eq!(asking.event().await.trace_id, id(OTHER));
    assert_eq!(asking.api.asked().len(), 1);
}

#[tokio::test]
async fn an_organization_without_a_token_is_not_asked() {
    let settings = Settings::from_lookup(|name| (name == "SENTRY_ORG").then(|| "acme".to_owned()));
    let asking = Asker::connect(&settings.unwrap().unwrap()).unwrap();
    assert!(asking.is_none());
}

//! A substitute for Sentry's HTTP API of traces, which follows the documentation and source of the real one.
//!
//! `GET /api/0/organizations/{org}/trace/{trace_id}/` (and `events-trace`, as an old Sentry): a list of nested spans, the headers
//! of rate limits and paging, a `detail` for rejected requests, and an empty body for unknown paths.

mod answer;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{DEADLINE, Error};

/// A token with the scope `org:read`.
pub const TOKEN: &str = "sntryu_5ecre7";
/// The only organization.
pub const ORGANIZATION: &str = "acme";

/// A failure of all later requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This status, with Sentry's body for it.
    Status(u16),
    /// Status 429 with these headers.
    RateLimited(Vec<(&'static str, String)>),
    /// A redirect to this URL.
    Redirect(String),
    /// This body, with status 200.
    Body(String),
    /// A body that never ends.
    Endless,
    /// A body that breaks off.
    Cut,
    /// No response.
    Hang,
}

/// Paging of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// This many outermost items per page.
    Pages(usize),
    /// The same next page forever, as the real one does with 101 items.
    Ignored,
}

/// A stored span.
#[derive(Clone, Debug)]
pub struct Span {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// Its parent; if that is not stored, the span is among the outermost.
    pub parent_span_id: Option<String>,
    /// Operation such as `http.server`.
    pub op: String,
    /// Description.
    pub description: String,
    /// Titles of errors in the span.
    pub errors: Vec<String>,
}

impl Span {
    /// Creates a span without errors.
    #[must_use]
    pub fn new(span_id: &str, parent_span_id: Option<&str>, op: &str, description: &str) -> Self {
        Self {
            span_id: span_id.to_owned(),
            parent_span_id: parent_span_id.map(str::to_owned),
            op: op.to_owned(),
            description: description.to_owned(),
            errors: Vec::new(),
        }
    }

    /// Adds an error to the span.
    #[must_use]
    pub fn with_error(mut self, title: &str) -> Self {
        self.errors.push(title.to_owned());
        self
    }
}

/// A received request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// Path and query.
    pub path: String,
    /// The `Authorization` header; empty without one.
    pub authorization: String,
}

/// The server.
#[derive(Clone, Debug)]
pub struct SentryApi {
    address: SocketAddr,
    behavior: Arc<watch::Sender<Behavior>>,
    asked: Arc<watch::Sender<Vec<ReceivedRequest>>>,
}

/// Configured responses.
#[derive(Clone, Debug)]
struct Behavior {
    /// By trace id: the data at the first request, the second, …; and the number of requests.
    traces: HashMap<String, (Vec<Value>, usize)>,
    trouble: Option<Trouble>,
    paging: Paging,
    old: bool,
}

impl SentryApi {
    /// Listens on a free port as long as the runtime runs.
    ///
    /// # Errors
    /// The port cannot be bound.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let api = Self {
            address: listener.local_addr()?,
            behavior: Arc::new(watch::Sender::new(Behavior {
                traces: HashMap::new(),
                trouble: None,
                paging: Paging::Pages(100),
                old: false,
            })),
            asked: Arc::new(watch::Sender::new(Vec::new())),
        };
        let app = Router::new()
            .route("/api/0/organizations/{organization}/{endpoint}/{trace_id}/", get(trace))
            .fallback(unknown)
            .with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(api)
    }

    /// Returns its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the value of `SENTRY_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the variables that configure this server, with a valid token.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("SENTRY_URL", self.url()),
            ("SENTRY_ORG", ORGANIZATION.to_owned()),
            ("SENTRY_AUTH_TOKEN", TOKEN.to_owned()),
        ]
    }

    /// Stores spans of a trace: the data at the first request, the second, and so on; the last one stays. A trace without data is
    /// an empty list.
    pub fn store(&self, trace_id: &str, answers: &[&[Span]]) {
        let answers = answers.iter().map(|spans| answer::nested(spans)).collect();
        self.store_raw(trace_id, answers);
    }

    /// Like [`Self::store`], with raw responses.
    pub fn store_raw(&self, trace_id: &str, answers: Vec<Value>) {
        self.behavior.send_modify(|behavior| {
            behavior.traces.insert(trace_id.to_owned(), (answers, 0));
        });
    }

    /// Sets the failure of later requests; `None` for success.
    pub fn set_trouble(&self, trouble: impl Into<Option<Trouble>>) {
        let trouble = trouble.into();
        self.behavior.send_modify(|behavior| behavior.trouble = trouble);
    }

    /// Sets the paging; the default is 100 items per page.
    pub fn set_paging(&self, paging: Paging) {
        self.behavior.send_modify(|behavior| behavior.paging = paging);
    }

    /// Behaves like Sentry before 2025, which has only `events-trace`. Data is returned as stored.
    pub fn play_old(&self) {
        self.behavior.send_modify(|behavior| behavior.old = true);
    }

    /// Returns the requests received so far.
    #[must_use]
    pub fn asked(&self) -> Vec<ReceivedRequest> {
        self.asked.borrow().clone()
    }

    /// Waits for this many requests.
    ///
    /// # Errors
    /// The deadline passed.
    pub async fn wait_asked(&self, requests: usize) -> Result<(), Error> {
        let mut asked = self.asked.subscribe();
        let waited = tokio::time::timeout(DEADLINE, asked.wait_for(|asked| asked.len() >= requests)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ => Err(format!("received only these requests: {:?}", self.asked()).into()),
        }
    }

    fn note(&self, request: &Request) -> ReceivedRequest {
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let asked = ReceivedRequest {
            path: request.uri().to_string(),
            authorization: authorization.unwrap_or_default().to_owned(),
        };
        self.asked.send_modify(|all| all.push(asked.clone()));
        asked
    }

    /// Returns the current data. A first page starts a response; the next ones belong to it.
    fn stored(&self, trace_id: &str, first_page: bool) -> Value {
        let mut stored = json!([]);
        self.behavior.send_modify(|behavior| {
            let Some((answers, asked)) = behavior.traces.get_mut(trace_id) else {
                return;
            };
            *asked += usize::from(first_page);
            let answer = answers.get(asked.saturating_sub(1)).or(answers.last());
            stored = answer.cloned().unwrap_or(stored.take());
        });
        stored
    }
}

/// Sentry's response to unknown paths.
async fn unknown(State(api): State<SentryApi>, request: Request) -> Response {
    api.note(&request);
    answer::empty(404)
}

async fn trace(
    State(api): State<SentryApi>,
    Path((organization, endpoint, trace_id)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let asked = api.note(&request);
    let behavior = api.behavior.borrow().clone();
    if let Some(trouble) = behavior.trouble {
        return answer::trouble(trouble).await;
    }
    if endpoint != if behavior.old { "events-trace" } else { "trace" } {
        return answer::empty(404);
    }
    if asked.authorization.is_empty() {
        return answer::detail(401, "Authentication credentials were not provided.");
    }
    if asked.authorization != format!("Bearer {TOKEN}") {
        return answer::detail(401, "Invalid token");
    }
    if organization != ORGANIZATION {
        return answer::detail(404, "The requested resource does not exist");
    }
    let query = request.uri().query().unwrap_or_default();
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="));
    // The colons of a cursor are percent-encoded.
    let offset = cursor.and_then(|cursor| cursor.replace("%3A", ":").split(':').nth(1)?.parse().ok());
    let stored = api.stored(&trace_id, offset.is_none());
    let url = format!("{}{}", api.url(), request.uri().path());
    answer::page(stored, behavior.paging, offset.unwrap_or(0), &url)
}

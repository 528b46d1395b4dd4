//! A stand-in for Sentry's HTTP API, as far as traces go: it answers as the documentation and the source of the real one say.
//!
//! `GET /api/0/organizations/{org}/trace/{trace_id}/` (and `events-trace`, when it plays an old Sentry): a list of nested spans, the
//! headers of the rate limit and of paging, a `detail` for what it refuses, and an empty body for what it does not know.

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
/// The one organization there is.
pub const ORGANIZATION: &str = "acme";

/// What is wrong with the API, for all requests from then on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// This status, with the body that Sentry gives it.
    Status(u16),
    /// Too many requests: with these headers.
    RateLimited(Vec<(&'static str, String)>),
    /// It lies elsewhere.
    Redirect(String),
    /// This body, with status 200.
    Body(String),
    /// A body that does not end.
    Endless,
    /// A body that breaks off.
    Cut,
    /// No answer at all.
    Hang,
}

/// How it pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    /// So many of the outermost items on a page.
    Pages(usize),
    /// It offers a next page for ever, and that is the same one: what the real one does when it has a hundred and one items.
    Ignored,
}

/// One span that is stored.
#[derive(Clone, Debug)]
pub struct Span {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The span above it; when that is not stored, this one is among the outermost.
    pub parent_span_id: Option<String>,
    /// As in `http.server`.
    pub op: String,
    /// What it is called.
    pub description: String,
    /// Titles of errors in it.
    pub errors: Vec<String>,
}

impl Span {
    /// A span without errors.
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

    /// The same with an error in it.
    #[must_use]
    pub fn with_error(mut self, title: &str) -> Self {
        self.errors.push(title.to_owned());
        self
    }
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// The `Authorization` header; empty without one.
    pub authorization: String,
}

/// The stand-in.
#[derive(Clone, Debug)]
pub struct SentryApi {
    address: SocketAddr,
    behaviour: Arc<watch::Sender<Behaviour>>,
    asked: Arc<watch::Sender<Vec<Asked>>>,
}

/// What it answers.
#[derive(Clone, Debug)]
struct Behaviour {
    /// By trace id: what is stored when it is asked for the first time, the second time, …; and how often it was.
    traces: HashMap<String, (Vec<Value>, usize)>,
    trouble: Option<Trouble>,
    paging: Paging,
    old: bool,
}

impl SentryApi {
    /// Listens on a free port, for as long as the runtime runs.
    ///
    /// # Errors
    /// It cannot listen.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let api = Self {
            address: listener.local_addr()?,
            behaviour: Arc::new(watch::Sender::new(Behaviour {
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

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `SENTRY_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The variables that lead here, with a token that is taken.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("SENTRY_URL", self.url()),
            ("SENTRY_ORG", ORGANIZATION.to_owned()),
            ("SENTRY_AUTH_TOKEN", TOKEN.to_owned()),
        ]
    }

    /// Stores spans of a trace: what it says when it is asked for it the first time, the second time, and so on; the last answer stays.
    /// A trace of which nothing is stored is an empty list.
    pub fn store(&self, trace_id: &str, answers: &[&[Span]]) {
        let answers = answers.iter().map(|spans| answer::nested(spans)).collect();
        self.store_raw(trace_id, answers);
    }

    /// The same with answers as they are.
    pub fn store_raw(&self, trace_id: &str, answers: Vec<Value>) {
        self.behaviour.send_modify(|behaviour| {
            behaviour.traces.insert(trace_id.to_owned(), (answers, 0));
        });
    }

    /// Lets something be wrong from now on, or all be well again.
    pub fn set_trouble(&self, trouble: impl Into<Option<Trouble>>) {
        let trouble = trouble.into();
        self.behaviour.send_modify(|behaviour| behaviour.trouble = trouble);
    }

    /// Pages in another way; at first a page has a hundred items.
    pub fn set_paging(&self, paging: Paging) {
        self.behaviour.send_modify(|behaviour| behaviour.paging = paging);
    }

    /// Plays a Sentry of before 2025, which has `events-trace` alone. What is stored is answered as it is.
    pub fn play_old(&self) {
        self.behaviour.send_modify(|behaviour| behaviour.old = true);
    }

    /// The requests that came so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.borrow().clone()
    }

    /// Waits until so many requests came.
    ///
    /// # Errors
    /// They do not within the deadline.
    pub async fn wait_asked(&self, requests: usize) -> Result<(), Error> {
        let mut asked = self.asked.subscribe();
        let waited = tokio::time::timeout(DEADLINE, asked.wait_for(|asked| asked.len() >= requests)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ => Err(format!("it was asked for these alone: {:?}", self.asked()).into()),
        }
    }

    fn note(&self, request: &Request) -> Asked {
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let asked = Asked {
            path: request.uri().to_string(),
            authorization: authorization.unwrap_or_default().to_owned(),
        };
        self.asked.send_modify(|all| all.push(asked.clone()));
        asked
    }

    /// What is stored by now. A first page begins an answer; the next ones belong to the same.
    fn stored(&self, trace_id: &str, first_page: bool) -> Value {
        let mut stored = json!([]);
        self.behaviour.send_modify(|behaviour| {
            let Some((answers, asked)) = behaviour.traces.get_mut(trace_id) else {
                return;
            };
            *asked += usize::from(first_page);
            let answer = answers.get(asked.saturating_sub(1)).or(answers.last());
            stored = answer.cloned().unwrap_or(stored.take());
        });
        stored
    }
}

/// Sentry's way for all paths that it does not know.
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
    let behaviour = api.behaviour.borrow().clone();
    if let Some(trouble) = behaviour.trouble {
        return answer::trouble(trouble).await;
    }
    if endpoint != if behaviour.old { "events-trace" } else { "trace" } {
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
    // The colons of a cursor come escaped.
    let offset = cursor.and_then(|cursor| cursor.replace("%3A", ":").split(':').nth(1)?.parse().ok());
    let stored = api.stored(&trace_id, offset.is_none());
    let url = format!("{}{}", api.url(), request.uri().path());
    answer::page(stored, behaviour.paging, offset.unwrap_or(0), &url)
}

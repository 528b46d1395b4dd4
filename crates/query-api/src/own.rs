//! The viewer's own API: what the commands call and no more.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use query::{Evaluation, Found, Listeners, Part, Request, Search, Show, jaeger};
use serde::Serialize;
use tokio::sync::Semaphore;
use trace_model::{Clock, Filter, Records};

use crate::identity::Nonce;
use crate::jaeger::now_unix_nano;
use crate::queue::{Ended, QuerySender};

/// Traces of an answer without `limit`.
const LIMIT_DEFAULT: usize = 20;
/// Traces of an answer at most.
const LIMIT_MAX: usize = 1_000;

/// Copies of traces at once: each may be as large as the store.
const COPIES_MAX: usize = 4;

#[derive(Clone)]
struct Own {
    queries: QuerySender,
    nonce: Option<Nonce>,
    copies: Arc<Semaphore>,
    listeners: Arc<dyn Fn() -> Listeners + Send + Sync>,
}

#[derive(Serialize)]
struct Traces {
    traces: Vec<Found>,
}

#[derive(Serialize)]
struct Failed {
    error: String,
}

pub(crate) fn routes(
    queries: QuerySender,
    nonce: Option<Nonce>,
    listeners: impl Fn() -> Listeners + Send + Sync + 'static,
) -> Router {
    Router::new()
        .route("/spanfall/v1/show/{list}", get(show))
        .route("/spanfall/v1/identity", get(identity))
        .route("/spanfall/v1/traces", get(traces))
        .route("/spanfall/v1/traces/{id}", get(trace))
        .route("/spanfall/v1/traces/{id}/cross-check", get(cross_check))
        .with_state(Own {
            queries,
            nonce,
            copies: Arc::new(Semaphore::new(COPIES_MAX)),
            listeners: Arc::new(listeners),
        })
}

#[derive(Serialize)]
struct Identity {
    name: &'static str,
    version: &'static str,
    proof: String,
}

async fn identity(State(own): State<Own>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let challenge = values(query.as_deref(), "challenge").next().unwrap_or_default();
    let proof = own.nonce.and_then(|nonce| nonce.proof(&challenge));
    let identity = Identity {
        name: "spanfall",
        version: env!("CARGO_PKG_VERSION"),
        proof: proof.unwrap_or_default(),
    };
    Ok(json(StatusCode::OK, &identity))
}

async fn traces(State(own): State<Own>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let request = Request::Found(Box::new(search(query.as_deref(), Records::Spans)?));
    let (_, part) = own.queries.ask(Evaluation::new(request)).await?;
    let Some(Part::Found(traces)) = part else {
        return Err(Problem::Ended);
    };
    Ok(json(StatusCode::OK, &Traces { traces }))
}

async fn show(State(own): State<Own>, Path(list): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let request = match Show::ALL.into_iter().find(|show| show.name() == list) {
        Some(show) => Request::Show(show, Box::new(search(query.as_deref(), show.records())?)),
        None if list == "ingest" => Request::Ingest(Box::new((own.listeners)())),
        None => {
            return Err(Problem::Invalid(
                "unknown list: use logs, errors, operations, map, warnings or ingest".to_owned(),
            ));
        }
    };
    match own.queries.ask(Evaluation::new(request)).await?.1 {
        Some(Part::Shown(shown)) => Ok(json(StatusCode::OK, &shown)),
        Some(Part::Ingest(ingest)) => Ok(json(StatusCode::OK, &ingest)),
        _ => Err(Problem::Ended),
    }
}

fn search(query: Option<&str>, records: Records) -> Result<Search, Problem> {
    let first = |name| values(query, name).next().filter(|value| !value.is_empty());
    let number = |name: &'static str| match first(name).map(|text| text.parse::<u64>()) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(Problem::Invalid(format!("{name}: not a number"))),
    };
    let limit = match number("limit")?.map(usize::try_from) {
        None => LIMIT_DEFAULT,
        Some(Ok(limit @ 1..=LIMIT_MAX)) => limit,
        Some(_) => return Err(Problem::Invalid(format!("limit: not between 1 and {LIMIT_MAX}"))),
    };
    let clock = Clock::in_local_zone(now_unix_nano());
    let filter = Filter::parse_for(&first("filter").unwrap_or_default(), records, &clock);
    Ok(Search {
        filter: filter.map_err(|error| Problem::Invalid(format!("filter: {error}")))?,
        start: number("since_unix_nano")?.unwrap_or(0)..=u64::MAX,
        ..Search::all(limit)
    })
}

async fn cross_check(State(own): State<Own>, Path(id): Path<String>) -> Result<Response, Problem> {
    let trace_id = jaeger::trace_id(&id).map_err(|error| Problem::Invalid(error.to_string()))?;
    let request = Request::CrossCheck(trace_id.ok_or(Problem::NotFound)?);
    match own.queries.ask(Evaluation::new(request)).await?.1 {
        Some(Part::CrossCheck(cross_check)) => Ok(json(StatusCode::OK, &cross_check)),
        _ => Err(Problem::NotFound),
    }
}

async fn trace(State(own): State<Own>, Path(id): Path<String>) -> Result<Response, Problem> {
    let trace_id = match id.as_str() {
        "last" => None,
        id => match jaeger::trace_id(id) {
            Ok(Some(trace_id)) => Some(trace_id),
            Ok(None) => return Err(Problem::NotFound),
            Err(error) => return Err(Problem::Invalid(error.to_string())),
        },
    };
    let permit = own.copies.acquire_owned().await.map_err(|_| Problem::Ended)?;
    let (_, part) = own.queries.ask(Evaluation::new(Request::Whole(trace_id))).await?;
    let Some(Part::Whole(whole)) = part else {
        return Err(Problem::NotFound);
    };
    let state = (whole, permit, 0);
    let lines = Body::from_stream(stream::unfold(state, |(whole, permit, at)| async move {
        Some((
            Ok::<_, Infallible>(Bytes::from(whole.get(at)?.line())),
            (whole, permit, at + 1),
        ))
    }));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], query::json(value)).into_response()
}

/// The values of a name in a query string.
pub(crate) fn values<'a>(query: Option<&'a str>, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(move |(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Reason for the lack of an answer.
pub(crate) enum Problem {
    Invalid(String),
    NotFound,
    /// The request changes something, and a page may have sent it.
    Denied(String),
    /// It cannot be done now.
    Conflict(String),
    /// The greatest number of streams is open.
    Busy,
    Ended,
}

impl From<Ended> for Problem {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Invalid(error) => (StatusCode::BAD_REQUEST, error),
            Self::Denied(error) => (StatusCode::FORBIDDEN, error),
            Self::Conflict(error) => (StatusCode::CONFLICT, error),
            Self::NotFound => (StatusCode::NOT_FOUND, jaeger::NOT_FOUND.to_owned()),
            Self::Busy => {
                let failed = Failed {
                    error: "too many streams: retry".to_owned(),
                };
                let answer = json(StatusCode::SERVICE_UNAVAILABLE, &failed);
                return ([(RETRY_AFTER, "5")], answer).into_response();
            }
            Self::Ended => (StatusCode::SERVICE_UNAVAILABLE, "the viewer is ending".to_owned()),
        };
        json(status, &Failed { error })
    }
}

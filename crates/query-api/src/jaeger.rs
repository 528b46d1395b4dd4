//! Routes of Jaeger's query API.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use query::jaeger::{self, ParamError, Params};
use query::{Evaluation, Part, Request};

use crate::body;
use crate::queue::{Ended, QuerySender};

const JSON: [(http::HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];

pub(crate) fn routes(queries: QuerySender) -> Router {
    Router::new()
        .route("/api/services", get(services))
        .route("/api/services/{service}/operations", get(operation_names))
        .route("/api/operations", get(operations))
        .route("/api/traces", get(search))
        .route("/api/traces/{id}", get(trace))
        .route("/api/dependencies", get(dependencies))
        .with_state(queries)
}

/// The answer to more requests than there may be at once.
pub(crate) fn overloaded() -> Response {
    let problem = error(StatusCode::SERVICE_UNAVAILABLE, "too many queries: retry");
    ([(RETRY_AFTER, "1")], problem).into_response()
}

async fn services(State(queries): State<QuerySender>) -> Result<Response, Problem> {
    one(&queries, Request::Services, jaeger::services).await
}

async fn operation_names(State(queries): State<QuerySender>, Path(service): Path<String>) -> Result<Response, Problem> {
    one(&queries, Params::operations_of(&service), jaeger::operation_names).await
}

async fn operations(State(queries): State<QuerySender>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    one(&queries, params(query).operations()?, jaeger::operations).await
}

async fn dependencies(State(queries): State<QuerySender>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let params = params(query);
    let request = params.dependencies(now_unix_nano())?;
    one(&queries, request, |part| jaeger::dependencies(part, params.service())).await
}

async fn search(State(queries): State<QuerySender>, RawQuery(query): RawQuery) -> Result<Response, Problem> {
    let request = params(query).search(now_unix_nano())?;
    let (evaluation, part) = queries.ask(Evaluation::new(request)).await?;
    Ok((JSON, body::traces(queries, evaluation, part)).into_response())
}

async fn trace(State(queries): State<QuerySender>, Path(id): Path<String>) -> Result<Response, Problem> {
    let trace_id = jaeger::trace_id(&id)?.ok_or(Problem::NotFound)?;
    let (evaluation, part) = queries.ask(Evaluation::new(Request::Traces(vec![trace_id]))).await?;
    match part {
        Some(Part::Missing(_)) => Err(Problem::NotFound),
        part => Ok((JSON, body::traces(queries, evaluation, part)).into_response()),
    }
}

/// Answers a request that has one part.
async fn one(queries: &QuerySender, request: Request, format: impl FnOnce(&Part) -> Vec<u8>) -> Result<Response, Problem> {
    let (_, part) = queries.ask(Evaluation::new(request)).await?;
    let body = part.as_ref().map(format).unwrap_or_default();
    Ok((JSON, Body::from(body)).into_response())
}

fn params(query: Option<String>) -> Params {
    let query = query.unwrap_or_default();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    Params::new(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())))
}

pub(crate) fn now_unix_nano() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Reason for the lack of an answer.
enum Problem {
    Param(ParamError),
    NotFound,
    Ended,
}

impl From<ParamError> for Problem {
    fn from(error: ParamError) -> Self {
        Self::Param(error)
    }
}

impl From<Ended> for Problem {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Param(param) => error(StatusCode::BAD_REQUEST, &param.to_string()),
            Self::NotFound => error(StatusCode::NOT_FOUND, jaeger::NOT_FOUND),
            Self::Ended => error(StatusCode::SERVICE_UNAVAILABLE, "the viewer is ending"),
        }
    }
}

/// As Go's `http.Error` writes it: text, although it is JSON.
fn error(status: StatusCode, message: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, jaeger::error(status.as_u16(), message)).into_response()
}

//! Responses, including their headers.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, LINK, LOCATION};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio_stream::StreamExt;

use super::{Paging, Span, Trouble};

/// Nests spans in a list, written like the real one: children before the span's own members.
pub(super) fn nested(spans: &[Span]) -> Value {
    let mut below: HashMap<Option<&str>, Vec<&Span>> = HashMap::new();
    for span in spans {
        let parent = span.parent_span_id.as_deref();
        let parent = parent.filter(|parent| spans.iter().any(|span| span.span_id == *parent));
        below.entry(parent).or_default().push(span);
    }
    children(&below, None)
}

fn children(below: &HashMap<Option<&str>, Vec<&Span>>, parent: Option<&str>) -> Value {
    let spans = below.get(&parent).into_iter().flatten();
    spans
        .map(|span| of_span(span, &children(below, Some(&span.span_id))))
        .collect()
}

fn of_span(span: &Span, children: &Value) -> Value {
    let errors = span.errors.iter().enumerate().map(|(number, title)| {
        json!({
            "event_id": format!("{:0>30}{number:02x}", span.span_id), "event_type": "error", "description": title, "level": "error",
            "project_id": 1, "project_slug": "api", "start_timestamp": 1.0, "transaction": "", "issue_id": 7, "culprit": null,
            "short_id": "API-7", "issue_type": "error",
        })
    });
    json!({
        "children": children, "errors": errors.collect::<Vec<_>>(), "occurrences": [],
        "event_id": span.span_id, "event_type": "span", "transaction_id": "280027d94f30428c83a2de46f932612a",
        "project_id": 1, "project_slug": "api", "profile_id": "", "profiler_id": "", "parent_span_id": span.parent_span_id,
        "start_timestamp": "2026-04-15T18:22:31.000000Z", "end_timestamp": "2026-04-15T18:22:31.250000Z", "duration": 250.0,
        "measurements": {}, "transaction": "GET /", "is_transaction": span.parent_span_id.is_none(),
        "description": span.description, "sdk_name": "sentry.rust", "op": span.op, "name": span.op, "additional_attributes": {},
    })
}

/// Returns one page of the outermost items, and the links to its neighbors. Data other than a list has no pages.
pub(super) fn page(stored: Value, paging: Paging, offset: usize, url: &str) -> Response {
    let Value::Array(items) = stored else {
        return Json(stored).into_response();
    };
    let (size, offset) = match paging {
        Paging::Pages(size) => (size, offset),
        Paging::Ignored => (items.len(), 0),
    };
    let end = offset.saturating_add(size).min(items.len());
    let more = paging == Paging::Ignored || end < items.len();
    let link = |name: &str, results: bool, cursor: String| {
        format!(r#"<{url}?&cursor={cursor}>; rel="{name}"; results="{results}"; cursor="{cursor}""#)
    };
    let links = [
        link("previous", offset > 0, format!("0:{}:1", offset.saturating_sub(size))),
        link("next", more, format!("0:{}:0", offset + size)),
    ];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let headers = [
        (LINK, links.join(", ")),
        (HeaderName::from_static("x-sentry-rate-limit-limit"), "40".to_owned()),
        (HeaderName::from_static("x-sentry-rate-limit-remaining"), "39".to_owned()),
        (HeaderName::from_static("x-sentry-rate-limit-reset"), (now + 1).to_string()),
    ];
    let items = items.get(offset..end).unwrap_or_default().to_vec();
    (headers, Json(Value::Array(items))).into_response()
}

pub(super) fn empty(status: u16) -> Response {
    StatusCode::from_u16(status).unwrap_or_default().into_response()
}

pub(super) fn detail(status: u16, detail: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or_default();
    (status, Json(json!({ "detail": detail }))).into_response()
}

pub(super) async fn trouble(trouble: Trouble) -> Response {
    match trouble {
        Trouble::Status(401) => detail(401, "Invalid token"),
        Trouble::Status(403) => detail(403, "You do not have permission to perform this action."),
        Trouble::Status(status @ 500..) => detail(status, "Internal Error"),
        Trouble::Status(status) => empty(status),
        Trouble::RateLimited(headers) => {
            let mut answer = detail(429, "You are attempting to use this endpoint too frequently.");
            for (name, value) in headers {
                if let Ok(value) = value.parse() {
                    answer.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            answer
        }
        Trouble::Redirect(address) => (StatusCode::FOUND, [(LOCATION, address)]).into_response(),
        Trouble::Body(body) => body.into_response(),
        Trouble::Endless => {
            let chunk = Bytes::from(vec![b' '; 65536]);
            let chunks = tokio_stream::iter(std::iter::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone())));
            Body::from_stream(chunks).into_response()
        }
        Trouble::Cut => {
            let start = tokio_stream::once(Ok(Bytes::from_static(b"[")));
            let broken = tokio_stream::once(Err(std::io::Error::other("cut")));
            ([(CONTENT_LENGTH, "1000")], Body::from_stream(start.chain(broken))).into_response()
        }
        Trouble::Hang => std::future::pending().await,
    }
}

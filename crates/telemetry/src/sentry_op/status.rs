//! The span status in Sentry's terms, derived from the HTTP status by the table of Sentry's SDKs.
//!
//! Source: [Span status](https://develop.sentry.dev/sdk/telemetry/traces/opentelemetry/#span-status). The span processor knows two
//! statuses: `ok` and, for a failure, one derived from the description.

use std::collections::BTreeMap;

use sentry::protocol::{Context, SpanStatus, Transaction, Value};

/// Derives the status of a transaction and of its spans.
pub(super) fn derive(transaction: &mut Transaction<'_>) {
    let mut answered = None;
    if let Some(Context::Trace(trace)) = transaction.contexts.get_mut("trace") {
        answered = of_http(&trace.data);
        trace.status = answered.or(trace.status);
    }
    let rejected = answered.filter(|status| *status != SpanStatus::Ok);
    for span in &mut transaction.spans {
        if let Some(status) = of_http(&span.data) {
            span.status = Some(status);
        } else if let (Some(SpanStatus::UnknownError | SpanStatus::InternalError), Some(rejected)) = (span.status, rejected) {
            // A failed child is the reason for the rejection, so it is not an internal error either.
            span.status = Some(rejected);
        }
    }
}

fn of_http(data: &BTreeMap<String, Value>) -> Option<SpanStatus> {
    let status = ["http.response.status_code", "http.status_code"]
        .into_iter()
        .find_map(|key| data.get(key))?;
    let status = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    Some(match status {
        100..=399 => SpanStatus::Ok,
        401 => SpanStatus::Unauthenticated,
        403 => SpanStatus::PermissionDenied,
        404 => SpanStatus::NotFound,
        409 => SpanStatus::AlreadyExists,
        413 => SpanStatus::FailedPrecondition,
        429 => SpanStatus::ResourceExhausted,
        499 => SpanStatus::Cancelled,
        400..=498 => SpanStatus::InvalidArgument,
        501 => SpanStatus::Unimplemented,
        503 => SpanStatus::Unavailable,
        504 => SpanStatus::DeadlineExceeded,
        500..=599 => SpanStatus::InternalError,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use sentry::protocol::{Span, TraceContext};

    use super::*;

    fn data(status: u64) -> BTreeMap<String, Value> {
        [("http.response.status_code".to_owned(), status.into())].into()
    }

    fn derived(answer: u64, inside: SpanStatus) -> (Option<SpanStatus>, Option<SpanStatus>) {
        let trace = TraceContext {
            status: Some(SpanStatus::Ok),
            data: data(answer),
            ..TraceContext::default()
        };
        let mut transaction = Transaction {
            contexts: [("trace".to_owned(), trace.into())].into(),
            spans: vec![Span {
                status: Some(inside),
                ..Span::default()
            }],
            ..Transaction::default()
        };
        derive(&mut transaction);
        let Some(Context::Trace(trace)) = transaction.contexts.get("trace") else {
            panic!("no trace")
        };
        (trace.status, transaction.spans[0].status)
    }

    #[test]
    fn status_follows_the_http_status() {
        let invalid = Some(SpanStatus::InvalidArgument);
        assert_eq!(derived(400, SpanStatus::UnknownError), (invalid, invalid));
        assert_eq!(derived(400, SpanStatus::InternalError), (invalid, invalid));
        assert_eq!(derived(422, SpanStatus::Ok), (invalid, Some(SpanStatus::Ok)));
        let ok = Some(SpanStatus::Ok);
        assert_eq!(derived(200, SpanStatus::UnknownError), (ok, Some(SpanStatus::UnknownError)));
        assert_eq!(derived(503, SpanStatus::Ok), (Some(SpanStatus::Unavailable), ok));
        assert_eq!(of_http(&data(999)), None);
    }
}

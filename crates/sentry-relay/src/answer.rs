//! What an SDK is told.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use trace_model::sentry::Delivery;

use crate::attempt::Answered;
use crate::limit::{RATE_LIMITS, Stop};
use crate::outgoing::Receipt;

/// The answer for the SDK: Sentry's own where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Sentry's; 200 for what waits, 429 while a limit holds, 503 for what cannot even wait.
    pub status: StatusCode,
    /// Those of Sentry's headers that are for an SDK: the body's type and coding, `Retry-After`, `X-Sentry-Rate-Limits`,
    /// `X-Sentry-Error`.
    pub headers: HeaderMap,
    /// Sentry's, its first 64 KiB.
    pub body: Bytes,
    /// What became of it so far. [`Delivery::Waiting`] is followed by an [`Event`](crate::Event).
    pub delivery: Delivery,
}

impl Answer {
    pub(crate) fn of_sentry(answered: Answered, delivery: Delivery) -> Self {
        let Answered {
            status, headers, body, ..
        } = answered;
        Self {
            status,
            headers,
            body,
            delivery,
        }
    }

    /// As Sentry answers to what it took: nobody shall send it again.
    pub(crate) fn waiting(receipt: Receipt, problem: &str) -> Self {
        let Receipt { content_type, body } = receipt;
        Self {
            status: StatusCode::OK,
            headers: [(CONTENT_TYPE, content_type)].into_iter().collect(),
            body,
            delivery: Delivery::Waiting { problem: problem.into() },
        }
    }

    /// As Sentry answers while a limit holds.
    pub(crate) fn limited(stop: &Stop) -> Self {
        let reason = stop.reason();
        let body = serde_json::json!({ "detail": reason });
        let delivery = Delivery::RateLimited { reason: reason.into() };
        let mut answer = Self::own(StatusCode::TOO_MANY_REQUESTS, &body, delivery);
        answer.headers.insert(RETRY_AFTER, stop.retry_after().into());
        let limits = HeaderValue::try_from(stop.header()).ok();
        answer.headers.extend(limits.map(|limits| (RATE_LIMITS, limits)));
        answer
    }

    /// It is given up. An SDK discards what a 5xx answers, and counts it.
    pub(crate) fn lost(reason: &str) -> Self {
        let delivery = Delivery::Lost { reason: reason.into() };
        let body = serde_json::json!({ "detail": reason });
        Self::own(StatusCode::SERVICE_UNAVAILABLE, &body, delivery)
    }

    /// What this relay has sent itself.
    pub(crate) fn loops() -> Self {
        let reason = "the relay sends to itself";
        let status = StatusCode::LOOP_DETECTED;
        let delivery = Delivery::Refused {
            status: status.as_u16(),
            reason: reason.into(),
        };
        Self::own(status, &serde_json::json!({ "detail": reason }), delivery)
    }

    fn own(status: StatusCode, body: &serde_json::Value, delivery: Delivery) -> Self {
        Self {
            status,
            headers: [(CONTENT_TYPE, HeaderValue::from_static("application/json"))]
                .into_iter()
                .collect(),
            body: body.to_string().into(),
            delivery,
        }
    }
}

//! Responses to an SDK.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use trace_model::sentry::Delivery;

use crate::attempt::SentryResponse;
use crate::limit::{RATE_LIMITS, Stop};
use crate::outgoing::Receipt;

/// The response for the SDK: Sentry's own if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayResponse {
    /// Sentry's status; 200 for a buffered envelope, 429 while a rate limit applies, 503 for an envelope that could not be
    /// buffered.
    pub status: StatusCode,
    /// Those of Sentry's headers that are meant for an SDK: content type and encoding, `Retry-After`, `X-Sentry-Rate-Limits`,
    /// `X-Sentry-Error`.
    pub headers: HeaderMap,
    /// The first 64 KiB of Sentry's body.
    pub body: Bytes,
    /// State of the envelope when the response is sent. [`Delivery::Waiting`] is followed by an [`Event`](crate::Event).
    pub delivery: Delivery,
}

impl RelayResponse {
    pub(crate) fn of_sentry(answered: SentryResponse, delivery: Delivery) -> Self {
        let SentryResponse {
            status, headers, body, ..
        } = answered;
        Self {
            status,
            headers,
            body,
            delivery,
        }
    }

    /// Like Sentry's response to an accepted envelope, so that the SDK does not send it again.
    pub(crate) fn waiting(receipt: Receipt, problem: &str) -> Self {
        let Receipt { content_type, body } = receipt;
        Self {
            status: StatusCode::OK,
            headers: [(CONTENT_TYPE, content_type)].into_iter().collect(),
            body,
            delivery: Delivery::Waiting { problem: problem.into() },
        }
    }

    /// Like Sentry's response while a rate limit applies.
    pub(crate) fn limited(stop: &Stop) -> Self {
        let reason = stop.reason();
        let body = serde_json::json!({ "detail": reason });
        let delivery = Delivery::RateLimited { reason: reason.into() };
        let mut response = Self::local(StatusCode::TOO_MANY_REQUESTS, &body, delivery);
        response.headers.insert(RETRY_AFTER, stop.retry_after().into());
        let limits = HeaderValue::try_from(stop.header()).ok();
        response.headers.extend(limits.map(|limits| (RATE_LIMITS, limits)));
        response
    }

    /// The envelope is lost. An SDK discards an envelope answered with a 5xx, and counts it.
    pub(crate) fn lost(reason: &str) -> Self {
        let delivery = Delivery::Lost { reason: reason.into() };
        let body = serde_json::json!({ "detail": reason });
        Self::local(StatusCode::SERVICE_UNAVAILABLE, &body, delivery)
    }

    /// The response to a request that this relay itself has forwarded.
    pub(crate) fn loops() -> Self {
        let reason = "forwarding loop: the relay received its local request";
        let status = StatusCode::LOOP_DETECTED;
        let delivery = Delivery::Rejected {
            status: status.as_u16(),
            reason: reason.into(),
        };
        Self::local(status, &serde_json::json!({ "detail": reason }), delivery)
    }

    fn local(status: StatusCode, body: &serde_json::Value, delivery: Delivery) -> Self {
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

//! One attempt to forward a request to Sentry.

mod progress;

use std::error::Error;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, Response};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use trace_model::sentry::Delivery;

use crate::category::{Categories, Category};
use crate::limit::{self, Limit, RATE_LIMITS};
use crate::outgoing::Outgoing;
use crate::target::Target;
use progress::WatchedBody;

const ERROR: HeaderName = HeaderName::from_static("x-sentry-error");
/// Response headers that are passed back to the SDK.
const RETURNED_HEADERS: [HeaderName; 5] = [CONTENT_TYPE, CONTENT_ENCODING, RETRY_AFTER, RATE_LIMITS, ERROR];
/// Bytes of a response body that are read. Sentry's bodies have a few hundred.
const RESPONSE_BODY_MAX: usize = 64 * 1024;
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 200;

/// Creates the HTTP client for a target. It never follows a redirect: the key is for this host alone.
pub(crate) fn client(target: &Target) -> reqwest::Result<Client> {
    let builder = http_client::builder().redirect(Policy::none()).referer(false);
    // A proxy leads to other machines.
    let builder = if target.is_loopback() { builder.no_proxy() } else { builder };
    builder.build()
}

/// A response of Sentry.
#[derive(Debug)]
pub(crate) struct SentryResponse {
    pub(crate) status: StatusCode,
    /// Those that are meant for an SDK.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) limits: Vec<Limit>,
}

/// Time that an attempt may take without progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProgressTimeout {
    pub(crate) deadline: Duration,
    /// Bytes per second of the slowest supported uplink.
    pub(crate) min_upload_rate: usize,
}

impl ProgressTimeout {
    /// Returns the time until the next progress after the connection accepted `taken` bytes. A connection accepts far more than
    /// it has sent, and the rest in its buffers cannot be observed.
    fn after(self, taken: usize) -> Duration {
        let buffered = u64::try_from(taken).unwrap_or(u64::MAX).saturating_mul(1_000);
        self.deadline + Duration::from_millis(buffered / u64::try_from(self.min_upload_rate.max(1)).unwrap_or(u64::MAX))
    }
}

/// An attempt without a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Cause, for the user.
    pub(crate) problem: Box<str>,
    /// True if there was no connection, which is never the envelope's fault.
    pub(crate) is_connect: bool,
}

impl Failure {
    pub(crate) fn new(problem: impl Into<Box<str>>) -> Self {
        Self {
            problem: problem.into(),
            is_connect: false,
        }
    }
}

/// Sends a request once.
pub(crate) async fn send(
    client: Client,
    outgoing: Outgoing,
    progress_timeout: ProgressTimeout,
) -> Result<SentryResponse, Failure> {
    let Outgoing { url, headers, body } = outgoing;
    let (body, progress) = WatchedBody::new(body);
    let request = client.post(url).headers(headers).body(Body::wrap(body)).send();
    let mut response = wait_for_response(request, progress, progress_timeout).await?;
    // The status decides. A body that breaks off or never ends is cut, early enough for the waiting SDK.
    let mut body = Vec::new();
    let _ = timeout(progress_timeout.deadline / 4, read(&mut response, &mut body)).await;
    let status = response.status();
    let mut headers = HeaderMap::new();
    for name in RETURNED_HEADERS {
        for value in response.headers().get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
    let limits = limit::announced(status, &headers, SystemTime::now());
    Ok(SentryResponse {
        status,
        headers,
        body: body.into(),
        limits,
    })
}

/// Waits for the response while the upload makes progress.
async fn wait_for_response(
    request: impl Future<Output = reqwest::Result<Response>>,
    mut progress: watch::Receiver<usize>,
    progress_timeout: ProgressTimeout,
) -> Result<Response, Failure> {
    let mut request = pin!(request);
    let mut allowed = progress_timeout.after(0);
    let mut until = Instant::now() + allowed;
    loop {
        tokio::select! {
            biased;
            response = &mut request => return response.map_err(|error| failure(&error)),
            Ok(()) = progress.changed() => {
                allowed = progress_timeout.after(*progress.borrow_and_update());
                until = Instant::now() + allowed;
            }
            () = sleep_until(until) => return Err(Failure::new(format!("no answer within {allowed:.0?}"))),
        }
    }
}

async fn read(response: &mut Response, body: &mut Vec<u8>) {
    while let Ok(Some(part)) = response.chunk().await {
        let room = RESPONSE_BODY_MAX - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() >= room {
            return;
        }
    }
}

impl SentryResponse {
    /// Returns the outcome for an envelope with items of these categories.
    pub(crate) fn delivery(&self, items: Categories, target: &Target) -> Delivery {
        if self.status.is_success() {
            return Delivery::Accepted;
        }
        let reason = || target.without_key(&self.reason()).into();
        if self.status != StatusCode::TOO_MANY_REQUESTS {
            let status = self.status.as_u16();
            return Delivery::Rejected {
                status,
                reason: reason(),
            };
        }
        if self.accepted_spans(items) {
            return Delivery::Accepted;
        }
        let limits: Vec<_> = self
            .limits
            .iter()
            .map(|limit| &*limit.reason)
            .filter(|reason| !reason.is_empty())
            .collect();
        let reason = if limits.is_empty() {
            reason()
        } else {
            limits.join(", ").into()
        };
        Delivery::RateLimited { reason }
    }

    /// Sentry responds with 429 as soon as one item is limited, although it accepted the others.
    fn accepted_spans(&self, items: Categories) -> bool {
        let spans = items.intersection([Category::Transaction, Category::Span].into_iter().collect());
        let limited = |limit: &Limit| limit.categories.is_none_or(|limited| !limited.intersection(spans).is_empty());
        let concerned = |limit: &Limit| limit.categories.is_none_or(|limited| !limited.intersection(items).is_empty());
        !spans.is_empty() && self.limits.iter().any(concerned) && !self.limits.iter().any(limited)
    }

    /// Returns Sentry's explanation of an error on one line; may be empty.
    fn reason(&self) -> String {
        #[derive(Deserialize)]
        struct ErrorBody {
            detail: String,
            #[serde(default)]
            causes: Vec<String>,
        }
        let header = self.headers.get(ERROR).and_then(|value| value.to_str().ok());
        let said = || serde_json::from_slice::<ErrorBody>(&self.body).ok();
        let said = header.map(str::to_owned).or_else(|| {
            let ErrorBody { detail, causes } = said()?;
            Some([vec![detail], causes].concat().join(": "))
        });
        clean(&said.unwrap_or_default())
    }
}

/// Names the innermost cause, which is the most specific.
fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "connection closed"
    };
    Failure {
        problem: format!("{what}: {}", clean(&cause.to_string())).into(),
        is_connect: error.is_connect(),
    }
}

/// Truncates a text to one printable line.
fn clean(text: &str) -> String {
    printable::clean_prefix(text, REASON_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answered(status: u16, headers: &[(HeaderName, &'static str)], body: &'static str) -> SentryResponse {
        let value = |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        let headers: HeaderMap = headers.iter().map(value).collect();
        let status = StatusCode::from_u16(status).unwrap();
        SentryResponse {
            status,
            limits: limit::announced(status, &headers, SystemTime::now()),
            headers,
            body: body.into(),
        }
    }

    fn delivery(answered: &SentryResponse, items: &[&str]) -> Delivery {
        let target = Target::parse("https://0abc0abc@sentry.example/1").unwrap();
        let items = items.iter().map(|item| Category::of_item(item)).collect();
        answered.delivery(items, &target)
    }

    #[test]
    fn rejection_quotes_the_reason_of_sentry() {
        let rejected = |reason: &str| Delivery::Rejected {
            status: 400,
            reason: reason.into(),
        };
        let header = answered(400, &[(ERROR, "too old")], r#"{"detail":"no"}"#);
        assert_eq!(delivery(&header, &["event"]), rejected("too old"));
        let body = answered(400, &[], r#"{"detail":"bad data","causes":["line 1\u001b[2J","0abc0abc"]}"#);
        assert_eq!(delivery(&body, &["event"]), rejected("bad data: line 1␛[2J: <key>"));
        for nothing in ["", "<html>", r#"{"detail":7}"#] {
            assert_eq!(delivery(&answered(400, &[], nothing), &["event"]), rejected(""));
        }
    }

    #[test]
    fn status_429_for_other_items_accepts_the_spans() {
        let limited = |reason: &str| Delivery::RateLimited { reason: reason.into() };
        let errors = answered(429, &[(RATE_LIMITS, "60:error:key:usage_exceeded")], "");
        assert_eq!(delivery(&errors, &["transaction", "event"]), Delivery::Accepted);
        assert_eq!(delivery(&errors, &["event"]), limited("usage_exceeded"));
        // The 429 must have had some cause.
        assert_eq!(delivery(&errors, &["transaction"]), limited("usage_exceeded"));
        let all = answered(429, &[(RATE_LIMITS, "60::key")], r#"{"detail":"too much"}"#);
        assert_eq!(delivery(&all, &["transaction", "event"]), limited("too much"));
        assert_eq!(delivery(&answered(429, &[], ""), &["span"]), limited(""));
    }

    #[test]
    fn success_with_announced_limits_is_accepted() {
        let announced = answered(200, &[(RATE_LIMITS, "60:transaction:key")], "{}");
        assert_eq!(delivery(&announced, &["transaction"]), Delivery::Accepted);
        assert_eq!(announced.limits.len(), 1);
    }
}

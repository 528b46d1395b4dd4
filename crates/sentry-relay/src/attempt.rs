//! One attempt to hand a request to Sentry.

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
/// What an answer says to an SDK.
const HANDED_BACK: [HeaderName; 5] = [CONTENT_TYPE, CONTENT_ENCODING, RETRY_AFTER, RATE_LIMITS, ERROR];
/// How much of an answer's body is read, in bytes. Sentry's have a few hundred.
const BODY: usize = 64 * 1024;
/// How many characters of a reason are kept.
const REASON_LENGTH: usize = 200;

/// The HTTP client for a target. It never follows a redirect: the key is for this host alone.
pub(crate) fn client(target: &Target) -> reqwest::Result<Client> {
    let builder = http_client::builder().redirect(Policy::none()).referer(false);
    // A proxy is on the way to other machines.
    let builder = if target.is_loopback() { builder.no_proxy() } else { builder };
    builder.build()
}

/// What Sentry said.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    /// Those that are for an SDK.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) limits: Vec<Limit>,
}

/// How long an attempt may go without progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub(crate) deadline: Duration,
    /// Bytes per second that the slowest uplink carries.
    pub(crate) slowest: usize,
}

impl Patience {
    /// Time until the next progress, when the connection took this many bytes: it takes far more than it has sent, and how much of
    /// that is still in its buffers cannot be seen from here.
    fn after(self, taken: usize) -> Duration {
        let buffered = u64::try_from(taken).unwrap_or(u64::MAX).saturating_mul(1_000);
        self.deadline + Duration::from_millis(buffered / u64::try_from(self.slowest.max(1)).unwrap_or(u64::MAX))
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// In a person's words.
    pub(crate) problem: Box<str>,
    /// Whether there was no connection, which is never the envelope's fault.
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

/// Sends it once.
pub(crate) async fn send(client: Client, outgoing: Outgoing, patience: Patience) -> Result<Answered, Failure> {
    let Outgoing { url, headers, body } = outgoing;
    let (body, progress) = WatchedBody::new(body);
    let request = client.post(url).headers(headers).body(Body::wrap(body)).send();
    let mut response = with_patience(request, progress, patience).await?;
    // It has been decided: a body that breaks off, or never ends, is taken as far as it came. Who waits for it still gets it in time.
    let mut body = Vec::new();
    let _ = timeout(patience.deadline / 4, read(&mut response, &mut body)).await;
    let status = response.status();
    let mut headers = HeaderMap::new();
    for name in HANDED_BACK {
        for value in response.headers().get_all(&name) {
            headers.append(&name, value.clone());
        }
    }
    let limits = limit::announced(status, &headers, SystemTime::now());
    Ok(Answered {
        status,
        headers,
        body: body.into(),
        limits,
    })
}

/// Waits for the answer for as long as the upload gets on.
async fn with_patience(
    request: impl Future<Output = reqwest::Result<Response>>,
    mut progress: watch::Receiver<usize>,
    patience: Patience,
) -> Result<Response, Failure> {
    let mut request = pin!(request);
    let mut allowed = patience.after(0);
    let mut until = Instant::now() + allowed;
    loop {
        tokio::select! {
            biased;
            response = &mut request => return response.map_err(|error| failure(&error)),
            Ok(()) = progress.changed() => {
                allowed = patience.after(*progress.borrow_and_update());
                until = Instant::now() + allowed;
            }
            () = sleep_until(until) => return Err(Failure::new(format!("no answer within {allowed:.0?}"))),
        }
    }
}

async fn read(response: &mut Response, body: &mut Vec<u8>) {
    while let Ok(Some(part)) = response.chunk().await {
        let room = BODY - body.len();
        body.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() >= room {
            return;
        }
    }
}

impl Answered {
    /// What it means for an envelope with items of these categories.
    pub(crate) fn delivery(&self, items: Categories, target: &Target) -> Delivery {
        if self.status.is_success() {
            return Delivery::Accepted;
        }
        let reason = || target.without_key(&self.reason()).into();
        if self.status != StatusCode::TOO_MANY_REQUESTS {
            let status = self.status.as_u16();
            return Delivery::Refused {
                status,
                reason: reason(),
            };
        }
        if self.took_the_spans(items) {
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

    /// Sentry answers 429 as soon as one item is limited, having taken the others.
    fn took_the_spans(&self, items: Categories) -> bool {
        let spans = items.intersection([Category::Transaction, Category::Span].into_iter().collect());
        let limited = |limit: &Limit| limit.categories.is_none_or(|limited| !limited.intersection(spans).is_empty());
        let concerned = |limit: &Limit| limit.categories.is_none_or(|limited| !limited.intersection(items).is_empty());
        !spans.is_empty() && self.limits.iter().any(concerned) && !self.limits.iter().any(limited)
    }

    /// What Sentry says about an error, on one line; may be empty.
    fn reason(&self) -> String {
        #[derive(Deserialize)]
        struct Said {
            detail: String,
            #[serde(default)]
            causes: Vec<String>,
        }
        let header = self.headers.get(ERROR).and_then(|value| value.to_str().ok());
        let said = || serde_json::from_slice::<Said>(&self.body).ok();
        let said = header.map(str::to_owned).or_else(|| {
            let Said { detail, causes } = said()?;
            Some([vec![detail], causes].concat().join(": "))
        });
        clean(&said.unwrap_or_default())
    }
}

/// The innermost cause says most.
fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let what = if error.is_connect() {
        "cannot connect"
    } else {
        "the connection broke"
    };
    Failure {
        problem: format!("{what}: {}", clean(&cause.to_string())).into(),
        is_connect: error.is_connect(),
    }
}

/// Short, on one line, printable.
fn clean(text: &str) -> String {
    printable::clean_prefix(text, REASON_LENGTH)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn answered(status: u16, headers: &[(HeaderName, &'static str)], body: &'static str) -> Answered {
        let value = |(name, value): &(HeaderName, &'static str)| (name.clone(), HeaderValue::from_static(value));
        let headers: HeaderMap = headers.iter().map(value).collect();
        let status = StatusCode::from_u16(status).unwrap();
        Answered {
            status,
            limits: limit::announced(status, &headers, SystemTime::now()),
            headers,
            body: body.into(),
        }
    }

    fn delivery(answered: &Answered, items: &[&str]) -> Delivery {
        let target = Target::parse("https://0abc0abc@sentry.example/1").unwrap();
        let items = items.iter().map(|item| Category::of_item(item)).collect();
        answered.delivery(items, &target)
    }

    #[test]
    fn the_reason_is_what_sentry_says() {
        let refused = |reason: &str| Delivery::Refused {
            status: 400,
            reason: reason.into(),
        };
        let header = answered(400, &[(ERROR, "too old")], r#"{"detail":"no"}"#);
        assert_eq!(delivery(&header, &["event"]), refused("too old"));
        let body = answered(400, &[], r#"{"detail":"bad data","causes":["line 1\u001b[2J","0abc0abc"]}"#);
        assert_eq!(delivery(&body, &["event"]), refused("bad data: line 1␛[2J: <key>"));
        for nothing in ["", "<html>", r#"{"detail":7}"#] {
            assert_eq!(delivery(&answered(400, &[], nothing), &["event"]), refused(""));
        }
    }

    #[test]
    fn a_429_about_other_items_has_taken_the_spans() {
        let limited = |reason: &str| Delivery::RateLimited { reason: reason.into() };
        let errors = answered(429, &[(RATE_LIMITS, "60:error:key:usage_exceeded")], "");
        assert_eq!(delivery(&errors, &["transaction", "event"]), Delivery::Accepted);
        assert_eq!(delivery(&errors, &["event"]), limited("usage_exceeded"));
        // It must have had some reason.
        assert_eq!(delivery(&errors, &["transaction"]), limited("usage_exceeded"));
        let all = answered(429, &[(RATE_LIMITS, "60::key")], r#"{"detail":"too much"}"#);
        assert_eq!(delivery(&all, &["transaction", "event"]), limited("too much"));
        assert_eq!(delivery(&answered(429, &[], ""), &["span"]), limited(""));
    }

    #[test]
    fn a_success_is_one_whatever_else_it_announces() {
        let announced = answered(200, &[(RATE_LIMITS, "60:transaction:key")], "{}");
        assert_eq!(delivery(&announced, &["transaction"]), Delivery::Accepted);
        assert_eq!(announced.limits.len(), 1);
    }
}

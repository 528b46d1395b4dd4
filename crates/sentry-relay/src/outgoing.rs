//! Requests to Sentry: the original body, with the headers that belong to the target.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ORIGIN, REFERER, USER_AGENT, VIA};
use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::target::Target;

const AUTH: HeaderName = HeaderName::from_static("x-sentry-auth");
/// Headers that describe the body or its sender. All others were meant for the connection to the relay or, like cookies, for
/// other servers on this machine.
const FORWARDED_HEADERS: [HeaderName; 11] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    USER_AGENT,
    ORIGIN,
    REFERER,
    ACCEPT,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("sec-ch-ua"),
    HeaderName::from_static("sec-ch-ua-mobile"),
    HeaderName::from_static("sec-ch-ua-platform"),
    HeaderName::from_static("sec-ch-ua-platform-version"),
];
/// Approximate memory of an entry in addition to its headers and body, in bytes.
const ENTRY_OVERHEAD_BYTES: usize = 512;
/// Maximum length of an SDK name given by a sender, in bytes.
const CLIENT_BYTES_MAX: usize = 128;

/// A Sentry endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `/api/<project>/envelope/`
    Envelope,
    /// `/api/<project>/store/`: one event, the legacy format.
    Store,
    /// `/api/<project>/integration/otlp/v1/traces/`
    OtlpTraces,
    /// `/api/<project>/integration/otlp/v1/logs/`
    OtlpLogs,
}

impl Endpoint {
    const fn path(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Store => "store",
            Self::OtlpTraces => "integration/otlp/v1/traces",
            Self::OtlpLogs => "integration/otlp/v1/logs",
        }
    }
}

/// The response for a buffered envelope, as if Sentry had accepted it.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(crate) content_type: HeaderValue,
    pub(crate) body: Bytes,
}

impl Receipt {
    pub(crate) fn new(endpoint: Endpoint, headers: &HeaderMap, inflated: &[u8]) -> Self {
        let json = HeaderValue::from_static("application/json");
        let content_type = headers.get(CONTENT_TYPE);
        let is_json = content_type.is_some_and(|value| value.as_bytes().starts_with(json.as_bytes()));
        match endpoint {
            Endpoint::Envelope | Endpoint::Store => {
                let id = event_id(endpoint, inflated).map(|id| ("id".to_owned(), id.into()));
                let body = serde_json::Value::Object(id.into_iter().collect());
                Self {
                    content_type: json,
                    body: body.to_string().into(),
                }
            }
            Endpoint::OtlpTraces | Endpoint::OtlpLogs if is_json => Self {
                content_type: json,
                body: Bytes::from_static(b"{}"),
            },
            // An empty protobuf message.
            Endpoint::OtlpTraces | Endpoint::OtlpLogs => Self {
                content_type: HeaderValue::from_static("application/x-protobuf"),
                body: Bytes::new(),
            },
        }
    }
}

/// A request to Sentry.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A received request to forward.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: Option<&'a str>,
    pub(crate) body: Bytes,
    pub(crate) inflated: &'a Bytes,
}

impl Outgoing {
    /// Creates the request to `target`. `via` is this relay's signature, for [`has_via`].
    pub(crate) fn new(incoming: Incoming<'_>, target: &Target, via: &HeaderValue) -> Self {
        let Incoming {
            endpoint,
            headers: from,
            query,
            body,
            inflated,
        } = incoming;
        let mut headers = HeaderMap::new();
        for name in FORWARDED_HEADERS {
            for value in from.get_all(&name) {
                headers.append(&name, value.clone());
            }
        }
        for value in from.get_all(VIA).iter().chain([via]) {
            headers.append(VIA, value.clone());
        }
        headers.extend(auth(from, query, target).map(|value| (AUTH, value)));
        let named = (endpoint == Endpoint::Envelope)
            .then(|| replace_dsn(inflated, target))
            .flatten();
        let body = if let Some(named) = named {
            headers.remove(CONTENT_ENCODING);
            named
        } else {
            body
        };
        Self {
            url: target.url(endpoint.path()),
            headers,
            body,
        }
    }

    /// Returns the memory that it uses while buffered, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.body.len() + headers.sum::<usize>() + ENTRY_OVERHEAD_BYTES
    }

    /// Frees memory: a body may be a small slice of a large allocation.
    pub(crate) fn shrink(&mut self) {
        self.body = Bytes::copy_from_slice(&self.body);
    }
}

/// Returns true if the relay with this signature forwarded the request.
pub(crate) fn has_via(headers: &HeaderMap, via: &HeaderValue) -> bool {
    let values = headers.get_all(VIA).iter();
    let mut parts = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    parts.any(|part| part.trim_ascii() == via.as_bytes())
}

/// Returns the id of the event in a body, which Sentry would respond with.
fn event_id(endpoint: Endpoint, inflated: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Identified<'a> {
        #[serde(borrow)]
        event_id: Cow<'a, str>,
    }
    let text = match endpoint {
        Endpoint::Envelope => first_line(inflated),
        Endpoint::Store => inflated,
        Endpoint::OtlpTraces | Endpoint::OtlpLogs => return None,
    };
    let Identified { event_id } = serde_json::from_slice(text).ok()?;
    let is_uuid = (32..=36).contains(&event_id.len()) && event_id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_uuid.then(|| event_id.into_owned())
}

/// Formats the target's key with the version and SDK named by the sender.
fn auth(headers: &HeaderMap, query: Option<&str>, target: &Target) -> Option<HeaderValue> {
    use std::fmt::Write as _;

    let sender = SenderAuth::of(headers, query);
    let mut auth = format!("Sentry sentry_version={}", sender.version.as_deref().unwrap_or("7"));
    if let Some(client) = sender.client {
        let _ = write!(auth, ", sentry_client={client}");
    }
    let _ = write!(auth, ", sentry_key={}", target.key());
    if let Some(secret) = target.secret() {
        let _ = write!(auth, ", sentry_secret={secret}");
    }
    let mut auth = HeaderValue::from_str(&auth).ok()?;
    auth.set_sensitive(true);
    Some(auth)
}

/// The SDK named by a sender's authentication.
#[derive(Debug, Default)]
struct SenderAuth {
    client: Option<String>,
    version: Option<String>,
}

impl SenderAuth {
    fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let mut sender = Self::default();
        for name in [AUTH, AUTHORIZATION] {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            let Some((scheme, pairs)) = value.and_then(|value| value.split_once(' ')) else {
                continue;
            };
            if scheme.eq_ignore_ascii_case("sentry") {
                let pairs = pairs.split(',').filter_map(|pair| pair.trim().split_once('='));
                pairs.for_each(|(key, value)| sender.take(key, value));
            }
        }
        // Browsers need a preflight for the header, so they use the query.
        if let Some(query) = query
            && let Ok(url) = Url::parse(&format!("http://relay/?{query}"))
        {
            url.query_pairs().for_each(|(key, value)| sender.take(&key, &value));
        }
        sender
    }

    fn take(&mut self, key: &str, value: &str) {
        let is_client = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        match key {
            "sentry_client" if !value.is_empty() && value.len() <= CLIENT_BYTES_MAX && value.bytes().all(is_client) => {
                self.client.get_or_insert_with(|| value.to_owned());
            }
            "sentry_version"
                if matches!(value.len(), 1..=4) && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') =>
            {
                self.version.get_or_insert_with(|| value.to_owned());
            }
            _ => {}
        }
    }
}

/// Returns the envelope with the DSN in its header replaced by the target's; `None` if it need not change, which is the rule.
///
/// Sentry rejects an envelope whose header names another project or key than its request (relay's
/// `EnvelopeError::HeaderMismatch`), or whose `dsn` it cannot parse. No byte outside the member's value changes.
fn replace_dsn(inflated: &Bytes, target: &Target) -> Option<Bytes> {
    #[derive(Deserialize)]
    struct Header<'a> {
        #[serde(borrow)]
        dsn: &'a RawValue,
    }
    let line = std::str::from_utf8(first_line(inflated)).ok()?;
    let Header { dsn } = serde_json::from_str(line).ok()?;
    let dsn = dsn.get();
    let is_right = dsn == "null" || serde_json::from_str::<String>(dsn).is_ok_and(|dsn| target.is_named_by(&dsn));
    if is_right {
        return None;
    }
    let start = (dsn.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    let before = inflated.get(..start)?;
    let after = inflated.get(start + dsn.len()..)?;
    let name = serde_json::to_string(&target.dsn()).ok()?;
    Some([before, name.as_bytes(), after].concat().into())
}

fn first_line(envelope: &[u8]) -> &[u8] {
    envelope.split(|byte| *byte == b'\n').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;

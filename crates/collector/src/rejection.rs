//! A rejected request, and its response in each protocol.

mod status;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderName, StatusCode};
use http_server::Denied;
use ingest_state::{Denial, clean};
use tonic::Code;

use crate::budget::NoRoom;
use crate::content_type::Encoding;
use crate::{Listener, content_encoding};

/// Seconds after which a sender should retry: the consumer catches up within a frame or two.
pub(crate) const RETRY_SECONDS: u64 = 1;

/// Sentry's own header: its SDKs read it before `Retry-After`.
pub(crate) const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// A rejected request.
#[derive(Clone, Debug)]
pub(crate) struct Rejection {
    pub(crate) status: StatusCode,
    /// May quote the sender.
    pub(crate) reason: String,
    /// Set if the origin or the host is denied.
    pub(crate) denied: Option<Denied>,
}

/// Returns how a denied request is counted, with the option that would allow it.
pub(crate) fn denial(denied: &Denied, listener: Listener) -> Denial {
    let option = match (denied.host(), denied.origin()) {
        (Some(host), _) => Some(("--allowed-host", host)),
        (None, Some(origin)) => Some(("--allowed-origin", origin)),
        (None, None) => None,
    };
    // Brackets are a pattern to a shell.
    let flag = option.map(|(flag, value)| {
        let quote = if value.contains('[') { "'" } else { "" };
        format!("{flag} {quote}{value}{quote}")
    });
    Denial {
        reason: denied.to_string(),
        flag,
        listener,
        count: 1,
    }
}

impl Rejection {
    pub(crate) fn new(status: StatusCode, reason: impl AsRef<str>) -> Self {
        Self {
            status,
            reason: clean(reason.as_ref()),
            denied: None,
        }
    }

    pub(crate) fn malformed(reason: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason)
    }

    pub(crate) fn denied(denied: &Denied, listener: Listener) -> Self {
        let Denial { reason, flag, .. } = denial(denied, listener);
        let hint = flag.map(|flag| format!(" (to allow it: {flag})")).unwrap_or_default();
        Self {
            denied: Some(denied.clone()),
            ..Self::new(denied.status(), format!("denied: {reason}{hint}"))
        }
    }

    /// Returns true if the same request may succeed later.
    pub(crate) fn is_retryable(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Returns the response of OTLP/gRPC.
    pub(crate) fn grpc(&self) -> Response {
        let code = self.code();
        let details = if self.is_retryable() {
            status::retry_details(code, &self.reason, RETRY_SECONDS)
        } else {
            Vec::new()
        };
        let mut response = tonic::Status::with_details(code, &self.reason, details.into()).into_http::<Body>();
        if code == Code::Unimplemented {
            response
                .headers_mut()
                .insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(content_encoding::KNOWN));
        }
        response
    }

    /// Returns the response of OTLP/HTTP: a `google.rpc.Status` in the request's encoding, text if that is unknown.
    pub(crate) fn otlp_http(&self, encoding: Option<Encoding>) -> Response {
        let (content_type, body) = match encoding {
            Some(encoding) => (encoding.content_type(), status::encode(encoding, self.code(), &self.reason)),
            None => ("text/plain; charset=utf-8", format!("{}\n", self.reason).into_bytes()),
        };
        self.answer(content_type, body)
    }

    /// Returns the response of Sentry.
    pub(crate) fn sentry(&self) -> Response {
        let body = serde_json::json!({ "detail": self.reason }).to_string();
        let mut response = self.answer("application/json", body.into_bytes());
        if self.is_retryable() {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            // Seconds, categories (none: all), scope.
            let limits = HeaderValue::from_str(&format!("{RETRY_SECONDS}::organization"));
            response.headers_mut().extend(limits.ok().map(|limits| (RATE_LIMITS, limits)));
        }
        response
    }

    fn answer(&self, content_type: &'static str, body: Vec<u8>) -> Response {
        let mut response = (self.status, [(CONTENT_TYPE, content_type)], body).into_response();
        if self.is_retryable() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        let hint = match self.status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Some((ACCEPT_ENCODING, HeaderValue::from_static(content_encoding::KNOWN))),
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, HeaderValue::from_static("POST"))),
            _ => None,
        };
        response.headers_mut().extend(hint);
        response
    }

    const fn code(&self) -> Code {
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            StatusCode::REQUEST_TIMEOUT => Code::DeadlineExceeded,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::Unimplemented,
            StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
            StatusCode::FORBIDDEN => Code::PermissionDenied,
            _ => Code::InvalidArgument,
        }
    }
}

/// The queue is full, or the consumer is gone: the sender must retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overloaded;

impl From<Overloaded> for Rejection {
    fn from(Overloaded: Overloaded) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "server overloaded: retry later")
    }
}

impl From<NoRoom> for Rejection {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Exhausted => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the memory for requests in flight is in use: try again",
            ),
            NoRoom::TooLarge { limit } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "reading the request takes more memory than requests in flight have ({} MiB)",
                    limit >> 20
                ),
            ),
        }
    }
}

impl IntoResponse for Rejection {
    /// Only marks the response: [`crate::layers`] counts it and words it in the listener's protocol.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

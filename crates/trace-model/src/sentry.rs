//! Content of Sentry's envelopes in addition to spans and log records.
//!
//! Spans, errors and logs of an envelope have the same form as OTLP's, with [`crate::Source::Sentry`]. The rest is evidence:
//! spans that cannot reach Sentry any more, with the reason.

mod error_event;
mod gravity;
mod verdict;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::error_event::{Breadcrumb, ErrorEvent, Exception, Frame};
pub use self::gravity::Gravity;
pub(crate) use self::gravity::{EXCEPTIONS, is_handled};

use crate::text::cut;
use crate::wire::{self, AnyValue, KeyValue, Leaf, number};
use crate::{SpanId, TraceId};

pub use verdict::{Awaited, Mismatch, Reason, SourceOfTruth, Verdict};

/// [`crate::LogRecord::event_name`] of an error: what OpenTelemetry's conventions call an exception that is logged.
pub const EXCEPTION: &str = "exception";
/// [`crate::LogRecord::event_name`] of a Sentry event without exceptions: a message.
pub const SENTRY_EVENT: &str = "sentry.event";

/// Something that an envelope, or Sentry's answer to it, proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// One transaction contained its root and all these spans at once: a span below this root that is not among them will not
    /// arrive.
    Transaction {
        /// Trace of the spans.
        trace_id: TraceId,
        /// The transaction itself.
        root: SpanId,
        /// Number of its spans without itself.
        spans: u32,
    },
    /// The sender does not sample this trace.
    Unsampled {
        /// Trace that is not sampled.
        trace_id: TraceId,
    },
    /// The sender dropped something: one line of a [client report](https://develop.sentry.dev/sdk/telemetry/client-reports/).
    Dropped {
        /// Service that dropped it; empty if unknown.
        service: Arc<str>,
        /// Time of the report in nanoseconds since the Unix epoch.
        unix_nano: u64,
        /// `sample_rate`, `queue_overflow`, `ratelimit_backoff`, …
        reason: Box<str>,
        /// `transaction`, `span`, `error`, …
        category: Box<str>,
        /// Number of dropped items.
        quantity: u64,
    },
    /// Spans that arrived in an item larger than Sentry accepts.
    TooLarge {
        /// Trace of the spans.
        trace_id: TraceId,
        /// Affected spans.
        spans: Vec<SpanId>,
        /// Bytes of the item.
        bytes: u64,
    },
    /// Delivery of spans that were forwarded to Sentry.
    Relayed {
        /// Trace of the spans.
        trace_id: TraceId,
        /// Affected spans.
        spans: Vec<SpanId>,
        /// Result so far.
        delivery: Delivery,
    },
}

impl Evidence {
    /// Returns the bytes of memory it accounts for while it waits for the store.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let more = match self {
            Self::Transaction { .. } | Self::Unsampled { .. } => 0,
            Self::Dropped { reason, category, .. } => reason.len() + category.len(),
            Self::TooLarge { spans, .. } | Self::Relayed { spans, .. } => spans.capacity() * size_of::<SpanId>(),
        };
        size_of::<Self>() + more
    }
}

/// Delivery of an envelope that was forwarded to Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Sentry could not be reached; it is kept and tried again.
    Waiting {
        /// Reason of the delay.
        problem: Box<str>,
    },
    /// Sentry took it.
    Accepted,
    /// Sentry did not take it, and would not the next time either.
    Rejected {
        /// HTTP status.
        status: u16,
        /// Sentry's reason; may be empty.
        reason: Box<str>,
    },
    /// Sentry rejected it because of a rate limit.
    RateLimited {
        /// Sentry's reason; may be empty.
        reason: Box<str>,
    },
    /// It was given up.
    Lost {
        /// Cause.
        reason: Box<str>,
    },
}

/// Sentry's copy of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SentryTrace {
    /// Time of the request in nanoseconds since the Unix epoch.
    pub asked_unix_nano: u64,
    /// True if it will be polled again: then missing spans may still arrive.
    pub asked_again: bool,
    /// The spans that it has, each with its parent; built outside of the event loop, as there may be many.
    pub spans: Arc<HashMap<SpanId, Option<SpanId>>>,
}

/// Returns true if a log record of this event name is shown on its span's row.
pub(crate) fn is_error_event(event_name: &[u8]) -> bool {
    event_name == EXCEPTION.as_bytes() || event_name == SENTRY_EVENT.as_bytes()
}

/// Returns true if an attribute of this name describes an exception, by OpenTelemetry's conventions.
pub(crate) fn is_exception_key(key: &[u8]) -> bool {
    matches!(key, b"exception.type" | b"exception.message" | b"exception.stacktrace")
}

/// Bytes of a title.
const TITLE: usize = 200;

/// Returns an error event's title in one line: its body, or else the exception's type and message.
pub(crate) fn title(raw: &[u8]) -> String {
    let text = |value: &[u8]| match AnyValue::read(value) {
        AnyValue::Leaf(Leaf::Text(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let body = text(&wire::message(raw, number::LOG_BODY));
    let title = if body.is_empty() {
        let attribute = |key: &str| {
            let mut attributes = wire::parts(raw, number::LOG_ATTRIBUTES).map(KeyValue::read);
            let found = attributes.find(|attribute| attribute.key == key.as_bytes());
            found.map(|attribute| text(&attribute.value)).unwrap_or_default()
        };
        let parts = [attribute("exception.type"), attribute("exception.message")];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    } else {
        body
    };
    cut(&title, TITLE).to_owned()
}

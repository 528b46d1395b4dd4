//! What Sentry's envelopes tell besides spans and log records.
//!
//! Spans, errors and logs of an envelope take the same form as OTLP's, with [`crate::Source::Sentry`]. What is left is evidence: it
//! says which spans cannot reach Sentry any more, and why.

mod error_event;
mod verdict;

use std::sync::Arc;

pub use self::error_event::{Breadcrumb, ErrorEvent, Exception, Frame};

use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use crate::{SpanId, TraceId};

pub use verdict::{Against, Awaited, Difference, Reason, Verdict};

/// [`crate::Log::event_name`] of an error: what OpenTelemetry's conventions call an exception that is logged.
pub const EXCEPTION: &str = "exception";
/// [`crate::Log::event_name`] of a Sentry event without exceptions: a message.
pub const SENTRY_EVENT: &str = "sentry.event";

/// Something that an envelope, or Sentry's answer to it, proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// One transaction brought its root and all these spans at once: a span below this root that is not among them will not come.
    Transaction {
        /// Its trace.
        trace_id: TraceId,
        /// The transaction itself.
        root: SpanId,
        /// How many spans it held, itself not counted.
        spans: u32,
    },
    /// The sender says that it does not sample this trace.
    Unsampled {
        /// Which one.
        trace_id: TraceId,
    },
    /// The sender says that it dropped something: one line of a
    /// [client report](https://develop.sentry.dev/sdk/telemetry/client-reports/).
    Dropped {
        /// Who dropped it; empty when it isn't known.
        service: Arc<str>,
        /// When it said so, in nanoseconds since the Unix epoch.
        unix_nano: u64,
        /// `sample_rate`, `queue_overflow`, `ratelimit_backoff`, …
        reason: Box<str>,
        /// `transaction`, `span`, `error`, …
        category: Box<str>,
        /// How many.
        quantity: u64,
    },
    /// Spans that came in an item larger than Sentry takes.
    TooLarge {
        /// Their trace.
        trace_id: TraceId,
        /// Their ids.
        spans: Vec<SpanId>,
        /// How large the item was.
        bytes: u64,
    },
    /// What has become of spans that were handed on to Sentry.
    Relayed {
        /// Their trace.
        trace_id: TraceId,
        /// Their ids.
        spans: Vec<SpanId>,
        /// What has become of them.
        delivery: Delivery,
    },
}

impl Evidence {
    /// Bytes of memory it stands for while it waits for the store.
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

/// What has become of an envelope that was handed on to Sentry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Sentry could not be reached; it is kept and tried again.
    Waiting {
        /// What stood in the way.
        problem: Box<str>,
    },
    /// Sentry took it.
    Accepted,
    /// Sentry did not take it, and would not the next time either.
    Refused {
        /// HTTP status.
        status: u16,
        /// What Sentry said; may be empty.
        reason: Box<str>,
    },
    /// Sentry did not take it because there was too much.
    RateLimited {
        /// What Sentry said; may be empty.
        reason: Box<str>,
    },
    /// It was given up.
    Lost {
        /// Why.
        reason: Box<str>,
    },
}

/// What Sentry answered when it was asked for a trace.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stored {
    /// When it was asked, in nanoseconds since the Unix epoch.
    pub asked_unix_nano: u64,
    /// Whether it will be asked again: then what it lacks may still come.
    pub asked_again: bool,
    /// The spans that it has, each with its parent.
    pub spans: Vec<(SpanId, Option<SpanId>)>,
}

/// Whether a log record of this event name stands on its span's row.
pub(crate) fn is_error_event(event_name: &[u8]) -> bool {
    event_name == EXCEPTION.as_bytes() || event_name == SENTRY_EVENT.as_bytes()
}

/// Whether an attribute of this name tells of an exception, as OpenTelemetry's conventions have it.
pub(crate) fn is_exception_key(key: &str) -> bool {
    matches!(key, "exception.type" | "exception.message" | "exception.stacktrace")
}

/// How long a title may be, in bytes.
const TITLE: usize = 200;

/// What an error event is called in one line: its body, or else the exception's type and message.
pub(crate) fn title(raw: &[u8]) -> String {
    let Ok(record) = LogRecord::decode(raw) else {
        return String::new();
    };
    let text = |value: Option<&any_value::Value>| match value {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    };
    let body = text(record.body.as_ref().and_then(|body| body.value.as_ref()));
    let title = if body.is_empty() {
        let attribute = |key: &str| {
            let found = record.attributes.iter().find(|attribute| attribute.key == key);
            text(found.and_then(|attribute| attribute.value.as_ref()?.value.as_ref()))
        };
        let parts = [attribute("exception.type"), attribute("exception.message")];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(": ")
    } else {
        body
    };
    cut(&title, TITLE).to_owned()
}

/// The first bytes of a text, at most so many, whole characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

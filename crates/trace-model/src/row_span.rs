//! Data of a span on its row: names and times, errors, events.

use std::sync::Arc;

use crate::sentry::Gravity;
use crate::{Source, SpanKind, SpanSubject, StatusCode};

/// The span of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSpan {
    /// The service; empty when it has none.
    pub service: Arc<str>,
    /// Name of the span.
    pub name: Arc<str>,
    /// Subject of the span, if its name does not tell it.
    pub subject: SpanSubject,
    /// The part it played.
    pub kind: SpanKind,
    /// Status of the span.
    pub status: StatusCode,
    /// Nanoseconds since the Unix epoch.
    pub start_unix_nano: u64,
    /// Nanoseconds since the Unix epoch; `None` while it is in flight.
    pub end_unix_nano: Option<u64>,
    /// For a consumer below its producer: the producer's end in nanoseconds since the Unix epoch. From then to the start the
    /// message was in the queue.
    pub queued_unix_nano: Option<u64>,
    /// The way by which it arrived; of a span that arrived in several ways, that of the shown one.
    pub source: Source,
    /// True if it was in a Sentry envelope.
    pub in_envelope: bool,
    /// True if the filter matches it; false without a filter.
    pub found: bool,
}

/// An error event on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorMark {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// One line of text; truncated.
    pub title: Arc<str>,
    /// The service that reported it.
    pub service: Arc<str>,
    /// Gravity; on a row, within its span.
    pub gravity: Gravity,
}

/// Error events that a row shows one by one.
pub const ERROR_MARKS: usize = 16;

/// Something that happened in a span, on its bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMark {
    /// Nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Name of the event; truncated.
    pub name: Box<str>,
    /// True for an exception.
    pub exception: bool,
}

/// Events that a row shows one by one.
pub const EVENT_MARKS: usize = 16;

//! Result of the cross-check of one span.

use std::fmt;
use std::sync::Arc;

use crate::{SpanId, TraceId};

/// Source of truth for the spans of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SourceOfTruth {
    /// Nothing: no envelope ever spoke of this trace or of a service in it, and none is expected.
    #[default]
    Nothing,
    /// The local endpoint for envelopes.
    Endpoint,
    /// Sentry itself.
    Sentry {
        /// Time of the last request in nanoseconds since the Unix epoch; `None` before the first result.
        asked_unix_nano: Option<u64>,
        /// True if it will be polled again.
        asked_again: bool,
    },
}

/// Result of a span's cross-check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It cannot be compared.
    NotChecked,
    /// The viewer's own span, for the local screen alone.
    NotSent,
    /// Reached Sentry.
    Reached,
    /// Reached Sentry without its events: Sentry drops those of spans by its OTLP route.
    WithoutEvents,
    /// Arrived in an envelope only.
    SentryOnly,
    /// Has not reached Sentry yet, but still may.
    Expected(Awaited),
    /// Has not reached Sentry and will not.
    Missing(Reason),
    /// Reached Sentry with differences.
    Differs(Mismatch),
}

/// The event that a span which has not reached Sentry yet depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// Its end.
    End,
    /// The end of the span that it will be sent with.
    RootEnd {
        /// Name of that span.
        root: Arc<str>,
    },
    /// The way of its envelope.
    Envelope,
    /// Sentry can be reached again.
    Relay {
        /// Reason of the delay.
        problem: Box<str>,
    },
    /// Sentry's next answer.
    Answer,
}

/// Reason why a span did not reach Sentry, as far as known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The sender does not sample this trace.
    Unsampled,
    /// The transaction that it belongs to was sent before it had ended.
    EndedAfterRoot {
        /// Difference in nanoseconds.
        nanos: u64,
        /// The transaction's name.
        root: Arc<str>,
    },
    /// It started after its transaction had been sent.
    StartedAfterRoot {
        /// Difference in nanoseconds.
        nanos: u64,
        /// The transaction's name.
        root: Arc<str>,
    },
    /// The transaction that it belongs to holds as many spans as fit.
    TransactionFull {
        /// Number of spans.
        spans: u32,
    },
    /// Its transaction arrived without it.
    NotInTransaction {
        /// The transaction's name.
        root: Arc<str>,
    },
    /// Its item was larger than Sentry accepts.
    TooLarge {
        /// Bytes of the item.
        bytes: u64,
    },
    /// Sentry rejected it.
    Rejected {
        /// HTTP status.
        status: u16,
        /// Sentry's reason; may be empty.
        reason: Box<str>,
    },
    /// Sentry takes no more for now.
    RateLimited {
        /// Sentry's reason; may be empty.
        reason: Box<str>,
    },
    /// It was given up on the way to Sentry.
    Lost {
        /// Cause.
        reason: Box<str>,
    },
    /// The sender reported that it had dropped something of this kind.
    ClientReport {
        /// `queue_overflow`, …
        reason: Box<str>,
        /// `transaction`, `span`.
        category: Box<str>,
        /// Number of dropped items.
        quantity: u64,
    },
    /// Nothing of its service has arrived in an envelope yet.
    Silent,
    /// It arrived at the local endpoint; its further way is unknown.
    NotStored,
    /// The evidence is missing.
    Unknown,
}

/// The difference between a span and Sentry's copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Under another trace id.
    Trace {
        /// Trace in Sentry.
        sentry: TraceId,
    },
    /// Below another parent.
    Parent {
        /// The parent that Sentry knows; `None` for a root.
        sentry: Option<SpanId>,
        /// The span's own parent.
        span: Option<SpanId>,
    },
}

impl Verdict {
    /// Returns its mark, one character that does not depend on color.
    #[must_use]
    pub const fn mark(&self) -> char {
        match self {
            Self::NotChecked | Self::NotSent => '–',
            Self::Reached | Self::WithoutEvents | Self::SentryOnly => '✓',
            Self::Expected(_) => '…',
            Self::Missing(_) => '✗',
            Self::Differs(_) => '≠',
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChecked => f.write_str("nothing to compare with"),
            Self::NotSent => f.write_str("the viewer's own span, not for Sentry"),
            Self::Reached => f.write_str("reached Sentry"),
            Self::WithoutEvents => f.write_str("reached Sentry, whose OTLP route drops span events"),
            Self::SentryOnly => f.write_str("arrived in an envelope only"),
            Self::Expected(awaited) => write!(f, "still expected: {awaited}"),
            Self::Missing(reason) => write!(f, "missing: {reason}"),
            Self::Differs(difference) => difference.fmt(f),
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("it is running"),
            Self::RootEnd { root } => write!(f, "it is sent when {root:?} ends, which is running"),
            Self::Envelope => f.write_str("its envelope is on its way"),
            Self::Relay { problem } => write!(f, "kept here until Sentry can be reached ({problem})"),
            Self::Answer => f.write_str("no final answer from Sentry"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsampled => f.write_str("unsampled by its sender"),
            Self::EndedAfterRoot { nanos, root } => {
                write!(
                    f,
                    "ended {} after {root:?}, with which it would have been sent",
                    Length(*nanos)
                )
            }
            Self::StartedAfterRoot { nanos, root } => {
                write!(
                    f,
                    "started {} after {root:?} had ended, with which it would have been sent",
                    Length(*nanos)
                )
            }
            Self::TransactionFull { spans } => write!(f, "its transaction holds {spans} spans, and no more fit"),
            Self::NotInTransaction { root } => write!(f, "transaction {root:?} arrived without it, reason unknown"),
            Self::TooLarge { bytes } => write!(f, "item too large: {} KiB, and Sentry takes 1,024", bytes.div_ceil(1024)),
            Self::Rejected { status, reason } => write!(f, "Sentry answered {status}{}", Said(reason)),
            Self::RateLimited { reason } => write!(f, "rate limit{}", Said(reason)),
            Self::Lost { reason } => write!(f, "given up on the way to Sentry{}", Said(reason)),
            Self::ClientReport {
                reason,
                category,
                quantity,
            } => write!(f, "client report: {quantity} × {category} dropped, {reason}"),
            Self::Silent => f.write_str("no envelope from this service so far: is SENTRY_DSN set there?"),
            Self::NotStored => f.write_str("sent, but Sentry does not have it; why is not known"),
            Self::Unknown => f.write_str("why is not known"),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |id: &Option<SpanId>| id.map_or_else(|| "no parent".to_owned(), |id| format!("parent {id}"));
        match self {
            Self::Trace { sentry } => write!(f, "arrived under trace {sentry}"),
            Self::Parent { sentry, span } => write!(f, "arrived with {} instead of {}", id(sentry), id(span)),
        }
    }
}

/// A reason after a colon; nothing for an empty one.
struct Said<'a>(&'a str);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.0)
        }
    }
}

/// A length of time in the unit that fits.
struct Length(u64);

impl fmt::Display for Length {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            nanos @ ..1_000 => write!(f, "{nanos} ns"),
            nanos @ ..1_000_000 => write!(f, "{:.1} µs", nanos as f64 / 1e3),
            nanos @ ..1_000_000_000 => write!(f, "{:.1} ms", nanos as f64 / 1e6),
            nanos => write!(f, "{:.1} s", nanos as f64 / 1e9),
        }
    }
}

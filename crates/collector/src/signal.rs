//! OTLP's signals, and what their responses report.

use otlp_wire::schema::{self, Message};

/// Dropped parts of an accepted request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// Number of dropped spans.
    pub(crate) rejected: u64,
    /// Reason for the sender.
    pub(crate) reason: String,
}

/// An OTLP signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    /// Returns the request's message.
    pub(crate) const fn request(self) -> &'static Message {
        match self {
            Self::Traces => &schema::TRACES_REQUEST,
            Self::Logs => &schema::LOGS_REQUEST,
            Self::Metrics => &schema::METRICS_REQUEST,
        }
    }
}

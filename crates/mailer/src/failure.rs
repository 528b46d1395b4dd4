//! Failures of a send attempt, temporary or permanent.

use mail_queue::Malformed;
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use crate::SendError;

/// The reason an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The message is malformed; permanent.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The message has no usable id, so duplicates could not be detected; permanent.
    #[error("invalid message id")]
    MessageId,
    /// The transport rejected the mail or failed.
    #[error("mail not sent: {0}")]
    Transport(#[from] SendError),
}

impl Failure {
    /// Returns `true` if a retry can succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transport(SendError { transient: true, .. }))
    }

    /// Returns the SMTP reply code, if any.
    #[must_use]
    pub fn smtp_code(&self) -> Option<u16> {
        match self {
            Self::Transport(error) => error.smtp_code,
            _ => None,
        }
    }

    /// Returns the value of the attribute `error.type`.
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.error_type(),
            Self::MessageId => "message_id",
            Self::Transport(_) => "transport",
        }
    }
}

/// Marks the current span as failed.
pub(crate) fn fail_span(error_type: &'static str, description: String) {
    Context::map_current(|cx| {
        cx.span().set_attribute(KeyValue::new("error.type", error_type));
        cx.span().set_status(Status::error(description));
    });
}

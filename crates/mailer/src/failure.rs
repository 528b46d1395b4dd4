//! Why a mail was not sent, and whether a later attempt can help.

use mail_queue::Malformed;

use crate::SendError;

/// Why an attempt has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The message can never be handled.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The message cannot be told from others, so it could be sent twice.
    #[error("unusable message id")]
    MessageId,
    /// The transport did not take the mail.
    #[error("mail not sent: {0}")]
    Transport(#[from] SendError),
}

impl Failure {
    /// Whether a later attempt can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transport(SendError { transient: true, .. }))
    }

    /// The reply code of the SMTP server, if there was one.
    #[must_use]
    pub fn smtp_code(&self) -> Option<u16> {
        match self {
            Self::Transport(error) => error.smtp_code,
            _ => None,
        }
    }

    /// The value of the attribute `error.type`.
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::Malformed(malformed) => malformed.error_type(),
            Self::MessageId => "message_id",
            Self::Transport(_) => "transport",
        }
    }
}

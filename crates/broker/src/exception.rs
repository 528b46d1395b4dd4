//! AMQP channel and connection exceptions.

use std::fmt;

use amq_protocol::protocol::{AMQPHardError, AMQPSoftError, channel, connection};
use amq_protocol::types::ShortString;

/// An AMQP 0-9-1 exception: reply code, reply text, and its scope (channel or connection).
#[derive(Debug)]
pub(crate) struct Exception {
    code: u16,
    text: String,
    /// A connection exception; otherwise only the channel is closed.
    pub(crate) fatal: bool,
    /// The client may have asked only to learn what is supported, so that this is not a fault of either side.
    pub(crate) is_probe: bool,
}

impl Exception {
    /// Creates a channel exception.
    pub(crate) fn channel(kind: &AMQPSoftError, reason: impl fmt::Display) -> Self {
        Self {
            code: kind.get_id(),
            text: text(kind, &reason),
            fatal: false,
            is_probe: false,
        }
    }

    /// Creates a connection exception.
    pub(crate) fn connection(kind: &AMQPHardError, reason: impl fmt::Display) -> Self {
        Self {
            code: kind.get_id(),
            text: text(kind, &reason),
            fatal: true,
            is_probe: false,
        }
    }

    /// Creates the exception for a failed login: it closes the connection although its code is a channel's.
    pub(crate) fn login(reason: impl fmt::Display) -> Self {
        Self {
            fatal: true,
            ..Self::channel(&AMQPSoftError::ACCESSREFUSED, reason)
        }
    }

    pub(crate) fn precondition(reason: impl fmt::Display) -> Self {
        Self::channel(&AMQPSoftError::PRECONDITIONFAILED, reason)
    }

    /// Creates the exception for a queue argument that this broker does not support. Clients with a fallback declare a queue with it first.
    pub(crate) fn unsupported_argument(key: &str) -> Self {
        Self {
            is_probe: true,
            ..Self::precondition(format_args!(
                "invalid arg '{key}': unknown argument or unsupported value in the embedded broker"
            ))
        }
    }

    pub(crate) fn not_implemented(what: impl fmt::Display) -> Self {
        Self::connection(
            &AMQPHardError::NOTIMPLEMENTED,
            format_args!("{what} not supported by the embedded broker"),
        )
    }

    pub(crate) fn unexpected(what: impl fmt::Display) -> Self {
        Self::connection(&AMQPHardError::UNEXPECTEDFRAME, what)
    }

    /// Creates the exception for exhausted memory. The code is a connection's, but only the channel is closed: the other channels of
    /// the connection, above all consuming ones, free memory.
    pub(crate) fn no_room(reason: impl fmt::Display) -> Self {
        Self {
            fatal: false,
            ..Self::connection(&AMQPHardError::RESOURCEERROR, reason)
        }
    }

    pub(crate) fn close_connection(&self, (class_id, method_id): (u16, u16)) -> connection::AMQPMethod {
        let (reply_code, reply_text) = (self.code, short(&self.text));
        connection::AMQPMethod::Close(connection::Close {
            reply_code,
            reply_text,
            class_id,
            method_id,
        })
    }

    pub(crate) fn close_channel(&self, (class_id, method_id): (u16, u16)) -> channel::AMQPMethod {
        let (reply_code, reply_text) = (self.code, short(&self.text));
        channel::AMQPMethod::Close(channel::Close {
            reply_code,
            reply_text,
            class_id,
            method_id,
        })
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text)
    }
}

fn text(kind: &impl fmt::Display, reason: &impl fmt::Display) -> String {
    // RabbitMQ's format: `NOT_FOUND - no queue 'x' in vhost '/'`.
    format!("{} - {reason}", kind.to_string().replace('-', "_"))
}

/// Truncates to a short string (255 bytes): reply texts quote names, which may be as long.
fn short(text: &str) -> ShortString {
    let end = (0..=text.len().min(255)).rev().find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or(0)].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reply_text_is_truncated_at_a_char_boundary() {
        let exception = Exception::precondition("ü".repeat(300));
        let channel::AMQPMethod::Close(close) = exception.close_channel((0, 0)) else {
            panic!("expected a close method")
        };
        assert_eq!(close.reply_code, 406);
        assert!(close.reply_text.as_str().starts_with("PRECONDITION_FAILED - ü"));
        assert!((254..=255).contains(&close.reply_text.as_str().len()));
    }
}

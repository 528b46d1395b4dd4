//! The broker's URL.

use std::fmt;
use std::str::FromStr;

use lapin::uri::{AMQPScheme, AMQPUri};

/// The environment variable with the broker's URL.
pub const URL_VARIABLE: &str = "RABBITMQ_URL";

/// The default URL: a local RabbitMQ with its default user.
pub const DEFAULT_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

/// The URL of the broker. `Display` and `Debug` omit its password.
#[derive(Clone)]
pub struct QueueUrl(AMQPUri);

/// An invalid [`URL_VARIABLE`]. The value is not quoted, because it contains a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{URL_VARIABLE} {0} (expected amqp://<user>:<password>@<host>:<port>/<virtual host>; %2f encodes the virtual host /)")]
pub struct InvalidUrl(&'static str);

impl QueueUrl {
    /// Parses [`URL_VARIABLE`], or [`DEFAULT_URL`] if it is unset.
    ///
    /// # Errors
    /// The variable is not a valid AMQP URL.
    pub fn from_env() -> Result<Self, InvalidUrl> {
        match std::env::var(URL_VARIABLE) {
            Ok(url) if !url.trim().is_empty() => url.parse(),
            Err(std::env::VarError::NotUnicode(_)) => Err(InvalidUrl("is not valid UTF-8")),
            _ => DEFAULT_URL.parse(),
        }
    }

    /// Returns the broker's host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.authority.host
    }

    /// Returns the broker's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.authority.port
    }

    pub(crate) fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for QueueUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let invalid = InvalidUrl("is not a valid broker URL");
        // The parser reads the text after a single slash as a virtual host, on a default broker.
        if !text.contains("://") {
            return Err(invalid);
        }
        let uri: AMQPUri = text.trim().parse().map_err(|_| invalid)?;
        match uri.scheme {
            AMQPScheme::AMQP => Ok(Self(uri)),
            AMQPScheme::AMQPS => Err(InvalidUrl("requires TLS, which is not supported")),
        }
    }
}

impl fmt::Debug for QueueUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "QueueUrl({self})")
    }
}

impl fmt::Display for QueueUrl {
    /// Writes `host:port`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host(), self.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_and_errors_omit_the_password() {
        let url: QueueUrl = "amqp://me:secret@broker:5673/%2f".parse().expect("valid");
        assert_eq!(url.to_string(), "broker:5673");
        assert_eq!(format!("{url:?}"), "QueueUrl(broker:5673)");
        for bad in [
            "amqp:/me:secret@broker",
            "http://me:secret@broker",
            "amqps://me:secret@broker",
            "secret",
        ] {
            let error = bad.parse::<QueueUrl>().expect_err(bad).to_string();
            assert!(error.contains(URL_VARIABLE) && !error.contains("secret"), "{error}");
        }
    }
}

//! Where the broker is.

use std::fmt;
use std::str::FromStr;

use lapin::uri::{AMQPScheme, AMQPUri};

/// The environment variable that says where the broker is.
pub const URL_VARIABLE: &str = "RABBITMQ_URL";

/// The broker as it is after installing it.
pub const DEFAULT_URL: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";

/// The URL of the broker. It holds a password, which is not printed.
#[derive(Clone)]
pub struct QueueUrl(AMQPUri);

/// [`URL_VARIABLE`] is of no use. The value is not quoted: there is a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{URL_VARIABLE} {0}: expected amqp://<user>:<password>@<host>:<port>/<virtual host>, where %2f is the host /")]
pub struct InvalidUrl(&'static str);

impl QueueUrl {
    /// What [`URL_VARIABLE`] says, or [`DEFAULT_URL`].
    ///
    /// # Errors
    /// It says something else.
    pub fn from_env() -> Result<Self, InvalidUrl> {
        match std::env::var(URL_VARIABLE) {
            Ok(url) if !url.trim().is_empty() => url.parse(),
            Err(std::env::VarError::NotUnicode(_)) => Err(InvalidUrl("is not text")),
            _ => DEFAULT_URL.parse(),
        }
    }

    /// The broker's host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.authority.host
    }

    /// The broker's port.
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
        let invalid = InvalidUrl("is not the URL of a broker");
        // The parser takes what stands after a single slash for a virtual host, on a broker that nobody named.
        if !text.contains("://") {
            return Err(invalid);
        }
        let uri: AMQPUri = text.trim().parse().map_err(|_| invalid)?;
        match uri.scheme {
            AMQPScheme::AMQP => Ok(Self(uri)),
            AMQPScheme::AMQPS => Err(InvalidUrl("asks for TLS, which is not built in")),
        }
    }
}

impl fmt::Debug for QueueUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "QueueUrl({self})")
    }
}

impl fmt::Display for QueueUrl {
    /// `host:port`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host(), self.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_good_nor_a_bad_url_prints_its_password() {
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

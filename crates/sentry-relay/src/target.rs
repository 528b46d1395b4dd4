//! Destination of envelopes: a parsed DSN.
//!
//! Source: [Authentication](https://develop.sentry.dev/sdk/foundations/transport/authentication/).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

/// A Sentry project, named by a DSN (`https://<key>@<host>/<project>`).
///
/// It never shows its key: [`fmt::Display`] and [`fmt::Debug`] format the address alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Ends with a slash; has no user, query or fragment.
    base: Url,
    key: String,
    /// Deprecated, but forwarded if present.
    secret: Option<String>,
    project: String,
}

/// An invalid DSN. No message contains any part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It cannot be parsed as a URL.
    #[error("not a URL")]
    NotAUrl,
    /// The scheme is not supported.
    #[error("scheme is neither https nor http")]
    Scheme,
    /// The public key is missing, or contains characters that no key of Sentry has.
    #[error("no valid public key before the host")]
    Key,
    /// The last segment of the path is missing or cannot be a project id.
    #[error("no project id at the end of the path")]
    Project,
}

impl Target {
    /// Parses a DSN.
    ///
    /// ```
    /// use sentry_relay::{Target, TargetError};
    ///
    /// let target = Target::parse("https://5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88@o1.ingest.sentry.io/42")?;
    /// assert_eq!(target.to_string(), "https://o1.ingest.sentry.io/42");
    /// assert_eq!(Target::parse("https://o1.ingest.sentry.io/42"), Err(TargetError::Key));
    /// # Ok::<_, TargetError>(())
    /// ```
    pub fn parse(dsn: &str) -> Result<Self, TargetError> {
        let mut base = Url::parse(dsn.trim()).map_err(|_| TargetError::NotAUrl)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(TargetError::Scheme);
        }
        let key = word(base.username()).ok_or(TargetError::Key)?;
        let secret = base.password().filter(|secret| !secret.is_empty());
        let secret = secret.map(|secret| word(secret).ok_or(TargetError::Key)).transpose()?;
        let path = base.path().trim_end_matches('/').to_owned();
        let (prefix, project) = path.rsplit_once('/').ok_or(TargetError::Project)?;
        let project = word(project).ok_or(TargetError::Project)?;

        base.set_path(&format!("{prefix}/"));
        base.set_query(None);
        base.set_fragment(None);
        // A URL with a host can always have its user removed.
        let stripped = base.set_username("").and_then(|()| base.set_password(None));
        stripped.map_err(|()| TargetError::NotAUrl)?;
        Ok(Self {
            base,
            key,
            secret,
            project,
        })
    }

    /// Returns the DSN for an SDK that sends to a relay at `listener`. Envelopes that name this DSN have the right key and
    /// project, so no byte of them needs to change. It contains the key: it is for configuration, not for the screen.
    #[must_use]
    pub fn local_dsn(&self, listener: SocketAddr) -> String {
        format!("http://{}@{listener}/{}", self.key, self.project)
    }

    /// Returns true if requests to this target would reach `listener`, judged by the address alone.
    #[must_use]
    pub fn leads_to(&self, listener: SocketAddr) -> bool {
        if self.base.port_or_known_default() != Some(listener.port()) {
            return false;
        }
        let (here, any) = (listener.ip().is_loopback(), listener.ip().is_unspecified());
        match self.ip() {
            Some(ip) => ip == listener.ip() || (ip.is_unspecified() && here) || (ip.is_loopback() && any),
            None => self.is_loopback() && (here || any),
        }
    }

    /// Returns true if the host is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let named = || self.host() == "localhost" || self.host().ends_with(".localhost");
        self.ip().map_or_else(named, |ip| ip.is_loopback() || ip.is_unspecified())
    }

    /// Returns the URL of an endpoint.
    pub(crate) fn url(&self, endpoint: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}api/{}/{endpoint}/", self.base.path(), self.project));
        url
    }

    /// Returns the DSN for an envelope header.
    pub(crate) fn dsn(&self) -> String {
        let address = self.base.as_str();
        let host = address.split_once("://").map_or(address, |(_, host)| host);
        format!("{}://{}@{host}{}", self.base.scheme(), self.key, self.project)
    }

    /// Returns true if Sentry would accept an envelope with this `dsn`: it compares key and project, not the host.
    pub(crate) fn is_named_by(&self, dsn: &str) -> bool {
        Self::parse(dsn).is_ok_and(|other| other.key == self.key && other.project == self.project)
    }

    /// Returns the public key, for the authentication header only.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    /// Redacts the key in a text of another origin.
    pub(crate) fn without_key(&self, text: &str) -> String {
        let text = text.replace(&self.key, "<key>");
        match &self.secret {
            Some(secret) => text.replace(secret, "<secret>"),
            None => text,
        }
    }

    fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    fn ip(&self) -> Option<IpAddr> {
        self.host().trim_matches(['[', ']']).parse().ok()
    }
}

/// Returns a text that is valid in a header and in a path: hexadecimal digits and numbers, and the keys used by Sentry
/// substitutes.
fn word(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let usable = !text.is_empty() && text.len() <= 128 && text.bytes().all(fits);
    // A dot segment would change the path.
    (usable && !matches!(text, "." | "..")).then(|| text.to_owned())
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.base, self.project)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "5f1e0c5b6d8f4c7f9f3a0d2b1c4e6a88";

    fn target(rest: &str) -> Target {
        Target::parse(&format!("http://{KEY}@{rest}")).unwrap()
    }

    #[test]
    fn endpoint_urls_extend_the_path_of_the_dsn() {
        let plain = target("sentry.example:9000/42");
        assert_eq!(plain.url("envelope").as_str(), "http://sentry.example:9000/api/42/envelope/");
        let prefixed = target("sentry.example/errors/of/42/?x=1#y");
        assert_eq!(
            prefixed.url("store").as_str(),
            "http://sentry.example/errors/of/api/42/store/"
        );
        assert_eq!(prefixed.dsn(), format!("http://{KEY}@sentry.example/errors/of/42"));
        assert!(prefixed.is_named_by(&prefixed.dsn()));
    }

    #[test]
    fn invalid_dsn_is_rejected_without_being_quoted() {
        let secret_ones = [
            ("", TargetError::NotAUrl),
            ("0abc0abc", TargetError::NotAUrl),
            ("ftp://0abc0abc@host/1", TargetError::Scheme),
            ("https://host/1", TargetError::Key),
            ("https://0abc,0abc@host/1", TargetError::Key),
            ("https://0abc0abc:a%20b@host/1", TargetError::Key),
            ("https://0abc0abc@host", TargetError::Project),
            ("https://0abc0abc@host/1%2F", TargetError::Project),
        ];
        for (dsn, expected) in secret_ones {
            let error = Target::parse(dsn).expect_err(dsn);
            assert_eq!(error, expected, "{dsn}");
            assert!(!error.to_string().contains("0abc"));
        }
    }

    #[test]
    fn target_output_hides_key_and_secret() {
        let target = Target::parse(&format!("https://{KEY}:topsecret@host/1")).unwrap();
        for shown in [
            target.to_string(),
            format!("{target:?}"),
            target.without_key(&format!("{KEY} topsecret")),
        ] {
            assert!(!shown.contains(KEY) && !shown.contains("topsecret"), "{shown}");
        }
    }

    #[test]
    fn target_recognizes_own_listener_by_every_name() {
        let here = "127.0.0.1:8969".parse().unwrap();
        for loops in [
            "127.0.0.1:8969/1",
            "localhost:8969/1",
            "a.localhost:8969/1",
            "0.0.0.0:8969/1",
            "127.1:8969/1",
        ] {
            assert!(target(loops).leads_to(here), "{loops}");
        }
        for other in ["127.0.0.1:8970/1", "sentry.example:8969/1", "127.0.0.2:8969/1"] {
            assert!(!target(other).leads_to(here), "{other}");
        }
        assert!(target("[::1]:8969/1").leads_to("[::]:8969".parse().unwrap()));
        assert!(target("127.0.0.1/1").leads_to("127.0.0.1:80".parse().unwrap()));
    }

    #[test]
    fn local_dsn_names_the_same_project() {
        let target = Target::parse(&format!("https://{KEY}@o1.ingest.sentry.io/42")).unwrap();
        let local = target.local_dsn("127.0.0.1:8969".parse().unwrap());
        assert_eq!(local, format!("http://{KEY}@127.0.0.1:8969/42"));
        assert!(target.is_named_by(&local));
        assert!(!target.is_named_by("http://spanfall@127.0.0.1:8969/1"));
    }
}

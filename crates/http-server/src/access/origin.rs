//! Origins as browsers write them (RFC 6454).

use std::fmt;
use std::str::FromStr;

use super::Host;

/// The origin of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `null`: a file, a sandboxed frame, a redirect.
    Null,
    /// A page by HTTP or HTTPS.
    Web {
        /// True for HTTPS.
        is_https: bool,
        /// Name or address.
        host: Host,
        /// `None` for the scheme's default.
        port: Option<u16>,
    },
    /// Any other scheme, in lower case: `chrome-extension://abc`, `tauri://localhost`, `file://`.
    Other(String),
}

/// Text that is not an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin(String);

impl std::error::Error for InvalidOrigin {}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.escape_debug();
        write!(
            f,
            "`{text}` is not an origin like http://localhost:5173 or http://localhost:*"
        )
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        Self::parse(text).ok_or_else(|| InvalidOrigin(text.to_owned()))
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Null);
        }
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_https = scheme == "https";
        if is_https || scheme == "http" {
            let (host, port) = Host::split(authority)?;
            let usual = if is_https { 443 } else { 80 };
            let port = port.filter(|port| *port != usual);
            return Some(Self::Web { is_https, host, port });
        }
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        (is_scheme && authority.bytes().all(is_plain))
            .then(|| Self::Other(format!("{scheme}://{}", authority.to_ascii_lowercase())))
    }

    /// Returns true for a page served from this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self, Self::Web { host, .. } if host.is_loopback())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Web { is_https, host, port } => {
                let scheme = if *is_https { "https" } else { "http" };
                write!(f, "{scheme}://{host}")?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// An origin that is allowed; written with `:*`, on any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin {
    /// Without the port, if that may be any.
    origin: Origin,
    any_port: bool,
}

impl FromStr for AllowedOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let (bare, any_port) = text.strip_suffix(":*").map_or((text, false), |bare| (bare, true));
        let invalid = || InvalidOrigin(text.to_owned());
        let origin = Origin::parse(bare).ok_or_else(invalid)?;
        if any_port && !matches!(origin, Origin::Web { port: None, .. }) {
            return Err(invalid());
        }
        Ok(Self { origin, any_port })
    }
}

impl AllowedOrigin {
    /// Returns true if the pattern allows `origin`.
    #[must_use]
    pub fn matches(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Web { is_https, host, .. } if self.any_port => {
                let (is_https, host) = (*is_https, host.clone());
                self.origin
                    == Origin::Web {
                        is_https,
                        host,
                        port: None,
                    }
            }
            _ => self.origin == *origin,
        }
    }
}

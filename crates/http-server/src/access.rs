//! Access to a listener: by `Host` against DNS rebinding, by `Origin` against web pages of other origins.
//!
//! | header | passes | else |
//! |---|---|---|
//! | `Host`, `:authority` | loopback addresses, `localhost`, `*.localhost`, `host.docker.internal`, `host.containers.internal`, and what is allowed; any port | 403 |
//! | … missing (but from HTTP/1.0), repeated, or not a host | | 400, as RFC 9112 section 3.2 has it |
//! | `Origin` | none (a program); pages of loopback addresses, `localhost` and `*.localhost`, by HTTP or HTTPS, any port; and what is allowed | 403 |
//! | … repeated | | 403 |
//!
//! A name with a dot at its end (`localhost.`) is the same name, written absolutely (RFC 6761 and W3C's Secure Contexts write it both ways):
//! it passes where the name does, in `Host` and in `Origin`, although browsers keep the two origins apart.
//!
//! Both are checked before any route, preflights included: a request that is denied reaches [`App::denied`](crate::App::denied) and
//! nothing else.
//!
//! A page whose name an attacker rebinds to 127.0.0.1 is of the same origin as the listener to its browser. The name in `Host` gives
//! it away.

mod host;
mod origin;

use std::net::SocketAddr;

use http::header::{HOST, HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Request, StatusCode, Version};

pub use self::host::{Host, InvalidHost};
pub use self::origin::{AllowedOrigin, InvalidOrigin, Origin};

/// Characters of a header that a [`Denied`] quotes.
const QUOTED: usize = 120;

/// The rule of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Hosts allowed in addition to local ones; `None` for any.
    hosts: Option<Vec<Host>>,
    /// Origins allowed in addition to local ones; `None` for any.
    origins: Option<Vec<AllowedOrigin>>,
}

impl Access {
    /// Creates the access for local use only: local hosts and pages, and these.
    #[must_use]
    pub const fn local(hosts: Vec<Host>, origins: Vec<AllowedOrigin>) -> Self {
        Self {
            hosts: Some(hosts),
            origins: Some(origins),
        }
    }

    /// Creates the access of a service, whose routes decide about origins. On a loopback address it accepts requests to local
    /// hosts and to these; on any other address, where the deployment chooses the names, to every host.
    #[must_use]
    pub fn service(address: SocketAddr, hosts: Vec<Host>) -> Self {
        Self {
            hosts: address.ip().to_canonical().is_loopback().then_some(hosts),
            origins: None,
        }
    }

    /// Returns true if requests to a host are accepted.
    #[must_use]
    pub fn allows_host(&self, host: &Host) -> bool {
        let Some(allowed) = &self.hosts else { return true };
        is_allowed(host, allowed)
    }

    /// Decides on a request by its head.
    ///
    /// # Errors
    ///
    /// The request is denied.
    pub fn check<B>(&self, request: &Request<B>) -> Result<(), Denied> {
        if let Some(allowed) = &self.hosts {
            check_host(request, allowed)?;
        }
        if let Some(allowed) = &self.origins {
            check_origin(request.headers(), allowed)?;
        }
        Ok(())
    }
}

fn is_allowed(host: &Host, allowed: &[Host]) -> bool {
    host.is_local() || allowed.contains(host)
}

/// The target's authority counts as well as the header: HTTP/2 has only that, and in HTTP/1.1 it overrides the header.
fn check_host<B>(request: &Request<B>, allowed: &[Host]) -> Result<(), Denied> {
    let check = |text: &[u8]| {
        let host = std::str::from_utf8(text).ok().and_then(|text| Host::of_authority(text).ok());
        match host {
            None => Err(Denied::new(HOST, Problem::Invalid, text)),
            Some(host) if is_allowed(&host, allowed) => Ok(()),
            Some(host) => Err(Denied::new(HOST, Problem::NotAllowed, host.to_string().as_bytes())),
        }
    };
    let authority = request.uri().authority().map(Authority::as_str);
    authority.map_or(Ok(()), |authority| check(authority.as_bytes()))?;
    match single(request.headers(), HOST)? {
        Some(host) => check(host),
        None if authority.is_some() || request.version() < Version::HTTP_11 => Ok(()),
        None => Err(Denied::new(HOST, Problem::Missing, b"")),
    }
}

fn check_origin(headers: &HeaderMap, allowed: &[AllowedOrigin]) -> Result<(), Denied> {
    let Some(text) = single(headers, ORIGIN)? else { return Ok(()) };
    let origin = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Origin>().ok());
    match origin {
        None => Err(Denied::new(ORIGIN, Problem::Invalid, text)),
        Some(origin) if origin.is_local() || allowed.iter().any(|allowed| allowed.matches(&origin)) => Ok(()),
        Some(origin) => Err(Denied::new(ORIGIN, Problem::NotAllowed, origin.to_string().as_bytes())),
    }
}

fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&[u8]>, Denied> {
    let mut values = headers.get_all(&name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(http::HeaderValue::as_bytes)),
        (Some(value), Some(_)) => Err(Denied::new(name, Problem::Repeated, value.as_bytes())),
        (None, Some(_)) => Ok(None),
    }
}

/// A denied request's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    header: HeaderName,
    problem: Problem,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Missing,
    Repeated,
    Invalid,
    NotAllowed,
}

impl Denied {
    fn new(header: HeaderName, problem: Problem, value: &[u8]) -> Self {
        let value = value.escape_ascii().take(QUOTED).map(char::from).collect();
        Self { header, problem, value }
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.problem {
            Problem::Missing | Problem::Repeated | Problem::Invalid if self.header == HOST => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// The host that would have to be allowed for the request to pass. Letters, digits and `-._:[]` alone.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.not_allowed(&HOST)
    }

    /// The origin that would have to be allowed for the request to pass. Letters, digits and `-._:/[]+` alone.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.not_allowed(&ORIGIN)
    }

    fn not_allowed(&self, header: &HeaderName) -> Option<&str> {
        // A truncated value cannot be allowed by its beginning.
        let is_whole = self.value.len() < QUOTED;
        (self.header == *header && self.problem == Problem::NotAllowed && is_whole).then_some(&*self.value)
    }
}

/// Writes the denied value in printable ASCII: `origin https://app.example`.
impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (header, value) = (&self.header, &self.value);
        match self.problem {
            Problem::Missing => write!(f, "missing {header}"),
            Problem::Repeated => write!(f, "repeated {header}"),
            Problem::Invalid => write!(f, "invalid {header} {value}"),
            Problem::NotAllowed => write!(f, "{header} {value}"),
        }
    }
}

#[cfg(test)]
mod tests;

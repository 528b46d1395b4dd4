//! The host of a `Host` header, an `:authority`, an origin.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Names by which containers reach their host.
const CONTAINER_HOSTS: [&str; 2] = ["host.docker.internal", "host.containers.internal"];
/// Bytes of a name (RFC 1035).
const NAME_LENGTH: usize = 253;

/// A name or an address, without a port. Names are compared without case, names and IPv4 addresses without the dot at their end (as
/// in the URL standard).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Address(IpAddr),
    Name(String),
}

/// Text that is not a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidHost(String);

impl std::error::Error for InvalidHost {}

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a host like app.example or 192.0.2.1 (without a port)",
            self.0.escape_debug()
        )
    }
}

/// Reads a host without a port; an IPv6 address with or without brackets.
impl FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let bare = text.parse::<Ipv6Addr>().map(|address| Self(Kind::Address(address.into())));
        bare.ok()
            .or_else(|| Self::bracketed(text))
            .ok_or_else(|| InvalidHost(text.to_owned()))
    }
}

impl Host {
    /// Reads hosts separated by commas.
    ///
    /// # Errors
    ///
    /// One of them is invalid. An empty list is valid.
    pub fn list(text: &str) -> Result<Vec<Self>, InvalidHost> {
        let hosts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        hosts.map(str::parse).collect()
    }

    /// Reads the host of `host[:port]`.
    ///
    /// # Errors
    /// It is not that.
    pub fn of_authority(text: &str) -> Result<Self, InvalidHost> {
        Self::split(text)
            .map(|(host, _)| host)
            .ok_or_else(|| InvalidHost(text.to_owned()))
    }

    /// Reads `host[:port]`.
    pub(super) fn split(text: &str) -> Option<(Self, Option<u16>)> {
        let (host, port) = match text.rsplit_once(':') {
            // A colon within brackets belongs to the address.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None | Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
        };
        Some((Self::bracketed(host)?, port))
    }

    /// Reads a host as URLs have it.
    fn bracketed(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address = address.parse::<Ipv6Addr>().ok()?;
            return Some(Self(Kind::Address(address.into())));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse::<std::net::Ipv4Addr>() {
            return Some(Self(Kind::Address(address.into())));
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let is_name = name.len() <= NAME_LENGTH && name.split('.').all(is_label);
        is_name.then(|| Self(Kind::Name(name.to_ascii_lowercase())))
    }

    /// Returns true for the client's own machine: a loopback address, `localhost` or a name below it (RFC 6761).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.0 {
            Kind::Address(address) => address.to_canonical().is_loopback(),
            Kind::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    /// Returns true for this machine: loopback, or a container's name of its host.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let is_container_host = matches!(&self.0, Kind::Name(name) if CONTAINER_HOSTS.contains(&&**name));
        self.is_loopback() || is_container_host
    }
}

/// Writes the form of URLs: an IPv6 address in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Kind::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Kind::Name(name) => f.write_str(name),
        }
    }
}

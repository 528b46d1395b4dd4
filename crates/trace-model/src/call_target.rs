//! Target of a client span's request, read from the span's bytes.
//!
//! Attribute names are those of [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/), of either
//! generation, and Sentry's `url`. Sentry's older SDKs give the URL in the span's name alone: `POST http://localhost:8969/stream`.

use std::borrow::Cow;

use crate::number::Number;
use crate::wire::{AnyValue, KeyValue, Leaf, number, parts};
use crate::work;

/// The host, port and path that a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTarget<'a> {
    /// A name or an address, an IPv6 address without brackets; never empty.
    pub host: &'a str,
    /// Port of the URL, or of its scheme; `None` if unknown.
    pub port: Option<u16>,
    /// Without query and fragment; of an RPC `/service/method`.
    pub path: Cow<'a, str>,
}

/// The target of a call, from the attributes of its span.
#[derive(Default)]
struct Parts<'a> {
    url: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
    /// `host:port`.
    authority: Option<&'a [u8]>,
    port: Option<u16>,
    peer_port: Option<u16>,
    path: Option<&'a [u8]>,
    rpc_service: Option<&'a [u8]>,
    rpc_method: Option<&'a [u8]>,
}

impl<'a> CallTarget<'a> {
    /// Parses an absolute URL. User information is dropped, and so is a port that is not a number.
    ///
    /// ```
    /// use trace_model::CallTarget;
    ///
    /// let target = CallTarget::of_url("http://key@[::1]:8969/api/1/envelope/?sentry_version=7").expect("an absolute URL");
    /// assert_eq!((target.host, target.port, &*target.path), ("::1", Some(8969), "/api/1/envelope/"));
    /// ```
    #[must_use]
    pub fn of_url(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = host_and_port(authority)?;
        let default = if scheme.eq_ignore_ascii_case("http") {
            Some(80)
        } else if scheme.eq_ignore_ascii_case("https") {
            Some(443)
        } else {
            None
        };
        Some(Self {
            host,
            port: port.or(default),
            path: without_query(path).into(),
        })
    }

    /// Reads a span; `None` if it has no host, port and path, or `is_port` is false for the port.
    ///
    /// Every client span that arrives is read here, nearly all of them to other ports: texts are checked last.
    pub(crate) fn of_span(name: &'a [u8], raw: &'a [u8], is_port: impl Fn(u16) -> bool) -> Option<Self> {
        work::add(raw.len());
        let mut told = Parts::default();
        for attribute in parts(raw, number::SPAN_ATTRIBUTES) {
            told.see(attribute);
            // An absolute URL is complete.
            if let Some(target) = told.url.take().and_then(text).and_then(Self::of_url) {
                return Some(target).filter(|target| target.port.is_some_and(is_port));
            }
        }
        if let Some(port) = told.port.or_else(|| told.port_of_authority()).or(told.peer_port) {
            return is_port(port).then(|| told.target(name, port))?;
        }
        let url = name.iter().position(|byte| *byte == b' ').map(|space| &name[space + 1..])?;
        Self::of_url(text(url)?).filter(|target| target.port.is_some_and(is_port))
    }
}

impl<'a> Parts<'a> {
    #[inline]
    fn see(&mut self, attribute: &'a [u8]) {
        let Some((key, value)) = KeyValue::borrowed(attribute) else {
            return;
        };
        let bytes = match key {
            b"url.full" | b"http.url" | b"url" => &mut self.url,
            b"server.address" | b"net.peer.name" | b"net.peer.ip" | b"network.peer.address" | b"net.sock.peer.addr" => {
                &mut self.host
            }
            b"http.host" => &mut self.authority,
            b"url.path" | b"http.target" => &mut self.path,
            b"rpc.service" => &mut self.rpc_service,
            b"rpc.method" => &mut self.rpc_method,
            b"server.port" | b"net.peer.port" => {
                self.port = port(value).or(self.port);
                return;
            }
            // Of the connection: that of a proxy, if there is one.
            b"network.peer.port" | b"net.sock.peer.port" => {
                self.peer_port = port(value).or(self.peer_port);
                return;
            }
            _ => return,
        };
        // The first counts: of several spellings each is as good.
        if let AnyValue::Leaf(Leaf::Text(found)) = AnyValue::read(value)
            && bytes.is_none()
        {
            *bytes = Some(found).filter(|found| !found.is_empty());
        }
    }

    fn port_of_authority(&self) -> Option<u16> {
        host_and_port(text(self.authority?)?)?.1
    }

    fn target(&self, name: &'a [u8], port: u16) -> Option<CallTarget<'a>> {
        let read = |bytes: Option<&'a [u8]>| bytes.and_then(text);
        let authority = read(self.authority).and_then(host_and_port);
        let host = read(self.host).or(authority.map(|(host, _)| host))?;
        let path = match (read(self.path), read(self.rpc_service), read(self.rpc_method)) {
            (Some(path), ..) => without_query(path).into(),
            // Newer conventions have both in the method.
            (None, _, Some(method)) if method.contains('/') => format!("/{}", method.trim_start_matches('/')).into(),
            (None, Some(service), Some(method)) => format!("/{service}/{method}").into(),
            (None, Some(_), None) => format!("/{}", text(name)?.trim_start_matches('/')).into(),
            (None, None, _) => return None,
        };
        Some(CallTarget {
            host,
            port: Some(port),
            path,
        })
    }
}

/// Returns false if an attribute of this key names no port.
#[inline]
pub(crate) fn may_have_port(key: &[u8]) -> bool {
    matches!(
        key,
        b"url.full"
            | b"http.url"
            | b"url"
            | b"http.host"
            | b"server.port"
            | b"net.peer.port"
            | b"network.peer.port"
            | b"net.sock.peer.port"
    )
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn port(value: &[u8]) -> Option<u16> {
    match AnyValue::read(value) {
        AnyValue::Leaf(Leaf::Number(Number::Int(port))) => port.try_into().ok(),
        AnyValue::Leaf(Leaf::Text(text)) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// Splits `user@host:port`; `None` without a host.
fn host_and_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':')))?,
        None => host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
    };
    (!host.is_empty()).then(|| (host, port.and_then(|port| port.parse().ok())))
}

pub(crate) fn without_query(path: &str) -> &str {
    &path[..path.find(['?', '#']).unwrap_or(path.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_has_no_user_and_a_default_port() {
        for (url, expected) in [
            ("http://shop:8080/cart?x=1", Some(("shop", Some(8080), "/cart"))),
            (
                "https://user:secret@shop.example/a@b",
                Some(("shop.example", Some(443), "/a@b")),
            ),
            ("http://[::1]:8080/", Some(("::1", Some(8080), "/"))),
            ("HTTP://shop?x", Some(("shop", Some(80), ""))),
            ("grpc://shop:${PORT}/a#b", Some(("shop", None, "/a"))),
            ("/cart", None),
            ("http:///cart", None),
            ("http://[::1/cart", None),
        ] {
            let target = CallTarget::of_url(url);
            let found = target.as_ref().map(|target| (target.host, target.port, &*target.path));
            assert_eq!(found, expected, "{url}");
        }
    }
}

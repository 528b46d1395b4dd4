//! Target of a client span's request, read from the span's bytes.
//!
//! Attribute names are those of [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/http/http-spans/), of either
//! generation, and Sentry's `url`. Sentry's older SDKs give the URL in the span's name alone: `POST http://localhost:8969/stream`.

use std::borrow::Cow;

use crate::filter::wire::{AnyValue, KeyValue, Leaf, Number, number, parts};
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
    url: Option<&'a str>,
    host: Option<&'a str>,
    /// `host:port`.
    authority: Option<&'a str>,
    port: Option<u16>,
    path: Option<&'a str>,
    rpc_service: Option<&'a str>,
    rpc_method: Option<&'a str>,
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

    /// Reads a span; `None` if it has no host and path.
    pub(crate) fn of_span(name: &'a str, raw: &'a [u8]) -> Option<Self> {
        work::add(raw.len());
        let mut told = Parts::default();
        for attribute in parts(raw, number::SPAN_ATTRIBUTES) {
            told.see(attribute);
            // An absolute URL is complete.
            if let Some(target) = told.url.take().and_then(Self::of_url) {
                return Some(target);
            }
        }
        told.target(name).or_else(|| Self::of_url(name.split_once(' ')?.1))
    }
}

impl<'a> Parts<'a> {
    fn see(&mut self, attribute: &'a [u8]) {
        let Some((key, value)) = KeyValue::borrowed(attribute) else {
            return;
        };
        let text = match key {
            b"url.full" | b"http.url" | b"url" => &mut self.url,
            b"server.address" | b"net.peer.name" | b"net.peer.ip" | b"network.peer.address" => &mut self.host,
            b"http.host" => &mut self.authority,
            b"url.path" | b"http.target" => &mut self.path,
            b"rpc.service" => &mut self.rpc_service,
            b"rpc.method" => &mut self.rpc_method,
            b"server.port" | b"net.peer.port" => {
                self.port = port(value).or(self.port);
                return;
            }
            _ => return,
        };
        // The first counts: of several spellings each is as good.
        if let AnyValue::Leaf(Leaf::Text(found)) = AnyValue::read(value)
            && text.is_none()
        {
            *text = std::str::from_utf8(found).ok().filter(|found| !found.is_empty());
        }
    }

    fn target(&self, name: &'a str) -> Option<CallTarget<'a>> {
        let authority = self.authority.and_then(host_and_port);
        let host = self.host.or(authority.map(|(host, _)| host))?;
        let port = self.port.or(authority.and_then(|(_, port)| port));
        let path = match (self.path, self.rpc_service, self.rpc_method) {
            (Some(path), ..) => without_query(path).into(),
            // Newer conventions have both in the method.
            (None, _, Some(method)) if method.contains('/') => format!("/{}", method.trim_start_matches('/')).into(),
            (None, Some(service), Some(method)) => format!("/{service}/{method}").into(),
            (None, Some(_), None) => format!("/{}", name.trim_start_matches('/')).into(),
            (None, None, _) => return None,
        };
        Some(CallTarget { host, port, path })
    }
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

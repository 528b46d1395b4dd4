//! Which pages may call the API from a browser (CORS).

use std::str::FromStr;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// What a page must be allowed to send: the body's type and the trace context of both SDKs.
const HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("baggage"),
    header::CONTENT_TYPE,
    HeaderName::from_static("sentry-trace"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Origins (`scheme://host[:port]`), separated by commas; `:*` stands for any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(Vec<Origin>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    /// The whole origin, or all before the port.
    text: String,
    any_port: bool,
}

/// Text that names no origins.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin like http://localhost:5173 or http://localhost:*")]
pub struct InvalidOrigins(String);

impl Default for Origins {
    /// Pages served from this machine, on any port.
    fn default() -> Self {
        let local = |host: &str| Origin {
            text: format!("http://{host}"),
            any_port: true,
        };
        Self(vec![local("localhost"), local("127.0.0.1")])
    }
}

impl FromStr for Origins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let origin = |text: &str| {
            let invalid = || InvalidOrigins(text.to_owned());
            let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
            let any_port = rest.ends_with(":*");
            let host = rest.strip_suffix(":*").unwrap_or(rest);
            if !matches!(scheme, "http" | "https") || host.is_empty() || host.contains(['/', '*', ' ', '@']) {
                return Err(invalid());
            }
            Ok(Origin {
                text: format!("{scheme}://{host}"),
                any_port,
            })
        };
        text.split(',')
            .map(|text| origin(text.trim()))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Origins {
    fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| match origin.strip_prefix(&allowed.text) {
            Some("") => true,
            Some(port) if allowed.any_port => port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()),
            _ => false,
        })
    }

    pub(crate) fn layer(self) -> CorsLayer {
        let allow = move |origin: &HeaderValue, _: &_| origin.to_str().is_ok_and(|origin| self.allow(origin));
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(allow))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers(HEADERS)
            .expose_headers([header::RETRY_AFTER])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_a_port_and_nothing_else() {
        let origins = Origins::default();
        for good in ["http://localhost", "http://localhost:5173", "http://127.0.0.1:1"] {
            assert!(origins.allow(good), "{good}");
        }
        for bad in [
            "https://localhost:5173",
            "http://localhost.example.org",
            "http://localhost:5173.example.org",
            "http://localhost:99999",
            "http://example.org",
            "null",
        ] {
            assert!(!origins.allow(bad), "{bad}");
        }
    }

    #[test]
    fn a_list_is_read_and_rubbish_is_named() {
        let origins: Origins = "https://a.example, http://b.example:*".parse().expect("valid");
        assert!(origins.allow("https://a.example") && origins.allow("http://b.example:80"));
        assert!(!origins.allow("https://a.example:444"));
        for bad in ["", "*", "localhost:3000", "http://", "http://a/b", "http://*:80"] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }
}

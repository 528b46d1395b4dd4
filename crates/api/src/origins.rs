//! The origins of pages that may call the API from a browser (CORS).

use std::str::FromStr;

use http::{HeaderName, HeaderValue, Method, header};
use http_server::{AllowedOrigin, InvalidOrigin, Origin};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The request headers a page may send: the content type and the trace context of both SDKs.
const HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("baggage"),
    header::CONTENT_TYPE,
    HeaderName::from_static("sentry-trace"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Comma-separated origins (`scheme://host[:port]`); `:*` matches any port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins(Vec<AllowedOrigin>);

impl Default for Origins {
    /// Allows pages served by this machine over HTTP, on any port.
    fn default() -> Self {
        Self(
            ["http://localhost:*", "http://127.0.0.1:*"]
                .into_iter()
                .filter_map(|origin| origin.parse().ok())
                .collect(),
        )
    }
}

impl FromStr for Origins {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let origins = text.split(',').map(|text| text.trim().parse());
        origins.collect::<Result<_, _>>().map(Self)
    }
}

impl Origins {
    fn allow(&self, origin: &str) -> bool {
        let origin = origin.parse::<Origin>();
        origin.is_ok_and(|origin| self.0.iter().any(|allowed| allowed.matches(&origin)))
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
    fn star_matches_only_ports() {
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
    fn origin_list_is_parsed_and_validated() {
        let origins: Origins = "https://a.example, http://b.example:*".parse().expect("valid");
        assert!(origins.allow("https://a.example") && origins.allow("http://b.example:80"));
        assert!(!origins.allow("https://a.example:444"));
        for bad in ["", "*", "localhost:3000", "http://", "http://a/b", "http://*:80"] {
            assert!(bad.parse::<Origins>().is_err(), "{bad}");
        }
    }
}

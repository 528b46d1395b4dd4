//! Addresses of an organization's API and pages.

use std::net::IpAddr;

use reqwest::Url;
use trace_model::{SpanId, TraceId};

use crate::error::SettingsError;

/// An organization in a Sentry installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Ends with a slash; has no user or query.
    base: Url,
    organization: Box<str>,
}

impl Site {
    /// Parses a `SENTRY_URL` and a slug.
    pub(crate) fn new(url: &str, organization: &str) -> Result<Self, SettingsError> {
        let problem = |problem| SettingsError {
            variable: "SENTRY_URL",
            problem,
        };
        let no_url = || problem("is not a URL such as https://sentry.example");
        let mut base = Url::parse(url).map_err(|_| no_url())?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(no_url());
        }
        if !base.username().is_empty() || base.password().is_some() || base.query().is_some() || base.fragment().is_some() {
            return Err(problem(
                "has a user, query or fragment (expected a URL such as https://sentry.example)",
            ));
        }
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        Ok(Self {
            base,
            organization: organization.into(),
        })
    }

    /// Returns the organization's slug.
    #[must_use]
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Returns the host of the API, with its port unless it is the default: `sentry.io`, `127.0.0.1:9000`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.base.authority()
    }

    /// Returns the URL of a trace's page: on the organization's subdomain of `sentry.io`, or under `/organizations/` of a
    /// self-hosted Sentry.
    #[must_use]
    pub fn trace_url(&self, trace_id: TraceId) -> String {
        format!("{}{trace_id}/", self.trace_pages())
    }

    /// Returns the URL of a trace's page without the trace id.
    #[must_use]
    pub fn trace_pages(&self) -> String {
        let organization = &self.organization;
        let host = self.base.host_str().unwrap_or_default();
        let page = "explore/traces/trace/";
        if host == "sentry.io" || host.ends_with(".sentry.io") {
            format!("https://{}.sentry.io/{page}", organization.to_ascii_lowercase())
        } else {
            format!("{}organizations/{organization}/{page}", self.base)
        }
    }

    /// Returns the URL of a trace's page, with a span selected.
    #[must_use]
    pub fn span_url(&self, trace_id: TraceId, span_id: SpanId) -> String {
        format!("{}?node=span-{span_id}", self.trace_url(trace_id))
    }

    /// Returns true if a token can be sent there without being read on the way: by https, or on this machine.
    pub(crate) fn is_safe_for_token(&self) -> bool {
        self.is_https() || self.is_loopback()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    /// Returns the URL of the API for a trace; `endpoint` is `trace` or, for Sentry before 25, `events-trace`.
    pub(crate) fn api_url(&self, endpoint: &str, trace_id: TraceId) -> Url {
        let mut url = self.base.clone();
        // Neither a slug nor the rest needs escaping.
        url.set_path(&format!(
            "{}api/0/organizations/{}/{endpoint}/{trace_id}/",
            self.base.path(),
            self.organization
        ));
        url
    }
}

/// Returns true for a valid organization slug: it cannot leave its segment of a path or become another host.
pub(crate) fn is_slug(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    !text.is_empty() && text.len() <= 100 && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace_id() -> TraceId {
        "0af7651916cd43dd8448eb211c80319c".parse().expect("an id")
    }

    fn site(url: &str) -> Site {
        Site::new(url, "Acme-1").expect("an address")
    }

    #[test]
    fn sentry_io_pages_are_on_the_subdomain_of_the_organization() {
        for url in ["https://sentry.io", "https://de.sentry.io/", "https://acme-1.sentry.io"] {
            let page = site(url).trace_url(trace_id());
            assert_eq!(
                page,
                "https://acme-1.sentry.io/explore/traces/trace/0af7651916cd43dd8448eb211c80319c/"
            );
        }
    }

    #[test]
    fn selfhosted_pages_are_under_its_own_address() {
        let span_id = "b7ad6b7169203331".parse().expect("an id");
        for (url, start) in [
            ("https://sentry.example:9000", "https://sentry.example:9000/organizations/"),
            ("https://notsentry.io", "https://notsentry.io/organizations/"),
            ("https://tools.example/sentry", "https://tools.example/sentry/organizations/"),
        ] {
            let rest = "Acme-1/explore/traces/trace/0af7651916cd43dd8448eb211c80319c/?node=span-b7ad6b7169203331";
            assert_eq!(site(url).span_url(trace_id(), span_id), format!("{start}{rest}"));
        }
    }

    #[test]
    fn api_url_extends_the_address() {
        for (url, start) in [
            ("https://sentry.io", "https://sentry.io/api/0/"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000/api/0/"),
            ("https://tools.example/sentry", "https://tools.example/sentry/api/0/"),
        ] {
            let rest = "organizations/Acme-1/trace/0af7651916cd43dd8448eb211c80319c/";
            assert_eq!(site(url).api_url("trace", trace_id()).as_str(), format!("{start}{rest}"));
        }
    }

    #[test]
    fn loopback_lookalikes_are_other_hosts() {
        for url in [
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "http://[fe80::1]",
        ] {
            assert!(!site(url).is_safe_for_token(), "{url}");
        }
    }
}

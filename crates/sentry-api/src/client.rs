//! HTTP client for one organization.

use std::error::Error;
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, LINK};
use reqwest::{Response, StatusCode, redirect};
use trace_model::TraceId;

use crate::error::{ApiError, wait};
use crate::page::next_cursor;
use crate::response::{Page, Pages, SentryTrace};
use crate::settings::Token;
use crate::site::Site;

/// Maximum bytes of all pages of a response.
const RESPONSE_BYTES_MAX: usize = 32 << 20;
/// Maximum bytes read of an error response.
const ERROR_BYTES_MAX: usize = 4096;
/// Maximum number of pages.
const PAGES_MAX: usize = 20;
/// Timeout of a whole response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The token would be sent unencrypted.
    #[error("SENTRY_URL ({host}) is neither https nor on this machine: the token would be sent unencrypted (use https)")]
    Unsafe {
        /// Host of `SENTRY_URL`.
        host: Box<str>,
    },
    /// The HTTP client could not be built.
    #[error("cannot set up HTTPS: no usable CA certificates (install the package ca-certificates)")]
    Http(#[source] reqwest::Error),
}

/// Client for the Sentry API of one organization. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    site: Site,
    token: Token,
    timeout: Duration,
}

impl Client {
    /// Creates a client that follows no redirects, so the token is sent to this host only.
    ///
    /// # Errors
    /// `site` is neither https nor on this machine, or TLS cannot be set up.
    pub fn new(site: Site, token: Token) -> Result<Self, SetupError> {
        if !site.is_safe_for_token() {
            return Err(SetupError::Unsafe {
                host: site.host().into(),
            });
        }
        let mut builder = http_client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("spanfall/", env!("CARGO_PKG_VERSION")));
        if site.is_loopback() {
            // A proxy could read the token.
            builder = builder.no_proxy();
        }
        if !site.is_https() {
            // Loading them is slow, and the system may have none.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(SetupError::Http)?,
            site,
            token,
            timeout: RESPONSE_TIMEOUT,
        })
    }

    /// Sets the timeout of a whole response; the default is 30 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the organization and its Sentry.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Fetches Sentry's current data for a trace. A trace unknown to Sentry has no spans.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn trace(&self, trace_id: TraceId) -> Result<SentryTrace, ApiError> {
        let asked = tokio::time::timeout(self.timeout, async {
            match self.pages("trace", trace_id).await {
                // Sentry before 2025 has this endpoint instead.
                Err(ApiError::NoTrace { .. }) => self.pages("events-trace", trace_id).await,
                other => other,
            }
        });
        asked.await.unwrap_or_else(|_| {
            Err(ApiError::TimedOut {
                host: self.host(),
                after: self.timeout,
            })
        })
    }

    async fn pages(&self, endpoint: &str, trace_id: TraceId) -> Result<SentryTrace, ApiError> {
        let mut pages = Pages::new();
        let mut cursor: Option<String> = None;
        let mut left = RESPONSE_BYTES_MAX;
        for _ in 0..PAGES_MAX {
            let mut url = self.site.api_url(endpoint, trace_id);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let request = self.http.get(url).header(AUTHORIZATION, self.token.header());
            let sent = request.header(ACCEPT, "application/json").send().await;
            let response = sent.map_err(|error| self.failed(&error))?;
            if response.status() != StatusCode::OK {
                return Err(self.rejected(response).await);
            }
            let next = next_page(response.headers());
            let body = self.body(response, left).await?;
            left -= body.len();
            let page = Page::read(&body).map_err(|problem| ApiError::Unreadable {
                host: self.host(),
                problem: problem.into(),
            })?;
            let brought_something = pages.add(page);
            let Some(next) = next else { return Ok(pages.finish()) };
            if !brought_something {
                break;
            }
            cursor = Some(next);
        }
        Ok(pages.incomplete())
    }

    /// Reads a body of at most `limit` bytes.
    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|_| ApiError::Interrupted { host: self.host() })?
        {
            if body.len() + chunk.len() > limit {
                return Err(ApiError::TooLarge {
                    host: self.host(),
                    limit: RESPONSE_BYTES_MAX,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Converts a response without a trace to an error.
    async fn rejected(&self, response: Response) -> ApiError {
        let host = self.host();
        let organization = self.site.organization().into();
        let wait = wait(response.headers(), SystemTime::now());
        match response.status().as_u16() {
            401 => ApiError::TokenRejected { host },
            403 => ApiError::Forbidden { organization },
            404 if self.has_detail(response).await => ApiError::OrganizationUnknown { organization, host },
            404 => ApiError::NoTrace { organization, host },
            429 => ApiError::RateLimited { host, wait },
            status @ 300..=399 => ApiError::Redirected { host, status },
            status @ 500.. => ApiError::Unavailable { host, status, wait },
            status => ApiError::Unexpected { host, status },
        }
    }

    /// Returns true if the response has a `detail`. Sentry returns "The requested resource does not exist" for an unknown
    /// organization, and no `detail` for an unknown trace or endpoint.
    async fn has_detail(&self, response: Response) -> bool {
        let body = self.body(response, ERROR_BYTES_MAX).await.unwrap_or_default();
        let said: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&body);
        said.is_ok_and(|said| said.contains_key("detail"))
    }

    /// Converts a request without a response to an error.
    fn failed(&self, error: &reqwest::Error) -> ApiError {
        let host = self.host();
        if error.is_dns() {
            return ApiError::NameUnknown { host };
        }
        let causes = || std::iter::successors(error.source(), |&error| error.source());
        let io = || causes().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
        if let Some(tls) = io().find_map(of_tls) {
            let problem = tls.to_string().into();
            return ApiError::Tls { host, problem };
        }
        if error.is_connect() {
            let problem = io().last().map_or("connection failed".to_owned(), ToString::to_string).into();
            return ApiError::Unreachable { host, problem };
        }
        ApiError::Interrupted { host }
    }

    fn host(&self) -> Box<str> {
        self.site.host().into()
    }
}

/// Finds the TLS error within nested I/O errors, which `source` skips.
fn of_tls(error: &std::io::Error) -> Option<&rustls::Error> {
    let held = error.get_ref()?;
    held.downcast_ref().or_else(|| of_tls(held.downcast_ref()?))
}

fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().find_map(|link| next_cursor(link.to_str().ok()?))
}

//! The client of one organization.

use std::error::Error;
use std::time::{Duration, SystemTime};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, LINK};
use reqwest::{Response, StatusCode, redirect};
use trace_model::TraceId;

use crate::answer::{Page, Pages, StoredTrace};
use crate::error::{ApiError, wait};
use crate::page::next_cursor;
use crate::settings::Token;
use crate::site::Site;

/// How many bytes of all pages of an answer are read.
const BYTES: usize = 32 << 20;
/// How many bytes are read of an answer that says why there is none.
const EXPLANATION: usize = 4096;
/// How many pages are read.
const PAGES: usize = 20;
/// How long the whole of an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The HTTP client cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The token must not go this way.
    #[error(
        "SENTRY_URL ({host}) is neither https nor on this machine: the token would cross the network for all to read; use https"
    )]
    Unsafe {
        /// Where it would go.
        host: Box<str>,
    },
    /// TLS cannot be set up.
    #[error("HTTPS cannot be set up: are certificates of authorities installed (package ca-certificates)?")]
    Http(#[source] reqwest::Error),
}

/// Asks one organization's Sentry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    site: Site,
    token: Token,
    patience: Duration,
}

impl Client {
    /// Sets up a client that follows no redirect, so that the token goes to this host alone.
    ///
    /// # Errors
    /// The site is reached neither by https nor on this machine, or TLS cannot be set up.
    pub fn new(site: Site, token: Token) -> Result<Self, SetupError> {
        if !site.may_be_sent_a_token() {
            return Err(SetupError::Unsafe {
                host: site.host().into(),
            });
        }
        let mut builder = http_client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("spanfall/", env!("CARGO_PKG_VERSION")));
        if site.is_loopback() {
            // A proxy would read it.
            builder = builder.no_proxy();
        }
        if !site.is_https() {
            // There may be none on this machine, and they take a while to read.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(SetupError::Http)?,
            site,
            token,
            patience: PATIENCE,
        })
    }

    /// The same, giving up earlier or later than after 30 s.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Which organization in which Sentry.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Asks for all that Sentry has stored of a trace by now. A trace that it does not know yet is one without spans.
    ///
    /// # Errors
    /// See [`ApiError`].
    pub async fn trace(&self, trace_id: TraceId) -> Result<StoredTrace, ApiError> {
        let asked = tokio::time::timeout(self.patience, async {
            match self.pages("trace", trace_id).await {
                // A Sentry of before 2025 knows this endpoint instead.
                Err(ApiError::NoTrace { .. }) => self.pages("events-trace", trace_id).await,
                other => other,
            }
        });
        asked.await.unwrap_or_else(|_| {
            Err(ApiError::TimedOut {
                host: self.host(),
                after: self.patience,
            })
        })
    }

    async fn pages(&self, endpoint: &str, trace_id: TraceId) -> Result<StoredTrace, ApiError> {
        let mut pages = Pages::new();
        let mut cursor: Option<String> = None;
        let mut left = BYTES;
        for _ in 0..PAGES {
            let mut url = self.site.api_url(endpoint, trace_id);
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let request = self.http.get(url).header(AUTHORIZATION, self.token.header());
            let sent = request.header(ACCEPT, "application/json").send().await;
            let answer = sent.map_err(|error| self.failed(&error))?;
            if answer.status() != StatusCode::OK {
                return Err(self.refused(answer).await);
            }
            let next = next_page(answer.headers());
            let body = self.body(answer, left).await?;
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
    async fn body(&self, mut answer: Response, limit: usize) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|_| ApiError::Interrupted { host: self.host() })?
        {
            if body.len() + chunk.len() > limit {
                return Err(ApiError::TooLarge {
                    host: self.host(),
                    limit: BYTES,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What an answer without a trace means.
    async fn refused(&self, answer: Response) -> ApiError {
        let host = self.host();
        let organization = self.site.organization().into();
        let wait = wait(answer.headers(), SystemTime::now());
        match answer.status().as_u16() {
            401 => ApiError::TokenRefused { host },
            403 => ApiError::Forbidden { organization },
            404 if self.says_why(answer).await => ApiError::OrganizationUnknown { organization, host },
            404 => ApiError::NoTrace { organization, host },
            429 => ApiError::RateLimited { host, wait },
            status @ 300..=399 => ApiError::Redirected { host, status },
            status @ 500.. => ApiError::Unavailable { host, status, wait },
            status => ApiError::Unexpected { host, status },
        }
    }

    /// Whether the answer has a `detail`. Sentry says "The requested resource does not exist" of an organization; of a trace
    /// and of an endpoint that it does not know it says nothing.
    async fn says_why(&self, answer: Response) -> bool {
        let body = self.body(answer, EXPLANATION).await.unwrap_or_default();
        let said: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&body);
        said.is_ok_and(|said| said.contains_key("detail"))
    }

    /// What a request without an answer means.
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
            let problem = io().last().map_or("no connection".to_owned(), ToString::to_string).into();
            return ApiError::Unreachable { host, problem };
        }
        ApiError::Interrupted { host }
    }

    fn host(&self) -> Box<str> {
        self.site.host().into()
    }
}

/// The error of TLS in one of input and output, or in one in that, and so on: `source` passes over what these hold.
fn of_tls(error: &std::io::Error) -> Option<&rustls::Error> {
    let held = error.get_ref()?;
    held.downcast_ref().or_else(|| of_tls(held.downcast_ref()?))
}

fn next_page(headers: &HeaderMap) -> Option<String> {
    headers.get_all(LINK).iter().find_map(|link| next_cursor(link.to_str().ok()?))
}

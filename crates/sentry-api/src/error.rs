//! Errors of the API, phrased for the user who can fix them.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// End of the rate-limit window in seconds since the Unix epoch; see <https://docs.sentry.io/api/ratelimits/>.
const RATE_LIMIT_RESET: &str = "x-sentry-rate-limit-reset";
/// Upper bound of a wait requested by Sentry.
const WAIT_MAX: Duration = Duration::from_secs(60 * 60);

/// An invalid or missing variable. Never contains a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}")]
pub struct SettingsError {
    /// Name of the variable.
    pub variable: &'static str,
    /// Cause and expected value.
    pub problem: &'static str,
}

/// A failed request for a trace. Each message has the cause and what to do about it.
///
/// No message contains text of a response, so the token cannot leak that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Status 401.
    #[error("{host} rejected the token (401): set SENTRY_AUTH_TOKEN to one with scope org:read")]
    TokenRejected {
        /// Host of the response.
        host: Box<str>,
    },
    /// Status 403.
    #[error(
        "no access to organization {organization} (403): the token lacks scope org:read, like release tokens \
         (sntrys_…) do (use a personal token or that of an internal integration)"
    )]
    Forbidden {
        /// Requested organization slug.
        organization: Box<str>,
    },
    /// Status 404 with a `detail`: the organization does not exist.
    #[error(
        "organization {organization} not found on {host} (404): wrong slug, host or token (set SENTRY_ORG to the slug in the address \
         of its pages, and SENTRY_URL if self-hosted)"
    )]
    OrganizationUnknown {
        /// Requested organization slug.
        organization: Box<str>,
        /// Host of the response.
        host: Box<str>,
    },
    /// Status 404 without a `detail`: Sentry found nothing to search in.
    #[error(
        "trace not found on {host} (404): not stored yet, or, if this is so for every trace, the token has access to no \
         project of organization {organization}"
    )]
    NoTrace {
        /// Requested organization slug.
        organization: Box<str>,
        /// Host of the response.
        host: Box<str>,
    },
    /// Status 429.
    #[error("rate limited by {host} (429): {}", retrying(*.wait))]
    RateLimited {
        /// Host of the response.
        host: Box<str>,
        /// Time to wait, if given by Sentry.
        wait: Option<Duration>,
    },
    /// Status 5xx.
    #[error("{host} returned a server error ({status}): {}", retrying(*.wait))]
    Unavailable {
        /// Host of the response.
        host: Box<str>,
        /// HTTP status.
        status: u16,
        /// Time to wait, if given.
        wait: Option<Duration>,
    },
    /// A redirect, which is not followed: the token is for one host.
    #[error(
        "{host} redirects to another address ({status}): not followed, to protect the token \
         (set SENTRY_URL to the https address of Sentry)"
    )]
    Redirected {
        /// Host of the response.
        host: Box<str>,
        /// HTTP status.
        status: u16,
    },
    /// Any other status.
    #[error("{host} returned status {status}: not a Sentry API (check SENTRY_URL)")]
    Unexpected {
        /// Host of the response.
        host: Box<str>,
        /// HTTP status.
        status: u16,
    },
    /// The host name has no address.
    #[error("cannot resolve {host}: {RETRYING} (check the network and SENTRY_URL)")]
    NameUnknown {
        /// Unresolved host name.
        host: Box<str>,
    },
    /// The connection failed.
    #[error("cannot connect to {host}: {problem}; {RETRYING} (check the network, the firewall and SENTRY_URL)")]
    Unreachable {
        /// Requested host.
        host: Box<str>,
        /// Error of the operating system.
        problem: Box<str>,
    },
    /// The certificate is not trusted, or client and server share no protocol.
    #[error(
        "cannot connect securely to {host}: {problem} (check that SENTRY_URL has the host of the certificate, that its CA is \
         installed, and that the clock is right)"
    )]
    Tls {
        /// Requested host.
        host: Box<str>,
        /// Error of the TLS library.
        problem: Box<str>,
    },
    /// The response took too long.
    #[error("no response from {host} within {} s: {RETRYING}", .after.as_secs_f32())]
    TimedOut {
        /// Requested host.
        host: Box<str>,
        /// Timeout.
        after: Duration,
    },
    /// The connection closed during the response.
    #[error("connection to {host} closed before the response was complete: {RETRYING}")]
    Interrupted {
        /// Requested host.
        host: Box<str>,
    },
    /// The response exceeds the limit.
    #[error("response of {host} exceeds {} MiB: not read (open the trace in Sentry instead)", .limit >> 20)]
    TooLarge {
        /// Host of the response.
        host: Box<str>,
        /// Limit in bytes.
        limit: usize,
    },
    /// The response is not JSON, or not that of a trace.
    #[error(
        "cannot parse the response of {host}: {problem} (check that SENTRY_URL is a Sentry, not a sign-in page in front of it)"
    )]
    Unreadable {
        /// Host of the response.
        host: Box<str>,
        /// Cause and position.
        problem: Box<str>,
    },
}

const RETRYING: &str = "retrying automatically";

fn retrying(wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("{RETRYING}, in {} s or later", wait.as_secs_f64().ceil()),
        None => RETRYING.to_owned(),
    }
}

/// Returns the wait requested by a response: `Retry-After`, in seconds or as a date, else the end of the rate-limit window.
pub(crate) fn wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |moment: SystemTime| moment.duration_since(now).ok();
    let said = text(RETRY_AFTER.as_str()).and_then(|said| match said.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => until(httpdate::parse_http_date(said).ok()?),
    });
    let window = || {
        let reset = text(RATE_LIMIT_RESET)?.parse().ok()?;
        until(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(reset))?)
    };
    said.or_else(window).map(|wait| wait.min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn waits(header: &'static str, value: &str) -> Option<Duration> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let value = HeaderValue::try_from(value).expect("a header");
        wait(&HeaderMap::from_iter([(header.parse().expect("a name"), value)]), now)
    }

    #[test]
    fn wait_is_parsed_from_seconds_or_a_date() {
        for (header, value, seconds) in [
            ("retry-after", "30", 30),
            ("retry-after", "0", 0),
            ("Retry-After", "Sun, 06 Nov 1994 08:49:57 GMT", 20),
            ("X-Sentry-Rate-Limit-Reset", "784111780", 3),
            ("retry-after", "1e12", 3600),
            ("x-sentry-rate-limit-reset", "18446744073709551", 3600),
        ] {
            assert_eq!(waits(header, value), Some(Duration::from_secs(seconds)), "{header}: {value}");
        }
    }

    #[test]
    fn invalid_wait_is_ignored() {
        for (header, value) in [
            ("retry-after", "-1"),
            ("retry-after", "NaN"),
            ("retry-after", "soon"),
            ("retry-after", "Sun, 06 Nov 1994 08:49:30 GMT"),
            ("x-sentry-rate-limit-reset", "784111700"),
            ("x-sentry-rate-limit-reset", "99999999999999999999999"),
            ("x-other", "30"),
        ] {
            assert_eq!(waits(header, value), None, "{header}: {value}");
        }
    }

    #[test]
    fn message_rounds_the_wait_up_to_seconds() {
        let error = ApiError::RateLimited {
            host: "sentry.io".into(),
            wait: Some(Duration::from_millis(1500)),
        };
        let said = "rate limited by sentry.io (429): retrying automatically, in 2 s or later";
        assert_eq!(error.to_string(), said);
    }
}

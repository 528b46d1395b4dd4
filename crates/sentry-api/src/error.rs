//! Why Sentry did not say what it has, in words for the person who can do something about it.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// When the window of the rate limit ends, in seconds since the Unix epoch; see <https://docs.sentry.io/api/ratelimits/>.
const RATE_LIMIT_RESET: &str = "x-sentry-rate-limit-reset";
/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

/// Why Sentry did not say what it has of a trace. Each says what happened, and after the colon or semicolon what to do.
///
/// No text of an answer is in it, so that the token cannot come back by that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Status 401.
    #[error("{host} refuses the token (401): make a new one with the scope org:read and set SENTRY_AUTH_TOKEN to it")]
    TokenRefused {
        /// Who answered.
        host: Box<str>,
    },
    /// Status 403.
    #[error(
        "the token may not read the organization {organization} (403): it needs the scope org:read, which a token for releases \
         (sntrys_…) does not have; use a personal token or that of an internal integration"
    )]
    Forbidden {
        /// The slug that was asked for.
        organization: Box<str>,
    },
    /// Status 404 with Sentry's word that the organization is not there.
    #[error(
        "{host} knows no organization {organization}, or the token is of another one (404): SENTRY_ORG is the slug in the address of \
         its pages; a self-hosted Sentry is named by SENTRY_URL"
    )]
    OrganizationUnknown {
        /// The slug that was asked for.
        organization: Box<str>,
        /// Who answered.
        host: Box<str>,
    },
    /// Status 404 without a word: what Sentry answers when it finds nothing that it could look into.
    #[error(
        "{host} has nothing under this trace id (404): it may still come; if every trace is answered like this, the token sees no \
         project of the organization {organization}"
    )]
    NoTrace {
        /// The slug that was asked for.
        organization: Box<str>,
        /// Who answered.
        host: Box<str>,
    },
    /// Status 429.
    #[error("{host} limits how often it is asked (429): {}", again(*.wait))]
    RateLimited {
        /// Who answered.
        host: Box<str>,
        /// How long to wait, as Sentry said.
        wait: Option<Duration>,
    },
    /// Status 5xx.
    #[error("{host} has a problem of its own ({status}): {}", again(*.wait))]
    Unavailable {
        /// Who answered.
        host: Box<str>,
        /// HTTP status.
        status: u16,
        /// How long to wait, if it said so.
        wait: Option<Duration>,
    },
    /// A redirect, which is not followed: the token is for one host.
    #[error(
        "{host} sends to another address ({status}), which the token is not for: set SENTRY_URL to where Sentry itself is, with https"
    )]
    Redirected {
        /// Who answered.
        host: Box<str>,
        /// HTTP status.
        status: u16,
    },
    /// Any other status.
    #[error("{host} answers with status {status}, which is none of Sentry's API: does SENTRY_URL name a Sentry?")]
    Unexpected {
        /// Who answered.
        host: Box<str>,
        /// HTTP status.
        status: u16,
    },
    /// No address for the name.
    #[error("the name {host} cannot be resolved: is there a network, and is SENTRY_URL right? {AGAIN}")]
    NameUnknown {
        /// The name.
        host: Box<str>,
    },
    /// No connection.
    #[error("{host} cannot be reached ({problem}): is there a network or a firewall, and is SENTRY_URL right? {AGAIN}")]
    Unreachable {
        /// Who was to be asked.
        host: Box<str>,
        /// What the system says.
        problem: Box<str>,
    },
    /// No trust in the other side's certificate, or no common protocol.
    #[error(
        "no secure connection to {host} ({problem}): does SENTRY_URL name the host that its certificate names, is that certificate \
         known to this system, and is the clock right?"
    )]
    Tls {
        /// Who was to be asked.
        host: Box<str>,
        /// What the TLS library says.
        problem: Box<str>,
    },
    /// Not in time.
    #[error("{host} does not answer within {} s: {AGAIN}", .after.as_secs_f32())]
    TimedOut {
        /// Who was asked.
        host: Box<str>,
        /// How long it had.
        after: Duration,
    },
    /// The connection ended in the middle.
    #[error("the connection to {host} broke before the answer was complete: {AGAIN}")]
    Interrupted {
        /// Who was asked.
        host: Box<str>,
    },
    /// More than is read.
    #[error("{host} says more than {} MiB about this trace, which is not read: look at its page in Sentry", .limit >> 20)]
    TooLarge {
        /// Who answered.
        host: Box<str>,
        /// How many bytes are read.
        limit: usize,
    },
    /// No JSON, or not that of a trace.
    #[error(
        "the answer of {host} cannot be read ({problem}): does SENTRY_URL name a Sentry, and not a page for signing in before it?"
    )]
    Unreadable {
        /// Who answered.
        host: Box<str>,
        /// Where, and what is wrong.
        problem: Box<str>,
    },
}

const AGAIN: &str = "it is tried again by itself";

fn again(wait: Option<Duration>) -> String {
    match wait {
        Some(wait) => format!("{AGAIN}, in {} s at the earliest", wait.as_secs_f64().ceil()),
        None => AGAIN.to_owned(),
    }
}

/// How long an answer asks to wait: `Retry-After`, in seconds or as a date, else the end of the rate limit's window.
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
    said.or_else(window).map(|wait| wait.min(LONGEST_WAIT))
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
    fn a_wait_is_said_in_seconds_or_as_a_moment() {
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
    fn what_is_no_wait_is_none() {
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
    fn a_wait_is_said_in_whole_seconds() {
        let error = ApiError::RateLimited {
            host: "sentry.io".into(),
            wait: Some(Duration::from_millis(1500)),
        };
        let said = "sentry.io limits how often it is asked (429): it is tried again by itself, in 2 s at the earliest";
        assert_eq!(error.to_string(), said);
    }
}

//! Sentry's rate limits: parsing announcements, and tracking the current limits.
//!
//! Source: [Rate limiting](https://develop.sentry.dev/sdk/foundations/transport/rate-limiting/). A header has the form
//! `seconds:categories:scope:reason:namespaces, …`; categories are separated by semicolons, and an empty list means all of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, StatusCode};
use tokio::time::Instant;

use crate::category::{Categories, Category};

/// Sentry's own rate-limit header.
pub(crate) const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");
/// Maximum duration of a limit, whatever a response announces: a day is the longest period that users of Sentry can configure. A
/// longer one is a mistake, which must not stop a relay forever.
pub(crate) const LIMIT_DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Duration of a limit that a response does not announce.
const LIMIT_DURATION_DEFAULT: Duration = Duration::from_secs(60);
/// Characters of a reason that are kept.
const REASON_CHARS_MAX: usize = 64;

/// One limit, as announced by a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Remaining time.
    pub(crate) duration: Duration,
    /// Affected categories; `None` for all.
    pub(crate) categories: Option<Categories>,
    scope: Scope,
    /// `usage_exceeded` and the like; may be empty.
    pub(crate) reason: Box<str>,
}

/// Scope of a limit. It affects nothing here; it is passed on to SDKs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Organization,
    Project,
    Key,
}

impl Scope {
    fn named(name: &str) -> Self {
        match name {
            "project" => Self::Project,
            "key" => Self::Key,
            _ => Self::Organization,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
            Self::Key => "key",
        }
    }
}

impl Limit {
    /// Returns true if the limit stops items of this category.
    pub(crate) fn stops(&self, category: Category) -> bool {
        self.categories.is_none_or(|categories| categories.contains(category))
    }

    fn everything(duration: Duration) -> Self {
        Self {
            duration: duration.min(LIMIT_DURATION_MAX),
            categories: None,
            scope: Scope::Organization,
            reason: "".into(),
        }
    }
}

/// Returns the limits announced by a response; an accepting one may announce limits, too.
pub(crate) fn announced(status: StatusCode, headers: &HeaderMap, wall: SystemTime) -> Vec<Limit> {
    let values = headers.get_all(RATE_LIMITS).iter().filter_map(|value| value.to_str().ok());
    let said: Vec<_> = values.flat_map(read).collect();
    if !said.is_empty() {
        return said.into_iter().flatten().collect();
    }
    if status != StatusCode::TOO_MANY_REQUESTS {
        return Vec::new();
    }
    let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let duration = after.and_then(|after| seconds(after).or_else(|| until(after, wall)));
    vec![Limit::everything(duration.unwrap_or(LIMIT_DURATION_DEFAULT))]
}

/// Parses a header. Each element is a limit that could be parsed, `None` if it applies only to categories that are unknown here.
pub(crate) fn read(header: &str) -> impl Iterator<Item = Option<Limit>> {
    header.split(',').filter_map(|limit| {
        let mut parts = limit.split(':').map(str::trim);
        let duration = seconds(parts.next()?)?;
        let names = parts.next().unwrap_or_default();
        let scope = Scope::named(parts.next().unwrap_or_default());
        let reason = parts.next().unwrap_or_default();
        let namespaces = parts.next().unwrap_or_default();
        let categories = categories(names, namespaces);
        Some(categories.map(|categories| Limit {
            duration,
            categories,
            scope,
            reason: plain(reason),
        }))
    })
}

/// Returns `Some(None)` for all categories, `None` if all named ones are unknown.
#[expect(clippy::option_option, reason = "no category at all and no known one are opposites")]
fn categories(names: &str, namespaces: &str) -> Option<Option<Categories>> {
    let mut names = names.split(';').map(str::trim).filter(|name| !name.is_empty()).peekable();
    if names.peek().is_none() {
        return Some(None);
    }
    // A limit for some metric namespaces does not stop all metrics; SDKs send `custom`.
    let metrics = namespaces.is_empty() || namespaces.split(';').any(|namespace| namespace.trim() == "custom");
    let known = names.filter_map(Category::named);
    let known: Categories = known
        .filter(|category| metrics || *category != Category::MetricBucket)
        .collect();
    (!known.is_empty()).then_some(Some(known))
}

/// Parses a number of seconds, possibly fractional, as a bounded duration.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok().filter(|seconds: &f64| !seconds.is_nan())?;
    Some(Duration::from_secs_f64(seconds.clamp(0.0, LIMIT_DURATION_MAX.as_secs_f64())))
}

/// Parses an HTTP date as the duration until it.
fn until(text: &str, wall: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(wall).unwrap_or_default().min(LIMIT_DURATION_MAX))
}

/// Cleans a reason for a header and the screen.
fn plain(reason: &str) -> Box<str> {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    reason.chars().filter(fits).take(REASON_CHARS_MAX).collect()
}

/// Current limits. At most one per category.
#[derive(Debug, Default)]
pub(crate) struct RateLimits(BTreeMap<Option<Category>, Held>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    until: Instant,
    scope: Scope,
    reason: Box<str>,
}

impl RateLimits {
    /// Records a limit, unless a later-ending limit of the same category applies.
    pub(crate) fn note(&mut self, limit: &Limit, now: Instant) {
        let held = Held {
            until: now + limit.duration,
            scope: limit.scope,
            reason: limit.reason.clone(),
        };
        for category in categories_of(limit) {
            let known = self.0.entry(category).or_insert_with(|| held.clone());
            if known.until < held.until {
                *known = held.clone();
            }
        }
    }

    /// Returns the limits that stop an envelope with items of these categories as a whole; `None` while part of it may be sent.
    pub(crate) fn stop(&mut self, items: Categories, now: Instant) -> Option<Stop> {
        self.0.retain(|_, held| held.until > now);
        let limited: Categories = self.0.keys().copied().flatten().collect();
        let all = self.0.contains_key(&None);
        if !all && (items.is_empty() || !items.is_within(limited)) {
            return None;
        }
        let concern = |category: &Option<Category>| category.is_none_or(|category| items.contains(category));
        let held = self.0.iter().filter(|(category, _)| concern(category));
        let limits = held.map(|(category, held)| (*category, held.clone())).collect();
        Some(Stop { limits, now })
    }
}

fn categories_of(limit: &Limit) -> impl Iterator<Item = Option<Category>> {
    let every = limit.categories.is_none().then_some(None);
    let known = Category::ALL
        .into_iter()
        .filter(|category| limit.categories.is_some() && limit.stops(*category));
    every.into_iter().chain(known.map(Some))
}

/// The limits that currently stop an envelope.
#[derive(Debug)]
pub(crate) struct Stop {
    limits: Vec<(Option<Category>, Held)>,
    now: Instant,
}

impl Stop {
    /// Formats them as `X-Sentry-Rate-Limits` with the remaining time.
    pub(crate) fn header(&self) -> String {
        let limit = |(category, held): &(Option<Category>, Held)| {
            let name = category.map_or("", Category::name);
            let separator = if held.reason.is_empty() { "" } else { ":" };
            let (scope, reason) = (held.scope.name(), &held.reason);
            format!("{}:{name}:{scope}{separator}{reason}", whole_seconds(held.until - self.now))
        };
        self.limits.iter().map(limit).collect::<Vec<_>>().join(", ")
    }

    /// Returns the seconds until the last of them ends, for `Retry-After`.
    pub(crate) fn retry_after(&self) -> u64 {
        let left = self.limits.iter().map(|(_, held)| whole_seconds(held.until - self.now));
        left.max().unwrap_or(1)
    }

    /// Describes them for the user.
    pub(crate) fn reason(&self) -> String {
        let limit = |(category, held): &(Option<Category>, Held)| {
            let name = category.map_or("everything", Category::name);
            match &*held.reason {
                "" => name.to_owned(),
                reason => format!("{name} ({reason})"),
            }
        };
        let limits: Vec<_> = self.limits.iter().map(limit).collect();
        format!("rate limited: {}", limits.join(", "))
    }
}

/// Rounds up: a sender that retries too early would be rejected again.
fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;

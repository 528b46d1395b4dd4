//! Parameters of requests.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use trace_model::{SpanKind, TraceId};

use super::{duration, stored_service};
use crate::{Request, Search, Tag};

/// Traces of an answer without `limit`.
const LIMIT_DEFAULT: usize = 100;
/// Traces of an answer at most.
const LIMIT_MAX: usize = 100_000;
/// Time range of a search without `start`.
const LOOKBACK_DEFAULT: u64 = 2 * 24 * HOUR;
/// Time range of dependencies without `lookback`.
const DEPENDENCIES_LOOKBACK_DEFAULT: u64 = 24 * HOUR;
const HOUR: u64 = 3_600_000_000_000;
const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;

/// Error of a request's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// A required parameter is missing or empty.
    #[error("parameter '{0}' is required")]
    Missing(&'static str),
    /// A parameter cannot be parsed.
    #[error("unable to parse param '{0}': {1}")]
    Invalid(&'static str, String),
    /// The shortest duration is longer than the longest.
    #[error("'maxDuration' should be greater than 'minDuration'")]
    Durations,
}

/// Names and values of a query string, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Takes the pairs of a query string.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// Reads the parameters of `/api/operations`.
    ///
    /// # Errors
    /// `service` is missing.
    pub fn operations(&self) -> Result<Request, ParamError> {
        let service = self.get("service").ok_or(ParamError::Missing("service"))?;
        let kind = self.get("spanKind").map(|name| match SpanKind::from_name(name) {
            Some(kind) if kind != SpanKind::Unspecified => Ok(kind),
            _ => Err(invalid(
                "spanKind",
                "use server, client, producer, consumer or internal",
                name,
            )),
        });
        Ok(Request::Operations {
            service: stored_service(service.to_owned()),
            kind: kind.transpose()?,
        })
    }

    /// Returns the request of `/api/services/{service}/operations`.
    #[must_use]
    pub fn operations_of(service: &str) -> Request {
        Request::Operations {
            service: stored_service(service.to_owned()),
            kind: None,
        }
    }

    /// Reads the parameters of `/api/traces`.
    ///
    /// # Errors
    /// One is missing or cannot be parsed.
    pub fn search(&self, now_unix_nano: u64) -> Result<Request, ParamError> {
        let ids: Vec<_> = self.all("traceID").map(trace_id).collect::<Result<_, _>>()?;
        let end = self.number("end")?.map_or(now_unix_nano, |micro| micro.saturating_mul(MICRO));
        let lookback = self
            .get("lookback")
            .filter(|text| *text != "custom")
            .map(|text| go_duration("lookback", text));
        let lookback = lookback.transpose()?.unwrap_or(LOOKBACK_DEFAULT);
        let start = self
            .number("start")?
            .map_or(end.saturating_sub(lookback), |micro| micro.saturating_mul(MICRO));
        let (duration_min, duration_max) = (self.duration("minDuration")?, self.duration("maxDuration")?);
        let limit = self.limit()?;
        let tags = self.tags()?;
        if !ids.is_empty() {
            return Ok(Request::Traces(ids.into_iter().flatten().collect()));
        }
        let service = self.get("service").ok_or(ParamError::Missing("service"))?;
        if let (Some(least), Some(most)) = (duration_min, duration_max)
            && most < least
        {
            return Err(ParamError::Durations);
        }
        Ok(Request::Search(Box::new(Search {
            service: Some(stored_service(service.to_owned())),
            operation: self.get("operation").map(str::to_owned),
            // Jaeger's times are whole microseconds: the last one counts whole.
            start: start..=end.saturating_add(MICRO - 1),
            duration_min,
            duration_max,
            tags,
            ..Search::all(limit)
        })))
    }

    /// Reads the parameters of `/api/dependencies`.
    ///
    /// # Errors
    /// One cannot be parsed.
    pub fn dependencies(&self, now_unix_nano: u64) -> Result<Request, ParamError> {
        let end = self
            .number("endTs")?
            .map_or(now_unix_nano, |milli| milli.saturating_mul(MILLI));
        let lookback = self
            .number("lookback")?
            .map_or(DEPENDENCIES_LOOKBACK_DEFAULT, |milli| milli.saturating_mul(MILLI));
        let between = Range {
            start: end.saturating_sub(lookback),
            end,
        };
        Ok(Request::Calls { between })
    }

    /// Returns the service of `/api/dependencies`, if one is named.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.get("service")
    }

    /// The first value of a name, if it is not empty.
    fn get(&self, name: &'static str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, ParamError> {
        let parsed = self
            .get(name)
            .map(|text| text.parse().map_err(|_| invalid(name, "not a number", text)));
        parsed.transpose()
    }

    fn duration(&self, name: &'static str) -> Result<Option<u64>, ParamError> {
        let parsed = self.get(name).map(|text| go_duration(name, text)).transpose()?;
        Ok(parsed.filter(|nano| *nano != 0))
    }

    fn limit(&self) -> Result<usize, ParamError> {
        match self.number("limit")? {
            None => Ok(LIMIT_DEFAULT),
            Some(limit) => match usize::try_from(limit) {
                Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
                _ => Err(invalid("limit", "not between 1 and 100000", &limit.to_string())),
            },
        }
    }

    fn tags(&self) -> Result<Vec<Tag>, ParamError> {
        let mut tags = BTreeMap::new();
        for tag in self.all("tag") {
            let (key, value) = tag.split_once(':').ok_or_else(|| invalid("tag", "not key:value", tag))?;
            tags.insert(key.to_owned(), value.to_owned());
        }
        for text in self.all("tags") {
            let map: BTreeMap<String, String> =
                serde_json::from_str(text).map_err(|_| invalid("tags", "not a JSON object of text", text))?;
            tags.extend(map);
        }
        Ok(tags.into_iter().map(|(key, value)| Tag { key, value }).collect())
    }
}

/// Reads the id of `/api/traces/{id}`: up to 32 hexadecimal digits, padded with zeros. `None` for zero, which OTLP does not allow.
///
/// # Errors
/// The text is not such a number.
pub fn trace_id(text: &str) -> Result<Option<TraceId>, ParamError> {
    let is_hex = !text.is_empty() && text.len() <= 2 * TraceId::BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex {
        return Err(invalid("traceID", "not up to 32 hexadecimal digits", text));
    }
    Ok(TraceId::from_str(&format!("{text:0>32}")).ok())
}

fn go_duration(name: &'static str, text: &str) -> Result<u64, ParamError> {
    duration::parse(text).ok_or_else(|| invalid(name, "not a duration such as 1.5s, 100ms or 1h", text))
}

/// Creates the error of a parameter, whose value is quoted, cut and cleaned.
fn invalid(name: &'static str, reason: &str, text: &str) -> ParamError {
    let cut: String = text.chars().take(80).collect();
    ParamError::Invalid(name, format!("{reason}: {cut:?}"))
}

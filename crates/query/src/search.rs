//! Which traces a search finds.

use std::ops::RangeInclusive;

use trace_model::{Filter, StoredSpan};

use crate::Tag;

/// Conditions on one span of a trace: the trace is found if one of its spans meets all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The screen's filter.
    pub filter: Filter,
    /// Exact `service.name`; empty for spans without one.
    pub service: Option<String>,
    /// Exact name.
    pub operation: Option<String>,
    /// Start in nanoseconds since the Unix epoch.
    pub start: RangeInclusive<u64>,
    /// Shortest duration in nanoseconds; a span in flight has none.
    pub duration_min: Option<u64>,
    /// Longest duration in nanoseconds.
    pub duration_max: Option<u64>,
    /// All of these.
    pub tags: Vec<Tag>,
    /// Maximum number of traces.
    pub limit: usize,
}

impl Search {
    /// Finds all traces.
    #[must_use]
    pub fn all(limit: usize) -> Self {
        Self {
            filter: Filter::default(),
            service: None,
            operation: None,
            start: 0..=u64::MAX,
            duration_min: None,
            duration_max: None,
            tags: Vec::new(),
            limit,
        }
    }

    /// Whether a span meets the conditions. It is decoded only if the others hold and there are tags.
    pub(crate) fn matches(&self, span: &StoredSpan<'_>) -> bool {
        let candidate = &span.candidate;
        let duration = (candidate.end_unix_nano != 0).then(|| candidate.end_unix_nano.saturating_sub(candidate.start_unix_nano));
        let takes = |limit: Option<u64>, holds: fn(u64, u64) -> bool| {
            limit.is_none_or(|limit| duration.is_some_and(|duration| holds(duration, limit)))
        };
        self.service.as_ref().is_none_or(|service| service == candidate.service)
            && self.operation.as_ref().is_none_or(|name| name == candidate.name)
            && self.start.contains(&candidate.start_unix_nano)
            && takes(self.duration_min, |duration, least| duration >= least)
            && takes(self.duration_max, |duration, most| duration <= most)
            && (self.filter.is_empty() || self.filter.matches(candidate))
            && (self.tags.is_empty()
                || span
                    .decode()
                    .is_some_and(|span| self.tags.iter().all(|tag| tag.matches(&span))))
    }
}

//! Which traces a search finds.

use std::ops::RangeInclusive;

use trace_model::{Candidate, Filter, RawProgress, Store, StoredReader, StoredSpan, TraceCursor, TraceId, work};

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

    /// Returns true if a span meets the conditions. It is decoded only if the others hold and there are tags.
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
            && self.filter_matches(candidate)
            && (self.tags.is_empty()
                || span
                    .decode()
                    .is_some_and(|span| self.tags.iter().all(|tag| tag.matches(&span))))
    }
}

impl Search {
    /// A filter may look at all bytes of a span: they are counted, so that a step is as long as its work.
    fn filter_matches(&self, candidate: &Candidate<'_>) -> bool {
        if self.filter.is_empty() {
            return true;
        }
        work::add(candidate.raw.len() + candidate.resource.len() + candidate.scope.len());
        self.filter.matches(candidate)
    }
}

/// A search on its way through the store.
#[derive(Debug)]
pub(crate) struct Matching {
    search: Box<Search>,
    traces: TraceCursor,
    testing: Option<StoredReader>,
    /// Number of traces still wanted.
    left: usize,
}

/// Result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matched {
    /// Records are left to look at.
    More,
    /// The next trace.
    Trace(TraceId),
    /// All traces were looked at.
    End,
}

impl Matching {
    pub(crate) fn new(search: Box<Search>) -> Self {
        Self {
            left: search.limit,
            search,
            traces: TraceCursor::all(),
            testing: None,
        }
    }

    /// Finds all traces, whatever the limit is.
    pub(crate) fn unlimited(search: Search) -> Self {
        Self::new(Box::new(Search {
            limit: usize::MAX,
            ..search
        }))
    }

    /// Looks for the next trace until [`work::done`] is `until`.
    pub(crate) fn step(&mut self, store: &Store, until: u64) -> Matched {
        loop {
            let next = |traces: &mut TraceCursor| Some(StoredReader::new(store, traces.next(store)?));
            let reading = self.testing.take().or_else(|| next(&mut self.traces));
            let Some(mut reading) = reading.filter(|_| self.left > 0) else {
                return Matched::End;
            };
            let mut is_found = false;
            let progress = reading.step(store, until.saturating_sub(work::done()), |span| {
                is_found = is_found || self.search.matches(&span);
            });
            if is_found {
                self.left -= 1;
                return Matched::Trace(reading.trace_id());
            }
            if progress == RawProgress::More {
                self.testing = Some(reading);
            }
            if work::done() >= until {
                return Matched::More;
            }
        }
    }
}

//! Lists about many traces, kept up to date for a screen: the survey while a list of it is open, warnings and errors always.

use trace_model::{Filter, Revision, Store};
use trace_stats::{Errors, Survey, Warnings};

use crate::SurveyQuery;

/// Between the end of one pass and the start of the next, in nanoseconds.
const PASS_PAUSE_NANOS: u64 = 1_000_000_000;

/// The last survey that is complete, the one in progress, the warnings and the errors. Stepped by the owner of the store; times are nanoseconds since
/// the Unix epoch.
#[derive(Debug, Default)]
pub struct Aggregates {
    survey: Option<Survey>,
    /// Which survey that is, so that it can be told from the one before.
    number: u64,
    pass: Option<SurveyQuery>,
    /// Of what the last pass was.
    of: Option<CacheKey>,
    /// When it ended.
    ended: u64,
    warnings: Warnings,
    errors: Errors,
}

/// Input of a survey.
#[derive(Debug, PartialEq)]
struct CacheKey {
    revision: Revision,
    listed: usize,
    filter: Option<Filter>,
}

impl CacheKey {
    fn now(store: &Store) -> Self {
        Self {
            revision: store.revision(),
            listed: store.listed(),
            filter: store.filter().cloned(),
        }
    }

    fn is_of(&self, store: &Store) -> bool {
        self.revision == store.revision() && self.listed == store.listed() && self.filter.as_ref() == store.filter()
    }
}

impl Aggregates {
    /// Returns the last survey that is complete.
    #[must_use]
    pub const fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
    }

    /// Returns the number of that survey; 0 before the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the part of the list that the survey in progress has read, in percent.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        self.pass.as_ref().map(SurveyQuery::percent)
    }

    /// Returns the warnings of all traces.
    #[must_use]
    pub const fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// Returns the errors of all traces.
    #[must_use]
    pub const fn errors(&self) -> &Errors {
        &self.errors
    }

    /// Returns the time of the next step; `None` if nothing is due. With `surveyed` the survey is on the screen.
    #[must_use]
    pub fn due(&self, store: &Store, surveyed: bool) -> Option<u64> {
        let pass = match (&self.pass, &self.of) {
            _ if !surveyed => None,
            (Some(_), _) | (None, None) => Some(0),
            (None, Some(of)) if of.filter.as_ref() != store.filter() => Some(0),
            (None, Some(of)) => (!of.is_of(store)).then_some(self.ended.saturating_add(PASS_PAUSE_NANOS)),
        };
        let warnings = self.warnings.due(store);
        pass.into_iter().chain(warnings).chain(self.errors.due(store)).min()
    }

    /// Does what is due, about so much [work](trace_model::work) of each; returns true if more of it is due now. With `surveyed` the survey is on the
    /// screen.
    pub fn step(&mut self, store: &Store, surveyed: bool, unix_nano: u64, work: u64) -> bool {
        let grouping = self.errors.step(store, unix_nano, work);
        let judging = self.warnings.step(store, unix_nano, work) || grouping;
        if !surveyed {
            // Half of a survey is of no use later.
            self.pass = None;
            return judging;
        }
        if self.pass.is_none() {
            // A clock that was set back must not stop this.
            let rested = unix_nano < self.ended || unix_nano - self.ended >= PASS_PAUSE_NANOS;
            let other_filter = self.of.as_ref().is_none_or(|of| of.filter.as_ref() != store.filter());
            if other_filter {
                self.survey = None;
            }
            if !other_filter && (!rested || self.of.as_ref().is_some_and(|of| of.is_of(store))) {
                return judging;
            }
            self.of = Some(CacheKey::now(store));
            self.pass = Some(SurveyQuery::of_list(store));
        }
        let Some(pass) = &mut self.pass else { return judging };
        if pass.step(store, work) {
            return true;
        }
        self.survey = self.pass.take().map(SurveyQuery::finish);
        self.number += 1;
        self.ended = unix_nano;
        judging
    }
}

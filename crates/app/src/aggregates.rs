//! Aggregates of all traces: read in slices by the event loop while a list of them is open. Warnings are always kept up to date.

use trace_model::{Filter, Revision, Store};
use trace_stats::{Errors, Survey, SurveyPass, Warnings};

/// Between the end of one pass and the start of the next, in nanoseconds.
const PASS_PAUSE_NANOS: u64 = 1_000_000_000;

/// The last survey that is complete, the one on its way, and the warnings.
#[derive(Debug, Default)]
pub struct Aggregates {
    survey: Option<Survey>,
    /// Which survey that is, so that it can be told from the one before.
    number: u64,
    pass: Option<SurveyPass>,
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
    /// The last one that is complete.
    #[must_use]
    pub const fn survey(&self) -> Option<&Survey> {
        self.survey.as_ref()
    }

    /// Which one that is; 0 before the first.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the part of the list that the survey in progress has read, in percent.
    #[must_use]
    pub fn percent(&self) -> Option<usize> {
        self.pass.as_ref().map(SurveyPass::percent)
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
    pub(super) fn due(&self, store: &Store, surveyed: bool) -> Option<u64> {
        let pass = match (&self.pass, &self.of) {
            _ if !surveyed => None,
            (Some(_), _) | (None, None) => Some(0),
            (None, Some(of)) if of.filter.as_ref() != store.filter() => Some(0),
            (None, Some(of)) => (!of.is_of(store)).then_some(self.ended.saturating_add(PASS_PAUSE_NANOS)),
        };
        let warnings = self.warnings.due(store);
        pass.into_iter().chain(warnings).chain(self.errors.due(store)).min()
    }

    /// Does what is due, about so much work of each. True while there is more of it now.
    pub(super) fn step(&mut self, store: &Store, surveyed: bool, unix_nano: u64, work: u64) -> bool {
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
            self.pass = Some(SurveyPass::new(store));
        }
        let Some(pass) = &mut self.pass else { return judging };
        if pass.step(store, work) {
            return true;
        }
        self.survey = self.pass.take().map(SurveyPass::finish);
        self.number += 1;
        self.ended = unix_nano;
        judging
    }
}

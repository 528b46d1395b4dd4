//! The cross-check: which spans reached Sentry, and what is in the way of the others.
//!
//! A finding does not depend on the clock, only on arrivals; the time from which on an absent span is missing is a part of it. So
//! [`CrossChecks`] can keep a trace's result until something arrives, and a late envelope corrects everything. The store gives the
//! facts (`store/sentry_facts.rs`) and knows no finding.

mod checks;
mod finding;
mod reach;
mod transactions;

pub use checks::CrossChecks;
pub use reach::{ReachPass, SentryReach};

use std::cell::RefCell;

use crate::sentry::{SourceOfTruth, Verdict};
use crate::store::SentryFacts;
use crate::{SpanKey, Store, TraceId};
use finding::Outcome;
use transactions::Transactions;

/// The cross-check of one stored trace. What one span needs of those above it is kept for the others.
#[derive(Debug)]
pub struct CrossCheck<'a> {
    trace: SentryFacts<'a>,
    transactions: RefCell<Transactions>,
}

impl<'a> CrossCheck<'a> {
    /// Starts the cross-check of a trace; `None` if it is not stored.
    #[must_use]
    pub fn of(store: &'a Store, trace_id: TraceId) -> Option<Self> {
        Some(Self {
            trace: store.sentry_facts(trace_id)?,
            transactions: RefCell::default(),
        })
    }

    /// Returns the source of truth for its spans.
    #[must_use]
    pub fn truth(&self) -> SourceOfTruth {
        finding::truth(self.trace)
    }

    /// Returns the result for a span at this time, in nanoseconds since the Unix epoch; `None` if it is not stored.
    #[must_use]
    pub fn verdict(&self, key: &SpanKey, now_unix_nano: u64) -> Option<Verdict> {
        let trace = self.trace;
        let span = trace.find(key)?;
        let has_lost_events = span.is_sentry_otlp() && span.has_events();
        let outcome = finding::outcome(trace, span, trace.ends(), &mut self.transactions.borrow_mut());
        Some(match outcome {
            Outcome::Reached if has_lost_events => Verdict::WithoutEvents,
            Outcome::NotChecked => Verdict::NotChecked,
            Outcome::NotSent => Verdict::NotSent,
            Outcome::Reached => Verdict::Reached,
            Outcome::SentryOnly => Verdict::SentryOnly,
            Outcome::Differs(difference) => Verdict::Differs(difference),
            Outcome::Absent { cause, due } if now_unix_nano < due => Verdict::Expected(finding::awaited(trace, span, cause)),
            Outcome::Absent { cause, .. } => Verdict::Missing(finding::reason(trace, span, cause)),
        })
    }
}

//! Number of spans of a trace that reached Sentry.

use super::finding::{self, Outcome};
use super::transactions::Transactions;
use crate::sentry::SourceOfTruth;
use crate::store::{CheckedSpan, RowReader, SentryRevision};
use crate::{Store, TraceId, work};

/// Cross-check of a trace: its spans that reached Sentry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SentryReach {
    /// Source of truth.
    pub truth: SourceOfTruth,
    /// Spans that services sent; the viewer's own are for the local screen alone.
    pub expected: usize,
    /// Spans of these that reached Sentry as what they are.
    pub reached: usize,
    /// Spans of these that reached Sentry as something else.
    pub differs: usize,
    /// Spans that arrived in envelopes only.
    pub sentry_only: usize,
    /// Time from which on one of the others is missing and no longer expected, in nanoseconds since the Unix epoch.
    pub due_unix_nano: u64,
}

impl SentryReach {
    /// Computes it at once, however large the trace is; `None` if it is not stored.
    #[must_use]
    pub fn of(store: &Store, trace_id: TraceId) -> Option<Self> {
        ReachPass::new(store, trace_id)?.step(store, u64::MAX)
    }

    /// Spans that did not reach Sentry, or not yet.
    #[must_use]
    pub const fn absent(self) -> usize {
        self.expected.saturating_sub(self.reached + self.differs)
    }

    /// The mark of the whole trace: that of its worst span; `–` if nothing can be compared.
    #[must_use]
    pub const fn mark(self, now_unix_nano: u64) -> char {
        if matches!(self.truth, SourceOfTruth::Nothing) || self.expected + self.sentry_only == 0 {
            '–'
        } else if self.absent() > 0 && now_unix_nano >= self.due_unix_nano {
            '✗'
        } else if self.differs > 0 {
            '≠'
        } else if self.absent() > 0 {
            '…'
        } else {
            '✓'
        }
    }

    fn count(&mut self, finding: Outcome<'_>) {
        self.expected += usize::from(!matches!(
            finding,
            Outcome::NotSent | Outcome::NotChecked | Outcome::SentryOnly
        ));
        match finding {
            Outcome::NotChecked | Outcome::NotSent => {}
            Outcome::SentryOnly => self.sentry_only += 1,
            Outcome::Reached => self.reached += 1,
            Outcome::Differs(_) => self.differs += 1,
            Outcome::Absent { due, .. } => self.due_unix_nano = self.due_unix_nano.min(due),
        }
    }
}

/// Computes a [`SentryReach`] in steps. The stored trace may change meanwhile.
#[derive(Debug)]
pub struct ReachPass {
    trace_id: TraceId,
    /// Of the trace when it began.
    revision: SentryRevision,
    stage: Stage,
    reach: SentryReach,
}

#[derive(Debug)]
enum Stage {
    /// When the trace ends, which is when nothing more is expected a little later.
    Ends(RowReader, u64),
    /// Result for each span.
    Findings(RowReader, u64, Transactions),
}

impl ReachPass {
    /// Starts with a trace; `None` if it is not stored.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Option<Self> {
        let trace = store.sentry_facts(trace_id)?;
        Some(Self {
            trace_id,
            revision: trace.revision(),
            stage: Stage::Ends(RowReader::new(store, trace_id), 0),
            reach: SentryReach {
                truth: finding::truth(trace),
                due_unix_nano: u64::MAX,
                ..SentryReach::default()
            },
        })
    }

    pub(super) const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    pub(super) const fn revision(&self) -> SentryRevision {
        self.revision
    }

    /// Continues until about so much [`work`] is done; returns the result when it is complete. That of a trace which was evicted meanwhile is
    /// empty.
    pub fn step(&mut self, store: &Store, work: u64) -> Option<SentryReach> {
        let until = work::done().saturating_add(work);
        loop {
            match &mut self.stage {
                Stage::Ends(rows, ends) => {
                    let Some(trace) = rows.trace(store) else {
                        return Some(SentryReach::default());
                    };
                    let is_compared = self.reach.truth != SourceOfTruth::Nothing || !trace.is_without_envelopes();
                    if !is_compared {
                        return Some(self.reach);
                    }
                    let last = |ends: &mut u64, span: CheckedSpan<'_>| {
                        *ends = (*ends).max(span.start_unix_nano()).max(span.end_unix_nano());
                    };
                    if !rows.step(trace, until, |span| last(ends, span)) {
                        return None;
                    }
                    self.stage = Stage::Findings(RowReader::new(store, self.trace_id), *ends, Transactions::default());
                }
                Stage::Findings(rows, ends, transactions) => {
                    let Some(trace) = rows.trace(store) else {
                        return Some(SentryReach::default());
                    };
                    let (reach, ends) = (&mut self.reach, *ends);
                    let count = |span| reach.count(finding::outcome(trace, span, ends, transactions));
                    if !rows.step(trace, until, count) {
                        return None;
                    }
                    if reach.truth == SourceOfTruth::Nothing && reach.expected > 0 {
                        // A service in it sends to Sentry elsewhere.
                        reach.truth = SourceOfTruth::Endpoint;
                    }
                    return Some(*reach);
                }
            }
            if work::done() >= until {
                return None;
            }
        }
    }
}

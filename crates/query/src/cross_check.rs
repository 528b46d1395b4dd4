//! The cross-check of a trace in a line.

use serde::{Deserialize, Serialize};
use trace_model::sentry::SourceOfTruth;
use trace_model::{ReachPass, SentryReach, Store, TraceId};

use crate::Part;

/// Spans of a trace that reached Sentry. In the JSON of the viewer's own API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossCheck {
    /// Lower-case hexadecimal.
    pub trace_id: String,
    /// Source of truth: `sentry`, or the `endpoint` for envelopes here; `null` without one.
    pub against: Option<String>,
    /// Spans that services sent.
    pub expected: usize,
    /// Spans of these that reached Sentry as what they are.
    pub reached: usize,
    /// Spans of these that reached Sentry as something else.
    pub differs: usize,
    /// Spans of these that did not reach Sentry, or not yet.
    pub absent: usize,
    /// Spans that arrived in envelopes only.
    pub sentry_only: usize,
    /// Time from which on an absent span is missing, in nanoseconds since the Unix epoch; `null` without one.
    pub due_unix_nano: Option<u64>,
}

impl CrossCheck {
    fn new(trace_id: TraceId, reach: SentryReach) -> Self {
        let against = match reach.truth {
            SourceOfTruth::Nothing => None,
            SourceOfTruth::Endpoint => Some("endpoint"),
            SourceOfTruth::Sentry { .. } => Some("sentry"),
        };
        Self {
            trace_id: trace_id.to_string(),
            against: against.map(str::to_owned),
            expected: reach.expected,
            reached: reach.reached,
            differs: reach.differs,
            absent: reach.absent(),
            sentry_only: reach.sentry_only,
            due_unix_nano: (reach.absent() > 0).then_some(reach.due_unix_nano),
        }
    }
}

/// The cross-check of one trace, on its way.
#[derive(Debug)]
pub(crate) struct CrossCheckPass {
    trace_id: TraceId,
    pass: Option<ReachPass>,
}

impl CrossCheckPass {
    pub(crate) const fn new(trace_id: TraceId) -> Self {
        Self { trace_id, pass: None }
    }

    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Part> {
        if self.pass.is_none() {
            self.pass = ReachPass::new(store, self.trace_id);
        }
        let Some(pass) = &mut self.pass else {
            return Some(Part::Missing(self.trace_id));
        };
        let reach = pass.step(store, work)?;
        Some(Part::CrossCheck(CrossCheck::new(self.trace_id, reach)))
    }
}

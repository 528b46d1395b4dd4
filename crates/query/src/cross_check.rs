//! The cross-check of a trace in a line.

use serde::{Deserialize, Serialize};
use trace_model::sentry::SourceOfTruth;
use trace_model::{Store, TraceId};

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
    pub(crate) fn of(store: &Store, trace_id: TraceId) -> Option<Self> {
        let reach = store.trace(trace_id)?.sentry;
        let against = match reach.truth {
            SourceOfTruth::Nothing => None,
            SourceOfTruth::Endpoint => Some("endpoint"),
            SourceOfTruth::Sentry { .. } => Some("sentry"),
        };
        Some(Self {
            trace_id: trace_id.to_string(),
            against: against.map(str::to_owned),
            expected: reach.expected,
            reached: reach.reached,
            differs: reach.differs,
            absent: reach.absent(),
            sentry_only: reach.sentry_only,
            due_unix_nano: (reach.absent() > 0).then_some(reach.due_unix_nano),
        })
    }
}

//! What became of envelopes that were forwarded to Sentry, in numbers.

use std::collections::BTreeMap;

use trace_model::sentry::Delivery;

/// Envelopes, by what became of them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RelayCounts {
    /// Sentry took them.
    pub accepted: u64,
    /// Sentry did not take them, by HTTP status.
    pub refused: BTreeMap<u16, u64>,
    /// Sentry had too many, or would have had: while a limit holds nothing is sent.
    pub rate_limited: u64,
    /// Given up, because there was no room for all that wait or the relay ended.
    pub lost: u64,
    /// Waiting now.
    pub waiting: usize,
    /// Bytes of memory that those waiting take.
    pub waiting_bytes: usize,
    /// What stands in the way of reaching Sentry now.
    pub problem: Option<Box<str>>,
}

impl RelayCounts {
    /// Counts an envelope by what became of it.
    pub fn count(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Accepted => self.accepted += 1,
            // Servers can answer some hundred statuses at most.
            Delivery::Refused { status, .. } => *self.refused.entry(*status).or_default() += 1,
            Delivery::RateLimited { .. } => self.rate_limited += 1,
            Delivery::Lost { .. } => self.lost += 1,
            Delivery::Waiting { .. } => {}
        }
    }
}

//! Counts of forwarded envelopes by result.

use std::collections::BTreeMap;

use trace_model::sentry::Delivery;

/// Envelopes by result.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RelayCounts {
    /// Accepted by Sentry.
    pub accepted: u64,
    /// Rejected by Sentry, by HTTP status.
    pub rejected: BTreeMap<u16, u64>,
    /// Rate-limited by Sentry, or not sent because a rate limit applied.
    pub rate_limited: u64,
    /// Dropped because the buffer was full or the relay ended.
    pub lost: u64,
    /// Buffered for a retry.
    pub waiting: usize,
    /// Memory of the buffered envelopes.
    pub waiting_bytes: usize,
    /// Reason why Sentry cannot be reached, while that is so.
    pub problem: Option<Box<str>>,
}

impl RelayCounts {
    /// Counts an envelope by its result.
    pub fn count(&mut self, delivery: &Delivery) {
        match delivery {
            Delivery::Accepted => self.accepted += 1,
            // Servers can answer some hundred statuses at most.
            Delivery::Rejected { status, .. } => *self.rejected.entry(*status).or_default() += 1,
            Delivery::RateLimited { .. } => self.rate_limited += 1,
            Delivery::Lost { .. } => self.lost += 1,
            Delivery::Waiting { .. } => {}
        }
    }
}

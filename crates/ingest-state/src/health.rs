//! Counts of all listeners.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::{Denials, EnvelopeCounts, Listener, PerListener, RelayCounts, clean};

/// Rejections kept for the screen.
const REMEMBERED: usize = 20;

/// Counts of one listener. Some protocols lack some of them: see the table of the Ingest tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ListenerCounts {
    /// Connections that are open now.
    pub connections: u64,
    /// Bytes of bodies as sent.
    pub received_bytes: u64,
    /// Requests that were accepted, whole or in part.
    pub requests: u64,
    /// Accepted spans.
    pub spans: u64,
    /// Accepted log records.
    pub log_records: u64,
    /// Accepted events: errors and messages.
    pub errors: u64,
    /// Accepted metric data points.
    pub data_points: u64,
    /// Requests of a signal without a screen (profiles): accepted and dropped.
    pub unsupported: u64,
    /// Invalid parts (spans, items) that were dropped from requests otherwise accepted.
    pub dropped: u64,
    /// Requests that were denied because of their origin or host.
    pub denied: u64,
    /// Requests that were rejected for good.
    pub rejected: u64,
    /// Requests that were answered with a retryable error because memory or the queue was full.
    pub throttled: u64,
}

impl ListenerCounts {
    /// Adds the contents of an accepted request.
    pub const fn add(&mut self, request: &Self) {
        self.requests += request.requests;
        self.spans += request.spans;
        self.log_records += request.log_records;
        self.errors += request.errors;
        self.data_points += request.data_points;
        self.dropped += request.dropped;
    }
}

/// A rejected request, or a dropped part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentRejection {
    /// Sequence number, from 1.
    pub number: u64,
    /// Time of the rejection.
    pub time: SystemTime,
    /// Listener that rejected it.
    pub listener: Listener,
    /// One line of printable text, at most 200 characters. It may contain the sender's text.
    pub reason: String,
}

/// Counts of all listeners at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthSnapshot {
    /// Counts of each listener.
    pub listeners: PerListener<ListenerCounts>,
    /// Contents of Sentry envelopes.
    pub envelopes: EnvelopeCounts,
    /// Results of forwarded envelopes; `None` without a relay.
    pub relay: Option<RelayCounts>,
    /// Spans of senders' own uploads to this collector, hidden on arrival.
    pub own_uploads: u64,
    /// Requests that were denied because of their origin or host, by reason.
    pub denied: Denials,
    /// Most recent rejections and drops, oldest first; at most 20.
    pub recent: VecDeque<RecentRejection>,
}

impl HealthSnapshot {
    /// Returns the number of rejected requests and dropped parts, anywhere.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.sum(|counts| counts.rejected + counts.dropped)
    }

    /// Returns the number of requests whose sender was told to retry, anywhere.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.sum(|counts| counts.throttled)
    }

    /// Returns the number of open connections of all listeners.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.sum(|counts| counts.connections)
    }

    fn sum(&self, count: impl Fn(&ListenerCounts) -> u64) -> u64 {
        self.listeners.iter().map(|(_, counts)| count(counts)).sum()
    }

    /// Keeps the reason of a rejection; the oldest of more than twenty is dropped.
    pub fn remember(&mut self, listener: Listener, reason: &str) {
        let number = self.recent.back().map_or(0, |last| last.number) + 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(RecentRejection {
            number,
            time: SystemTime::now(),
            listener,
            reason: clean(reason),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_kept_are_bounded() {
        let mut health = HealthSnapshot::default();
        for number in 0..1000 {
            health.remember(Listener::Sentry, &format!("reason {number}"));
        }
        assert_eq!(health.recent.len(), REMEMBERED);
        assert_eq!((health.recent[0].number, &*health.recent[0].reason), (981, "reason 980"));
        assert_eq!(health.recent[REMEMBERED - 1].number, 1000);
    }
}

//! Counts of all listeners.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::{Denials, Listener, RelayCounts, SentryCounts, clean};

/// Rejections kept for the screen.
const REMEMBERED: usize = 20;

/// Counts of one OTLP listener.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OtlpCounts {
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
    /// Accepted metric data points.
    pub data_points: u64,
    /// Spans dropped from accepted requests (`partial_success`).
    pub rejected_spans: u64,
    /// Requests of a signal without a screen (profiles): accepted and dropped.
    pub unsupported: u64,
    /// Requests that were denied because of their origin or host.
    pub denied: u64,
    /// Requests that were rejected for good.
    pub refused: u64,
    /// Requests that were answered with a retryable error because memory or the queue was full.
    pub busy: u64,
}

/// A rejected request, or a dropped part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
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
    /// OTLP over gRPC.
    pub otlp_grpc: OtlpCounts,
    /// OTLP over HTTP.
    pub otlp_http: OtlpCounts,
    /// Sentry.
    pub sentry: SentryCounts,
    /// Results of forwarded envelopes; `None` without a relay.
    pub relay: Option<RelayCounts>,
    /// Spans of senders' own uploads to this collector, hidden on arrival.
    pub own_uploads: u64,
    /// Requests that were denied because of their origin or host, by reason.
    pub denied: Denials,
    /// Most recent rejections and drops, oldest first; at most 20.
    pub recent: VecDeque<Refused>,
}

impl HealthSnapshot {
    /// Rejected requests, dropped spans and dropped items of all listeners.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.otlp_grpc.refused
            + self.otlp_grpc.rejected_spans
            + self.otlp_http.refused
            + self.otlp_http.rejected_spans
            + self.sentry.refused
            + self.sentry.bad_items
    }

    /// Throttled requests of all listeners.
    #[must_use]
    pub const fn busy(&self) -> u64 {
        self.otlp_grpc.busy + self.otlp_http.busy + self.sentry.busy
    }

    /// Open connections of all listeners.
    #[must_use]
    pub const fn connections(&self) -> u64 {
        self.otlp_grpc.connections + self.otlp_http.connections + self.sentry.connections
    }

    /// Open connections of one listener.
    #[must_use]
    pub const fn connections_at(&self, listener: Listener) -> u64 {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc.connections,
            Listener::OtlpHttp => self.otlp_http.connections,
            Listener::Sentry => self.sentry.connections,
        }
    }

    /// Counts that every listener has.
    pub const fn at(&mut self, listener: Listener) -> CommonCounts<'_> {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc.counts(),
            Listener::OtlpHttp => self.otlp_http.counts(),
            Listener::Sentry => CommonCounts {
                connections: &mut self.sentry.connections,
                received_bytes: &mut self.sentry.received_bytes,
                denied: &mut self.sentry.denied,
                refused: &mut self.sentry.refused,
                busy: &mut self.sentry.busy,
            },
        }
    }

    /// Counts of an OTLP listener.
    pub const fn otlp_at(&mut self, listener: Listener) -> &mut OtlpCounts {
        match listener {
            Listener::OtlpGrpc => &mut self.otlp_grpc,
            Listener::OtlpHttp | Listener::Sentry => &mut self.otlp_http,
        }
    }

    /// Counts an accepted OTLP request.
    pub fn count_otlp(&mut self, listener: Listener, spans: usize, log_records: usize, data_points: usize, rejected: u64) {
        if listener == Listener::Sentry {
            let counts = &mut self.sentry;
            counts.otlp_requests += 1;
            counts.spans += spans as u64;
            counts.log_records += log_records as u64;
            counts.bad_items += rejected;
            return;
        }
        let counts = self.otlp_at(listener);
        counts.requests += 1;
        counts.spans += spans as u64;
        counts.log_records += log_records as u64;
        counts.data_points += data_points as u64;
        counts.rejected_spans += rejected;
    }

    /// Keeps the reason of a rejection; the oldest of more than twenty is dropped.
    pub fn remember(&mut self, listener: Listener, reason: &str) {
        let number = self.recent.back().map_or(0, |last| last.number) + 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Refused {
            number,
            time: SystemTime::now(),
            listener,
            reason: clean(reason),
        });
    }
}

impl OtlpCounts {
    const fn counts(&mut self) -> CommonCounts<'_> {
        CommonCounts {
            connections: &mut self.connections,
            received_bytes: &mut self.received_bytes,
            denied: &mut self.denied,
            refused: &mut self.refused,
            busy: &mut self.busy,
        }
    }
}

/// Counts that every listener has.
#[derive(Debug)]
pub struct CommonCounts<'a> {
    /// Connections that are open now.
    pub connections: &'a mut u64,
    /// Bytes of bodies, as they were sent.
    pub received_bytes: &'a mut u64,
    /// Requests that were denied because of their origin or host.
    pub denied: &'a mut u64,
    /// Requests that were rejected for good.
    pub refused: &'a mut u64,
    /// Requests whose sender was told to retry.
    pub busy: &'a mut u64,
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

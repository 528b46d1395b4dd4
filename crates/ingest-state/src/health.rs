//! All counts at one moment.

use std::collections::VecDeque;
use std::time::SystemTime;

use crate::{Denials, Listener, RelayCounts, SentryCounts, clean};

/// How many refusals are remembered.
const REMEMBERED: usize = 20;

/// What came to one OTLP listener.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct OtlpCounts {
    /// Connections that are open now.
    pub connections: u64,
    /// Bytes of bodies, as they were sent.
    pub received_bytes: u64,
    /// Requests that were accepted, whole or in part.
    pub requests: u64,
    /// Spans that were handed on.
    pub spans: u64,
    /// Log records that were accepted.
    pub log_records: u64,
    /// Metric data points that were accepted.
    pub data_points: u64,
    /// Spans that were not taken, the rest of their request having been.
    pub rejected_spans: u64,
    /// Requests of a signal for which there is no screen (profiles), answered and thrown away.
    pub unsupported: u64,
    /// Requests that were denied because of their origin or host.
    pub denied: u64,
    /// Requests that were refused because of what they are.
    pub refused: u64,
    /// Requests that were asked to come again, because the reader is behind.
    pub busy: u64,
}

/// Something that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which one it is, counted from 1: who looks again knows which ones are new.
    pub number: u64,
    /// When.
    pub time: SystemTime,
    /// Where.
    pub listener: Listener,
    /// Why: one line of printable text, at most 200 characters. Parts of it may be the sender's.
    pub reason: String,
}

/// All counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct HealthSnapshot {
    /// OTLP over gRPC.
    pub otlp_grpc: OtlpCounts,
    /// OTLP over HTTP.
    pub otlp_http: OtlpCounts,
    /// Sentry.
    pub sentry: SentryCounts,
    /// What became of envelopes that were handed on to Sentry; `None` without a relay.
    pub relay: Option<RelayCounts>,
    /// Spans of senders' requests to this collector, which were hidden when they arrived.
    pub own_uploads: u64,
    /// Requests that were denied because of their origin or host, by reason.
    pub denied: Denials,
    /// The last refusals, whole requests and parts of them, oldest first; at most 20.
    pub recent: VecDeque<Refused>,
}

impl HealthSnapshot {
    /// Requests that were refused, and spans and items that were not taken, anywhere.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.otlp_grpc.refused
            + self.otlp_grpc.rejected_spans
            + self.otlp_http.refused
            + self.otlp_http.rejected_spans
            + self.sentry.refused
            + self.sentry.bad_items
    }

    /// Requests that were asked to come again, anywhere.
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

    /// What is counted at every listener.
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

    /// What is counted where OTLP is spoken.
    pub const fn otlp_at(&mut self, listener: Listener) -> &mut OtlpCounts {
        match listener {
            Listener::OtlpGrpc => &mut self.otlp_grpc,
            Listener::OtlpHttp | Listener::Sentry => &mut self.otlp_http,
        }
    }

    /// Counts an OTLP request that was taken.
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

    /// Keeps why something was refused; of more than twenty the oldest is forgotten.
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

/// What is counted at every listener.
#[derive(Debug)]
pub struct CommonCounts<'a> {
    /// Connections that are open now.
    pub connections: &'a mut u64,
    /// Bytes of bodies, as they were sent.
    pub received_bytes: &'a mut u64,
    /// Requests that were denied because of their origin or host.
    pub denied: &'a mut u64,
    /// Requests that were refused because of what they are.
    pub refused: &'a mut u64,
    /// Requests whose sender was told to retry.
    pub busy: &'a mut u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut health = HealthSnapshot::default();
        for number in 0..1000 {
            health.remember(Listener::Sentry, &format!("reason {number}"));
        }
        assert_eq!(health.recent.len(), REMEMBERED);
        assert_eq!((health.recent[0].number, &*health.recent[0].reason), (981, "reason 980"));
        assert_eq!(health.recent[REMEMBERED - 1].number, 1000);
    }
}

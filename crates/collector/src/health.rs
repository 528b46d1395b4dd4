//! What was accepted and what was refused, for everybody who wants to look.

mod denied;
mod sentry;

use std::collections::VecDeque;
use std::time::SystemTime;

use sentry_relay::Counts as RelayCounts;
use tokio::sync::watch;

pub use self::denied::{Denial, Denials};
pub(crate) use self::sentry::tally;
pub use self::sentry::{ItemCount, SentryCounts};
use crate::queue::Queue;
use crate::server::limits_of;
use crate::{Listener, QueueDepth};

/// How many refusals are remembered.
const REMEMBERED: usize = 20;
/// How long a remembered reason may be, in characters.
const REASON_LENGTH: usize = 200;
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

    const fn connections_at(&self, listener: Listener) -> u64 {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc.connections,
            Listener::OtlpHttp => self.otlp_http.connections,
            Listener::Sentry => self.sentry.connections,
        }
    }

    /// What is counted at every listener.
    pub(crate) const fn at(&mut self, listener: Listener) -> Counts<'_> {
        match listener {
            Listener::OtlpGrpc => self.otlp_grpc.counts(),
            Listener::OtlpHttp => self.otlp_http.counts(),
            Listener::Sentry => Counts {
                connections: &mut self.sentry.connections,
                received_bytes: &mut self.sentry.received_bytes,
                denied: &mut self.sentry.denied,
                refused: &mut self.sentry.refused,
                busy: &mut self.sentry.busy,
            },
        }
    }

    /// What is counted where OTLP is spoken.
    pub(crate) const fn otlp_at(&mut self, listener: Listener) -> &mut OtlpCounts {
        match listener {
            Listener::OtlpGrpc => &mut self.otlp_grpc,
            Listener::OtlpHttp | Listener::Sentry => &mut self.otlp_http,
        }
    }

    /// Counts an OTLP request that was taken.
    pub(crate) fn count_otlp(&mut self, listener: Listener, spans: usize, log_records: usize, data_points: usize, rejected: u64) {
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

    pub(crate) fn remember(&mut self, listener: Listener, reason: &str) {
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
    const fn counts(&mut self) -> Counts<'_> {
        Counts {
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
pub(crate) struct Counts<'a> {
    pub(crate) connections: &'a mut u64,
    pub(crate) received_bytes: &'a mut u64,
    pub(crate) denied: &'a mut u64,
    pub(crate) refused: &'a mut u64,
    pub(crate) busy: &'a mut u64,
}

/// Short, on one line, printable: reasons quote what the sender wrote.
pub(crate) fn clean(text: &str) -> String {
    printable::clean_prefix(text, REASON_LENGTH)
}

/// A view of the counts. Cheap to clone; each clone notices changes for itself.
#[derive(Clone, Debug)]
pub struct Health {
    /// For who waits.
    changes: watch::Receiver<HealthSnapshot>,
    /// For who looks now and then.
    looks: watch::Receiver<HealthSnapshot>,
    queue: Queue,
}

impl Health {
    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> HealthSnapshot {
        self.looks.borrow().clone()
    }

    /// The counts now, if they have changed since the last call (of this clone): who draws copies nothing when there is nothing new.
    #[must_use]
    pub fn latest(&mut self) -> Option<HealthSnapshot> {
        // It stays readable when the collector is gone.
        let changed = self.looks.has_changed().unwrap_or(false);
        changed.then(|| self.looks.borrow_and_update().clone())
    }

    /// Waits until something has changed since the last call (of this clone). Never resolves once the collector is gone.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// What is in flight now. It changes with every request, so [`Health::changed`] does not tell.
    #[must_use]
    pub fn queue(&self) -> QueueDepth {
        let looks = self.looks.borrow();
        let open = |listener| usize::try_from(looks.connections_at(listener)).unwrap_or(usize::MAX);
        QueueDepth {
            connection_bytes: Listener::ALL.map(|at| limits_of(at).bytes(open(at))).iter().sum(),
            connection_bytes_limit: Listener::ALL.map(|at| limits_of(at).bytes(usize::MAX)).iter().sum(),
            ..self.queue.depth()
        }
    }
}

/// The writing end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(watch::Sender<HealthSnapshot>);

impl Recorder {
    pub(crate) fn health(&self, queue: Queue) -> Health {
        let looks = self.0.subscribe();
        Health {
            changes: looks.clone(),
            looks,
            queue,
        }
    }

    /// Changes the counts, in constant time.
    pub(crate) fn record(&self, change: impl FnOnce(&mut HealthSnapshot)) {
        self.0.send_modify(change);
    }

    /// The same for what another change follows soon: nobody is woken for it.
    pub(crate) fn record_quietly(&self, change: impl FnOnce(&mut HealthSnapshot)) {
        self.0.send_if_modified(|health| {
            change(health);
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_short_and_cannot_command_a_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{9b}e"), "a␛[2Jb␊c·d·e");
        assert_eq!(clean(&"é".repeat(1000)).chars().count(), REASON_LENGTH);
        let everything: Vec<char> = ('\0'..=char::MAX).collect();
        for part in everything.chunks(REASON_LENGTH) {
            let part: String = part.iter().collect();
            assert_eq!(clean(&part), printable::clean(&part));
        }
    }

    #[test]
    fn who_looks_gets_a_copy_only_when_there_is_something_new() {
        let recorder = Recorder::default();
        let mut health = recorder.health(Queue::new(1));
        assert_eq!(health.latest(), None);
        recorder.record(|health| health.sentry.spans += 1);
        recorder.record(|health| health.sentry.spans += 1);
        let mut other = health.clone();
        assert_eq!(health.latest().map(|health| health.sentry.spans), Some(2));
        assert_eq!(health.latest(), None);
        assert_eq!(
            other.latest().map(|health| health.sentry.spans),
            Some(2),
            "each looks for itself"
        );
        assert_eq!(health.snapshot().sentry.spans, 2);
    }

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

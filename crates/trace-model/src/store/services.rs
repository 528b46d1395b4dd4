//! What came from each service, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How many seconds of arrivals are remembered.
pub const SECONDS: usize = 60;
/// How many services are told apart: their names are the senders' text, so there could be any number.
const SERVICES: usize = 256;
const NANOS: u64 = 1_000_000_000;

/// What came from one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStats {
    /// Its `service.name`; empty for those that have none.
    pub service: Arc<str>,
    /// Spans received, whether they are still held or not.
    pub spans: u64,
    /// Log records received.
    pub logs: u64,
    /// When the last request came, in nanoseconds since the Unix epoch.
    pub last_seen_unix_nano: u64,
    /// Spans by second, each at the second's place in a ring.
    by_second: [u32; SECONDS],
}

impl ServiceStats {
    const fn new(service: Arc<str>) -> Self {
        Self {
            service,
            spans: 0,
            logs: 0,
            last_seen_unix_nano: 0,
            by_second: [0; SECONDS],
        }
    }

    /// Spans in each of the last [`SECONDS`] whole seconds before `unix_nano`, oldest first.
    #[must_use]
    pub fn history(&self, unix_nano: u64) -> [u32; SECONDS] {
        let now = unix_nano / NANOS;
        let last = self.last_seen_unix_nano / NANOS;
        std::array::from_fn(|at| {
            let second = now.saturating_sub((SECONDS - at) as u64);
            let known = second <= last && second + SECONDS as u64 > last;
            if known { self.by_second[place(second)] } else { 0 }
        })
    }

    /// Spans per second, over the last five whole seconds before `unix_nano`.
    #[must_use]
    pub fn rate(&self, unix_nano: u64) -> u64 {
        const WINDOW: usize = 5;
        let history = self.history(unix_nano);
        let spans: u64 = history[SECONDS - WINDOW..].iter().map(|spans| u64::from(*spans)).sum();
        spans.div_ceil(WINDOW as u64)
    }

    fn count(&mut self, spans: u32, logs: u32, unix_nano: u64) {
        let (last, now) = (self.last_seen_unix_nano / NANOS, unix_nano / NANOS);
        // What stands in the ring for the seconds in between is a minute old.
        for second in (last + 1..=now).rev().take(SECONDS) {
            self.by_second[place(second)] = 0;
        }
        self.last_seen_unix_nano = self.last_seen_unix_nano.max(unix_nano);
        self.spans += u64::from(spans);
        self.logs += u64::from(logs);
        if now + SECONDS as u64 > last {
            let second = &mut self.by_second[place(now)];
            *second = second.saturating_add(spans);
        }
    }
}

fn place(second: u64) -> usize {
    usize::try_from(second % SECONDS as u64).unwrap_or(0)
}

#[derive(Debug, Default)]
pub(super) struct Services(BTreeMap<Arc<str>, ServiceStats>);

impl Services {
    pub(super) fn count(&mut self, service: &Arc<str>, spans: u32, logs: u32, unix_nano: u64) {
        if let Some(stats) = self.0.get_mut(service) {
            return stats.count(spans, logs, unix_nano);
        }
        if self.0.len() == SERVICES {
            // The one that was quiet for longest makes room.
            let quietest = self.0.values().min_by_key(|stats| stats.last_seen_unix_nano);
            if let Some(quietest) = quietest.map(|stats| stats.service.clone()) {
                self.0.remove(&quietest);
            }
        }
        let mut stats = ServiceStats::new(service.clone());
        stats.count(spans, logs, unix_nano);
        self.0.insert(service.clone(), stats);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ServiceStats> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_in_their_second() {
        let mut stats = ServiceStats::new("api".into());
        for (second, spans) in [(100, 10), (100, 5), (102, 7), (101, 1)] {
            stats.count(spans, 0, second * NANOS + 1);
        }
        let history = stats.history(103 * NANOS);
        assert_eq!(history[SECONDS - 4..], [0, 15, 1, 7]);
        assert_eq!(stats.rate(103 * NANOS), 5, "23 spans in five seconds");
        assert_eq!(stats.history(162 * NANOS)[..2], [7, 0]);
        assert_eq!(stats.history(500 * NANOS), [0; SECONDS]);
        stats.count(3, 0, 1_000 * NANOS);
        assert_eq!(stats.history(1_001 * NANOS).iter().sum::<u32>(), 3, "what is old is gone");
        assert_eq!(stats.spans, 26);
    }

    #[test]
    fn there_are_never_too_many() {
        let mut services = Services::default();
        for number in 0..10_000_u64 {
            services.count(&number.to_string().into(), 1, 0, number);
        }
        assert_eq!(services.iter().count(), SERVICES);
        assert!(
            services
                .iter()
                .all(|stats| stats.last_seen_unix_nano >= 10_000 - SERVICES as u64)
        );
    }
}

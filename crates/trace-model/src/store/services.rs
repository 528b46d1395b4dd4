//! Arrivals of each service by time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::work::{self, VISIT};

/// Seconds of arrivals kept.
pub const SECONDS: usize = 60;
/// Services counted one by one: their names are the senders' text, so there could be any number.
const SERVICES: usize = 256;
const NANOS: u64 = 1_000_000_000;

/// Arrivals of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStats {
    /// Its `service.name`; empty for a service without a name.
    pub service: Arc<str>,
    /// Spans received, whether they are still held or not.
    pub spans: u64,
    /// Log records received.
    pub logs: u64,
    /// Time of the last request in nanoseconds since the Unix epoch.
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
        // The ring's counts of the seconds in between are a minute old.
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
pub(super) struct Services {
    by_name: BTreeMap<Arc<str>, ServiceStats>,
    /// Least recently active services when this was filled, with the time of their last request, the least active at the end.
    quietest: Vec<(u64, Arc<str>)>,
}

impl Services {
    pub(super) fn count(&mut self, service: &Arc<str>, spans: u32, logs: u32, unix_nano: u64) {
        work::add(VISIT);
        if let Some(stats) = self.by_name.get_mut(service) {
            return stats.count(spans, logs, unix_nano);
        }
        while self.by_name.len() >= SERVICES {
            self.forget_quietest();
        }
        let mut stats = ServiceStats::new(service.clone());
        stats.count(spans, logs, unix_nano);
        self.by_name.insert(service.clone(), stats);
    }

    /// Drops the least recently active service. All are visited once for half of them: a request may name any number of new ones.
    fn forget_quietest(&mut self) {
        if self.quietest.is_empty() {
            let all = self.by_name.values();
            self.quietest = all.map(|stats| (stats.last_seen_unix_nano, stats.service.clone())).collect();
            self.quietest.sort_unstable();
            self.quietest.truncate(SERVICES / 2);
            self.quietest.reverse();
            work::add(SERVICES * VISIT);
        }
        let Some((last_seen, quietest)) = self.quietest.pop() else {
            return;
        };
        // It may have been seen since.
        if self
            .by_name
            .get(&quietest)
            .is_some_and(|stats| stats.last_seen_unix_nano == last_seen)
        {
            self.by_name.remove(&quietest);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &ServiceStats> {
        self.by_name.values()
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
    fn services_are_bounded() {
        let mut services = Services::default();
        for number in 0..10_000_u64 {
            services.count(&number.to_string().into(), 1, 0, number);
        }
        assert_eq!(services.iter().count(), SERVICES);
        // One that is seen again stays.
        services.count(&"9800".into(), 1, 0, 10_000);
        for number in 10_001..10_100_u64 {
            services.count(&number.to_string().into(), 1, 0, number);
        }
        assert!(services.iter().any(|stats| &*stats.service == "9800"));
        assert!(
            services
                .iter()
                .all(|stats| stats.last_seen_unix_nano >= 10_000 - SERVICES as u64)
        );
    }

    #[test]
    fn new_services_cost_the_same_however_many_there_are() {
        let counted = |count: u64| {
            let mut services = Services::default();
            let add = |number: u64| services.count(&number.to_string().into(), 1, 0, 1);
            work::of(|| (0..count).for_each(add)).1
        };
        let (once, twice) = (counted(5_000), counted(10_000));
        assert!(twice * 10 <= once * 22, "{once}, doubled {twice}");
        assert!(twice < 10_000 * 4 * VISIT as u64, "{twice}");
    }
}

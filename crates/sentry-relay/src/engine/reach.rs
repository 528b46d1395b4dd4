//! Reachability of Sentry, and which failed tries are the entry's own fault.
//!
//! One failed try may be either. It is the entry's fault if Sentry responds to another request next, and an outage if another
//! entry fails too. Entries that failed before prove nothing about Sentry: two that always fail must not look like an outage.

use crate::attempt::Failure;
use crate::buffer::Entry;

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) enum Reach {
    /// Sentry responded to the last request.
    #[default]
    Reached,
    /// Entries failed since the last response, and the cause is either them or Sentry.
    Doubtful { problem: Box<str> },
    /// Sentry is unreachable.
    Outage { problem: Box<str>, failures: u32 },
}

impl Reach {
    /// Returns the cause of the doubt or outage.
    pub(super) fn problem(&self) -> Option<&str> {
        match self {
            Self::Reached => None,
            Self::Doubtful { problem } | Self::Outage { problem, .. } => Some(problem),
        }
    }

    pub(super) const fn is_outage(&self) -> bool {
        matches!(self, Self::Outage { .. })
    }

    /// Records a failed try of this entry. `is_probe` marks the one try at a time that is made during an outage: several requests
    /// that were in flight when it began count as one failure.
    pub(super) fn failed<T>(&mut self, failure: &Failure, entry: &mut Entry<T>, is_probe: bool) {
        let problem = failure.problem.clone();
        let is_new = entry.failures == 0;
        if !failure.is_connect {
            entry.failures = entry.failures.saturating_add(1);
        }
        *self = match self {
            Self::Outage { failures, .. } => Self::Outage {
                problem,
                failures: failures.saturating_add(u32::from(is_probe)),
            },
            Self::Doubtful { .. } if is_new => Self::Outage { problem, failures: 1 },
            _ if failure.is_connect => Self::Outage { problem, failures: 1 },
            Self::Reached | Self::Doubtful { .. } => {
                entry.is_suspect = true;
                Self::Doubtful { problem }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::category::Categories;
    use crate::outgoing::Outgoing;

    fn entry(failures: u32) -> Entry<()> {
        let outgoing = Outgoing {
            url: "http://host/".parse().unwrap(),
            headers: HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        Entry {
            failures,
            ..Entry::new(0, outgoing, Categories::default(), ())
        }
    }

    fn broke() -> Failure {
        Failure::new("connection closed")
    }

    fn rejected() -> Failure {
        Failure {
            is_connect: true,
            ..Failure::new("cannot connect")
        }
    }

    #[test]
    fn single_failure_is_doubtful() {
        let mut reach = Reach::default();
        let mut first = entry(0);
        reach.failed(&broke(), &mut first, false);
        assert!(first.is_suspect && !reach.is_outage());
        assert_eq!(reach.problem(), Some("connection closed"));
        first.confirm_strike();
        first.confirm_strike();
        assert_eq!(first.strikes, 1);
    }

    #[test]
    fn failures_of_two_fresh_entries_are_an_outage() {
        let mut reach = Reach::default();
        reach.failed(&broke(), &mut entry(0), false);
        let mut second = entry(0);
        reach.failed(&broke(), &mut second, false);
        assert!(reach.is_outage() && !second.is_suspect);
    }

    #[test]
    fn repeated_failures_of_failed_entries_are_not_an_outage() {
        let mut reach = Reach::default();
        for failures in [0, 1, 2, 1] {
            let mut entry = entry(failures);
            reach.failed(&broke(), &mut entry, true);
            assert!(entry.is_suspect && !reach.is_outage());
        }
    }

    #[test]
    fn failed_connect_is_an_outage_and_not_the_fault_of_the_entry() {
        for mut reach in [Reach::Reached, Reach::Doubtful { problem: "".into() }] {
            let mut entry = entry(1);
            reach.failed(&rejected(), &mut entry, true);
            assert!(reach.is_outage() && !entry.is_suspect);
            assert_eq!(entry.failures, 1);
        }
    }

    #[test]
    fn outage_adds_no_strikes_and_counts_its_probes() {
        let mut reach = Reach::default();
        reach.failed(&rejected(), &mut entry(0), false);
        for (is_probe, expected) in [(false, 1), (true, 2), (true, 3)] {
            let mut entry = entry(2);
            reach.failed(&broke(), &mut entry, is_probe);
            assert!(!entry.is_suspect);
            assert!(matches!(reach, Reach::Outage { failures, .. } if failures == expected));
        }
    }
}

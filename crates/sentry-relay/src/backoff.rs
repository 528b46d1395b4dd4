//! Delay before the next attempt.

use std::time::Duration;

/// Delays that double with each failure up to a maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Delay after the first failure.
    pub first: Duration,
    /// Maximum delay.
    pub longest: Duration,
}

impl Default for Backoff {
    /// One second, up to a minute.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        }
    }
}

impl Backoff {
    /// Returns the delay after this many consecutive failures. `jitter` is from 0 to 1 and subtracts up to half of it, so that
    /// many relays do not retry at the same moment.
    pub(crate) fn after(self, failures: u32, jitter: f64) -> Duration {
        let doubled = self
            .first
            .saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        doubled.min(self.longest).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn delay_doubles_up_to_the_maximum() {
        let backoff = Backoff::default();
        let seconds: Vec<_> = (1..=8).map(|failures| backoff.after(failures, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
    }

    proptest! {
        #[test]
        fn delay_is_bounded(failures: u32, jitter in 0.0..1.0) {
            let wait = Backoff::default().after(failures, jitter);
            prop_assert!(wait >= Duration::from_millis(500) && wait <= Duration::from_secs(60));
        }
    }
}

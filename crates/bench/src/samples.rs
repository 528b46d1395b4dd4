//! Many measurements of the same thing.

use std::fmt;
use std::time::Duration;

/// Durations, of which percentiles are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, sample: Duration) {
        let at = self.0.partition_point(|other| *other <= sample);
        self.0.insert(at, sample);
    }

    /// The smallest sample that at least so many percent of all do not exceed; zero without samples.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The largest of all.
    pub(crate) fn max(&self) -> Duration {
        self.percentile(100)
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(samples: I) -> Self {
        let mut all = Self::default();
        samples.into_iter().for_each(|sample| all.add(sample));
        all
    }
}

/// A duration in milliseconds, as the goals have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ms(pub(crate) Duration);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_secs_f64() * 1e3;
        let digits = usize::from(milliseconds < 10.0) + usize::from(milliseconds < 1.0);
        write!(f, "{milliseconds:.digits$} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Samples = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(samples.percentile(50), Duration::from_millis(100));
        assert_eq!(samples.percentile(99), Duration::from_millis(198));
        assert_eq!(samples.max(), Duration::from_millis(200));
        let one: Samples = [Duration::from_millis(7)].into_iter().collect();
        assert_eq!(one.percentile(1), Duration::from_millis(7));
        assert_eq!(Samples::default().percentile(99), Duration::ZERO);
    }

    #[test]
    fn milliseconds_have_as_many_digits_as_matter() {
        let text = |micros| Ms(Duration::from_micros(micros)).to_string();
        assert_eq!(text(123_456), "123 ms");
        assert_eq!(text(4_321), "4.3 ms");
        assert_eq!(text(56), "0.06 ms");
    }
}

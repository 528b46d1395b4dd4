//! Latency histogram.

use hdrhistogram::Histogram;

/// Significant digits: percentiles are within 1 %. A third digit would take eight times the memory.
const SIGNIFICANT_DIGITS: u8 = 2;

/// Durations are clamped to this many nanoseconds, close to the maximum of the histogram's arithmetic.
const DURATION_NANO_MAX: u64 = u64::MAX / 2;

/// Durations in nanoseconds as a [high dynamic range histogram](https://hdrhistogram.org): each within 1 %, in memory that grows
/// with the logarithm of the longest one, a few KiB.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u32>,
    /// Exact, unlike the histogram.
    max: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new(SIGNIFICANT_DIGITS);
        Self {
            // Only more than five digits are invalid.
            histogram: histogram.unwrap_or_else(|_| unreachable!("{SIGNIFICANT_DIGITS} digits")),
            max: 0,
        }
    }
}

impl Latencies {
    /// Adds one duration in nanoseconds.
    pub fn record(&mut self, nano: u64) {
        self.max = self.max.max(nano);
        // At most three centuries; the histogram resizes up to that.
        let recorded = self.histogram.record(nano.min(DURATION_NANO_MAX));
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    /// Adds all durations of another histogram.
    pub fn add(&mut self, other: &Self) {
        self.max = self.max.max(other.max);
        // The histogram resizes itself, so this cannot fail.
        let added = self.histogram.add(&other.histogram);
        debug_assert!(added.is_ok(), "{added:?}");
    }

    /// Returns the number of durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns the longest duration in nanoseconds; 0 if empty.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// Returns the duration in nanoseconds at a percentile, within 1 %; 0 if empty.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> u64 {
        let nano = self.histogram.value_at_percentile(percent);
        // The end of a bucket may exceed the longest duration in it, and that of the last bucket be before it.
        if nano >= DURATION_NANO_MAX {
            self.max
        } else {
            nano.min(self.max)
        }
    }

    /// Returns the counts of `cells` ranges, shortest first: equal logarithmic steps from the shortest duration to the longest
    /// one. All are 0 if empty.
    #[must_use]
    pub fn shape(&self, cells: usize) -> Vec<u64> {
        let mut shape = vec![0; cells];
        if cells == 0 || self.count() == 0 {
            return shape;
        }
        let log = |nano: u64| bits(nano.max(1));
        let (shortest, longest) = (log(self.histogram.min()), log(self.max));
        let width = (longest - shortest).max(f64::EPSILON);
        for range in self.histogram.iter_recorded() {
            let place = (log(range.value_iterated_to().min(self.max)) - shortest) / width;
            shape[cell(place, cells)] += u64::from(range.count_at_value());
        }
        shape
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn bits(nano: u64) -> f64 {
    (nano as f64).log2()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index of a cell, within bounds"
)]
fn cell(share: f64, cells: usize) -> usize {
    ((share.max(0.0) * cells as f64) as usize).min(cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_histogram_reports_zero() {
        let latencies = Latencies::default();
        assert_eq!((latencies.count(), latencies.max(), latencies.percentile(99.0)), (0, 0, 0));
        assert_eq!(latencies.shape(3), [0, 0, 0]);
        assert!(latencies.shape(0).is_empty());
    }

    #[test]
    fn histogram_accepts_any_duration() {
        let mut latencies = Latencies::default();
        for nano in [0, 1, u64::MAX, u64::MAX / 2] {
            latencies.record(nano);
        }
        assert_eq!((latencies.count(), latencies.max()), (4, u64::MAX));
        assert_eq!(latencies.percentile(99.0), u64::MAX, "not the limit of the histogram");
        assert_eq!(latencies.shape(4).iter().sum::<u64>(), 4);
    }

    #[test]
    fn shape_has_equal_logarithmic_steps() {
        let mut latencies = Latencies::default();
        for nano in [1, 20, 200, 2_000, 20_000, 20_000, 100_000] {
            latencies.record(nano);
        }
        assert_eq!(latencies.shape(5), [1, 1, 1, 1, 3]);
        let mut same = Latencies::default();
        same.record(7);
        assert_eq!(same.shape(3).iter().sum::<u64>(), 1, "one value alone");
        latencies.add(&same);
        assert_eq!(latencies.count(), 8);
    }
}

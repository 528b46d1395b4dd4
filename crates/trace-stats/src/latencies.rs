//! Durations by frequency.

use hdrhistogram::Histogram;

/// Significant digits: what is read off is at most 1 % off. A third one would cost eight times the memory.
const DIGITS: u8 = 2;

/// What is longer counts as this long, in nanoseconds: the histogram's arithmetic ends soon after.
const LONGEST: u64 = u64::MAX / 2;

/// Durations in nanoseconds, as a [histogram with a high dynamic range](https://hdrhistogram.org): each is kept within one percent of
/// itself, in a memory that grows with the logarithm of the longest, a few KiB.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u32>,
    /// Exact, where the histogram rounds.
    max: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new(DIGITS);
        Self {
            // Refused are only more digits than five.
            histogram: histogram.unwrap_or_else(|_| unreachable!("{DIGITS} digits")),
            max: 0,
        }
    }
}

impl Latencies {
    /// Counts one duration, in nanoseconds.
    pub fn record(&mut self, nano: u64) {
        self.max = self.max.max(nano);
        // Three centuries; it grows as far as that.
        let recorded = self.histogram.record(nano.min(LONGEST));
        debug_assert!(recorded.is_ok(), "{recorded:?}");
    }

    /// Counts all of another one's.
    pub fn add(&mut self, other: &Self) {
        self.max = self.max.max(other.max);
        // It grows by itself: this cannot fail.
        let added = self.histogram.add(&other.histogram);
        debug_assert!(added.is_ok(), "{added:?}");
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The longest, in nanoseconds; 0 without any.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The duration, in nanoseconds, that so many percent of them do not exceed, within one percent; 0 without any.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> u64 {
        // The end of a bucket may lie behind the longest in it.
        self.histogram.value_at_percentile(percent).min(self.max)
    }

    /// How many lie in each of `cells` ranges, shortest first: between the shortest and the longest of them, in equal steps of the
    /// logarithm. All zero without any.
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
    reason = "a place in a drawing, within its bounds"
)]
fn cell(share: f64, cells: usize) -> usize {
    ((share.max(0.0) * cells as f64) as usize).min(cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_nothing() {
        let latencies = Latencies::default();
        assert_eq!((latencies.count(), latencies.max(), latencies.percentile(99.0)), (0, 0, 0));
        assert_eq!(latencies.shape(3), [0, 0, 0]);
        assert!(latencies.shape(0).is_empty());
    }

    #[test]
    fn any_duration_is_taken() {
        let mut latencies = Latencies::default();
        for nano in [0, 1, u64::MAX, u64::MAX / 2] {
            latencies.record(nano);
        }
        assert_eq!((latencies.count(), latencies.max()), (4, u64::MAX));
        assert_eq!(latencies.shape(4).iter().sum::<u64>(), 4);
    }

    #[test]
    fn a_shape_has_equal_steps_of_the_logarithm() {
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

//! Division of the time that is read into parts, of which bars are drawn.

use std::ops::RangeInclusive;

/// Bars of the small histogram of a pattern.
pub(super) const BARS: usize = 12;
/// Parts of the time that are counted: some to a bar, so that the time can grow.
pub(super) const PARTS: usize = 4 * BARS;

/// Division of a time into parts of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Division {
    times: RangeInclusive<u64>,
    part_nano: u64,
}

impl Division {
    pub(super) fn new(times: &RangeInclusive<u64>) -> Self {
        Self {
            times: times.clone(),
            part_nano: (times.end().saturating_sub(*times.start()) / PARTS as u64).saturating_add(1),
        }
    }

    /// Returns the time that is divided.
    pub(super) const fn times(&self) -> &RangeInclusive<u64> {
        &self.times
    }

    /// Divides a time that begins at the same moment and is longer. Calls `double` as often as parts become twice as long.
    pub(super) fn lengthen(&mut self, times: &RangeInclusive<u64>, mut double: impl FnMut()) {
        self.times = times.clone();
        while self.part(*times.end()) >= PARTS {
            self.part_nano = self.part_nano.saturating_mul(2);
            double();
        }
    }

    /// Returns the part of a time.
    pub(super) fn part(&self, unix_nano: u64) -> usize {
        usize::try_from(unix_nano.saturating_sub(*self.times.start()) / self.part_nano).unwrap_or(PARTS)
    }

    /// Returns the number of parts up to the end.
    pub(super) fn parts(&self) -> usize {
        self.part(*self.times.end()).saturating_add(1).min(PARTS)
    }
}

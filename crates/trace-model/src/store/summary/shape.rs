//! Number of active spans in each part of a trace's time.

use super::SHAPE;
use crate::store::record::Record;

/// Each span counts in the parts that it began, ended, or was at work in.
#[derive(Debug, Default)]
pub(super) struct Shape {
    start: u64,
    end: u64,
    /// Difference between a part and the previous one.
    changes: [i64; SHAPE + 1],
}

impl Shape {
    pub(super) fn new(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, record: &Record) {
        let last = if record.in_flight() { self.end } else { record.end_unix_nano };
        let first = self.part(record.known_start().unwrap_or(self.start));
        let last = self.part(last);
        self.changes[first] += 1;
        self.changes[last.max(first) + 1] -= 1;
    }

    fn part(&self, moment: u64) -> usize {
        let duration = self.end.saturating_sub(self.start);
        // The lowest bits of the longest durations are dropped, so that nothing overflows.
        let spare = 4_u32.saturating_sub(duration.leading_zeros());
        let from_start = moment.saturating_sub(self.start).min(duration) >> spare;
        let part = from_start * SHAPE as u64 / (duration >> spare).max(1);
        usize::try_from(part).unwrap_or(SHAPE).min(SHAPE - 1)
    }

    /// Returns eighths of the most active spans at once, or of four, so that few spans look like few.
    pub(super) fn parts(&self) -> [u8; SHAPE] {
        let mut at_work = 0;
        let counts: [i64; SHAPE] = std::array::from_fn(|part| {
            at_work += self.changes[part];
            at_work
        });
        let most = counts.iter().copied().max().unwrap_or(0).max(4);
        counts.map(|count| u8::try_from((count * 8 + most - 1) / most).unwrap_or(8))
    }
}

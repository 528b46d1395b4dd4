//! Number of log records over time, by severity.
//!
//! Counting reads the list of the store from its newest record on, in steps; until it is complete, the previous result is shown.

use std::ops::RangeInclusive;

use ratatui_core::layout::Rect;
use trace_model::work::VISIT;
use trace_model::{LogReader, LogView, Revision, Severity, Store};

use crate::format::Now;

/// Lines of the histogram: errors, warnings, and all others.
pub(super) const ROWS: u16 = 3;
/// Work of counting within a frame: some ten thousand records.
const WORK_PER_FRAME: u64 = 20_000 * VISIT as u64;
/// Time between two counts that take more than a frame, in nanoseconds.
const AGAIN: u64 = 250_000_000;
/// Shortest time over which bars are drawn, in nanoseconds.
const SPAN_MIN: u64 = 1_000_000;

/// Counts of one severity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistogramRow {
    /// Number of records per bar, from left to right.
    pub counts: Vec<u32>,
}

impl HistogramRow {
    /// Returns the largest count.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.counts.iter().copied().max().unwrap_or(0)
    }
}

/// Input of a count.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Input {
    revision: Revision,
    listed: usize,
    times: RangeInclusive<u64>,
    bars: u16,
}

#[derive(Debug)]
struct Count {
    of: Input,
    reader: LogReader,
    rows: [HistogramRow; ROWS as usize],
}

/// The histogram of a list.
#[derive(Debug, Default)]
pub struct Histogram {
    shown: Option<(Input, [HistogramRow; ROWS as usize])>,
    count: Option<Count>,
    /// When the last count began, in nanoseconds since the Unix epoch.
    counted_at: u64,
    /// True if there is something newer than what is shown and counted.
    is_behind: bool,
}

/// Returns the line of a severity: 0 for errors, 1 for warnings, 2 for others.
const fn row_of(severity: Severity) -> usize {
    match severity {
        Severity::Error | Severity::Fatal => 0,
        Severity::Warn => 1,
        Severity::Info | Severity::Debug | Severity::Trace | Severity::Unspecified => 2,
    }
}

impl Histogram {
    /// Returns the counts by severity: errors, warnings, others. Empty before the first result.
    #[must_use]
    pub fn rows(&self) -> &[HistogramRow] {
        self.shown.as_ref().map_or(&[], |(_, rows)| rows)
    }

    /// Returns the times of the bars in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn times(&self) -> Option<&RangeInclusive<u64>> {
        self.shown.as_ref().map(|(of, _)| &of.times)
    }

    /// Returns the time of a bar in nanoseconds.
    #[must_use]
    pub fn bar_nano(&self) -> u64 {
        self.shown.as_ref().map_or(0, |(of, _)| {
            let length = of.times.end() - of.times.start();
            (length / u64::from(of.bars.max(1))).max(1)
        })
    }

    /// Returns the times of a range of columns of the screen, where the bars are at `area`.
    pub(super) fn times_of(&self, columns: RangeInclusive<u16>, area: Rect) -> Option<RangeInclusive<u64>> {
        let (of, _) = self.shown.as_ref()?;
        let length = u128::from(of.times.end() - of.times.start());
        let at = |column: u16| {
            let part = length * u128::from(column) / u128::from(of.bars.max(1));
            of.times.start().saturating_add(u64::try_from(part).unwrap_or(u64::MAX))
        };
        let from = columns.start().saturating_sub(area.x).min(of.bars);
        let to = (columns.end() + 1).saturating_sub(area.x).min(of.bars);
        Some(at(from)..=at(to))
    }

    /// Returns true while records are to be counted.
    pub(crate) const fn is_counting(&self) -> bool {
        self.count.is_some()
    }

    /// Returns the time at which it is to be counted again, in nanoseconds since the Unix epoch.
    pub(crate) const fn due(&self) -> Option<u64> {
        if self.is_behind && self.count.is_none() {
            Some(self.counted_at.saturating_add(AGAIN))
        } else {
            None
        }
    }

    /// Counts the records again if they may be others. A list of some ten thousand records is counted at once.
    pub(super) fn fit(&mut self, store: &Store, view: LogView, times: &RangeInclusive<u64>, area: Rect, now: &Now) {
        let end = (*times.end()).max(times.start().saturating_add(SPAN_MIN));
        let wanted = Input {
            revision: store.revision(),
            listed: store.listed_logs(view),
            times: *times.start()..=end,
            bars: area.width,
        };
        let known = self
            .count
            .as_ref()
            .map(|count| &count.of)
            .or(self.shown.as_ref().map(|(of, _)| of));
        self.is_behind = known != Some(&wanted) && wanted.bars > 0;
        let is_of_other_times = known.is_none_or(|of| (&of.times, of.bars) != (&wanted.times, wanted.bars));
        let is_due = now.unix_nano.saturating_sub(self.counted_at) >= AGAIN || now.unix_nano < self.counted_at;
        let is_small = wanted.listed as u64 * (VISIT as u64) < WORK_PER_FRAME;
        // A count that has begun is completed, so that a list that grows all the time has a histogram.
        if self.is_behind
            && (is_small || is_due || (is_of_other_times && self.count.is_none()))
            && (is_small || self.count.is_none())
        {
            self.counted_at = now.unix_nano;
            self.is_behind = false;
            let row = HistogramRow {
                counts: vec![0; wanted.bars.into()],
            };
            self.count = Some(Count {
                reader: LogReader::new(view).within(&wanted.times),
                rows: [row.clone(), row.clone(), row],
                of: wanted,
            });
            self.step(store, WORK_PER_FRAME);
        }
    }

    /// Counts records until about this much work is done; returns true if there is a new result.
    pub(super) fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(mut count) = self.count.take() else { return false };
        let Count { of, reader, rows } = &mut count;
        let start = *of.times.start();
        let length = u128::from(of.times.end() - start) + 1;
        let is_complete = reader.step(store, work, |log| {
            let offset = u128::from(log.id().time_unix_nano().saturating_sub(start));
            let bar = usize::try_from(offset * u128::from(of.bars) / length).unwrap_or(usize::MAX);
            if let Some(count) = rows[row_of(log.severity())].counts.get_mut(bar) {
                *count += 1;
            }
        });
        if is_complete {
            self.shown = Some((count.of, count.rows));
        } else {
            self.count = Some(count);
        }
        is_complete
    }
}

//! Number of log records over time, by severity.

use std::ops::RangeInclusive;

use ratatui_core::layout::Rect;
use trace_model::{LogView, Severity, SeverityCounts, Store};

use super::ListState;

/// Lines of the histogram.
pub(super) const ROWS: u16 = 3;
/// Severities by line: errors, warnings, and all others.
const LINES: [&[Severity]; ROWS as usize] = [
    &[Severity::Error, Severity::Fatal],
    &[Severity::Warn],
    &[Severity::Info, Severity::Debug, Severity::Trace, Severity::Unspecified],
];
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
    list: ListState,
    times: RangeInclusive<u64>,
    bars: u16,
}

/// The histogram of a list.
#[derive(Debug, Default)]
pub struct Histogram {
    shown: Option<(Input, [HistogramRow; LINES.len()])>,
}

impl Histogram {
    /// Returns the counts by severity: errors, warnings, others. Empty before the first frame.
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

    /// Counts the records again if they may be others.
    pub(super) fn fit(&mut self, store: &Store, view: LogView, times: &RangeInclusive<u64>, area: Rect) {
        let end = (*times.end()).max(times.start().saturating_add(SPAN_MIN));
        let wanted = Input {
            list: ListState::of(store, view),
            times: *times.start()..=end,
            bars: area.width,
        };
        if self.shown.as_ref().is_none_or(|(of, _)| *of != wanted) {
            let bars = store.count_logs(view, &wanted.times, wanted.bars);
            let row = |severities: &[Severity]| {
                let count = |bar: &SeverityCounts| severities.iter().map(|severity| bar.of(*severity)).sum();
                HistogramRow {
                    counts: bars.iter().map(count).collect(),
                }
            };
            self.shown = Some((wanted, LINES.map(row)));
        }
    }
}

//! What the lists of the service map are sorted by.

use std::cmp::Reverse;

use trace_stats::Figures;

/// A column of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the columns' names say it")]
pub enum MapColumn {
    #[default]
    Calls,
    Errors,
    P50,
    P99,
    Queued,
    Name,
}

impl MapColumn {
    const ALL: [Self; 6] = [Self::Calls, Self::Errors, Self::P50, Self::P99, Self::Queued, Self::Name];

    fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// The first row has the highest; by name all are equal.
    fn rank(self, figures: Option<&Figures>) -> (u64, u64) {
        let Some(figures) = figures else { return (0, 0) };
        match self {
            Self::Calls => (figures.calls, 0),
            // The share: one of two failed is worse than two of a thousand.
            Self::Errors => (
                figures.errors.saturating_mul(1_000_000) / figures.calls.max(1),
                figures.errors,
            ),
            Self::P50 => (figures.latencies.percentile(50.0), 0),
            Self::P99 => (figures.latencies.percentile(99.0), 0),
            Self::Queued => (figures.queued.percentile(50.0), 0),
            Self::Name => (0, 0),
        }
    }
}

/// A column, and whether the least is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Order {
    /// The column.
    pub column: MapColumn,
    /// Whether the order is the other way round.
    pub is_reversed: bool,
}

impl Order {
    pub(super) fn next(self) -> Self {
        Self {
            column: self.column.next(),
            is_reversed: false,
        }
    }

    /// By another column, most first; by the same one, the other way round.
    pub(super) fn by(self, column: MapColumn) -> Self {
        Self {
            column,
            is_reversed: self.column == column && !self.is_reversed,
        }
    }

    /// Sorts rows with these names and figures; equal ones stay in the order of their names.
    pub(super) fn sort<'a, T>(self, rows: &mut [T], of: impl Fn(&T) -> (&'a str, Option<&'a Figures>)) {
        rows.sort_by_cached_key(|row| {
            let (name, figures) = of(row);
            (Reverse(self.column.rank(figures)), name)
        });
        if self.is_reversed {
            rows.reverse();
        }
    }
}

//! A whole trace in one line of columns.

use crate::work::{Visits, strides, visited};
use crate::{Analysis, SpanTree, StatusCode};

/// Resolution: more columns than most screens have.
const COLUMNS: usize = 512;

/// Concurrency, failures and the critical path of a trace over its time.
#[derive(Debug, Default)]
pub struct Overview {
    start_unix_nano: u64,
    end_unix_nano: u64,
    columns: Vec<Column>,
    most: u32,
}

/// A part of the trace's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Number of spans that run in it.
    pub spans: u32,
    /// True if one of them failed, and none below it did.
    pub failed: bool,
    /// The node that the trace waits for.
    pub critical: Option<usize>,
}

impl Overview {
    /// Reads a tree. A span in flight runs to the last known time.
    pub(super) async fn of(tree: &SpanTree, analysis: &Analysis, straight: bool) -> Self {
        let nodes = tree.nodes();
        let shift = |at: usize| if straight { analysis.shift_nano(at) } else { 0 };
        let start = |at: usize| nodes[at].start_unix_nano.saturating_add_signed(shift(at));
        let known_end = |at: usize| {
            let node = &nodes[at];
            let end = node.end_unix_nano.unwrap_or(node.start_unix_nano).max(node.start_unix_nano);
            end.saturating_add_signed(shift(at))
        };
        let (mut first, mut last) = (u64::MAX, 0);
        let mut fails_below = vec![false; nodes.len()];
        for range in strides(nodes.len()) {
            visited(range.len()).await;
            for at in range {
                if nodes[at].arrived {
                    (first, last) = (first.min(start(at)), last.max(known_end(at)));
                }
                if nodes[at].status == StatusCode::Error
                    && let Some(parent) = nodes[at].parent
                {
                    fails_below[parent] = true;
                }
            }
        }
        let mut overview = Self {
            start_unix_nano: first.min(last),
            end_unix_nano: last,
            columns: vec![Column::default(); COLUMNS],
            most: 0,
        };
        // How many more begin than ended in the column before.
        let mut begin = [0_i64; COLUMNS + 1];
        let mut begin_to_fail = [0_i64; COLUMNS + 1];
        for range in strides(nodes.len()) {
            visited(range.len()).await;
            for at in range.filter(|at| nodes[*at].arrived) {
                let from = overview.column_of(start(at));
                let to = if nodes[at].end_unix_nano.is_some() {
                    overview.column_of(known_end(at)).max(from)
                } else {
                    COLUMNS - 1
                };
                begin[from] += 1;
                begin[to + 1] -= 1;
                if nodes[at].status == StatusCode::Error && !fails_below[at] {
                    begin_to_fail[from] += 1;
                    begin_to_fail[to + 1] -= 1;
                }
            }
        }
        let (mut running, mut failing) = (0, 0);
        for (column, (begin, begin_to_fail)) in overview.columns.iter_mut().zip(begin.into_iter().zip(begin_to_fail)) {
            running += begin;
            failing += begin_to_fail;
            column.spans = u32::try_from(running).unwrap_or(0);
            column.failed = failing > 0;
        }
        overview.most = overview.columns.iter().map(|column| column.spans).max().unwrap_or(0);
        let mut visits = Visits::default();
        for section in analysis.path_to_last_span().iter().flat_map(|path| &path.sections) {
            let by = shift(section.node);
            let from = overview.column_of(section.start_unix_nano.saturating_add_signed(by));
            let to = overview.column_of(section.end_unix_nano.saturating_add_signed(by));
            // Sections do not overlap, so all of them together have few columns more than there are.
            for column in &mut overview.columns[from..=to.max(from)] {
                column.critical = Some(section.node);
            }
            visits.one().await;
        }
        overview
    }

    /// The first start in nanoseconds since the Unix epoch, on the shown clock.
    #[must_use]
    pub const fn start_unix_nano(&self) -> u64 {
        self.start_unix_nano
    }

    /// The last known time in nanoseconds since the Unix epoch, on the shown clock.
    #[must_use]
    pub const fn end_unix_nano(&self) -> u64 {
        self.end_unix_nano
    }

    /// The highest number of spans that run at a time.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// Summarizes a part of the time, in nanoseconds since the Unix epoch. What runs at the last known time runs after it as well.
    #[must_use]
    pub fn between(&self, from_unix_nano: u64, to_unix_nano: u64) -> Column {
        let (from, to) = (self.column_of(from_unix_nano), self.column_of(to_unix_nano.saturating_sub(1)));
        let columns = self.columns.get(from..=to.max(from)).unwrap_or_default();
        Column {
            spans: columns.iter().map(|column| column.spans).max().unwrap_or(0),
            failed: columns.iter().any(|column| column.failed),
            critical: columns.iter().find_map(|column| column.critical),
        }
    }

    fn column_of(&self, unix_nano: u64) -> usize {
        let nano = self.end_unix_nano.saturating_sub(self.start_unix_nano).max(1);
        let offset = unix_nano.saturating_sub(self.start_unix_nano).min(nano);
        // Division of 128 bits is slow, and only traces of a year need it.
        let column = match offset.checked_mul(COLUMNS as u64) {
            Some(product) => product / nano,
            None => u64::try_from(u128::from(offset) * COLUMNS as u128 / u128::from(nano)).unwrap_or(u64::MAX),
        };
        usize::try_from(column).unwrap_or(COLUMNS).min(COLUMNS - 1)
    }
}

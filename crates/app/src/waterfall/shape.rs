//! A whole trace in a line: a summary that is made once per change, not per frame.

use trace_model::{Outline, StatusCode};

use super::Stretch;

/// How finely it is made: more columns than most screens have.
const COLUMNS: usize = 512;

/// How many spans run at a time, what failed, and whom the trace waits for.
#[derive(Debug, Default)]
pub struct Shape {
    over: Stretch,
    columns: Vec<Column>,
    most: u32,
}

/// A part of the trace's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// How many spans run in it.
    pub spans: u32,
    /// Whether one of them failed, and that for no reason below it.
    pub failed: bool,
    /// Whom the trace waits for: a place in the tree.
    pub critical: Option<usize>,
}

impl Shape {
    /// Looks through a trace, on the clock that is shown. What is in flight runs to the last known moment.
    pub(super) fn of(outline: &Outline) -> Self {
        let nodes = outline.tree().nodes();
        let shift = |at: usize| {
            if outline.is_straight() {
                outline.analysis().shift_nano(at)
            } else {
                0
            }
        };
        let arrived = || nodes.iter().enumerate().filter(|(_, node)| node.arrived);
        let known_end = |at: usize| {
            let node = &nodes[at];
            node.end_unix_nano.unwrap_or(node.start_unix_nano).max(node.start_unix_nano)
        };
        let start = arrived()
            .map(|(at, node)| node.start_unix_nano.saturating_add_signed(shift(at)))
            .min();
        let end = arrived().map(|(at, _)| known_end(at).saturating_add_signed(shift(at))).max();
        let over = Stretch::new(start.unwrap_or(0), end.unwrap_or(0));
        let mut shape = Self {
            over,
            columns: vec![Column::default(); COLUMNS],
            most: 0,
        };
        let mut fails_below = vec![false; nodes.len()];
        for node in nodes.iter().filter(|node| node.status == StatusCode::Error) {
            if let Some(parent) = node.parent {
                fails_below[parent] = true;
            }
        }
        // How many more begin than ended in the column before.
        let mut begin = [0_i64; COLUMNS + 1];
        let mut begin_to_fail = [0_i64; COLUMNS + 1];
        for (at, node) in arrived() {
            let from = shape.column_of(node.start_unix_nano.saturating_add_signed(shift(at)));
            let to = match node.end_unix_nano {
                Some(_) => shape.column_of(known_end(at).saturating_add_signed(shift(at))),
                None => COLUMNS - 1,
            };
            begin[from] += 1;
            begin[to.max(from) + 1] -= 1;
            if node.status == StatusCode::Error && !fails_below[at] {
                begin_to_fail[from] += 1;
                begin_to_fail[to.max(from) + 1] -= 1;
            }
        }
        let (mut running, mut failing) = (0, 0);
        for (column, (begin, begin_to_fail)) in shape.columns.iter_mut().zip(begin.into_iter().zip(begin_to_fail)) {
            running += begin;
            failing += begin_to_fail;
            column.spans = u32::try_from(running).unwrap_or(0);
            column.failed = failing > 0;
        }
        shape.most = shape.columns.iter().map(|column| column.spans).max().unwrap_or(0);
        for section in outline.analysis().path_to_last_span().iter().flat_map(|path| &path.sections) {
            let by = shift(section.node);
            let from = shape.column_of(section.start_unix_nano.saturating_add_signed(by));
            let to = shape.column_of(section.end_unix_nano.saturating_add_signed(by));
            for column in &mut shape.columns[from..=to.max(from)] {
                column.critical = Some(section.node);
            }
        }
        shape
    }

    /// From the first start to the last known moment.
    #[must_use]
    pub const fn over(&self) -> Stretch {
        self.over
    }

    /// How many spans run at a time, at most.
    #[must_use]
    pub const fn most(&self) -> u32 {
        self.most
    }

    /// What happens from one moment to another, in nanoseconds since the Unix epoch. After the last known moment goes on what ran then.
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

    fn column_of(&self, moment: u64) -> usize {
        let offset = moment.saturating_sub(self.over.start_unix_nano).min(self.over.nano);
        let column = u128::from(offset) * COLUMNS as u128 / u128::from(self.over.nano);
        usize::try_from(column).unwrap_or(COLUMNS).min(COLUMNS - 1)
    }
}

//! Lists of log records, and their entries.

use super::record::{Record, RecordId};
use super::sorted::Summed;
use crate::{Severity, SeverityCounts};

/// A list of log records. Each of them has a [query](super::LogQuery) of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogView {
    /// All records, or those that match a query.
    All,
    /// Records of one trace; empty without a query.
    Trace,
}

impl LogView {
    pub(super) const ALL: [Self; 2] = [Self::All, Self::Trace];
}

/// An entry of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    pub(super) at: RecordId,
    pub(super) severity: Severity,
}

impl Listed {
    pub(super) fn of(at: RecordId, record: &Record) -> Self {
        Self {
            at,
            severity: record.severity(),
        }
    }
}

impl Summed for Listed {
    type Sum = SeverityCounts;

    fn add_to(self, sum: &mut SeverityCounts) {
        sum.add(self.severity);
    }

    fn take_from(self, sum: &mut SeverityCounts) {
        sum.remove(self.severity);
    }

    fn add(sum: &mut SeverityCounts, other: &SeverityCounts) {
        sum.add_all(other);
    }
}

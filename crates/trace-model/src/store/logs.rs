//! All log records in the order of time, whatever span or trace they belong to.
//!
//! A list has 24 bytes per record: time, number and severity are known without a look at the record. Its blocks have counts by severity, so
//! a histogram over a million records visits some thousand blocks. The record itself is decoded when it is shown.

use std::ops::{Range, RangeInclusive};

use super::Store;
use super::log_list::{Listed, LogView};
use super::log_search::LogSearch;
use super::record::{LogId, Record, RecordId};
use super::sorted::Sorted;
use super::stored::StoredLog;
use crate::SeverityCounts;
use crate::work::{self, VISIT};

/// The lists of log records.
///
/// **Invariant:** each of them has living records only, at the places where they are.
#[derive(Debug, Default)]
pub(super) struct Logs {
    all: Sorted<LogId, Listed>,
    /// By view.
    pub(super) searches: [Option<Box<LogSearch>>; LogView::ALL.len()],
    /// Number of the last record.
    arrivals: u64,
}

impl Logs {
    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        let searches = self.searches.iter().flatten();
        self.all.bytes() + searches.map(|search| search.bytes()).sum::<usize>()
    }

    /// Returns all records, whatever the queries are.
    pub(super) const fn all(&self) -> &Sorted<LogId, Listed> {
        &self.all
    }

    /// Returns the number of the next record.
    pub(super) const fn next_number(&mut self) -> u64 {
        self.arrivals += 1;
        self.arrivals
    }

    #[inline]
    pub(super) fn insert(&mut self, at: RecordId, record: &Record) {
        work::add(VISIT);
        self.all.insert(record.log_id(), Listed::of(at, record));
    }

    /// A record has another place in the log.
    pub(super) fn relocate(&mut self, record: &Record, to: RecordId) {
        let id = record.log_id();
        let found = self.searches.iter_mut().flatten().map(|search| search.found_mut());
        for list in std::iter::once(&mut self.all).chain(found) {
            work::add(VISIT);
            list.update(id, |listed| listed.at = to);
        }
    }

    /// A record leaves.
    pub(super) fn remove(&mut self, record: &Record) {
        let id = record.log_id();
        work::add(VISIT);
        self.all.remove(id);
        for search in self.searches.iter_mut().flatten() {
            search.found_mut().remove(id);
        }
    }

    pub(super) fn list(&self, view: LogView) -> Option<&Sorted<LogId, Listed>> {
        match (&self.searches[view as usize], view) {
            (Some(search), _) => Some(search.found()),
            (None, LogView::All) => Some(&self.all),
            (None, LogView::Trace) => None,
        }
    }
}

impl Store {
    /// Returns the number of records in a list.
    #[must_use]
    pub fn listed_logs(&self, view: LogView) -> usize {
        self.logs.list(view).map_or(0, Sorted::len)
    }

    /// Returns the records at these positions of a list, the oldest being at 0; fewer where there are fewer.
    #[must_use]
    pub fn logs_at(&self, view: LogView, positions: Range<usize>) -> Vec<LogId> {
        let list = self.logs.list(view);
        list.map_or_else(Vec::new, |list| list.range(positions).map(|(id, _)| id).collect())
    }

    /// Returns the position of a record in a list.
    #[must_use]
    pub fn log_position(&self, view: LogView, id: LogId) -> Option<usize> {
        self.logs.list(view)?.position(id)
    }

    /// Returns the number of records in a list that are before this one, which may have left.
    #[must_use]
    pub fn logs_before(&self, view: LogView, id: LogId) -> usize {
        self.logs.list(view).map_or(0, |list| list.count_before(id))
    }

    /// Returns the number of records in a list before a time, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn logs_earlier_than(&self, view: LogView, unix_nano: u64) -> usize {
        self.logs_before(view, LogId::new(unix_nano, 0))
    }

    /// Returns the times of the first and the last record of a list, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn log_times(&self, view: LogView) -> Option<RangeInclusive<u64>> {
        let list = self.logs.list(view)?;
        let (earliest, _) = list.range(0..1).next()?;
        let (latest, _) = list.last()?;
        Some(earliest.time_unix_nano()..=latest.time_unix_nano())
    }

    /// Counts the records of a list by severity in equal parts of a range of times, in nanoseconds since the Unix epoch.
    ///
    /// Visits the list's blocks of some hundred records, and each record at most once: those of the blocks in which parts begin.
    #[must_use]
    pub fn count_logs(&self, view: LogView, times: &RangeInclusive<u64>, parts: u16) -> Vec<SeverityCounts> {
        let Some(list) = self.logs.list(view) else {
            return vec![SeverityCounts::default(); parts.into()];
        };
        let (start, end) = (*times.start(), *times.end());
        let length = u128::from(end.saturating_sub(start)) + 1;
        let begin_of = |part: u16| {
            let offset = (u128::from(part) * length).div_ceil(parts.into());
            LogId::new(start.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX)), 0)
        };
        let bounds = (0..parts).map(begin_of).chain([LogId::new(end, u64::MAX)]);
        let sums: Vec<_> = list.sums_before(bounds).collect();
        sums.windows(2).map(|sums| sums[1].without(&sums[0])).collect()
    }

    /// Returns the changes of a list so far, but for records that were added at its end.
    #[must_use]
    pub fn log_edits(&self, view: LogView) -> LogEdits {
        LogEdits {
            set_at: self.logs.searches[view as usize].as_ref().map(|search| search.set_at()),
            edits: self.logs.list(view).map_or(0, Sorted::edits),
        }
    }

    /// Returns a record; `None` if it has left.
    #[must_use]
    pub fn stored_log(&self, id: LogId) -> Option<StoredLog<'_>> {
        Some(StoredLog::new(self, id, self.logs.all.get(id)?))
    }
}

/// Changes of a list. While they are the same, the records that it had are in it, and all that were added are newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEdits {
    set_at: Option<u64>,
    edits: u64,
}

/// Reads a list of log records in slices, the newest first.
///
/// Records that arrive meanwhile are read only if they are older than the one that was read last; those that leave are not read.
#[derive(Clone, Debug)]
pub struct LogReader {
    /// `None` for all records, whatever the queries are.
    view: Option<LogView>,
    before: LogId,
    from_unix_nano: u64,
    /// The newest one of those that are not read.
    after: Option<LogId>,
}

impl LogReader {
    /// Starts after the newest record of a list.
    #[must_use]
    pub const fn new(view: LogView) -> Self {
        Self {
            view: Some(view),
            before: LogId::LAST,
            from_unix_nano: 0,
            after: None,
        }
    }

    /// Starts after the newest record of all, whatever the queries are.
    #[must_use]
    pub const fn of_all() -> Self {
        Self {
            view: None,
            ..Self::new(LogView::All)
        }
    }

    /// Reads only records of these times, in nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn within(self, times: &RangeInclusive<u64>) -> Self {
        Self {
            before: LogId::new(*times.end(), u64::MAX),
            from_unix_nano: *times.start(),
            ..self
        }
    }

    /// Reads only records after this one.
    #[must_use]
    pub const fn after(self, id: Option<LogId>) -> Self {
        Self { after: id, ..self }
    }

    /// Passes records to `read` until about this much [`work`] is done; returns true once all were read. What `read` does with a record, such
    /// as decoding it, counts itself.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(StoredLog<'_>)) -> bool {
        let until = work::done().saturating_add(work);
        let list = self.view.map_or(Some(store.logs.all()), |view| store.logs.list(view));
        let Some(list) = list else { return true };
        for (id, listed) in list.before(self.before) {
            if id.time_unix_nano() < self.from_unix_nano || self.after.is_some_and(|after| id <= after) {
                return true;
            }
            self.before = id;
            work::add(VISIT);
            read(StoredLog::new(store, id, listed));
            if work::done() >= until {
                return false;
            }
        }
        true
    }
}

//! Finding log records: a list of those that match a query, in the order of time.
//!
//! Each call visits a bounded number of records. Of all records, arrivals since the begin of the search are visited first, then the older
//! ones, newest first; of a trace, its records in order of arrival. What was found is a list of its own, so records may be visited twice,
//! and ending or moving one keeps the list right without a mark on the record.

use super::log_condition::LogCondition;
use super::log_list::{Listed, LogView};
use super::reader::Cursor;
use super::record::{LogId, RecordId, RecordKind};
use super::search::{Position, RECORD};
use super::sorted::Sorted;
use super::stored::StoredLog;
use super::{SearchProgress, Store};
use crate::filter::Memo;
use crate::work;
use crate::{Filter, TraceId};

/// Which log records a list has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogQuery {
    /// Those of this trace; `None` for all.
    pub trace_id: Option<TraceId>,
    /// Those that match.
    pub filter: Filter,
    /// Those for which it holds, too.
    pub condition: Option<LogCondition>,
}

/// Unvisited records.
#[derive(Debug)]
enum Walk {
    All {
        /// Records before this one; `None` once all were visited.
        before: Option<LogId>,
        /// Arrivals since.
        since: Option<Position>,
    },
    Trace(Cursor),
}

#[derive(Debug)]
pub(super) struct LogSearch {
    query: LogQuery,
    memo: Memo,
    walk: Walk,
    found: Sorted<LogId, Listed>,
    progress: SearchProgress,
    /// The store's clock when it was set.
    set_at: u64,
}

impl LogSearch {
    pub(super) const fn found(&self) -> &Sorted<LogId, Listed> {
        &self.found
    }

    pub(super) const fn found_mut(&mut self) -> &mut Sorted<LogId, Listed> {
        &mut self.found
    }

    pub(super) const fn set_at(&self) -> u64 {
        self.set_at
    }

    pub(super) fn bytes(&self) -> usize {
        let condition = self.query.condition.as_ref().map_or(0, LogCondition::bytes);
        size_of::<Self>() + self.found.bytes() + self.memo.bytes() + condition
    }

    /// Adds a record to the list if it matches; returns true if it is new there.
    fn look_at(&mut self, store: &Store, at: RecordId) -> bool {
        let record = store.contents.log.get(at);
        if record.is_dead() || record.stored_as != RecordKind::Log {
            return false;
        }
        self.progress.searched += 1;
        work::add(record.bytes());
        let (resource, scope) = store.contents.origins.shared(record.origin);
        let listed = Listed::of(at, record);
        let log = StoredLog::new(store, record.log_id(), listed);
        let Self { query, memo, found, .. } = self;
        query.filter.matches_by(&log.candidate(), memo, resource, scope)
            && query.condition.as_ref().is_none_or(|condition| condition.holds(&log))
            && found.insert(record.log_id(), listed)
    }
}

impl Store {
    /// Sets the records of a list from now on. Nothing is listed before [`Store::search_logs`] has visited it. Without a query
    /// [`LogView::All`] lists all records, and [`LogView::Trace`] none.
    pub fn set_log_query(&mut self, view: LogView, query: Option<LogQuery>) {
        self.clock += 1;
        let search = query.map(|query| {
            let (walk, total) = match query.trace_id {
                None => {
                    let walk = Walk::All {
                        before: Some(LogId::new(u64::MAX, u64::MAX)),
                        since: Position::head(&self.contents.log),
                    };
                    (walk, self.logs.all().len())
                }
                Some(trace_id) => {
                    let slot = self.find_trace(trace_id);
                    let total = slot.map_or(0, |slot| self.traces[slot].logs.count as usize);
                    (Walk::Trace(Cursor::new(self, trace_id, &[RecordKind::Log])), total)
                }
            };
            Box::new(LogSearch {
                query,
                memo: Memo::default(),
                walk,
                found: Sorted::default(),
                progress: SearchProgress {
                    total,
                    ..SearchProgress::default()
                },
                set_at: self.clock,
            })
        });
        self.logs.searches[view as usize] = search;
        self.enforce_budget();
    }

    /// Returns the query of a list.
    #[must_use]
    pub fn log_query(&self, view: LogView) -> Option<&LogQuery> {
        self.logs.searches[view as usize].as_ref().map(|search| &search.query)
    }

    /// Returns the progress of a list's search; `None` without a query.
    #[must_use]
    pub fn log_progress(&self, view: LogView) -> Option<SearchProgress> {
        let search = self.logs.searches[view as usize].as_ref()?;
        let is_complete = match &search.walk {
            Walk::All { before, .. } => before.is_none(),
            Walk::Trace(_) => !self.is_searching_for(search),
        };
        let SearchProgress { searched, total, .. } = search.progress;
        Some(SearchProgress {
            // Arrivals count as visited too, and what left does not.
            searched: if is_complete {
                total
            } else {
                searched.min(total.saturating_sub(1))
            },
            total,
            found: search.found.len(),
        })
    }

    /// Returns true if there is a record that a query has not visited.
    #[must_use]
    pub fn is_searching_logs(&self) -> bool {
        self.logs
            .searches
            .iter()
            .flatten()
            .any(|search| self.is_searching_for(search))
    }

    fn is_searching_for(&self, search: &LogSearch) -> bool {
        match &search.walk {
            Walk::All { before, since } => before.is_some() || self.contents.log.arrived_since(*since).is_some(),
            Walk::Trace(cursor) => match cursor.slot(self) {
                Some(slot) => cursor.has_more(self, slot),
                // It was evicted and has arrived again.
                None => self.find_trace(cursor.trace_id()).is_some(),
            },
        }
    }

    /// Visits about so many records for the queries, of long ones fewer; returns true while more are left.
    pub fn search_logs(&mut self, records: usize) -> bool {
        let until = work::done().saturating_add(records.saturating_mul(RECORD) as u64);
        let mut has_more = false;
        for view in LogView::ALL {
            let Some(mut search) = self.logs.searches[view as usize].take() else {
                continue;
            };
            if self.search_step(&mut search, records, until) {
                self.clock += 1;
            }
            has_more |= self.is_searching_for(&search);
            self.logs.searches[view as usize] = Some(search);
        }
        self.until = until;
        let is_settled = self.enforce_budget();
        self.until = u64::MAX;
        has_more || !is_settled
    }

    /// Visits records for one query; returns true if one was found.
    fn search_step(&self, search: &mut LogSearch, records: usize, until: u64) -> bool {
        let mut found = false;
        let mut left = records;
        let mut walk = std::mem::replace(
            &mut search.walk,
            Walk::All {
                before: None,
                since: None,
            },
        );
        match &mut walk {
            Walk::Trace(cursor) => {
                if cursor.slot(self).is_none()
                    && let Some(slot) = self.find_trace(cursor.trace_id())
                {
                    *cursor = Cursor::new(self, cursor.trace_id(), &[RecordKind::Log]);
                    search.progress.total = self.traces[slot].logs.count as usize;
                    search.progress.searched = 0;
                }
                if let Some(slot) = cursor.slot(self) {
                    cursor.step(self, slot, until, |at| found |= search.look_at(self, at));
                }
            }
            Walk::All { before, since } => {
                while left > 0
                    && work::done() < until
                    && let Some(position) = self.contents.log.arrived_since(*since)
                {
                    let (at, next) = position.take();
                    found |= search.look_at(self, at);
                    *since = Some(next);
                    left -= 1;
                }
                if let Some(start) = *before
                    && left > 0
                    && work::done() < until
                {
                    *before = None;
                    for (id, listed) in self.logs.all().before(start) {
                        found |= search.look_at(self, listed.at);
                        left -= 1;
                        if left == 0 || work::done() >= until {
                            *before = Some(id);
                            break;
                        }
                    }
                }
            }
        }
        search.walk = walk;
        found
    }

    /// Visits a record that has just been added with a separate chunk, in which no search finds arrivals.
    pub(super) fn look_at_own_log(&mut self, at: RecordId) {
        let all = LogView::All as usize;
        let Some(mut search) = self.logs.searches[all].take() else {
            return;
        };
        if matches!(search.walk, Walk::All { .. }) {
            search.look_at(self, at);
        }
        self.logs.searches[all] = Some(search);
    }
}

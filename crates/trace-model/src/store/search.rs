//! Finding spans: a filter that goes through the log, chunk by chunk, and stays at its head.
//!
//! Each call visits a bounded number of spans, so that drawing is never delayed. Arrivals since the begin of the search are
//! visited first, then the older ones, newest first: in the order of the list.

use super::log::SegmentLog;
use super::record::{Record, RecordId, Slot};
use super::sorted::Sorted;
use super::trace::Trace;
use super::{Contents, Store};
use crate::filter::{Candidate, Memo};
use crate::work;
use crate::{Filter, SpanKind, StatusCode, outside_of_spans};

/// Bytes of a record that counts for one.
pub(super) const RECORD: usize = 1_024;

/// Progress of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SearchProgress {
    /// Visited records of those that were stored when it began.
    pub searched: usize,
    /// Number of these.
    pub total: usize,
    /// Spans found that are still there.
    pub found: usize,
}

impl SearchProgress {
    /// Returns true once all of them have been visited.
    #[must_use]
    pub const fn is_complete(self) -> bool {
        self.searched >= self.total
    }
}

/// A filling of a chunk, and the record up to or from which it is still to be visited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    chunk: usize,
    sequence: u64,
    record: usize,
}

impl Position {
    /// Returns the position of the next record of the log.
    pub(super) fn head(log: &SegmentLog) -> Option<Self> {
        log.head().map(|(chunk, sequence, record)| Self { chunk, sequence, record })
    }

    /// Returns the record at this position, and the position after it.
    pub(super) const fn take(self) -> (RecordId, Self) {
        let next = Self {
            record: self.record + 1,
            ..self
        };
        (RecordId::new(self.chunk, self.record), next)
    }
}

#[derive(Debug)]
pub(super) struct Search {
    filter: Filter,
    memo: Memo,
    /// Older records: the last one is visited next, from its position down.
    before: Vec<Position>,
    /// Arrivals since: from its position up.
    since: Option<Position>,
    found: Sorted<u64, Slot>,
    progress: SearchProgress,
}

impl Search {
    pub(super) const fn found(&self) -> &Sorted<u64, Slot> {
        &self.found
    }

    pub(super) fn bytes(&self) -> usize {
        self.found.bytes() + self.before.capacity() * size_of::<Position>() + self.memo.bytes()
    }
}

impl Store {
    /// Lists only matches of a filter from now on; all traces without one. Nothing matches before [`Store::search`] has visited
    /// it.
    pub fn set_filter(&mut self, filter: Option<Filter>) {
        self.clock += 1;
        self.search = filter.map(|filter| {
            self.searches = self.searches.checked_add(1).unwrap_or_else(|| {
                self.contents.log.forget_found();
                self.traces.iter_mut().for_each(|trace| trace.found_by = 0);
                1
            });
            let log = &self.contents.log;
            let mut before: Vec<_> = log
                .fillings()
                .into_iter()
                .map(|(chunk, sequence)| Position {
                    chunk,
                    sequence,
                    record: log.records_in(chunk, sequence),
                })
                .collect();
            before.retain(|place| place.record > 0);
            Box::new(Search {
                filter,
                memo: Memo::default(),
                since: Position::head(log),
                found: Sorted::default(),
                progress: SearchProgress {
                    total: before.iter().map(|place| place.record).sum(),
                    ..SearchProgress::default()
                },
                before,
            })
        });
        self.enforce_budget();
    }

    /// The filter that is set.
    #[must_use]
    pub fn filter(&self) -> Option<&Filter> {
        self.search.as_ref().map(|search| &search.filter)
    }

    /// Returns the progress of the search; `None` without a filter.
    #[must_use]
    pub fn search_progress(&self) -> Option<SearchProgress> {
        self.search.as_ref().map(|search| search.progress)
    }

    /// Returns true if there is anything left to visit.
    #[must_use]
    pub fn is_searching(&self) -> bool {
        self.search
            .as_ref()
            .is_some_and(|search| !search.before.is_empty() || self.contents.log.arrived_since(search.since).is_some())
    }

    /// Visits about so many records, of long ones fewer; returns true while more are left.
    pub fn search(&mut self, records: usize) -> bool {
        let Some(mut search) = self.search.take() else { return false };
        let until = work::done().saturating_add(records.saturating_mul(RECORD) as u64);
        let mut left = records;
        // Nothing arrives meanwhile.
        while let Some(place) = self.contents.log.arrived_since(search.since).filter(|_| left > 0) {
            let end = self.contents.log.records_in(place.chunk, place.sequence);
            let mut position = place.record;
            while position < end && left > 0 && work::done() < until {
                self.look_at(&mut search, RecordId::new(place.chunk, position));
                position += 1;
                left -= 1;
            }
            search.since = Some(Position {
                record: position,
                ..place
            });
            if work::done() >= until {
                left = 0;
            }
        }
        while left > 0 && work::done() < until {
            let Some(place) = search.before.last_mut() else { break };
            place.record -= 1;
            search.progress.searched += 1;
            left -= 1;
            let here = *place;
            if here.record == 0 {
                search.before.pop();
            }
            // A chunk that was filled again since has none of the older records.
            if here.record < self.contents.log.records_in(here.chunk, here.sequence) {
                self.look_at(&mut search, RecordId::new(here.chunk, here.record));
            }
        }
        let more = !search.before.is_empty() || self.contents.log.arrived_since(search.since).is_some();
        self.search = Some(search);
        self.until = until;
        let is_settled = self.enforce_budget();
        self.until = u64::MAX;
        more || !is_settled
    }

    fn look_at(&mut self, search: &mut Search, at: RecordId) {
        let record = self.contents.log.get(at);
        if record.is_dead() || !(record.is_row() || record.is_error_event()) || record.found_by == self.searches {
            return;
        }
        work::add(record.bytes());
        let slot = record.trace;
        let Search { filter, memo, .. } = search;
        let is_found = self.contents.matches(&self.traces[slot], at, filter, memo);
        if !is_found {
            return;
        }
        self.contents.log.get_mut(at).found_by = self.searches;
        let trace = &mut self.traces[slot];
        if trace.found_by != self.searches {
            (trace.found_by, trace.found) = (self.searches, 0);
        }
        trace.found += 1;
        search.progress.found += 1;
        if trace.found == 1 {
            search.found.insert(trace.arrival, slot);
        }
        self.clock += 1;
    }

    /// Visits a record that has just been added with a separate chunk, which no search visits.
    pub(super) fn look_at_own(&mut self, at: RecordId) {
        let Some(mut search) = self.search.take() else { return };
        self.look_at(&mut search, at);
        self.search = Some(search);
    }

    /// A record has ended; if it was found, there is one less.
    pub(super) fn forget_match(&mut self, record: &Record) {
        let Some(search) = &mut self.search else { return };
        if record.found_by != self.searches {
            return;
        }
        search.progress.found -= 1;
        let trace = &mut self.traces[record.trace];
        trace.found -= 1;
        if trace.found == 0 {
            search.found.remove(trace.arrival);
        }
    }

    /// A trace has left.
    pub(super) fn forget_found(&mut self, found: u32, found_by: u8, arrival: u64) {
        let Some(search) = &mut self.search else { return };
        if found_by == self.searches && found > 0 {
            search.progress.found -= found as usize;
            search.found.remove(arrival);
        }
    }

    /// Returns the number of a trace's spans that match the filter.
    #[must_use]
    pub fn found_in(&self, trace_id: crate::TraceId) -> usize {
        let Some(slot) = self.find_trace(trace_id).filter(|_| self.search.is_some()) else {
            return 0;
        };
        let trace = &self.traces[slot];
        if trace.found_by == self.searches {
            trace.found as usize
        } else {
            0
        }
    }
}

impl SegmentLog {
    /// Returns the position of the next record, if one has been appended at this position or after it.
    pub(super) fn arrived_since(&self, position: Option<Position>) -> Option<Position> {
        let sequence = match position {
            Some(place) if place.record < self.records_in(place.chunk, place.sequence) => return Some(place),
            Some(place) => place.sequence,
            None => 0,
        };
        let (chunk, sequence) = self.filling_after(sequence)?;
        (self.records_in(chunk, sequence) > 0).then_some(Position {
            chunk,
            sequence,
            record: 0,
        })
    }
}

impl Contents {
    /// Returns true if a filter matches a span or an error event.
    pub(super) fn matches(&self, trace: &Trace, at: RecordId, filter: &Filter, memo: &mut Memo) -> bool {
        let number = self.log.get(at).origin;
        let (resource, scope) = self.origins.shared(number);
        candidate(self, trace, at).is_some_and(|candidate| filter.matches_by(&candidate, memo, resource, scope))
    }
}

pub(super) fn candidate<'a>(contents: &'a Contents, trace: &Trace, at: RecordId) -> Option<Candidate<'a>> {
    let record = contents.log.get(at);
    let origin = contents.origins.get(record.origin);
    if record.is_error_event() {
        // As if it were a failed span below the one it happened in; its bytes are not those of a span.
        let trace_id = trace.id?;
        let span_id = record.span_id().unwrap_or_else(|| outside_of_spans(trace_id));
        return Some(Candidate {
            trace_id,
            span_id,
            parent_span_id: Some(span_id),
            name: contents.names.get(record.name),
            service: &origin.service,
            kind: SpanKind::Unspecified,
            status: StatusCode::Error,
            start_unix_nano: record.start_unix_nano,
            end_unix_nano: record.end_unix_nano,
            raw: &[],
            resource: &origin.resource,
            scope: &origin.scope,
        });
    }
    Some(Candidate {
        trace_id: trace.id?,
        span_id: record.span_id()?,
        parent_span_id: record.parent_span_id(),
        name: contents.names.get(record.name),
        service: &origin.service,
        kind: record.kind(),
        status: record.status(),
        start_unix_nano: record.start_unix_nano,
        end_unix_nano: record.end_unix_nano,
        raw: contents.log.raw(at),
        resource: &origin.resource,
        scope: &origin.scope,
    })
}

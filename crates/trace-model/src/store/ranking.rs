//! Traces in another order than that of their arrival.
//!
//! The compared values are in their records, so an order of all of them is made in passes that visit a bounded number of records
//! at a time; the order of the last complete pass is shown. Only the first ones are kept: a list of a million ranked traces is
//! not scrolled through.

use hashbrown::HashSet;

use super::record::{Record, Slot};
use super::trace::Trace;
use super::{Revision, Store};
use crate::sentry::Gravity;
use crate::{SpanId, StatusCode, TraceId};

/// Sort keys of traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankBy {
    /// Time from the earliest start to the latest end.
    Duration,
    /// Spans with status error, and error events.
    Errors,
    /// Spans held.
    Spans,
}

/// Traces in a ranking.
pub const RANKED: usize = 10_000;

/// The listed traces by something other than their arrival, most first; equal ones newest first.
#[derive(Debug)]
pub struct Ranking {
    by: RankBy,
    /// Least first instead.
    least: bool,
    order: Vec<TraceId>,
    /// Revision of the store that `order` shows, or an older one.
    of: Option<Revision>,
    pass: Option<RankingPass>,
}

/// A pass over all traces, newest first.
#[derive(Debug)]
struct RankingPass {
    began: Revision,
    /// Traces that arrived before this one are still to be visited.
    before: u64,
    looked_at: usize,
    best: Vec<(u64, u64, TraceId)>,
}

impl Ranking {
    /// Nothing is ranked yet; `least` for the smallest first.
    #[must_use]
    pub const fn new(by: RankBy, least: bool) -> Self {
        Self {
            by,
            least,
            order: Vec::new(),
            of: None,
            pass: None,
        }
    }

    /// The traces of the last complete pass, at most [`RANKED`]; some of them may have left since.
    #[must_use]
    pub fn order(&self) -> &[TraceId] {
        &self.order
    }

    /// Forgets a trace that has left.
    pub fn forget(&mut self, trace_id: TraceId) {
        self.order.retain(|known| *known != trace_id);
    }

    /// Returns the number of traces visited by the pass in progress; `None` without one.
    #[must_use]
    pub fn looked_at(&self) -> Option<usize> {
        self.pass.as_ref().map(|pass| pass.looked_at)
    }

    /// Returns true until the first pass is complete.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.of.is_none()
    }

    /// Returns true if something has changed since the last pass began.
    #[must_use]
    pub fn is_behind(&self, store: &Store) -> bool {
        self.of != Some(store.revision())
    }

    /// Begins a pass over all traces, unless one is in progress.
    pub fn begin(&mut self, store: &Store) {
        self.pass.get_or_insert_with(|| RankingPass {
            began: store.revision(),
            before: u64::MAX,
            looked_at: 0,
            best: Vec::new(),
        });
    }

    /// Visits so many records, and a few more; returns true while the pass is in progress.
    pub fn step(&mut self, store: &Store, records: usize) -> bool {
        let Some(mut pass) = self.pass.take() else { return false };
        let mut left = records;
        while left > 0 {
            let next: Vec<_> = store.list().before(pass.before).take(STRIDE).collect();
            if next.is_empty() {
                pass.best.sort_unstable();
                pass.best.truncate(RANKED);
                self.order = pass.best.into_iter().map(|(_, _, trace_id)| trace_id).collect();
                self.of = Some(pass.began);
                return false;
            }
            for (arrival, slot) in next {
                pass.before = arrival;
                pass.looked_at += 1;
                let Some(trace_id) = store.traces[slot].id else { continue };
                let (value, cost) = store.weigh(slot, self.by);
                left = left.saturating_sub(cost);
                // The smallest are first, and of equal ones the newest.
                let rank = if self.least { value } else { u64::MAX - value };
                pass.best.push((rank, u64::MAX - arrival, trace_id));
                if left == 0 {
                    break;
                }
            }
            if pass.best.len() >= 2 * RANKED {
                pass.best.select_nth_unstable(RANKED);
                pass.best.truncate(RANKED);
            }
        }
        self.pass = Some(pass);
        true
    }
}

/// Traces fetched at once.
const STRIDE: usize = 256;
/// Records of a trace from which on its summary is read instead of its records.
const LARGE: usize = 1_024;

impl Store {
    /// Returns the number of a trace's error events that are neither messages nor handled; `failed` are ids of its failed spans.
    fn grave_events(&self, trace: &Trace, failed: &HashSet<SpanId>) -> usize {
        let logs = self.contents.records(trace.logs).map(|at| self.contents.log.get(at));
        let is_grave = |record: &&Record| {
            let has_failed = || record.span_id().is_some_and(|span_id| failed.contains(&span_id));
            record
                .gravity()
                .is_some_and(|gravity| gravity.in_span(has_failed()) == Gravity::Error)
        };
        logs.filter(is_grave).count()
    }

    /// Returns a trace's sort key, and the number of records visited for it.
    fn weigh(&self, slot: Slot, by: RankBy) -> (u64, usize) {
        let trace = &self.traces[slot];
        if by == RankBy::Spans {
            return (trace.rows().into(), 1);
        }
        let records = (trace.spans.count + trace.sentry.count + trace.logs.count) as usize;
        // That of a large trace may be about an earlier state: when it has caught up, the store has another revision.
        let cached = if records > LARGE {
            self.summary(slot)
        } else {
            trace.summary.get()
        };
        if let Some(cached) = cached {
            let summary = &cached.summary;
            let errors = summary.errors + summary.grave_events();
            let value = if by == RankBy::Errors {
                errors as u64
            } else {
                summary.duration_nano
            };
            return (value, 1 + records.min(LARGE) / 4);
        }
        let (mut start, mut end, mut errors, mut cost) = (u64::MAX, 0, 0, 1 + trace.logs.count as usize);
        let mut failed = HashSet::new();
        for at in self.contents.records(trace.spans).chain(self.contents.records(trace.sentry)) {
            let record = self.contents.log.get(at);
            cost += 1;
            if record.is_row() {
                start = start.min(record.known_start().unwrap_or(u64::MAX));
                end = end.max(record.start_unix_nano).max(record.end_unix_nano);
                if record.status() == StatusCode::Error {
                    errors += 1;
                    failed.extend(record.span_id().filter(|_| trace.error_events > 0));
                }
            }
        }
        let value = if by == RankBy::Errors {
            errors + self.grave_events(trace, &failed) as u64
        } else {
            end.saturating_sub(start)
        };
        (value, cost)
    }
}

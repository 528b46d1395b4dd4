//! The store of spans and log records, within a budget of bytes.
//!
//! There is one writer, the owner of the [`Store`]; nothing here locks. The bytes of each span are appended to a log of chunks
//! together with a record of 64 bytes; records of one trace are linked. Names, and data shared by the spans of a scope, are
//! stored once. Spans are decoded only when they are shown.
//!
//! Whole traces are evicted when the budget is full, least recently active first: half of a trace would be misleading. Pinned
//! ones are kept. Only a trace that does not fit at all is truncated, which is shown.

mod activity;
mod below;
mod duplicates;
mod errors;
mod eviction;
mod evidence;
mod hashes;
mod interner;
mod links;
mod log;
mod log_condition;
mod log_list;
mod log_search;
mod logs;
mod marks;
mod matches;
mod origins;
mod ranking;
mod raw;
mod read;
mod reader;
mod record;
mod relocate;
mod search;
mod sentry_facts;
mod services;
mod slab;
mod sorted;
mod span_index;
mod stored;
mod summary;
mod trace;
mod trace_cursor;
mod write;

use std::collections::BTreeSet;

use crate::gradual_table::GradualTable;
use crate::hash::State;
use crate::metrics::Metrics;
use crate::{Batch, HiddenSpans, MetricsBatch, RepeatedLimits, SpanId, SpanKey, TraceId};
pub use errors::{ErrorReader, ErrorRecord, ErrorScope, ReportedError, SPAN_EXCEPTIONS_MAX};
use eviction::Leaving;
pub(crate) use evidence::TraceEvidence;
pub use evidence::{ClientReport, Expectation};
use interner::Interner;
use log::SegmentLog;
pub use log_condition::LogCondition;
pub use log_list::LogView;
pub use log_search::LogQuery;
use logs::Logs;
pub use logs::{LogEdits, LogReader};
pub use matches::{MatchReader, Matches};
use origins::Origins;
pub use ranking::{RANKED, RankBy, Ranking};
pub use raw::{RawProgress, RawReader};
pub(crate) use read::Calls;
pub use read::{ListPlace, SpanPlaces};
use reader::Cursors;
pub(crate) use reader::RecordReader;
pub use record::LogId;
pub(crate) use record::RecordPlace;
use record::{Record, RecordId, Slot};
use search::Search;
pub use search::SearchProgress;
pub(crate) use sentry_facts::{CheckedSpan, RowReader, SentryFacts, SentryRevision};
pub use services::{SECONDS, ServiceStats};
use slab::Slab;
use sorted::Sorted;
pub use stored::{StoredLog, StoredReader, StoredSpan};
use summary::Summaries;
pub use summary::{Root, SHAPE, TraceSummary};
use trace::{List, Trace};
pub use trace_cursor::TraceCursor;

/// Divisor of the budget for hidden spans.
const HIDDEN: usize = 64;

/// Grows with every change of the store; two equal revisions mean that nothing happened in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Revision(u64);

impl Revision {
    /// Returns it as a number, to be compared in another process.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Counts of stored and dropped data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Traces that hold at least one span or log record.
    pub traces: usize,
    /// Stored spans; one that arrived by OTLP and in an envelope is one.
    pub spans: usize,
    /// Log records held.
    pub logs: usize,
    /// Pinned traces, which are never evicted.
    pub pinned: usize,
    /// Bytes of memory in use.
    pub bytes: usize,
    /// Bytes of the budget.
    pub budget: usize,
    /// Traces that left because the budget was full.
    pub evicted_traces: u64,
    /// Spans of evicted traces.
    pub evicted_spans: u64,
    /// Log records that left, with their traces or as old as they.
    pub evicted_logs: u64,
    /// Spans dropped because there was no memory for them: their trace alone fills the budget, or pinned ones do.
    pub truncated_spans: u64,
    /// Log records that were not taken for the same reason.
    pub truncated_logs: u64,
    /// Records of a span that was already there: retries, or its end.
    pub repeated_spans: u64,
    /// Spans that arrived [hidden](Batch::hide_spans) and are not shown.
    pub hidden_spans: u64,
}

/// Bytes, and what is kept once because it repeats.
#[derive(Debug)]
struct Contents {
    log: SegmentLog,
    names: Interner<str>,
    origins: Origins,
}

impl Contents {
    /// The records of a list, in order of arrival.
    fn records(&self, list: List) -> impl Iterator<Item = RecordId> {
        std::iter::successors(list.first.get(), |at| self.log.get(*at).next.get())
    }

    fn service(&self, record: &Record) -> &str {
        &self.origins.get(record.origin).service
    }

    fn key(&self, record: &Record) -> Option<SpanKey> {
        Some(SpanKey {
            span_id: record.span_id()?,
            service: self.origins.get(record.origin).service.clone(),
            duplicate: if record.is_duplicate() { self.duplicate(record) } else { 0 },
        })
    }

    fn is(&self, at: RecordId, span_id: SpanId, service: u32) -> bool {
        let record = self.log.get(at);
        record.has_span_id(span_id) && self.service_number(record) == service
    }

    /// Returns true if a trace's index has this record by its id alone. One that it has by id and service may be seen by a search for the
    /// id, since tables compare a few bits of hashes.
    fn is_first(&self, at: RecordId, span_id: SpanId) -> bool {
        let record = self.log.get(at);
        record.has_span_id(span_id) && !record.is_by_service()
    }
}

/// All stored spans and log records, by trace.
#[derive(Debug)]
pub struct Store {
    contents: Contents,
    traces: Slab<Trace>,
    by_id: GradualTable<Slot>,
    /// Only traces that have spans or log records.
    by_arrival: Sorted<u64, Slot>,
    /// The ends of the list by activity, in which pinned traces are not.
    oldest: Slot,
    newest: Slot,
    /// Pinned traces: pinned by hand, so they are few.
    pinned: Vec<Slot>,
    services: services::Services,
    search: Option<Box<Search>>,
    logs: Logs,
    /// Number of the search; 0 before the first one.
    searches: u8,
    metrics: Metrics,
    rare_bytes: usize,
    /// Spans of all traces from Sentry's envelopes, by trace and span id.
    sentry_spans: GradualTable<RecordId>,
    /// Those of them that arrived in no other way.
    sentry_alone: BTreeSet<(SpanId, TraceId)>,
    /// Error events with the hash of their bytes.
    error_events: GradualTable<(u64, RecordId)>,
    error_journal: errors::ErrorJournal,
    /// Spans that link to a span, by that one's ids.
    links: GradualTable<links::LinksTo>,
    links_bytes: usize,
    hidden: HiddenSpans,
    /// Hidden spans that are to be added, since something needs them.
    revealed: Vec<Batch>,
    /// A trace that is evicted, step by step.
    leaving: Option<Leaving>,
    /// Count of work at which [`Store::add_part`] pauses.
    until: u64,
    sentry: evidence::SentrySide,
    repeated_limits: RepeatedLimits,
    summaries: Summaries,
    cursors: Cursors,
    totals: Totals,
    /// Counts changes; also the clock of arrival and activity, so that no two are equal.
    clock: u64,
    hasher: State,
}

impl Store {
    /// An empty store that keeps at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self {
            contents: Contents {
                log: SegmentLog::new(budget),
                names: Interner::of_texts(),
                origins: Origins::new(),
            },
            traces: Slab::new(),
            by_id: GradualTable::default(),
            by_arrival: Sorted::default(),
            oldest: Slot::NONE,
            newest: Slot::NONE,
            pinned: Vec::new(),
            services: services::Services::default(),
            search: None,
            logs: Logs::default(),
            searches: 0,
            metrics: Metrics::default(),
            rare_bytes: 0,
            sentry_spans: GradualTable::default(),
            sentry_alone: BTreeSet::new(),
            error_events: GradualTable::default(),
            error_journal: errors::ErrorJournal::default(),
            links: GradualTable::default(),
            links_bytes: 0,
            hidden: HiddenSpans::new(budget / HIDDEN),
            revealed: Vec::new(),
            leaving: None,
            until: u64::MAX,
            sentry: evidence::SentrySide::default(),
            repeated_limits: RepeatedLimits::default(),
            summaries: Summaries::default(),
            cursors: Cursors::default(),
            totals: Totals {
                budget,
                ..Totals::default()
            },
            clock: 0,
            hasher: State::default(),
        }
    }

    /// Changes from which number or time on equal calls are repeated.
    pub const fn set_repeated_limits(&mut self, limits: RepeatedLimits) {
        self.repeated_limits = limits;
    }

    /// Takes all points of a request, each into its series.
    pub fn add_metrics(&mut self, mut batch: MetricsBatch) {
        while self.add_metrics_part(&mut batch, u64::MAX) {}
    }

    /// Stores points of a request until about this much [`crate::work`] is done; returns true while more are left.
    pub fn add_metrics_part(&mut self, batch: &mut MetricsBatch, work: u64) -> bool {
        self.clock += 1;
        self.until = crate::work::done().saturating_add(work);
        let has_more = self.metrics.add_part(batch, self.totals.budget, work);
        let is_settled = self.enforce_budget();
        self.until = u64::MAX;
        has_more || !is_settled
    }

    /// Returns all series of metrics.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Pins or unpins a trace. Does nothing if the trace is not stored.
    pub fn pin(&mut self, trace_id: TraceId, pinned: bool) {
        let Some(slot) = self.find_trace(trace_id) else { return };
        if self.traces[slot].pinned == pinned {
            return;
        }
        if pinned {
            self.unlink(slot);
            self.pinned.push(slot);
            self.totals.pinned += 1;
        } else {
            self.link_newest(slot);
            self.pinned.retain(|pinned| *pinned != slot);
            self.totals.pinned -= 1;
        }
        self.clock += 1;
        let trace = &mut self.traces[slot];
        trace.pinned = pinned;
        trace.activity = self.clock;
        trace.summary.forget();
    }

    /// Returns the revision of the store.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        Revision(self.clock)
    }

    /// Returns the counts of the store.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            traces: self.by_arrival.len(),
            bytes: self.used(),
            ..self.totals
        }
    }
}

#[cfg(test)]
mod tests;

//! State of a trace in addition to its records.

use hashbrown::HashMap;

use super::Store;
use super::below::Parents;
use super::duplicates::Duplicates;
use super::evidence::TraceEvidence;
use super::record::{RecordId, RecordKind, Slot};
use super::summary::{Cache, TraceSummary};
use crate::gradual_table::GradualTable;
use crate::hash::State;
use crate::{SpanId, TraceId};

/// Records of one trace, linked in order of arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    pub(super) first: RecordId,
    pub(super) last: RecordId,
    pub(super) count: u32,
}

impl List {
    const EMPTY: Self = Self {
        first: RecordId::NONE,
        last: RecordId::NONE,
        count: 0,
    };
}

/// State that only few traces need.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// Index of the spans, once there are too many to search: the first one with an id by that id, and the first one of each
    /// other service that has it by id and service.
    pub(super) index: Option<Box<GradualTable<RecordId>>>,
    /// The other services that have an id, by number; the first ones.
    pub(super) shared: HashMap<SpanId, Vec<u32>, State>,
    /// Spans of one service with one id, by id and service.
    pub(super) duplicates: HashMap<(SpanId, u32), Duplicates, State>,
    pub(super) duplicate_count: usize,
    /// Ids that have something below them, once a hidden span of the trace has arrived.
    pub(super) parents: Option<Parents>,
    /// Evidence of its way to Sentry.
    pub(super) evidence: Option<Box<TraceEvidence>>,
}

impl Rare {
    /// Returns the bytes of memory it accounts for.
    pub(super) fn bytes(&self) -> usize {
        let index = self
            .index
            .as_ref()
            .map_or(0, |index| size_of::<GradualTable<RecordId>>() + index.allocation_size());
        let shared = self.shared.allocation_size() + self.shared.len() * 4 * size_of::<u32>();
        let duplicates = self.duplicates.allocation_size() + self.duplicate_count * Duplicates::BYTES;
        let evidence = self.evidence.as_ref().map_or(0, |evidence| evidence.bytes());
        let parents = self.parents.as_ref().map_or(0, Parents::bytes);
        size_of::<Self>() + index + shared + duplicates + parents + evidence
    }
}

/// Set of properties that some span of a trace has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SeenSpans(u8);

impl SeenSpans {
    /// It arrived by Sentry's OTLP route.
    pub(super) const SENTRY_OTLP: u8 = 1;
    /// It has an exception event.
    pub(super) const EXCEPTION: u8 = 1 << 1;

    pub(super) const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    pub(super) const fn set(&mut self, bit: u8) {
        self.0 |= bit;
    }
}

#[derive(Debug)]
pub(super) struct Trace {
    /// `None` for log records of one request that belong to no trace.
    pub(super) id: Option<TraceId>,
    pub(super) spans: List,
    pub(super) logs: List,
    /// Spans of Sentry's envelopes.
    pub(super) sentry: List,
    /// Number of those that arrived in no other way.
    pub(super) sentry_only: u32,
    /// Number of log records that report an error.
    pub(super) error_events: u32,
    /// The store's clock when it was first heard of.
    pub(super) arrival: u64,
    /// The store's clock at its last change.
    pub(super) activity: u64,
    /// The next ones by activity.
    pub(super) older: Slot,
    pub(super) newer: Slot,
    /// One bit for each span's id: a span whose bit is not set is new, without a search.
    pub(super) seen: u64,
    /// Spans dropped because there was no memory for them.
    pub(super) truncated: u32,
    /// Spans that the filter has found, if it was this search.
    pub(super) found: u32,
    pub(super) found_by: u8,
    /// Never evicted.
    pub(super) pinned: bool,
    /// Properties that some span of it has: a byte, since a million traces have one.
    pub(super) seen_spans: SeenSpans,
    pub(super) rare: Option<Box<Rare>>,
    /// Computed on demand, dropped at the next change.
    pub(super) summary: Cache,
}

impl Trace {
    pub(super) fn new(id: Option<TraceId>, now: u64) -> Self {
        Self {
            id,
            spans: List::EMPTY,
            logs: List::EMPTY,
            sentry: List::EMPTY,
            sentry_only: 0,
            error_events: 0,
            arrival: now,
            activity: now,
            older: Slot::NONE,
            newer: Slot::NONE,
            seen: 0,
            truncated: 0,
            found: 0,
            found_by: 0,
            pinned: false,
            seen_spans: SeenSpans::default(),
            rare: None,
            summary: Cache::default(),
        }
    }

    pub(super) const fn list(&self, stored_as: RecordKind) -> List {
        match stored_as {
            RecordKind::Span => self.spans,
            RecordKind::Log => self.logs,
            RecordKind::SentrySpan => self.sentry,
        }
    }

    /// The bit of a span's id in [`Trace::seen`]. Ids are random, mostly: of those that count up the low bits differ.
    pub(super) const fn bit(span_id: SpanId) -> u64 {
        let [.., last] = *span_id.as_bytes();
        1 << (last & 63)
    }

    /// Returns the number of rows: a span that arrived both ways is one.
    pub(super) const fn rows(&self) -> u32 {
        self.spans.count + self.sentry_only
    }

    /// Returns true if it is listed.
    pub(super) const fn is_listed(&self) -> bool {
        self.id.is_some() && self.spans.count + self.sentry.count + self.logs.count > 0
    }

    /// Returns a summary with the counts of now.
    pub(super) fn counted(&self, summary: &TraceSummary) -> TraceSummary {
        TraceSummary {
            spans: self.rows() as usize,
            logs: self.logs.count as usize,
            error_events: self.error_events as usize,
            truncated: self.truncated as usize,
            pinned: self.pinned,
            ..summary.clone()
        }
    }
}

impl Store {
    /// Changes the rare state of a trace, and accounts for its memory.
    pub(super) fn change_rare(&mut self, slot: Slot, change: impl FnOnce(&mut Rare)) {
        let trace = &mut self.traces[slot];
        let before = trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        let rare = trace.rare.get_or_insert_default();
        change(rare);
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
    }
}

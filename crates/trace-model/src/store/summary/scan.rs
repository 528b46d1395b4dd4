//! Reading a summary out of the records of a trace, in steps.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::shape::Shape;
use super::{Root, TraceSummary};
use crate::sentry::Gravity;
use crate::store::reader::Cursor;
use crate::store::record::{Record, RecordKind, Slot};
use crate::store::{Contents, Store};
use crate::work::{self, Steps, VISIT, Visits, sort_by};
use crate::{SpanId, SpanKey, StatusCode, TraceId};

const ROWS: &[RecordKind] = &[RecordKind::Span, RecordKind::SentrySpan];

/// A summary in progress. The stored trace may change meanwhile.
#[derive(Debug)]
pub(super) struct Scan {
    /// Position in the trace.
    place: Cursor,
    stage: Stage,
    start: u64,
    end: u64,
    first_end: u64,
    errors: usize,
    in_flight: usize,
    /// Ids of failed spans, where there are error events.
    failed: HashSet<SpanId>,
    mild_events: usize,
    handled_events: usize,
    root: Option<Candidate>,
    services: Services,
    shape: Shape,
}

#[derive(Debug)]
enum Stage {
    /// Spans, for their times and services.
    Rows(Cursor),
    /// The log records, where there are error events or nothing else.
    Logs(Cursor),
    /// The spans again, now that it is known from when to when the trace is.
    Times(Cursor),
    Services(Steps<Arc<[Arc<str>]>>),
}

/// The record with which the trace begins, as far as it was read.
#[derive(Debug)]
struct Candidate {
    /// Spans without a parent are first, or error events, then earlier ones; text decides between equals, so that the order of
    /// arrival does not.
    rank: (bool, u64),
    key: Option<SpanKey>,
    service: Arc<str>,
    name: Arc<str>,
    arrived: bool,
}

impl Scan {
    pub(super) fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            place: Cursor::new(store, trace_id, &[]),
            stage: Stage::Rows(Cursor::new(store, trace_id, ROWS)),
            start: u64::MAX,
            end: 0,
            first_end: u64::MAX,
            errors: 0,
            in_flight: 0,
            failed: HashSet::new(),
            mild_events: 0,
            handled_events: 0,
            root: None,
            services: Services::default(),
            shape: Shape::default(),
        }
    }

    pub(super) const fn trace_id(&self) -> TraceId {
        self.place.trace_id()
    }

    /// Returns the trace's slot; `None` if it was evicted.
    pub(super) fn slot(&self, store: &Store) -> Option<Slot> {
        self.place.slot(store)
    }

    /// Reads on until [`work::done`] is `until`; returns the summary when it is complete.
    pub(super) fn step(&mut self, store: &Store, slot: Slot, until: u64) -> Option<TraceSummary> {
        let contents = &store.contents;
        loop {
            match &mut self.stage {
                Stage::Rows(cursor) => {
                    let mut cursor = cursor.clone();
                    let has_events = store.traces[slot].error_events > 0;
                    let is_complete = cursor.step(store, slot, until, |at| {
                        let record = contents.log.get(at);
                        if record.is_row() {
                            self.add_row(contents, record, has_events);
                        }
                    });
                    self.stage = Stage::Rows(cursor);
                    if !is_complete {
                        return None;
                    }
                    if self.start == u64::MAX {
                        // No span has a start.
                        self.start = self.first_end;
                    }
                    let trace = &store.traces[slot];
                    let reads_logs = trace.rows() == 0 || trace.error_events > 0;
                    let record_kinds: &[RecordKind] = if reads_logs { &[RecordKind::Log] } else { &[] };
                    self.stage = Stage::Logs(Cursor::new(store, self.trace_id(), record_kinds));
                }
                Stage::Logs(cursor) => {
                    let mut cursor = cursor.clone();
                    let is_alone = store.traces[slot].rows() == 0;
                    let is_complete = cursor.step(store, slot, until, |at| {
                        let record = contents.log.get(at);
                        self.add_error(record);
                        if is_alone {
                            self.add_log(contents, record);
                        }
                    });
                    self.stage = Stage::Logs(cursor);
                    if !is_complete {
                        return None;
                    }
                    self.shape = Shape::new(self.start, self.end);
                    self.stage = Stage::Times(Cursor::new(store, self.trace_id(), ROWS));
                }
                Stage::Times(cursor) => {
                    let mut cursor = cursor.clone();
                    let is_complete = cursor.step(store, slot, until, |at| {
                        let record = contents.log.get(at);
                        if record.is_row() {
                            self.shape.add(record);
                        }
                    });
                    self.stage = Stage::Times(cursor);
                    if !is_complete {
                        return None;
                    }
                    let services = std::mem::take(&mut self.services);
                    self.stage = Stage::Services(Steps::new(services.names()));
                }
                Stage::Services(steps) => {
                    let services = steps.run(until.saturating_sub(work::done()))?;
                    return Some(self.summary(store, slot, services, false));
                }
            }
            if work::done() >= until {
                return None;
            }
        }
    }

    /// Returns the summary of the records read so far.
    pub(super) fn so_far(&self, store: &Store, slot: Slot) -> TraceSummary {
        let services = self.root.iter().map(|root| root.service.clone()).collect();
        self.summary(store, slot, services, true)
    }

    fn summary(&self, store: &Store, slot: Slot, services: Arc<[Arc<str>]>, is_partial: bool) -> TraceSummary {
        let trace = &store.traces[slot];
        TraceSummary {
            trace_id: self.trace_id(),
            root: self.root.as_ref().map_or_else(
                || Root {
                    key: None,
                    service: "".into(),
                    name: "".into(),
                    arrived: false,
                },
                |root| Root {
                    key: root.key.clone(),
                    service: root.service.clone(),
                    name: root.name.clone(),
                    arrived: root.arrived,
                },
            ),
            services,
            start_unix_nano: self.start.min(self.end),
            duration_nano: self.end.saturating_sub(self.start),
            spans: trace.rows() as usize,
            errors: self.errors,
            in_flight: self.in_flight,
            logs: trace.logs.count as usize,
            error_events: trace.error_events as usize,
            mild_events: self.mild_events,
            handled_events: self.handled_events,
            truncated: trace.truncated as usize,
            shape: self.shape.parts(),
            pinned: trace.pinned,
            is_partial,
        }
    }

    fn add_row(&mut self, contents: &Contents, record: &Record, has_events: bool) {
        let start = record.known_start().unwrap_or(u64::MAX);
        self.start = self.start.min(start);
        self.end = self.end.max(record.start_unix_nano).max(record.end_unix_nano);
        if record.in_flight() {
            self.in_flight += 1;
        } else {
            self.first_end = self.first_end.min(record.end_unix_nano);
        }
        if record.status() == StatusCode::Error {
            self.errors += 1;
            self.failed.extend(record.span_id().filter(|_| has_events));
        }
        self.services.add(contents, record, start);
        let rank = (!record.is_root(), start);
        let is_first = self
            .root
            .as_ref()
            .is_none_or(|root| rank < root.rank || (rank == root.rank && contents.key(record) < root.key));
        if is_first {
            self.root = Some(Candidate {
                rank,
                key: contents.key(record),
                service: contents.origins.get(record.origin).service.clone(),
                name: contents.names.get(record.name).clone(),
                arrived: record.is_root(),
            });
        }
    }

    /// Counts a log record if it is an error event; its span was read before.
    fn add_error(&mut self, record: &Record) {
        let has_failed = record.span_id().is_some_and(|span_id| self.failed.contains(&span_id));
        match record.gravity().map(|gravity| gravity.in_span(has_failed)) {
            Some(Gravity::Mild) => self.mild_events += 1,
            Some(Gravity::Handled) => self.handled_events += 1,
            Some(Gravity::Error) | None => {}
        }
    }

    /// Adds a log record of a trace without spans: the earliest counts, errors before others.
    fn add_log(&mut self, contents: &Contents, record: &Record) {
        let start = record.start_unix_nano;
        (self.start, self.end) = (self.start.min(start), self.end.max(start));
        self.services.add(contents, record, start);
        let rank = (!record.is_error_event(), start);
        let name = contents.names.get(record.name);
        if self.root.as_ref().is_none_or(|root| (rank, name) < (root.rank, &root.name)) {
            self.root = Some(Candidate {
                rank,
                key: None,
                service: contents.origins.get(record.origin).service.clone(),
                name: name.clone(),
                arrived: false,
            });
        }
    }
}

/// Each origin's service with its first start.
#[derive(Debug, Default)]
struct Services {
    by_origin: HashMap<u32, (Arc<str>, u64)>,
    /// Neighbors mostly share their origin.
    last: Option<(u32, u64)>,
}

impl Services {
    fn add(&mut self, contents: &Contents, record: &Record, start: u64) {
        match &mut self.last {
            Some((origin, first)) if *origin == record.origin => {
                if start >= *first {
                    return;
                }
                *first = start;
            }
            last => *last = Some((record.origin, start)),
        }
        work::add(VISIT);
        let service = || contents.origins.get(record.origin).service.clone();
        let (_, first) = self.by_origin.entry(record.origin).or_insert_with(|| (service(), start));
        *first = start.min(*first);
    }

    /// Returns the names by their first start.
    async fn names(self) -> Arc<[Arc<str>]> {
        let mut visits = Visits::default();
        let mut first_starts: HashMap<Arc<str>, u64> = HashMap::with_capacity(self.by_origin.len());
        for (service, start) in self.by_origin.into_values() {
            visits.many(2).await;
            let first = first_starts.entry(service).or_insert(u64::MAX);
            *first = start.min(*first);
        }
        let services: Vec<_> = first_starts.into_iter().collect();
        let mut order: Vec<usize> = (0..services.len()).collect();
        let rank = |at: usize| (services[at].1, &services[at].0);
        sort_by(&mut order, |one, other| rank(*one).cmp(&rank(*other))).await;
        order.into_iter().map(|at| services[at].0.clone()).collect()
    }
}

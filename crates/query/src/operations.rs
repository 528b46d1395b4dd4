//! Names of a service's spans.

use std::collections::BTreeSet;
use std::sync::Arc;

use trace_model::work::{self, VISIT};
use trace_model::{RawProgress, SpanKind, Store, StoredReader, TraceCursor};

use crate::Operation;

/// Maximum number of operations of an answer. Names are set by senders: names with a number in them would be unbounded.
pub const OPERATIONS_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct OperationsPass {
    service: String,
    kind: Option<SpanKind>,
    traces: TraceCursor,
    reading: Option<StoredReader>,
    found: BTreeSet<(Arc<str>, &'static str)>,
}

impl OperationsPass {
    pub(crate) fn new(service: String, kind: Option<SpanKind>) -> Self {
        Self {
            service,
            kind,
            traces: TraceCursor::all(),
            reading: None,
            found: BTreeSet::new(),
        }
    }

    /// Returns the operations once all spans were looked at.
    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Vec<Operation>> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            let Some(mut reading) = self.reading.take().or_else(|| self.next(store)) else {
                return Some(self.finish());
            };
            if self.read(store, &mut reading, until) == RawProgress::More {
                self.reading = Some(reading);
            }
        }
        None
    }

    fn next(&mut self, store: &Store) -> Option<StoredReader> {
        Some(StoredReader::new(store, self.traces.next(store)?))
    }

    fn read(&mut self, store: &Store, reading: &mut StoredReader, until: u64) -> RawProgress {
        reading.step(store, until.saturating_sub(work::done()), |span| {
            let span = span.candidate;
            let is_wanted = span.service == self.service && self.kind.is_none_or(|kind| kind == span.kind);
            if !is_wanted || self.found.len() >= OPERATIONS_MAX {
                return;
            }
            let operation = (Arc::from(span.name), span.kind.name());
            work::add(VISIT + span.name.len());
            self.found.insert(operation);
        })
    }

    fn finish(&mut self) -> Vec<Operation> {
        let found = std::mem::take(&mut self.found).into_iter();
        found
            .map(|(name, kind)| Operation {
                name,
                kind: SpanKind::from_name(kind).unwrap_or_default(),
            })
            .collect()
    }
}

//! The spans of one trace as a filter sees them, in steps.

use super::Store;
use super::reader::Cursor;
use super::record::{At, Signal};
use super::search::candidate;
use crate::{Candidate, RawProgress, Span, TraceId, work};

/// A span of a trace that has a row, not decoded.
#[derive(Clone, Copy, Debug)]
pub struct StoredSpan<'a> {
    /// The span as a candidate of a filter.
    pub candidate: Candidate<'a>,
    store: &'a Store,
    at: At,
}

impl StoredSpan<'_> {
    /// Decodes it whole.
    #[must_use]
    pub fn decode(&self) -> Option<Span> {
        self.store.decoded(self.at)
    }
}

/// Reads the spans of a trace that have rows, in order of arrival. Of a span that came by OTLP and in an envelope it is OTLP's.
#[derive(Debug)]
pub struct StoredReader {
    cursor: Cursor,
}

impl StoredReader {
    /// Starts before the first span.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            cursor: Cursor::new(store, trace_id, &[Signal::Span, Signal::SentrySpan]),
        }
    }

    /// Returns the trace that is read.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.cursor.trace_id()
    }

    /// Passes spans to `read` until about this much [`work`] is done.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(StoredSpan<'_>)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let Some(slot) = self.cursor.slot(store) else {
            return RawProgress::Left;
        };
        let trace = &store.traces[slot];
        let is_complete = self.cursor.step(store, slot, until, |at| {
            if store.contents.log.get(at).is_row()
                && let Some(candidate) = candidate(&store.contents, trace, at)
            {
                read(StoredSpan { candidate, store, at });
            }
        });
        if is_complete {
            RawProgress::Complete
        } else {
            RawProgress::More
        }
    }
}

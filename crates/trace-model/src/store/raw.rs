//! Spans and log records as bytes, for export.

use super::Store;
use super::reader::Cursor;
use super::record::{RecordId, RecordKind};
use crate::{RawRecord, TraceId, work};

/// Reads the spans of a trace that are rows, and then its log records, each in order of arrival, in steps. Of a span that arrived
/// both ways it is OTLP's.
#[derive(Debug)]
pub struct RawReader {
    spans: Cursor,
    logs: Cursor,
}

/// Progress of a [`RawReader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawProgress {
    /// Records are left to read.
    More,
    /// All records were read.
    Complete,
    /// The trace has left: the rest cannot be read.
    Left,
}

impl RawReader {
    /// Before the first record.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            spans: Cursor::new(store, trace_id, &[RecordKind::Span, RecordKind::SentrySpan]),
            logs: Cursor::new(store, trace_id, &[RecordKind::Log]),
        }
    }

    /// Passes records on until about so much [`work`] is done, with true for spans.
    pub fn step(&mut self, store: &Store, work: u64, mut read: impl FnMut(bool, RawRecord<'_>)) -> RawProgress {
        let until = work::done().saturating_add(work);
        let Some(slot) = self.spans.slot(store) else {
            return RawProgress::Left;
        };
        let is_row = |at: RecordId| store.contents.log.get(at).is_row();
        let mut take = |is_span: bool, at: RecordId| {
            let raw = store.raw(at);
            work::add(raw.bytes.len());
            read(is_span, raw);
        };
        let spans = self.spans.step(store, slot, until, |at| {
            if is_row(at) {
                take(true, at);
            }
        });
        if spans && self.logs.step(store, slot, until, |at| take(false, at)) {
            RawProgress::Complete
        } else {
            RawProgress::More
        }
    }
}

impl Store {
    fn raw(&self, at: RecordId) -> RawRecord<'_> {
        RawRecord {
            origin: self.contents.origins.get(self.contents.log.get(at).origin),
            bytes: self.contents.log.raw(at),
        }
    }
}

//! Log records as marks on the bars of their spans.

use std::collections::HashMap;

use trace_model::{Revision, Severity, SpanId, Store, TraceId};

/// Records of a trace that are marked: looking through so many takes a small part of a frame.
const MARKED_MAX: usize = 10_000;
/// Records of a span that are marked.
const OF_SPAN_MAX: usize = 200;

/// The marks of a trace, read again when the trace changes.
#[derive(Debug, Default)]
pub(super) struct LogMarks {
    of: Option<(TraceId, Revision)>,
    by_span: HashMap<SpanId, Vec<(u64, Severity)>>,
}

impl LogMarks {
    /// Returns the records of a span: their times in nanoseconds since the Unix epoch, and severities.
    pub(super) fn of_span(&self, span_id: SpanId) -> &[(u64, Severity)] {
        self.by_span.get(&span_id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn fit(&mut self, store: &Store, trace_id: TraceId) {
        let of = store.trace_revision(trace_id).map(|revision| (trace_id, revision));
        if self.of == of {
            return;
        }
        self.of = of;
        self.by_span.clear();
        for (span_id, time, severity) in store.log_marks(trace_id, MARKED_MAX) {
            let marks = self.by_span.entry(span_id).or_default();
            if marks.len() < OF_SPAN_MAX {
                marks.push((time, severity));
            }
        }
    }
}

//! Spans of exports to the viewer, which a reader of arrivals gets only if something of their trace is below them.

use std::collections::{HashSet, VecDeque};

use trace_model::{Batch, BatchLog, BatchSpan, HiddenSpans, SpanId, TraceId};

/// Bytes of spans that are held.
const HELD_MAX: usize = 4 << 20;
/// Ids kept of parents of printed records.
const NEEDED_MAX: usize = 1 << 16;

/// The hidden spans of the last minutes, and the ids that must be shown.
#[derive(Debug)]
pub struct Uploads {
    hidden: HiddenSpans,
    needed: HashSet<(TraceId, SpanId)>,
    /// Ids in order of arrival.
    order: VecDeque<(TraceId, SpanId)>,
}

impl Default for Uploads {
    fn default() -> Self {
        Self::new()
    }
}

impl Uploads {
    /// Starts without any.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hidden: HiddenSpans::new(HELD_MAX),
            needed: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Notes what is in a batch, and returns the hidden spans, of this one and of earlier ones, that are to be printed after it.
    pub fn reveal(&mut self, batch: &Batch) -> Vec<Batch> {
        let mut revealed = Vec::new();
        for log in batch.each_log() {
            revealed.extend(self.log(&log));
        }
        for span in batch.each_span() {
            revealed.extend(self.span(&span));
        }
        revealed
    }

    /// The same for a log record.
    pub fn log(&mut self, log: &BatchLog<'_>) -> Vec<Batch> {
        let mut revealed = Vec::new();
        log.error_span().into_iter().for_each(|id| self.need(id, &mut revealed));
        revealed
    }

    /// The same for a span.
    pub fn span(&mut self, span: &BatchSpan<'_>) -> Vec<Batch> {
        let mut revealed = Vec::new();
        let id = span.ids();
        if span.is_hidden() {
            self.hidden.hold(span);
            if !self.needed.contains(&id) {
                return revealed;
            }
        }
        self.need(id, &mut revealed);
        if let Some(parent) = span.candidate().parent_span_id {
            self.need((id.0, parent), &mut revealed);
        }
        revealed
    }

    /// Reveals the hidden spans from an id upwards.
    fn need(&mut self, id: (TraceId, SpanId), revealed: &mut Vec<Batch>) {
        let mut next = vec![id];
        while let Some(id) = next.pop() {
            if self.needed.insert(id) {
                self.order.push_back(id);
                if self.order.len() > NEEDED_MAX
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.needed.remove(&oldest);
                }
            }
            let found = self.hidden.reveal(id.0, id.1);
            let parents = found.iter().flat_map(Batch::each_span);
            next.extend(parents.filter_map(|span| Some((id.0, span.candidate().parent_span_id?))));
            revealed.extend(found);
        }
    }
}

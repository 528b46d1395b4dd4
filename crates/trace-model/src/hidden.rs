//! Hidden spans, held until something of their trace needs them.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;

use crate::{Batch, BatchSpan, SpanId, TraceId};

/// Approximate bytes of a hidden span in addition to its [`Batch`].
const ENTRY: usize = size_of::<(u64, Batch)>() + 2 * size_of::<((TraceId, SpanId), VecDeque<u64>)>();

/// Spans that [`Batch::hide_spans`] has hidden, the newest ones up to a number of bytes.
///
/// They are shown with the first span that has their id or is below them, in whatever order these arrive. Which spans are shown already is
/// for the owner to know.
#[derive(Debug)]
pub struct HiddenSpans {
    /// Spans in order of arrival.
    spans: BTreeMap<u64, Batch>,
    by_id: HashMap<(TraceId, SpanId), VecDeque<u64>>,
    arrivals: u64,
    bytes: usize,
    limit: usize,
}

impl HiddenSpans {
    /// Holds at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            spans: BTreeMap::new(),
            by_id: HashMap::new(),
            arrivals: 0,
            bytes: 0,
            limit,
        }
    }

    /// Bytes of memory in use, about.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns true if it holds no span.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Holds a copy of a span; evicts the oldest ones if the limit is exceeded.
    pub fn hold(&mut self, span: &BatchSpan<'_>) {
        let head = span.candidate();
        if head.raw.len() + head.resource.len() + head.scope.len() > self.limit {
            return;
        }
        let batch = span.alone();
        self.bytes += bytes(&batch);
        self.arrivals += 1;
        self.spans.insert(self.arrivals, batch);
        let of_id = self.by_id.entry(span.ids()).or_default();
        of_id.push_back(self.arrivals);
        while self.bytes > self.limit {
            let Some((_, oldest)) = self.spans.pop_first() else { break };
            self.bytes -= bytes(&oldest);
            for id in oldest.span_ids() {
                let of_id = self.by_id.entry(id).or_default();
                of_id.pop_front();
                if of_id.is_empty() {
                    self.by_id.remove(&id);
                }
            }
        }
    }

    /// Gives back the spans with an id, each as a batch in which it is not hidden.
    #[must_use]
    pub fn reveal(&mut self, trace_id: TraceId, span_id: SpanId) -> Vec<Batch> {
        if self.spans.is_empty() {
            return Vec::new();
        }
        let of_id = self.by_id.remove(&(trace_id, span_id)).unwrap_or_default();
        let revealed: Vec<_> = of_id.iter().filter_map(|arrival| self.spans.remove(arrival)).collect();
        self.bytes -= revealed.iter().map(bytes).sum::<usize>();
        revealed
    }
}

fn bytes(batch: &Batch) -> usize {
    batch.bytes() + ENTRY
}

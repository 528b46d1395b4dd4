//! Computes summaries on demand, of a large trace in steps so that drawing is not delayed.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::TraceSummary;
use super::scan::Scan;
use crate::store::Store;
use crate::store::record::Slot;
use crate::{TraceId, work};

/// [Work](crate::work) of one query before the rest is done in steps: some hundred spans.
const AT_ONCE: u64 = 1 << 17;
/// Traces that may wait for their summary: more than a screen shows. Others are requested again.
const WANTED: usize = 256;

/// A summary, and how it was computed.
#[derive(Debug)]
pub(in crate::store) struct Cached {
    pub(in crate::store) summary: TraceSummary,
    /// True if it took longer than one query may: then it is kept until the next one is complete.
    is_large: bool,
    /// Changes of its trace since.
    changes: AtomicU32,
}

/// A trace's summary, once it was requested.
#[derive(Default)]
pub(in crate::store) struct Cache(Cell<Option<Arc<Cached>>>);

impl Cache {
    pub(in crate::store) fn get(&self) -> Option<Arc<Cached>> {
        let cached = self.0.take();
        self.0.set(cached.clone());
        cached
    }

    fn set(&self, cached: Arc<Cached>) {
        self.0.set(Some(cached));
    }

    /// The trace has changed.
    pub(in crate::store) fn forget(&self) {
        let kept = self.0.take().filter(|cached| cached.is_large);
        if let Some(kept) = kept {
            kept.changes.fetch_add(1, Ordering::Relaxed);
            self.0.set(Some(kept));
        }
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Cache").field(&self.get()).finish()
    }
}

impl Cached {
    fn new(summary: TraceSummary, is_large: bool, changes: u32) -> Self {
        Self {
            summary,
            is_large,
            changes: AtomicU32::new(changes),
        }
    }

    fn changes(&self) -> u32 {
        self.changes.load(Ordering::Relaxed)
    }

    pub(in crate::store) fn is_valid(&self) -> bool {
        self.changes() == 0 && !self.summary.is_partial
    }

    /// The same with another summary.
    fn with(&self, summary: TraceSummary) -> Self {
        Self {
            summary,
            is_large: self.is_large,
            changes: AtomicU32::new(self.changes()),
        }
    }
}

/// Summaries that are computed in steps.
#[derive(Debug, Default)]
pub(in crate::store) struct Summaries {
    in_steps: bool,
    /// Requested summaries.
    wanted: RefCell<Vec<Begun>>,
    current: Option<Begun>,
}

/// A summary on its way.
#[derive(Debug)]
struct Begun {
    scan: Box<Scan>,
    /// [`Cached::changes`] of what there was when it began.
    changes: u32,
}

impl Summaries {
    fn want(&self, trace_id: TraceId, begin: impl FnOnce() -> Begun) {
        let mut wanted = self.wanted.borrow_mut();
        let mut known = wanted.iter().chain(&self.current);
        if known.all(|known| known.scan.trace_id() != trace_id) && wanted.len() < WANTED {
            wanted.push(begin());
        }
    }
}

impl Store {
    /// Computes the summary of a large trace in steps from now on, by [`Store::summarize_part`], once it was requested. Until it
    /// is complete the previous one is shown, with the counts of now; before the first, one of its first records.
    pub fn summarize_in_steps(&mut self) {
        self.summaries.in_steps = true;
    }

    /// Returns true if [`Store::summarize_part`] has work left.
    #[must_use]
    pub fn is_summarizing(&self) -> bool {
        self.summaries.current.is_some() || !self.summaries.wanted.borrow().is_empty()
    }

    /// Continues requested summaries of large traces until about so much [`work`] is done. Returns true when one has become
    /// complete, so that the screen has changed.
    pub fn summarize_part(&mut self, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        let current = self.summaries.current.take();
        let Some(mut begun) = current.or_else(|| self.summaries.wanted.get_mut().pop()) else {
            return false;
        };
        let Some(slot) = begun.scan.slot(self) else { return false };
        let Some(summary) = begun.scan.step(self, slot, until) else {
            self.summaries.current = Some(begun);
            return false;
        };
        // Changes meanwhile may be included or not.
        let cached = self.traces[slot].summary.get();
        let changes = cached.map_or(0, |cached| cached.changes().wrapping_sub(begun.changes));
        let cached = Cached::new(summary, true, changes);
        self.traces[slot].summary.set(Arc::new(cached));
        self.clock += 1;
        true
    }

    /// Computes the summary of a trace without keeping it, for a pass over all traces: what is kept counts towards no budget. `None` if it is
    /// not stored.
    #[must_use]
    pub fn summarize(&self, trace_id: TraceId) -> Option<TraceSummary> {
        let slot = self.find_trace(trace_id)?;
        Scan::new(self, trace_id).step(self, slot, u64::MAX)
    }

    /// The summary of a trace that is listed.
    pub(in crate::store) fn summary(&self, slot: Slot) -> Option<Arc<Cached>> {
        let trace = &self.traces[slot];
        let trace_id = trace.id.filter(|_| trace.is_listed())?;
        let cached = match trace.summary.get() {
            Some(cached) if cached.is_valid() => return Some(cached),
            Some(cached) if cached.is_large && self.summaries.in_steps => {
                self.summaries.want(trace_id, || Begun {
                    scan: Box::new(Scan::new(self, trace_id)),
                    changes: cached.changes(),
                });
                cached.with(trace.counted(&cached.summary))
            }
            _ => {
                let until = if self.summaries.in_steps {
                    work::done().saturating_add(AT_ONCE)
                } else {
                    u64::MAX
                };
                let mut scan = Box::new(Scan::new(self, trace_id));
                if let Some(summary) = scan.step(self, slot, until) {
                    Cached::new(summary, false, 0)
                } else {
                    let summary = scan.so_far(self, slot);
                    self.summaries.want(trace_id, || Begun { scan, changes: 0 });
                    Cached::new(summary, true, 0)
                }
            }
        };
        let cached = Arc::new(cached);
        trace.summary.set(cached.clone());
        Some(cached)
    }
}

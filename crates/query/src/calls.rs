//! Calls between services.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use trace_model::work::{self, STRIDE, VISIT, strides, visited};
use trace_model::{SpanTree, Store, TraceCursor, TraceReader};

use crate::Calls;

/// Maximum number of pairs of services of an answer. Names are set by senders.
pub const CALLS_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) struct CallsPass {
    between: Range<u64>,
    traces: TraceCursor,
    reading: Option<TraceReader<Timed>>,
    counting: Option<Counting>,
    found: BTreeMap<(Arc<str>, Arc<str>), u64>,
}

/// A trace with its earliest start and its latest end.
type Timed = (SpanTree, Option<(u64, u64)>);

/// A trace within the time and the next of its nodes.
#[derive(Debug)]
struct Counting {
    tree: SpanTree,
    at: usize,
}

impl CallsPass {
    pub(crate) fn new(between: Range<u64>) -> Self {
        Self {
            between,
            traces: TraceCursor::all(),
            reading: None,
            counting: None,
            found: BTreeMap::new(),
        }
    }

    /// Returns the calls once all traces were read.
    pub(crate) fn step(&mut self, store: &Store, work: u64) -> Option<Vec<Calls>> {
        let until = work::done().saturating_add(work);
        while work::done() < until {
            if let Some(counting) = self.counting.take() {
                self.counting = self.count(counting, until);
            } else if let Some(reading) = &mut self.reading {
                if let Some((tree, times)) = reading.step(store, until.saturating_sub(work::done())) {
                    self.reading = None;
                    let is_within = times.is_some_and(|(start, end)| start > self.between.start && end < self.between.end);
                    self.counting = is_within.then_some(Counting { tree, at: 0 });
                }
            } else {
                let Some(trace_id) = self.traces.next(store) else {
                    return Some(self.finish());
                };
                self.reading = Some(SpanTree::reader(store, trace_id).then(timed));
            }
        }
        None
    }

    /// Counts nodes of a trace; returns the rest of it.
    fn count(&mut self, mut counting: Counting, until: u64) -> Option<Counting> {
        let nodes = counting.tree.nodes();
        while counting.at < nodes.len() {
            let end = nodes.len().min(counting.at + STRIDE);
            work::add((end - counting.at) * VISIT);
            for node in &nodes[counting.at..end] {
                let Some(parent) = node
                    .parent
                    .map(|parent| &nodes[parent])
                    .filter(|parent| parent.arrived && node.arrived)
                else {
                    continue;
                };
                let ends = (parent.key.service.clone(), node.key.service.clone());
                if self.found.len() < CALLS_MAX || self.found.contains_key(&ends) {
                    *self.found.entry(ends).or_default() += 1;
                }
            }
            counting.at = end;
            if work::done() >= until {
                return Some(counting);
            }
        }
        None
    }

    fn finish(&mut self) -> Vec<Calls> {
        let found = std::mem::take(&mut self.found).into_iter();
        let calls = found.map(|((caller, callee), count)| Calls { caller, callee, count });
        calls.collect()
    }
}

async fn timed(tree: SpanTree) -> Timed {
    let mut times = None;
    for range in strides(tree.nodes().len()) {
        visited(range.len()).await;
        for node in tree.nodes()[range].iter().filter(|node| node.arrived) {
            let end = node.end_unix_nano.unwrap_or(node.start_unix_nano);
            let (first, last) = times.unwrap_or((u64::MAX, 0));
            times = Some((node.start_unix_nano.min(first), end.max(last)));
        }
    }
    (tree, times)
}

//! Reading a trace into a tree in steps, while the store changes.

use hashbrown::HashMap;

use super::SpanTree;
use crate::hash::State;
use crate::store::{Calls, RecordPlace, RecordReader};
use crate::work::{self, STRIDE, Steps, VISIT, sort_by, strides, visited};
use crate::{ErrorMark, RepeatedLimits, SpanId, SpanKind, SpanNode, Store, TraceId};

/// A trace that is being read, and made a `T` of.
///
/// The result has the spans that were stored when reading began; changes meanwhile may be included or not. Only its first part
/// reads the store.
#[derive(Debug)]
pub struct TraceReader<T> {
    trace_id: TraceId,
    stage: Stage,
    then: Then<T>,
}

/// The records read.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) tree: SpanTree,
    /// The error events by the row that they are on, by time.
    pub(crate) marks: Vec<(SpanId, ErrorMark)>,
}

#[derive(Debug)]
enum Stage {
    Records(Box<RecordReader>),
    Building(Steps<Box<Bytes>>),
    /// Bytes of spans, from one node to the next.
    Bytes(Box<Bytes>),
    Complete,
}

/// Computation on the result.
enum Then<T> {
    Later(Box<dyn FnOnce(Read) -> Steps<T> + Send>),
    Now(Steps<T>),
}

impl<T> std::fmt::Debug for Then<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Then").finish_non_exhaustive()
    }
}

struct Bytes {
    read: Read,
    /// By node.
    places: Vec<RecordPlace>,
    producers: HashMap<SpanId, usize>,
    hasher: State,
    at: usize,
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bytes").field("at", &self.at).finish_non_exhaustive()
    }
}

impl TraceReader<Read> {
    pub(crate) fn new(store: &Store, trace_id: TraceId) -> Self {
        Self {
            trace_id,
            stage: Stage::Records(Box::new(RecordReader::new(store, trace_id))),
            then: Then::Later(Box::new(|read| Steps::new(std::future::ready(read)))),
        }
    }
}

impl<T: Send + 'static> TraceReader<T> {
    /// Makes something else of the result, in steps too.
    #[must_use]
    pub fn then<U: 'static, F>(self, make: impl FnOnce(T) -> F + Send + 'static) -> TraceReader<U>
    where
        F: Future<Output = U> + Send + 'static,
    {
        let Self { trace_id, stage, then } = self;
        let then = match then {
            Then::Later(then) => Then::Later(Box::new(move |read| {
                let first = then(read);
                Steps::new(async move { make(first.await).await })
            })),
            Then::Now(first) => Then::Now(Steps::new(async move { make(first.await).await })),
        };
        TraceReader { trace_id, stage, then }
    }
}

impl<T> TraceReader<T> {
    /// Returns the id of the trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Continues until about so much [`work`] is done. Returns the result once, when it is complete.
    pub fn step(&mut self, store: &Store, work: u64) -> Option<T> {
        let until = work::done().saturating_add(work);
        loop {
            let left = until.saturating_sub(work::done());
            match &mut self.stage {
                Stage::Records(records) => {
                    if records.step(store, until) {
                        return None;
                    }
                    let spans = (std::mem::take(&mut records.spans), std::mem::take(&mut records.places));
                    let marks = std::mem::take(&mut records.marks);
                    self.stage = Stage::Building(Steps::new(build(spans, marks)));
                }
                Stage::Building(steps) => self.stage = Stage::Bytes(steps.run(left)?),
                Stage::Bytes(bytes) => {
                    if bytes.step(store, self.trace_id, until) {
                        return None;
                    }
                    let mut read = std::mem::take(&mut bytes.read);
                    read.tree.limits = store.repeated_limits();
                    self.stage = Stage::Complete;
                    if let Then::Later(then) = std::mem::replace(&mut self.then, Then::Now(Steps::nothing())) {
                        self.then = Then::Now(then(read));
                    }
                }
                Stage::Complete => match &mut self.then {
                    Then::Now(steps) => return steps.run(left),
                    Then::Later(_) => return None,
                },
            }
            if work::done() >= until {
                return None;
            }
        }
    }

    /// Reads the rest at once.
    pub fn finish(mut self, store: &Store) -> T {
        loop {
            if let Some(result) = self.step(store, u64::MAX) {
                return result;
            }
        }
    }
}

async fn build((spans, places): (Vec<SpanNode>, Vec<RecordPlace>), marks: Vec<(SpanId, ErrorMark)>) -> Box<Bytes> {
    let marks = by_time(marks).await;
    let rows: Vec<_> = marks.iter().map(|(span_id, mark)| (*span_id, mark.time_unix_nano)).collect();
    let (tree, places) = SpanTree::build(spans, places, &rows).await;
    let mut producers = HashMap::new();
    for range in strides(tree.nodes.len()) {
        visited(range.len()).await;
        for at in range {
            if tree.nodes[at].kind == SpanKind::Producer {
                producers.insert(tree.nodes[at].key.span_id, at);
            }
        }
    }
    Box::new(Bytes {
        read: Read { tree, marks },
        places,
        producers,
        hasher: State::default(),
        at: 0,
    })
}

async fn by_time(marks: Vec<(SpanId, ErrorMark)>) -> Vec<(SpanId, ErrorMark)> {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    let rank = |at: usize| {
        let (span_id, mark) = &marks[at];
        (mark.time_unix_nano, &mark.title, span_id, at)
    };
    sort_by(&mut order, |one, other| rank(*one).cmp(&rank(*other))).await;
    let mut marks: Vec<_> = marks.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(marks.len());
    for range in strides(order.len()) {
        visited(range.len()).await;
        sorted.extend(order[range].iter().filter_map(|at| marks[*at].take()));
    }
    sorted
}

impl Bytes {
    /// True when more is left.
    fn step(&mut self, store: &Store, trace_id: TraceId, until: u64) -> bool {
        let count = self.read.tree.nodes.len();
        let calls = store.calls(trace_id);
        while self.at < count {
            let end = count.min(self.at + STRIDE);
            work::add((end - self.at) * VISIT / 4);
            while self.at < end {
                self.links(store, trace_id);
                self.call(calls);
                self.at += 1;
                if work::done() >= until {
                    return self.at < count;
                }
            }
        }
        false
    }

    /// Reads the links of a span that name spans of its trace.
    fn links(&mut self, store: &Store, trace_id: TraceId) {
        let node = &mut self.read.tree.nodes[self.at];
        if !node.has_links {
            return;
        }
        let linked = store.links_within(trace_id, &node.key);
        node.cyclic |= linked.contains(&node.key.span_id);
        self.join(linked);
    }

    /// Joins a consumer to the producer that only links lead to. Of several, as a batch of messages has, it is the one that ended
    /// last before the consumer started, else the first one: the consumer did not wait for later ones.
    fn join(&mut self, linked: Vec<SpanId>) {
        let (tree, at) = (&mut self.read.tree, self.at);
        let node = &tree.nodes[at];
        if node.kind != SpanKind::Consumer || self.producers.is_empty() || tree.parent_producer(at).is_some() {
            return;
        }
        let start = node.start_unix_nano;
        let linked = linked.into_iter().filter_map(|id| self.producers.get(&id).copied());
        let producer = linked.max_by_key(|at| match tree.nodes[*at].end_unix_nano.filter(|end| *end <= start) {
            Some(end) => (true, end),
            None => (false, u64::MAX - tree.nodes[*at].start_unix_nano),
        });
        if let Some(producer) = producer {
            tree.linked.insert(at, producer);
        }
    }

    /// Reads what a span calls, if it has so many siblings that they may repeat a call.
    fn call(&mut self, calls: Option<Calls<'_>>) {
        let (tree, at) = (&mut self.read.tree, self.at);
        let node = &tree.nodes[at];
        let has_many = |parent: usize| tree.nodes[parent].children >= RepeatedLimits::FEWEST;
        if node.arrived
            && node.parent.is_some_and(has_many)
            && let Some(call) = calls.and_then(|calls| calls.id(node, self.places[at], &self.hasher))
        {
            if tree.calls.is_empty() {
                tree.calls = vec![None; tree.nodes.len()];
            }
            tree.calls[at] = Some(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan};

    use super::*;
    use crate::{Source, otlp};

    const CALLS: u64 = 1_000;

    /// Stores a span and its calls, which end at this time.
    fn add(store: &mut Store, end_time_unix_nano: u64) -> TraceId {
        let spans = (1..=1 + CALLS).map(|number| OtlpSpan {
            trace_id: vec![1; 16],
            span_id: number.to_be_bytes().to_vec(),
            parent_span_id: if number == 1 {
                Vec::new()
            } else {
                1_u64.to_be_bytes().to_vec()
            },
            name: "work".to_owned(),
            kind: 3,
            start_time_unix_nano: 1,
            end_time_unix_nano,
            ..OtlpSpan::default()
        });
        let scope_spans = vec![ScopeSpans {
            spans: spans.collect(),
            ..ScopeSpans::default()
        }];
        let group = ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        };
        store.add(otlp::batch(vec![group], Source::OtlpHttp).0);
        TraceId::from_bytes([1; 16]).expect("not zero")
    }

    #[test]
    fn calls_are_read_without_a_search_while_their_records_stay() {
        let read = |moves: bool| {
            let mut store = Store::new(1 << 24);
            let trace_id = add(&mut store, 100);
            let mut reader = TraceReader::new(&store, trace_id);
            while !matches!(reader.stage, Stage::Bytes(_)) {
                reader.step(&store, 1);
            }
            if moves {
                // Each record is replaced by one that ends later.
                add(&mut store, 200);
            }
            let (read, counted) = work::of(|| reader.finish(&store));
            let calls = read.tree.calls.iter().flatten().count();
            assert_eq!(calls as u64, CALLS, "they are read wherever they are");
            counted
        };
        let (stayed, moved) = (read(false), read(true));
        assert_eq!(moved - stayed, CALLS * VISIT as u64, "a search for each");
    }
}

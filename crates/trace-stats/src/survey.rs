//! Aggregation of traces, in slices.

use trace_model::work::{self, VISIT};
use trace_model::{SpanKind, SpanTree, Store, TraceId, TraceReader};

use crate::calls::{Call, unanswered};
use crate::queues::Queues;
use crate::{Edge, Operation, Queue, QueueAction, QueueUse, operations, queues, service_map};

/// Aggregates of traces.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Number of traces.
    pub traces: usize,
    /// Number of spans.
    pub spans: u64,
    /// Earliest start and latest end (or start of a span in flight), in nanoseconds since the Unix epoch.
    pub between_unix_nano: Option<(u64, u64)>,
    /// Operations ordered by service and name.
    pub operations: Vec<Operation>,
    /// All operations beyond [`crate::OPERATIONS`], as one.
    pub other_operations: Option<Operation>,
    /// Calls between services, ordered by name.
    pub edges: Vec<Edge>,
    /// Number of calls beyond [`crate::EDGES`].
    pub other_calls: u64,
    /// Queue uses ordered by queue; limited like edges.
    pub queue_uses: Vec<QueueUse>,
}

impl Survey {
    /// Returns the time range of the spans in nanoseconds.
    #[must_use]
    pub fn observed_nano(&self) -> u64 {
        self.between_unix_nano.map_or(0, |(from, to)| to - from)
    }
}

/// An incremental survey of traces that are added one by one. A trace that changes meanwhile is included once, before or after the change.
///
/// ```
/// use trace_model::{Store, TraceId};
/// use trace_stats::SurveyPass;
///
/// let store = Store::new(1 << 20);
/// let mut pass = SurveyPass::default();
/// for number in 1..10 {
///     pass.add(TraceId::from_bytes([number; 16]).expect("an id"));
///     while pass.step(&store, 1 << 20) {}
/// }
/// assert_eq!(pass.traces(), 9);
/// assert!(pass.finish().operations.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct SurveyPass {
    next: Option<TraceId>,
    reading: Option<TreeReader>,
    counting: Option<Counting>,
    survey: Survey,
    operations: operations::Counting,
    edges: service_map::Counting,
    queues: queues::Counting,
}

/// Reads the tree of the next trace, with its calls of uninstrumented peers.
type TreeReader = TraceReader<(SpanTree, Vec<bool>)>;

fn reader(store: &Store, trace_id: TraceId) -> TreeReader {
    SpanTree::reader(store, trace_id).then(async |tree| {
        let unanswered = unanswered(tree.nodes()).await;
        (tree, unanswered)
    })
}

/// The trace whose spans are being counted.
#[derive(Debug)]
struct Counting {
    trace_id: TraceId,
    tree: SpanTree,
    unanswered: Vec<bool>,
    /// Queues named by its spans read so far: parents precede their children.
    queues: Queues,
    at: usize,
}

impl SurveyPass {
    /// Adds the next trace, once [`SurveyPass::step`] has read the one before.
    pub fn add(&mut self, trace_id: TraceId) {
        debug_assert!(self.next.is_none(), "the trace before is read");
        self.next = Some(trace_id);
        self.survey.traces += 1;
    }

    /// Returns the number of added traces.
    #[must_use]
    pub const fn traces(&self) -> usize {
        self.survey.traces
    }

    /// Continues until about this much [work](trace_model::work) is done; returns true if there is more of the added trace.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let until = work::done().saturating_add(work);
        loop {
            if let Some(counting) = self.counting.take() {
                self.counting = self.count(store, counting, until);
            } else if let Some(reading) = &mut self.reading {
                if let Some((tree, unanswered)) = reading.step(store, until.saturating_sub(work::done())) {
                    self.counting = Some(Counting {
                        trace_id: reading.trace_id(),
                        tree,
                        unanswered,
                        queues: Queues::new(),
                        at: 0,
                    });
                    self.reading = None;
                }
            } else {
                let Some(trace_id) = self.next.take() else { return false };
                self.reading = Some(reader(store, trace_id));
                // A trace without spans has a cost, too.
                work::add(VISIT);
            }
            if work::done() >= until {
                return true;
            }
        }
    }

    /// Counts spans of a trace; returns the rest of it.
    fn count(&mut self, store: &Store, mut counting: Counting, until: u64) -> Option<Counting> {
        while counting.at < counting.tree.nodes().len() {
            self.add_span(store, &mut counting);
            counting.at += 1;
            if work::done() >= until {
                return Some(counting);
            }
        }
        None
    }

    /// Returns the aggregates.
    #[must_use]
    pub fn finish(mut self) -> Survey {
        (self.survey.operations, self.survey.other_operations) = self.operations.finish();
        (self.survey.edges, self.survey.other_calls) = self.edges.finish();
        self.survey.queue_uses = self.queues.finish();
        self.survey
    }

    fn add_span(&mut self, store: &Store, counting: &mut Counting) {
        let Counting {
            trace_id,
            tree,
            unanswered,
            queues,
            at,
        } = counting;
        let (nodes, trace_id, at) = (tree.nodes(), *trace_id, *at);
        let node = &nodes[at];
        // One lookup for the operation and one for the calls.
        work::add(2 * VISIT);
        if !node.arrived {
            return;
        }
        self.survey.spans += 1;
        let end = node.end_unix_nano.unwrap_or(0).max(node.start_unix_nano);
        let (from, to) = self.survey.between_unix_nano.unwrap_or((u64::MAX, 0));
        self.survey.between_unix_nano = Some((from.min(node.start_unix_nano), to.max(end)));
        let name = (Store::operation_name(node), store.operation_subject(trace_id, node));
        self.operations.add(trace_id, node, name);
        let is_message = matches!(node.kind, SpanKind::Producer | SpanKind::Consumer);
        let span = (unanswered[at] || is_message)
            .then(|| store.span(trace_id, &node.key))
            .flatten();
        if let Some(span) = &span
            && let Some(queue) = Queue::of(span)
            && let Some(action) = QueueAction::of(node.kind, span)
        {
            queues.insert(at, queue);
            self.queues.add(trace_id, nodes, at, action, queues);
        }
        let queue = queues.get(&at);
        if let Some(call) = Call::to(nodes, at) {
            let queue = queue.filter(|queue| call.messaging && queues.get(&call.caller) == Some(*queue));
            self.edges.add(trace_id, nodes, call, queue.cloned());
        }
        if unanswered[at]
            && let Some(span) = &span
        {
            self.edges.add_external(trace_id, node, span, queue.cloned());
        }
    }
}

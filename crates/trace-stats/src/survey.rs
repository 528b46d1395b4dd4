//! Aggregation of all traces of the list, in slices.

use std::vec;

use trace_model::work::{self, VISIT};
use trace_model::{ListPlace, SpanKind, SpanTree, Store, TraceId, TraceReader};

use crate::calls::{Call, unanswered};
use crate::queues::Queues;
use crate::{Edge, Operation, Queue, QueueAction, QueueUse, operations, queues, service_map};

/// Traces fetched from the list at once.
const FETCH_TRACES: usize = 64;

/// Aggregates of the listed traces.
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

/// An incremental survey. Traces that arrive after its start are excluded; a trace that changes meanwhile is included once,
/// before or after the change.
///
/// ```
/// use trace_model::Store;
/// use trace_stats::SurveyPass;
///
/// let store = Store::new(1 << 20);
/// let mut pass = SurveyPass::new(&store);
/// while pass.step(&store, 1 << 20) {
///     println!("{} %", pass.percent());
/// }
/// assert!(pass.finish().operations.is_empty());
/// ```
#[derive(Debug)]
pub struct SurveyPass {
    /// False if the traces are added one by one.
    is_of_list: bool,
    place: ListPlace,
    ahead: vec::IntoIter<TraceId>,
    reading: Option<TreeReader>,
    counting: Option<Counting>,
    total: usize,
    survey: Survey,
    operations: operations::Counting,
    edges: service_map::Counting,
    queues: queues::Counting,
}

/// Reads the tree of the next trace, with its calls of uninstrumented peers.
type TreeReader = TraceReader<(SpanTree, Vec<bool>)>;

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
    /// Starts before the first trace of the list.
    #[must_use]
    pub fn new(store: &Store) -> Self {
        Self {
            is_of_list: true,
            total: store.listed(),
            ..Self::of_traces()
        }
    }

    /// Starts without a trace: they are [added](SurveyPass::add_trace) one by one.
    #[must_use]
    pub fn of_traces() -> Self {
        Self {
            is_of_list: false,
            place: ListPlace::default(),
            ahead: Vec::new().into_iter(),
            reading: None,
            counting: None,
            total: 0,
            survey: Survey::default(),
            operations: operations::Counting::default(),
            edges: service_map::Counting::default(),
            queues: queues::Counting::default(),
        }
    }

    /// Sets the next trace, once [`SurveyPass::step`] has read the one before.
    pub fn add_trace(&mut self, trace_id: TraceId) {
        self.ahead = vec![trace_id].into_iter();
    }

    /// Returns the processed part of the list in percent.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.survey.traces * 100).checked_div(self.total).unwrap_or(100).min(100)
    }

    /// Continues until about this much [work](trace_model::work) is done; returns true if there is more.
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
                let Some(reading) = self.next(store) else { return false };
                self.reading = Some(reading);
                self.survey.traces += 1;
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
            self.add(store, &mut counting);
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

    fn next(&mut self, store: &Store) -> Option<TreeReader> {
        if self.ahead.len() == 0 && self.is_of_list {
            let (traces, place) = store.listed_after(self.place, FETCH_TRACES);
            self.place = place;
            self.ahead = traces.into_iter();
        }
        let trace_id = self.ahead.next()?;
        let reading = SpanTree::reader(store, trace_id).then(async |tree| {
            let unanswered = unanswered(tree.nodes()).await;
            (tree, unanswered)
        });
        Some(reading)
    }

    fn add(&mut self, store: &Store, counting: &mut Counting) {
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

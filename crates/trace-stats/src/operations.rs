//! What is done, and how long that takes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trace_model::{SpanKind, SpanNode, StatusCode, TraceId};

use crate::calls::duration;
use crate::place::Highest;
use crate::{Latencies, SpanPlace};

/// How many operations are told apart. Names are the senders' text: one with a number in it would make any number of them.
pub const OPERATIONS: usize = 2_000;

/// All spans of one service with the same name and kind.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The service; empty for spans without `service.name`.
    pub service: Arc<str>,
    /// The name of the spans.
    pub name: Arc<str>,
    /// Their kind.
    pub kind: SpanKind,
    /// How many there are.
    pub count: u64,
    /// Of these, with status error.
    pub errors: u64,
    /// Of these, in flight: they have no duration yet.
    pub in_flight: u64,
    /// All their durations.
    pub latencies: Latencies,
    /// These together, in nanoseconds.
    pub total_nano: u64,
    /// The slowest of them that has ended.
    pub slowest: Option<SpanPlace>,
    /// The last one that failed.
    pub failed: Option<SpanPlace>,
}

#[derive(Debug, Default)]
struct Counts {
    count: u64,
    errors: u64,
    in_flight: u64,
    latencies: Latencies,
    total_nano: u64,
    slowest: Highest,
    failed: Highest,
}

impl Counts {
    fn add(&mut self, trace_id: TraceId, node: &SpanNode) {
        self.count += 1;
        match duration(node) {
            Some(nano) => {
                self.latencies.record(nano);
                self.total_nano = self.total_nano.saturating_add(nano);
                self.slowest.offer(nano, trace_id, &node.key);
            }
            None => self.in_flight += 1,
        }
        if node.status == StatusCode::Error {
            self.errors += 1;
            self.failed.offer(node.start_unix_nano, trace_id, &node.key);
        }
    }

    fn of(self, (service, name, kind): Name) -> Operation {
        Operation {
            service,
            name,
            kind,
            count: self.count,
            errors: self.errors,
            in_flight: self.in_flight,
            latencies: self.latencies,
            total_nano: self.total_nano,
            slowest: self.slowest.place(),
            failed: self.failed.place(),
        }
    }
}

type Name = (Arc<str>, Arc<str>, SpanKind);

/// Operations as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    by_name: HashMap<Name, Counts>,
    /// Spans of all that there was no room for.
    others: Counts,
}

impl Counting {
    pub(crate) fn add(&mut self, trace_id: TraceId, node: &SpanNode) {
        let has_room = self.by_name.len() < OPERATIONS;
        let name = (node.key.service.clone(), node.name.clone(), node.kind);
        let counts = match self.by_name.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) if has_room => new.insert(Counts::default()),
            Entry::Vacant(_) => &mut self.others,
        };
        counts.add(trace_id, node);
    }

    /// By service and name; and all others in one, if there are any, without a service or a name.
    pub(crate) fn finish(self) -> (Vec<Operation>, Option<Operation>) {
        let mut operations: Vec<_> = self.by_name.into_iter().map(|(name, counts)| counts.of(name)).collect();
        operations.sort_unstable_by(|one, other| {
            let rank = |operation: &Operation| (operation.service.clone(), operation.name.clone(), operation.kind.name());
            rank(one).cmp(&rank(other))
        });
        let others = (self.others.count > 0).then(|| self.others.of(("".into(), "".into(), SpanKind::Unspecified)));
        (operations, others)
    }
}

//! Operations with their counts and latencies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trace_model::{SpanKind, SpanNode, StatusCode, TraceId};

use crate::calls::duration;
use crate::place::Highest;
use crate::{Latencies, SpanPlace};

/// Maximum number of distinct operations. Names are set by senders: names with a number in them would be unbounded.
pub const OPERATIONS: usize = 2_000;

/// All spans of one service with the same name, subject and kind.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `service.name` of the spans; empty without one.
    pub service: Arc<str>,
    /// Name of the spans, without ids and literals.
    pub name: Arc<str>,
    /// Subject if the name does not tell it, for example a route; else empty.
    pub subject: Arc<str>,
    /// Kind of the spans.
    pub kind: SpanKind,
    /// Number of spans.
    pub count: u64,
    /// Number of spans with status error.
    pub errors: u64,
    /// Number of spans in flight, which have no duration yet.
    pub in_flight: u64,
    /// Durations of the ended spans.
    pub latencies: Latencies,
    /// Sum of the durations in nanoseconds.
    pub total_nano: u64,
    /// The slowest ended span.
    pub slowest: Option<SpanPlace>,
    /// The last failed span.
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

    fn of(self, (service, name, subject, kind): Name) -> Operation {
        Operation {
            service,
            name,
            subject,
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

type Name = (Arc<str>, Arc<str>, Arc<str>, SpanKind);

/// Operations under construction.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    by_name: HashMap<Name, Counts>,
    /// Spans of all operations beyond the limit.
    others: Counts,
    nothing: Arc<str>,
}

impl Counting {
    pub(crate) fn add(&mut self, trace_id: TraceId, node: &SpanNode, (name, subject): (Arc<str>, Box<str>)) {
        let has_room = self.by_name.len() < OPERATIONS;
        let subject = if subject.is_empty() {
            self.nothing.clone()
        } else {
            subject.into()
        };
        let name = (node.key.service.clone(), name, subject, node.kind);
        let counts = match self.by_name.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) if has_room => new.insert(Counts::default()),
            Entry::Vacant(_) => &mut self.others,
        };
        counts.add(trace_id, node);
    }

    /// Returns the operations ordered by service and name, and all others as one without service and name, if there are any.
    pub(crate) fn finish(self) -> (Vec<Operation>, Option<Operation>) {
        let mut operations: Vec<_> = self.by_name.into_iter().map(|(name, counts)| counts.of(name)).collect();
        operations.sort_unstable_by(|one, other| {
            let rank = |operation: &Operation| {
                let Operation {
                    service, name, subject, ..
                } = operation;
                (service.clone(), name.clone(), subject.clone(), operation.kind.name())
            };
            rank(one).cmp(&rank(other))
        });
        let others = (self.others.count > 0).then(|| self.others.of(("".into(), "".into(), "".into(), SpanKind::Unspecified)));
        (operations, others)
    }
}

//! Different spans of one service with one id, of which neither may swallow the other: the two sides of a call that a service makes to
//! itself, where both share an id as in Zipkin's model, or a mistake of who made the ids.
//!
//! Two records are of different spans when one was called and the other was not, by their kinds; or when both have ended and neither start
//! nor name are the same. All else is a retry, or a span told of again. Only records that are marked have others beside them, so it costs a
//! span with an id of its own nothing.

use super::Store;
use super::record::{At, Record, Slot};
use crate::batch::SpanHead;

/// How many spans with one id are told apart.
const MANY: usize = 16;

/// What of a span is here already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Here {
    Nothing,
    /// Its record.
    Same(At),
    /// A different span's record, with its id.
    Other(At),
}

impl Here {
    pub(super) const fn same(self) -> Option<At> {
        match self {
            Self::Same(at) => Some(at),
            Self::Nothing | Self::Other(_) => None,
        }
    }
}

impl Store {
    /// Of the spans with the id and service of one that was found, the one that is [told apart](Record::twin) so; the first one by default.
    pub(super) fn twin_of(&self, slot: Slot, found: At, twin: u64) -> Option<At> {
        if !self.contents.log.get(found).is_twin() {
            return Some(found);
        }
        let twins = self.twins(slot, found);
        let told_apart = |at: &At| self.contents.log.get(*at).twin();
        if twin == 0 {
            twins.into_iter().min_by_key(told_apart)
        } else {
            twins.into_iter().find(|at| told_apart(at) == twin)
        }
    }

    /// Of the spans with the id and service of one that was found, the one that was called: what is done for a call is below that side.
    pub(super) fn called_twin_of(&self, slot: Slot, found: At) -> At {
        if !self.contents.log.get(found).is_twin() {
            return found;
        }
        let called = self.twins(slot, found).into_iter();
        called.max_by_key(|at| self.contents.log.get(*at).twin()).unwrap_or(found)
    }

    /// Of the spans with the id and service of one that was found, the one that a new record is of.
    pub(super) fn same_span(&self, slot: Slot, found: At, head: &SpanHead, name: &str) -> Here {
        let log = &self.contents.log;
        let starts_alike = |record: &Record| record.start_unix_nano == head.start_unix_nano;
        let is_called_alike = |record: &Record| &**self.contents.names.get(record.name) == name;
        let is_same_side = |record: &Record| record.kind().receives() == head.kind.receives();
        let first = log.get(found);
        if !first.is_twin() {
            let one_runs = first.in_flight() || head.end_unix_nano == 0;
            return if is_same_side(first) && (one_runs || starts_alike(first) || is_called_alike(first)) {
                Here::Same(found)
            } else {
                Here::Other(found)
            };
        }
        let mut twins = self.twins(slot, found);
        let many = twins.len() >= MANY;
        twins.retain(|at| is_same_side(log.get(*at)));
        let Some(first) = twins.first().copied() else {
            return if many { Here::Same(found) } else { Here::Other(found) };
        };
        // By start before all else: no two of one side have the same.
        let by_start = twins.iter().copied().find(|at| starts_alike(log.get(*at)));
        let same = by_start.or_else(|| {
            let alike = twins.iter().copied().filter(|at| is_called_alike(log.get(*at)));
            alike.min_by_key(|at| log.get(*at).start_unix_nano)
        });
        let told_apart = head.end_unix_nano != 0 && !many;
        match same {
            Some(same) => Here::Same(same),
            None if told_apart => Here::Other(found),
            None => Here::Same(first),
        }
    }

    /// The spans with the id and the service of one of them.
    fn twins(&self, slot: Slot, one: At) -> Vec<At> {
        let log = &self.contents.log;
        let record = log.get(one);
        let (Some(span_id), service) = (record.span_id(), self.contents.service(record)) else {
            return Vec::new();
        };
        self.spans_with(slot, span_id)
            .into_iter()
            .filter(|at| self.contents.is(*at, span_id, service))
            .collect()
    }
}

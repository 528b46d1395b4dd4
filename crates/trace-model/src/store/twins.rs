//! Different spans of one service with one id: a mistake of who made the ids, in which neither may swallow the other.
//!
//! Two records are of different spans when both have ended and neither start nor name are the same. All else is a retry, or a span told of
//! again. Only records that are marked have others beside them, so it costs a span with an id of its own nothing.

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
    /// Of the spans with the id and service of one that was found, the one that started then; the first one by default.
    pub(super) fn twin_of(&self, slot: Slot, found: At, start: u64) -> Option<At> {
        if !self.contents.log.get(found).is_twin() {
            return Some(found);
        }
        let twins = self.twins(slot, found);
        let started = |at: &At| self.contents.log.get(*at).start_unix_nano;
        if start == 0 {
            twins.into_iter().min_by_key(started)
        } else {
            twins.into_iter().find(|at| started(at) == start)
        }
    }

    /// Of the spans with the id and service of one that was found, the one that a new record is of.
    pub(super) fn same_span(&self, slot: Slot, found: At, head: &SpanHead, name: &str) -> Here {
        let log = &self.contents.log;
        let starts_alike = |record: &Record| record.start_unix_nano == head.start_unix_nano;
        let is_called_alike = |record: &Record| &**self.contents.names.get(record.name) == name;
        let first = log.get(found);
        if !first.is_twin() {
            let one_runs = first.in_flight() || head.end_unix_nano == 0;
            return if one_runs || starts_alike(first) || is_called_alike(first) {
                Here::Same(found)
            } else {
                Here::Other(found)
            };
        }
        let twins = self.twins(slot, found);
        // By start before all else: no two of them have the same.
        let by_start = twins.iter().copied().find(|at| starts_alike(log.get(*at)));
        let same = by_start.or_else(|| {
            let alike = twins.iter().copied().filter(|at| is_called_alike(log.get(*at)));
            alike.min_by_key(|at| log.get(*at).start_unix_nano)
        });
        let told_apart = head.end_unix_nano != 0 && twins.len() < MANY;
        match same {
            Some(same) => Here::Same(same),
            None if told_apart => Here::Other(found),
            None => Here::Same(found),
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

//! Links between spans, from either side.
//!
//! A span says which spans it links to. Who links to a span is known by one table, in which only spans with links are: it costs the others
//! the look at a bit.

use std::hash::BuildHasher;

use otlp_wire::{Value, fields};

use super::Store;
use super::record::At;
use crate::batch::Marks;
use crate::{SpanId, SpanKey, TraceId};

/// How many links of one span are known from the other side: as many as OpenTelemetry's SDKs keep.
const OF_ONE: usize = 128;
/// How many spans that link to one span are known.
const TO_ONE: usize = 1_000;

/// A link, by its other side.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkFrom {
    target: SpanId,
    from: At,
}

#[cfg(test)]
impl LinkFrom {
    pub(super) fn is(&self, target: SpanId, from: At) -> bool {
        self.target == target && self.from == from
    }
}

impl Store {
    /// The spans whose links name this one, of any trace that is here, by start; at most a thousand.
    #[must_use]
    pub fn linked_from(&self, trace_id: TraceId, span_id: SpanId) -> Vec<(TraceId, SpanKey)> {
        let mut linking: Vec<_> = self.linking(trace_id, span_id).collect();
        let log = &self.contents.log;
        let named = |at: At| {
            let record = log.get(at);
            Some((
                record.start_unix_nano,
                self.traces[record.trace].id?,
                self.contents.key(record)?,
            ))
        };
        let mut named: Vec<_> = linking.drain(..).filter_map(named).collect();
        named.sort_unstable();
        named.into_iter().map(|(_, trace_id, key)| (trace_id, key)).collect()
    }

    /// For [`crate::SpanTree`]: the spans of its own trace that a span links to.
    pub(crate) fn links_within(&self, trace_id: TraceId, key: &SpanKey) -> Vec<SpanId> {
        let at = self.find_trace(trace_id).and_then(|slot| self.find_key(slot, key));
        let links = at.into_iter().flat_map(|at| self.links_of(at).take(OF_ONE));
        links.filter(|(of, _)| *of == trace_id).map(|(_, id)| id).collect()
    }

    /// The same, where their records are; in no particular order.
    pub(super) fn linking(&self, trace_id: TraceId, span_id: SpanId) -> impl Iterator<Item = At> {
        let all = self.links.iter_hash(self.hasher.hash_one(span_id));
        let named = all.filter(move |link| link.target == span_id).map(|link| link.from);
        named.filter(move |from| {
            // A span id may be in another trace too, and a span may come twice.
            self.contents.log.get(*from).is_row() && self.links_of(*from).any(|link| link == (trace_id, span_id))
        })
    }

    /// The links of a span: the trace and the span that each names, where those are ids.
    pub(super) fn links_of(&self, at: At) -> impl Iterator<Item = (TraceId, SpanId)> {
        let has_links = self.contents.log.get(at).has_links();
        let raw = if has_links { self.contents.log.raw(at) } else { &[] };
        fields(raw).filter_map(|field| match field.value {
            Value::Bytes(link) if field.number == 13 => link_ids(link),
            _ => None,
        })
    }

    /// A span has come.
    pub(super) fn note_links(&mut self, at: At) {
        for target in self.targets(at) {
            let hash = self.hasher.hash_one(target);
            if self.links.iter_hash(hash).take(TO_ONE).count() < TO_ONE {
                let rehash = |link: &LinkFrom| self.hasher.hash_one(link.target);
                self.links.insert_unique(hash, LinkFrom { target, from: at }, rehash);
            }
        }
    }

    /// A span is about to leave.
    pub(super) fn forget_links(&mut self, at: At) {
        for target in self.targets(at) {
            let is_it = |link: &LinkFrom| link.from == at && link.target == target;
            if let Ok(found) = self.links.find_entry(self.hasher.hash_one(target), is_it) {
                found.remove();
            }
        }
        // What is not used any more counts towards the budget as well.
        if self.links.capacity() > 64 && self.links.len() < self.links.capacity() / 4 {
            let hasher = &self.hasher;
            self.links
                .shrink_to(self.links.len() * 2, |link| hasher.hash_one(link.target));
        }
    }

    /// A span's record stands elsewhere now.
    pub(super) fn moved_links(&mut self, from: At, to: At) {
        for target in self.targets(to) {
            let is_it = |link: &LinkFrom| link.from == from && link.target == target;
            if let Some(link) = self.links.find_mut(self.hasher.hash_one(target), is_it) {
                link.from = to;
            }
        }
    }

    /// The ids of the spans that a span links to, each once.
    pub(super) fn targets(&self, at: At) -> Vec<SpanId> {
        if !self.contents.log.get(at).has_links() {
            return Vec::new();
        }
        let mut targets: Vec<_> = self.links_of(at).take(OF_ONE).map(|(_, span_id)| span_id).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }
}

impl super::record::Record {
    fn has_links(&self) -> bool {
        self.signal != super::record::Signal::Log && self.marks().has(Marks::LINKS)
    }
}

fn link_ids(link: &[u8]) -> Option<(TraceId, SpanId)> {
    let (mut trace_id, mut span_id) = (None, None);
    for field in fields(link) {
        match (field.number, field.value) {
            (1, Value::Bytes(id)) => trace_id = TraceId::try_from(id).ok(),
            (2, Value::Bytes(id)) => span_id = SpanId::try_from(id).ok(),
            _ => {}
        }
    }
    trace_id.zip(span_id)
}

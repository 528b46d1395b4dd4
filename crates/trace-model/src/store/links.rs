//! Links between spans, from either side.
//!
//! A span lists the spans it links to. The other direction is one table, with an entry for each span that is linked to: a span
//! without links costs the test of a bit.

use std::collections::VecDeque;

use otlp_wire::{Value, fields};

use super::Store;
use super::record::RecordId;
use crate::batch::SpanFlags;
use crate::wire::{self, number};
use crate::work::{self, VISIT};
use crate::{SpanId, SpanKey, TraceId, hash};

/// Links of one span known from the other side: as many as OpenTelemetry's SDKs keep.
const OF_ONE: usize = 128;
/// Known spans that link to one span.
const TO_ONE: usize = 1_000;

type Target = (TraceId, SpanId);

/// The spans that link to one, in no particular order: at least one.
#[derive(Debug)]
pub(super) struct LinksTo {
    target: Target,
    /// In order of arrival: the first ones are evicted first.
    from: VecDeque<RecordId>,
}

impl LinksTo {
    /// Returns the bytes of memory it accounts for in addition to its place in the table.
    fn bytes(&self) -> usize {
        self.from.capacity() * size_of::<RecordId>()
    }
}

impl Store {
    /// The spans whose links name this one, of any trace that is here, by start; at most a thousand.
    #[must_use]
    pub fn linked_from(&self, trace_id: TraceId, span_id: SpanId) -> Vec<(TraceId, SpanKey)> {
        let log = &self.contents.log;
        let named = |at: RecordId| {
            let record = log.get(at);
            Some((
                record.start_unix_nano,
                self.traces[record.trace].id?,
                self.contents.key(record)?,
            ))
        };
        let mut named: Vec<_> = self.linking(trace_id, span_id).filter_map(named).collect();
        named.sort_unstable();
        named.into_iter().map(|(_, trace_id, key)| (trace_id, key)).collect()
    }

    /// Returns the spans of its own trace that a span links to, for [`crate::SpanTree`].
    pub(crate) fn links_within(&self, trace_id: TraceId, key: &SpanKey) -> Vec<SpanId> {
        let at = self.find_trace(trace_id).and_then(|slot| self.find_key(slot, key));
        work::add(at.map_or(0, |at| self.contents.log.raw(at).len()));
        let links = at.into_iter().flat_map(|at| self.links_of(at).take(OF_ONE));
        links.filter(|(of, _)| *of == trace_id).map(|(_, id)| id).collect()
    }

    /// The same, where their records are; in no particular order.
    pub(super) fn linking(&self, trace_id: TraceId, span_id: SpanId) -> impl Iterator<Item = RecordId> {
        let target = (trace_id, span_id);
        let known = self.links.find(hash::of(target), |known| known.target == target);
        let from = known.into_iter().flat_map(|known| known.from.iter().copied());
        from.filter(|at| self.contents.log.get(*at).is_row())
    }

    /// The links of a span: the trace and the span that each names, where those are ids.
    pub(super) fn links_of(&self, at: RecordId) -> impl Iterator<Item = Target> {
        wire::parts(self.raw_with_links(at), number::SPAN_LINKS).filter_map(link_ids)
    }

    /// Counts the links of a span among its first fields.
    pub(super) fn count_first_links(&self, at: RecordId) -> usize {
        let links = wire::first_parts(self.raw_with_links(at), number::SPAN_LINKS);
        links.filter_map(link_ids).count()
    }

    /// Returns the bytes of a span; none if it has no links.
    fn raw_with_links(&self, at: RecordId) -> &[u8] {
        let has_links = self.contents.log.get(at).has_links();
        if has_links { self.contents.log.raw(at) } else { &[] }
    }

    /// Notes the links of a new span.
    #[inline]
    pub(super) fn note_links(&mut self, at: RecordId) {
        if self.contents.log.get(at).has_links() {
            self.note_targets(at);
        }
    }

    fn note_targets(&mut self, at: RecordId) {
        for target in self.targets(at) {
            let hash = hash::of(target);
            if let Some(known) = self.links.find_mut(hash, |known| known.target == target) {
                if known.from.len() < TO_ONE {
                    self.links_bytes -= known.bytes();
                    known.from.push_back(at);
                    self.links_bytes += known.bytes();
                }
            } else {
                let known = LinksTo {
                    target,
                    from: VecDeque::from([at]),
                };
                self.links_bytes += known.bytes();
                self.links.insert_unique(hash, known, |known| hash::of(known.target));
            }
        }
    }

    /// Drops the links of a span that is about to be evicted.
    #[inline]
    pub(super) fn forget_links(&mut self, at: RecordId) {
        if self.contents.log.get(at).has_links() {
            self.forget_targets(at);
        }
    }

    fn forget_targets(&mut self, at: RecordId) {
        for target in self.targets(at) {
            let is_it = |known: &LinksTo| known.target == target;
            let hash = hash::of(target);
            let Some(LinksTo { from, .. }) = self.links.find_mut(hash, is_it) else {
                continue;
            };
            if let Some(position) = from.iter().position(|known| *known == at) {
                work::add((position + 1) * size_of::<RecordId>());
                from.remove(position);
            }
            if from.is_empty() {
                let known = self.links.remove(hash, is_it, |known| hash::of(known.target));
                self.links_bytes -= known.map_or(0, |known| known.bytes());
            }
        }
    }

    /// A span's record has another place now.
    pub(super) fn relocate_links(&mut self, from: RecordId, to: RecordId) {
        for target in self.targets(to) {
            let Some(known) = self.links.find_mut(hash::of(target), |known| known.target == target) else {
                continue;
            };
            if let Some(position) = known.from.iter().position(|known| *known == from) {
                work::add((position + 1) * size_of::<RecordId>());
                known.from[position] = to;
            }
        }
    }

    /// The spans that a span links to, each once.
    pub(super) fn targets(&self, at: RecordId) -> Vec<Target> {
        if !self.contents.log.get(at).has_links() {
            return Vec::new();
        }
        let mut targets: Vec<_> = self.links_of(at).take(OF_ONE).collect();
        work::add(self.contents.log.raw(at).len() + targets.len() * VISIT);
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// Returns whether it is known that one span links to another, and the number of known pairs.
    #[cfg(test)]
    pub(super) fn knows_link(&self, target: Target, from: RecordId) -> bool {
        let known = self.links.find(hash::of(target), |known| known.target == target);
        known.is_some_and(|known| known.from.contains(&from))
    }

    #[cfg(test)]
    pub(super) fn known_links(&self) -> usize {
        assert_eq!(self.links_bytes, self.links.iter().map(LinksTo::bytes).sum::<usize>());
        self.links.iter().map(|known| known.from.len()).sum()
    }
}

impl super::record::Record {
    pub(super) fn has_links(&self) -> bool {
        self.stored_as != super::record::RecordKind::Log && self.marks().has(SpanFlags::LINKS)
    }
}

fn link_ids(link: &[u8]) -> Option<Target> {
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

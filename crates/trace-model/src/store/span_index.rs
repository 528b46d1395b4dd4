//! The index of a large trace's spans by their ids.

use std::hash::BuildHasher as _;

use super::Store;
use super::evidence::SERVICES;
use super::record::{RecordId, Slot};
use crate::SpanId;

/// Spans of a trace from which on they are indexed.
pub(super) const MANY: u32 = 32;

impl Store {
    /// Indexes all spans of a trace, since looking through all of them would take too long from now on.
    pub(super) fn index_all(&mut self, slot: Slot) {
        self.change_rare(slot, |rare| rare.index = Some(Box::default()));
        let spans: Vec<_> = self.contents.records(self.traces[slot].spans).collect();
        for at in spans {
            let record = self.contents.log.get(at);
            let Some(span_id) = record.span_id() else { continue };
            let is_first =
                !record.is_duplicate() || self.find_span(slot, span_id, self.contents.service_number(record)).is_none();
            if is_first {
                self.index(slot, span_id, at);
            }
        }
    }

    /// Adds the first span with its id and service to its trace's index.
    pub(super) fn index(&mut self, slot: Slot, span_id: SpanId, at: RecordId) {
        let (contents, hasher) = (&mut self.contents, &self.hasher);
        let Some(rare) = self.traces[slot].rare.as_deref_mut() else {
            return;
        };
        let Some(index) = &mut rare.index else { return };
        let before = index.allocation_size();
        let hash = hasher.hash_one(span_id);
        let is_id = |at: &RecordId| contents.is_first(*at, span_id);
        let rehash = |at: &RecordId| contents.hash_of_span(hasher, contents.log.get(*at));
        if index.find(hash, is_id).is_none() {
            index.insert_unique(hash, at, rehash);
            self.rare_bytes = self.rare_bytes + index.allocation_size() - before;
            return;
        }
        let before = rare.bytes();
        let service = contents.service_number(contents.log.get(at));
        let services = rare.shared.entry(span_id).or_default();
        if services.len() < SERVICES {
            services.push(service);
        }
        contents.log.get_mut(at).set_by_service();
        let rehash = |at: &RecordId| contents.hash_of_span(hasher, contents.log.get(*at));
        if let Some(index) = &mut rare.index {
            index.insert_unique(rehash(&at), at, rehash);
        }
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
    }
}

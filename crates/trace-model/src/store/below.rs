//! Hidden spans that are needed, since a shown record is below them or has their id.

use hashbrown::HashSet;

use super::Store;
use super::record::{Record, Slot};
use crate::hash::State;
use crate::work::{self, VISIT};
use crate::{SpanId, TraceId};

impl Store {
    /// Returns true if a span must be shown.
    pub(super) fn is_needed(&mut self, trace_id: TraceId, span_id: SpanId) -> bool {
        let Some(slot) = self.find_trace(trace_id) else { return false };
        if self.find_sentry(slot, span_id).is_some() || !self.services_of(slot, span_id).is_empty() {
            return true;
        }
        let known = self.traces[slot].rare.as_ref().and_then(|rare| rare.parents.as_ref());
        if let Some(parents) = known {
            return parents.contains(&span_id);
        }
        // Once per trace: from now on `Store::need` keeps it up to date.
        let parents = self.parents(slot);
        let is_parent = parents.contains(&span_id);
        self.change_rare(slot, |rare| rare.parents = Some(parents));
        is_parent
    }

    /// Shows the hidden spans with the ids of a record that is about to be added: its own and its parent's.
    #[inline]
    pub(super) fn need(&mut self, slot: Slot, trace_id: TraceId, ids: [Option<SpanId>; 2]) {
        let knows_parents = self.traces[slot].rare.as_ref().is_some_and(|rare| rare.parents.is_some());
        if self.hidden.is_empty() && !knows_parents {
            return;
        }
        for id in ids.into_iter().flatten() {
            let revealed = self.hidden.reveal(trace_id, id);
            self.totals.hidden_spans -= revealed.len() as u64;
            self.revealed.extend(revealed);
            if knows_parents {
                self.change_rare(slot, |rare| {
                    if let Some(parents) = &mut rare.parents {
                        parents.insert(id);
                    }
                });
            }
        }
    }

    /// The ids of a trace that have something below them.
    fn parents(&self, slot: Slot) -> HashSet<SpanId, State> {
        let trace = &self.traces[slot];
        let lists = [trace.spans, trace.sentry, trace.logs];
        work::add(lists.iter().map(|list| list.count as usize).sum::<usize>() * VISIT);
        let records = lists.into_iter().flat_map(|list| self.contents.records(list));
        let parent = |record: &Record| {
            if record.is_error_event() {
                record.span_id()
            } else {
                record.parent_span_id()
            }
        };
        records.filter_map(|at| parent(self.contents.log.get(at))).collect()
    }
}

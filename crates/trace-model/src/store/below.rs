//! Hidden spans that are needed, since a shown record is below them or has their id.

use hashbrown::HashSet;

use super::Store;
use super::reader::Cursor;
use super::record::{Record, RecordKind, Slot};
use crate::hash::State;
use crate::{SpanId, TraceId};

/// The ids of a trace that have something below them.
#[derive(Debug)]
pub(super) struct Parents {
    ids: HashSet<SpanId, State>,
    /// Position in the records that were there first; `None` once these have been read.
    unread: Option<Cursor>,
}

impl Parents {
    pub(super) fn bytes(&self) -> usize {
        self.ids.allocation_size()
    }
}

impl Store {
    /// Returns true if a span must be shown; `None` if that takes another step.
    pub(super) fn is_needed(&mut self, trace_id: TraceId, span_id: SpanId) -> Option<bool> {
        let Some(slot) = self.find_trace(trace_id) else {
            return Some(false);
        };
        if self.find_sentry(slot, span_id).is_some() || !self.services_of(slot, span_id).is_empty() {
            return Some(true);
        }
        // Once per trace: from then on `Store::need` keeps it up to date.
        let known = self.traces[slot].rare.as_mut().and_then(|rare| rare.parents.take());
        let mut parents = known.unwrap_or_else(|| Parents {
            ids: HashSet::default(),
            unread: Some(Cursor::new(
                self,
                trace_id,
                &[RecordKind::Span, RecordKind::SentrySpan, RecordKind::Log],
            )),
        });
        if let Some(cursor) = &mut parents.unread {
            let log = &self.contents.log;
            let is_read = cursor.step(self, slot, self.until, |at| parents.ids.extend(parent(log.get(at))));
            if is_read {
                parents.unread = None;
            }
        }
        let is_needed = parents.unread.is_none().then(|| parents.ids.contains(&span_id));
        self.change_rare(slot, |rare| rare.parents = Some(parents));
        is_needed
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
                        parents.ids.insert(id);
                    }
                });
            }
        }
    }
}

/// Returns the id that a record is below.
fn parent(record: &Record) -> Option<SpanId> {
    if record.is_error_event() {
        record.span_id()
    } else {
        record.parent_span_id()
    }
}

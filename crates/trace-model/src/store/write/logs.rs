//! Adds log records.

use super::super::eviction::Room;
use super::super::hashes::hash_of_error;
use super::super::interner::Interner;
use super::super::record::{Record, RecordId, Slot};
use super::{Item, Store};
use crate::batch::{Carry, LogHeader};
use crate::{Batch, sentry};

impl Store {
    pub(super) fn add_log(&mut self, head: &LogHeader, origin: u32, batch: &Batch, carry: &mut Carry) -> Item {
        let slot = match head.trace_id {
            Some(trace_id) => self.slot_of(trace_id),
            None => self.slot_without_trace(&mut carry.without_trace),
        };
        self.mark_active(slot);
        let room = self.make_place(head.raw.length(), slot);
        if room == Room::Later || (room == Room::Made && !self.copied(batch.bytes_at(head.raw), &mut carry.copied)) {
            return Item::Later;
        }
        let raw = batch.bytes_at(head.raw);
        let hash = head.gravity.is_some().then(|| hash_of_error(slot, raw));
        if hash.is_some_and(|hash| self.is_known(hash, slot, raw)) {
            carry.copied = Vec::new();
            return Item::Taken;
        }
        if room == Room::None {
            self.totals.truncated_logs += 1;
            return Item::Taken;
        }
        let list = self.traces[slot].logs;
        let mut record = Record::of_log(head, self.logs.next_number());
        record.trace = slot;
        record.name = if head.gravity.is_some() {
            self.contents.names.text(&sentry::title(raw))
        } else {
            self.contents.names.retain(Interner::EMPTY);
            Interner::EMPTY
        };
        record.origin = origin;
        record.previous = list.last;
        if let (true, Some(trace_id)) = (head.gravity.is_some(), head.trace_id) {
            self.need(slot, trace_id, [head.span_id, None]);
        }
        self.contents.origins.retain(origin);
        let raw = carry.whole(batch.bytes_at(head.raw));
        let needs_own = self.contents.log.needs_own(raw.len());
        let at = self.contents.log.append(record, raw);
        self.list_trace(slot);
        self.traces[slot].logs = self.appended(list, at);
        self.traces[slot].error_events += u32::from(head.gravity.is_some());
        self.totals.logs += 1;
        self.logs.insert(at, self.contents.log.get(at));
        if let Some(hash) = hash {
            self.error_events.insert_unique(hash, (hash, at), |(hash, _)| *hash);
            self.note_error(slot, at);
        }
        if needs_own {
            self.look_at_own(at);
            self.look_at_own_log(at);
        }
        Item::Taken
    }

    /// Returns true if an error event is stored already: SDKs send to a DSN and to Spotlight, and both may arrive.
    fn is_known(&self, hash: u64, slot: Slot, raw: &[u8]) -> bool {
        let log = &self.contents.log;
        let is_it = |(known, at): &(u64, RecordId)| *known == hash && log.get(*at).trace == slot && log.raw(*at) == raw;
        self.error_events.find(hash, is_it).is_some()
    }
}

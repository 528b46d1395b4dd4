//! Adds spans.

use std::borrow::Cow;

use super::super::duplicates::Existing;
use super::super::eviction::Room;
use super::super::record::{Record, RecordId, RecordKind, Slot};
use super::super::span_index::MANY;
use super::super::trace::{SeenSpans, Trace};
use super::{Item, Store};
use crate::batch::{Carry, SpanHeader};
use crate::{Batch, Source, work};

impl Store {
    pub(super) fn add_span(&mut self, head: &SpanHeader, origin: u32, batch: &Batch, carry: &mut Carry) -> Item {
        let source = self.contents.origins.get(origin).source;
        let stored_as = match source {
            Source::Sentry => RecordKind::SentrySpan,
            Source::OtlpGrpc | Source::OtlpHttp | Source::SentryOtlp | Source::Viewer | Source::File => RecordKind::Span,
        };
        if head.is_hidden {
            match self.is_needed(head.trace_id, head.span_id) {
                None => return Item::Later,
                Some(false) => {
                    self.totals.hidden_spans += 1;
                    if let Some(span) = batch.item(head) {
                        self.hidden.hold(&span);
                    }
                    return Item::Taken;
                }
                Some(true) => {}
            }
        }
        let slot = self.slot_of(head.trace_id);
        self.mark_active(slot);
        let is_sentry_otlp = source == Source::SentryOtlp;
        if is_sentry_otlp {
            self.traces[slot].seen_spans.set(SeenSpans::SENTRY_OTLP);
        }
        // Before any lookup: eviction and compaction move records.
        let room = self.make_place(head.raw.length(), slot);
        if room == Room::Later || (room == Room::Made && !self.copied(batch.bytes_at(head.raw), &mut carry.copied)) {
            return Item::Later;
        }
        let name = self.contents.names.utf8(&batch.name(head));
        let here = self.find_same(slot, head, name, origin, stored_as);
        if let Existing::Same(at) = here {
            self.totals.repeated_spans += 1;
            if is_sentry_otlp {
                self.contents.log.get_mut(at).set_sentry_otlp();
            }
        }
        if room == Room::None || self.is_older(here, head, batch) {
            if room == Room::None && !matches!(here, Existing::Same(_)) {
                self.traces[slot].truncated += 1;
                self.totals.truncated_spans += 1;
            }
            self.contents.names.release(name);
            carry.copied = Vec::new();
            return Item::Taken;
        }
        let mut record = Record::of_span(head, stored_as);
        record.trace = slot;
        record.name = name;
        record.origin = origin;
        if is_sentry_otlp {
            record.set_sentry_otlp();
        }
        self.need(slot, head.trace_id, [Some(head.span_id), head.parent_span_id]);
        self.contents.origins.retain(origin);
        let raw = carry.whole(batch.bytes_at(head.raw));
        let needs_own = self.contents.log.needs_own(raw.len());
        let at = match here {
            Existing::Same(before) => self.replace(before, record, raw),
            Existing::None | Existing::Conflict(_) if stored_as == RecordKind::SentrySpan => {
                self.append_sentry_span(slot, head.span_id, record, raw)
            }
            Existing::None => self.append_span(slot, record, raw, None),
            Existing::Conflict(duplicate) => {
                if !self.contents.log.get(duplicate).is_duplicate() {
                    self.contents.log.get_mut(duplicate).set_duplicate();
                    self.add_duplicate(duplicate);
                }
                record.set_duplicate();
                let at = self.append_span(slot, record, raw, Some(duplicate));
                self.add_duplicate(at);
                at
            }
        };
        if record.has_exception() {
            self.traces[slot].seen_spans.set(SeenSpans::EXCEPTION);
            self.note_error(slot, at);
        }
        if stored_as == RecordKind::Span && self.traces[slot].sentry.count > 0 {
            self.shadow(slot, head.span_id, origin);
        }
        if needs_own {
            self.look_at_own(at);
        }
        Item::Taken
    }

    /// Returns true if a stored record of the same span is kept.
    fn is_older(&self, here: Existing, head: &SpanHeader, batch: &Batch) -> bool {
        let Existing::Same(at) = here else { return false };
        let log = &self.contents.log;
        let (known, raw) = (log.raw(at), batch.bytes_at(head.raw));
        work::add(known.len().min(raw.len()));
        (head.end_unix_nano, raw) <= (log.get(at).end_unix_nano, known)
    }

    /// A record takes the place of another one of its span. Returns where it is.
    fn replace(&mut self, before: RecordId, mut record: Record, raw: Cow<'_, [u8]>) -> RecordId {
        let old = *self.contents.log.get(before);
        (record.previous, record.next) = (old.previous, old.next);
        if old.is_shadow() {
            record.set_shadow();
        }
        if old.is_duplicate() {
            record.set_duplicate();
        }
        if old.is_by_service() {
            record.set_by_service();
        }
        if old.is_sentry_otlp() {
            record.set_sentry_otlp();
        }
        self.forget_links(before);
        let at = self.contents.log.append(record, raw);
        self.relocate(before, at);
        self.free_record(before);
        self.note_links(at);
        at
    }

    /// The span's record that is here already.
    fn find_same(&self, slot: Slot, head: &SpanHeader, name: u32, origin: u32, stored_as: RecordKind) -> Existing {
        if stored_as == RecordKind::SentrySpan {
            return self.find_sentry(slot, head.span_id).map_or(Existing::None, Existing::Same);
        }
        let found = self.find_span(slot, head.span_id, self.contents.origins.kept(origin).service);
        found.map_or(Existing::None, |found| self.same_span(slot, found, head, name))
    }

    /// Appends a new span; `duplicate` is a different one with its id and service.
    fn append_span(&mut self, slot: Slot, mut record: Record, raw: Cow<'_, [u8]>, duplicate: Option<RecordId>) -> RecordId {
        let list = self.traces[slot].spans;
        record.previous = list.last;
        let span_id = record.span_id();
        let at = self.contents.log.append(record, raw);
        self.note_links(at);
        self.list_trace(slot);
        self.traces[slot].spans = self.appended(list, at);
        let trace = &mut self.traces[slot];
        trace.seen |= span_id.map_or(0, Trace::bit);
        self.totals.spans += 1;
        if list.count == MANY {
            self.index_all(slot);
        } else if let Some(span_id) = span_id.filter(|_| list.count > MANY && duplicate.is_none()) {
            self.index(slot, span_id, at);
        }
        at
    }
}

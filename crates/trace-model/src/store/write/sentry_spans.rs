//! Adds spans of Sentry envelopes, and joins them with those that arrived by OTLP.

use std::borrow::Cow;

use super::super::hashes::hash_of_sentry;
use super::super::record::{Record, RecordId, Slot};
use super::Store;
use crate::SpanId;
use crate::work::{self, VISIT};

impl Store {
    /// Appends a span of a Sentry envelope: a row of its own, unless it is stored by OTLP. Returns its position.
    pub(super) fn append_sentry_span(&mut self, slot: Slot, span_id: SpanId, mut record: Record, raw: Cow<'_, [u8]>) -> RecordId {
        let list = self.traces[slot].sentry;
        record.previous = list.last;
        let services = self.services_of(slot, span_id);
        work::add((1 + services.len()) * VISIT);
        if services.is_empty() {
            self.traces[slot].sentry_only += 1;
            self.totals.spans += 1;
            self.sentry.strays += 1;
            self.sentry_alone
                .extend(self.traces[slot].id.map(|trace_id| (span_id, trace_id)));
        } else {
            record.set_shadow();
            for number in services {
                let service = self.contents.origins.service(number).clone();
                self.note_sentry_service(&service);
            }
        }
        let at = self.contents.log.append(record, raw);
        self.note_links(at);
        self.list_trace(slot);
        self.traces[slot].sentry = self.appended(list, at);
        let (hasher, log) = (&self.hasher, &self.contents.log);
        let hash = |at: &RecordId| hash_of_sentry(hasher, log.get(*at));
        self.sentry_spans.insert_unique(hash(&at), at, hash);
        at
    }

    /// Marks the envelope's copy of a span of this origin that has arrived by OTLP: they are one span.
    pub(super) fn shadow(&mut self, slot: Slot, span_id: SpanId, origin: u32) {
        let Some(at) = self.find_sentry(slot, span_id) else { return };
        let record = *self.contents.log.get(at);
        let service = self.contents.origins.get(origin).service.clone();
        self.note_sentry_service(&service);
        if record.is_shadow() {
            return;
        }
        self.sentry.strays += 1;
        self.forget_match(&record);
        let record = self.contents.log.get_mut(at);
        record.set_shadow();
        record.found_by = 0;
        self.traces[slot].sentry_only -= 1;
        self.totals.spans -= 1;
        self.not_alone(slot, span_id);
    }

    /// Removes a span of an envelope from those that another trace may miss.
    fn not_alone(&mut self, slot: Slot, span_id: SpanId) {
        if let Some(trace_id) = self.traces[slot].id {
            self.sentry_alone.remove(&(span_id, trace_id));
        }
    }
}

//! Adds spans and log records.

use std::hash::BuildHasher;

use std::borrow::Cow;

use super::duplicates::Existing;
use super::eviction::Room;
use super::evidence::SERVICES;
use super::hashes::{hash_of_error, hash_of_sentry};
use super::interner::Interner;
use super::record::{Record, RecordId, RecordKind, Slot};
use super::trace::{List, SeenSpans, Trace};
use super::{Contents, Store};
use crate::batch::{Carry, LogHeader, SpanHeader};
use crate::hash::State;
use crate::work::{self, VISIT};
use crate::{Batch, Source, SpanId, sentry};

/// Spans of a trace from which on they are indexed.
const MANY: u32 = 32;
/// Bytes of a long record copied at once.
const COPIED_AT_ONCE: usize = 1 << 18;

/// Result of adding a span or a log record of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Taken,
    /// More is to be done before it can be taken.
    Later,
}

impl Store {
    /// Takes everything in a batch.
    ///
    /// Of two records of one span the one with the later end stays (0, in flight, is the earliest), and of
    /// two with the same end the one whose bytes sort last. Any rule would do, as long as the order of arrival does not matter.
    pub fn add(&mut self, mut batch: Batch) {
        while self.add_part(&mut batch, usize::MAX) {}
    }

    /// Stores the next spans and log records of a batch, until about so much [work] is done; returns true while more is left.
    ///
    /// A call does at least one step, and never much more than requested: long records are copied in steps, and a large trace is
    /// evicted in steps.
    pub fn add_part(&mut self, batch: &mut Batch, work: usize) -> bool {
        self.until = work::done().saturating_add(work as u64);
        let mut has_more = self.add_some(batch);
        while !self.is_over()
            && let Some(mut revealed) = self.revealed.pop()
        {
            if self.add_some(&mut revealed) {
                self.revealed.push(revealed);
            }
        }
        has_more |= !self.revealed.is_empty();
        let is_settled = self.enforce_budget();
        self.until = u64::MAX;
        has_more || !is_settled
    }

    /// Does the work of [`Store::add_part`], except for growth outside of the log.
    fn add_some(&mut self, batch: &mut Batch) -> bool {
        let total = batch.spans.len() + batch.logs.len();
        let mut run = Run::default();
        let mut carry = std::mem::take(&mut batch.carry);
        while batch.taken < total {
            let at = batch.taken;
            let item = batch.spans.get(at).ok_or_else(|| &batch.logs[at - batch.spans.len()]);
            let wanted = item.map_or_else(|log| log.origin, |span| span.origin);
            if run.origin != Some(wanted) {
                self.end_run(&run, batch.received_unix_nano);
                run = Run {
                    origin: Some(wanted),
                    number: self.contents.origins.intern(&batch.origins[wanted as usize]),
                    ..Run::default()
                };
            }
            let taken = match item {
                Ok(span) => self.add_span(span, run.number, batch, &mut carry),
                Err(log) => self.add_log(log, run.number, batch, &mut carry),
            };
            if taken == Item::Later {
                break;
            }
            run.spans += u32::from(item.is_ok());
            run.logs += u32::from(item.is_err());
            batch.taken += 1;
            if self.is_over() {
                break;
            }
        }
        batch.carry = carry;
        self.end_run(&run, batch.received_unix_nano);
        if batch.taken == total {
            self.contents.origins.forget_last();
        }
        batch.taken < total
    }

    /// Returns true once the requested amount of work is done.
    pub(super) fn is_over(&self) -> bool {
        work::done() >= self.until
    }

    fn add_span(&mut self, head: &SpanHeader, origin: u32, batch: &Batch, carry: &mut Carry) -> Item {
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

    /// Copies a part of a record that is too long for one step; true when it is whole.
    #[inline]
    fn copied(&self, raw: &[u8], copied: &mut Vec<u8>) -> bool {
        if !self.contents.log.needs_own(raw.len()) {
            return true;
        }
        copied.reserve_exact(raw.len() - copied.len());
        while copied.len() < raw.len() {
            let end = raw.len().min(copied.len() + COPIED_AT_ONCE);
            work::add(end - copied.len());
            copied.extend_from_slice(&raw[copied.len()..end]);
            if self.is_over() {
                break;
            }
        }
        copied.len() == raw.len()
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

    /// Appends a span of a Sentry envelope: a row of its own, unless it is stored by OTLP. Returns its position.
    fn append_sentry_span(&mut self, slot: Slot, span_id: SpanId, mut record: Record, raw: Cow<'_, [u8]>) -> RecordId {
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
    fn shadow(&mut self, slot: Slot, span_id: SpanId, origin: u32) {
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
    pub(super) fn not_alone(&mut self, slot: Slot, span_id: SpanId) {
        if let Some(trace_id) = self.traces[slot].id {
            self.sentry_alone.remove(&(span_id, trace_id));
        }
    }

    /// A list with one record more, which has been appended to the log.
    fn appended(&mut self, list: List, at: RecordId) -> List {
        if let Some(last) = list.last.get() {
            self.contents.log.get_mut(last).next = at;
        }
        List {
            first: list.first.get().unwrap_or(at),
            last: at,
            count: list.count + 1,
        }
    }

    /// Lists a trace that is about to get its first record.
    fn list_trace(&mut self, slot: Slot) {
        let trace = &self.traces[slot];
        if trace.id.is_some() && !trace.is_listed() {
            self.by_arrival.insert(trace.arrival, slot);
        }
    }

    fn add_log(&mut self, head: &LogHeader, origin: u32, batch: &Batch, carry: &mut Carry) -> Item {
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

    /// Indexes all spans of a trace, since looking through all of them would take too long from now on.
    fn index_all(&mut self, slot: Slot) {
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
    fn index(&mut self, slot: Slot, span_id: SpanId, at: RecordId) {
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

    /// Updates all references to a moved record.
    pub(super) fn relocate(&mut self, from: RecordId, to: RecordId) {
        self.cursors.relocate(from, to);
        self.relocate_links(from, to);
        let log = &mut self.contents.log;
        let record = *log.get(to);
        let trace = &mut self.traces[record.trace];
        let list = match record.stored_as {
            RecordKind::Span => &mut trace.spans,
            RecordKind::Log => {
                self.logs.relocate(&record, to);
                &mut trace.logs
            }
            RecordKind::SentrySpan => &mut trace.sentry,
        };
        match record.previous.get() {
            Some(previous) => log.get_mut(previous).next = to,
            None => list.first = to,
        }
        match record.next.get() {
            Some(next) => log.get_mut(next).previous = to,
            None => list.last = to,
        }
        let hash = if record.stored_as == RecordKind::SentrySpan {
            Some(hash_of_sentry(&self.hasher, &record))
        } else {
            None
        };
        if let Some(known) = hash.and_then(|hash| self.sentry_spans.find_mut(hash, |known| *known == from)) {
            *known = to;
        }
        let hash = self.contents.hash_of_span(&self.hasher, &record);
        let index = trace.rare.as_mut().and_then(|rare| rare.index.as_mut());
        if let (Some(index), RecordKind::Span) = (index, record.stored_as)
            && let Some(known) = index.find_mut(hash, |known| *known == from)
        {
            *known = to;
        }
        if record.is_error_event() {
            let hash = hash_of_error(record.trace, self.contents.log.raw(to));
            if let Some((_, known)) = self.error_events.find_mut(hash, |(_, known)| *known == from) {
                *known = to;
            }
        }
        if record.is_duplicate() {
            let before = *self.contents.log.get(from);
            self.relocate_duplicate(&before, to);
        }
    }

    /// Ends a record that nothing refers to any more.
    pub(super) fn free_record(&mut self, at: RecordId) {
        let record = *self.contents.log.get(at);
        self.forget_match(&record);
        self.contents.names.release(record.name);
        self.contents.origins.release(record.origin);
        self.contents.log.mark_dead(at);
    }

    fn end_run(&mut self, run: &Run, received_unix_nano: u64) {
        if run.origin.is_some() {
            let origin = self.contents.origins.get(run.number);
            let (service, source) = (origin.service.clone(), origin.source);
            self.services.count(&service, run.spans, run.logs, received_unix_nano);
            if matches!(source, Source::Sentry | Source::SentryOtlp) {
                self.note_sentry_sender(&service);
            }
            if source == Source::SentryOtlp && run.spans > 0 {
                self.note_sentry_service(&service);
            }
            self.contents.origins.release(run.number);
        }
    }
}

impl Contents {
    /// Returns the hash of a span in its trace's index.
    fn hash_of_span(&self, hasher: &State, record: &Record) -> u64 {
        let Some(span_id) = record.span_id() else { return 0 };
        if record.is_by_service() {
            hasher.hash_one((span_id, self.service_number(record)))
        } else {
            hasher.hash_one(span_id)
        }
    }
}

/// Spans and log records of a batch that share their origin, one after the other.
#[derive(Default)]
struct Run {
    /// Position in the batch.
    origin: Option<u32>,
    /// Interned, and used by the run itself.
    number: u32,
    spans: u32,
    logs: u32,
}

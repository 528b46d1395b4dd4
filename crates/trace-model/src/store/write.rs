//! How spans and log records come in.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::Store;
use super::record::{At, Record, Signal, Slot};
use super::trace::{List, Trace};
use super::twins::Here;
use crate::batch::{LogHead, Origin, SpanHead};
use crate::{Batch, Source, SpanId, sentry};

/// How many spans a trace has before they are indexed.
const MANY: u32 = 32;
/// Up to how many error events of a trace are compared with a new one.
const ERROR_EVENTS: u32 = 1_000;

impl Store {
    /// Takes everything in a batch.
    ///
    /// A span that is already there is one span still: the record with the later end stays (0, in flight, is the earliest), and of
    /// two with the same end the one whose bytes sort last. Any rule would do, as long as the order of arrival does not matter.
    pub fn add(&mut self, mut batch: Batch) {
        while self.add_part(&mut batch, usize::MAX) {}
    }

    /// Takes the next `items` spans and log records of a batch; true while more are left. For who must not be busy for long.
    pub fn add_part(&mut self, batch: &mut Batch, items: usize) -> bool {
        let total = batch.spans.len() + batch.logs.len();
        let part = batch.taken..total.min(batch.taken.saturating_add(items));
        batch.taken = part.end;
        let mut run = Run::default();
        let mut without_trace = None;
        for at in part {
            let item = batch.spans.get(at).ok_or_else(|| batch.logs[at - batch.spans.len()]);
            let wanted = item.map_or_else(|log| log.origin, |span| span.origin);
            if run.origin != Some(wanted) {
                self.end_run(&run, batch.received_unix_nano);
                run = Run {
                    origin: Some(wanted),
                    number: self.intern_origin(&batch.origins[wanted as usize]),
                    ..Run::default()
                };
            }
            match item {
                Ok(span) => {
                    run.spans += 1;
                    self.add_span(span, run.number, batch);
                }
                Err(log) => {
                    run.logs += 1;
                    self.add_log(&log, run.number, batch, &mut without_trace);
                }
            }
        }
        self.end_run(&run, batch.received_unix_nano);
        self.look_again();
        self.settle();
        batch.taken < total
    }

    fn add_span(&mut self, head: &SpanHead, origin: u32, batch: &Batch) {
        let source = self.contents.origins.get(origin).source;
        let signal = match source {
            Source::Sentry => Signal::SentrySpan,
            Source::OtlpGrpc | Source::OtlpHttp | Source::SentryOtlp | Source::Viewer | Source::File => Signal::Span,
        };
        let slot = self.slot_of(head.trace_id);
        self.touch(slot);
        let is_sentry_otlp = source == Source::SentryOtlp;
        if is_sentry_otlp {
            self.traces[slot].has_sentry_otlp = true;
        }
        let raw = batch.piece(head.raw);
        let name = std::str::from_utf8(batch.piece(head.name)).unwrap_or_default();
        let here = self.find_same(slot, head, name, origin, signal);
        let known = here.same();
        if let Some(at) = known {
            self.totals.repeated_spans += 1;
            if is_sentry_otlp {
                self.contents.log.get_mut(at).set_sentry_otlp();
            }
            let log = &self.contents.log;
            if (head.end_unix_nano, raw) <= (log.get(at).end_unix_nano, log.raw(at)) {
                return;
            }
        }
        if !self.make_place(raw.len(), slot) {
            if known.is_none() {
                self.traces[slot].truncated += 1;
                self.totals.truncated_spans += 1;
            }
            return;
        }
        let mut record = Record::of_span(head, signal);
        record.trace = slot;
        record.name = self
            .contents
            .names
            .number(name, |name| (name.into(), name.len() + 2 * size_of::<usize>()));
        record.origin = origin;
        if is_sentry_otlp {
            record.set_sentry_otlp();
        }
        self.contents.origins.again(origin);
        // Room may have been made by copying the known one forward.
        let here = match here {
            Here::Nothing => Here::Nothing,
            Here::Same(_) | Here::Other(_) => self.find_same(slot, head, name, origin, signal),
        };
        let known = here.same();
        match known {
            Some(before) => {
                let old = *self.contents.log.get(before);
                (record.previous, record.next) = (old.previous, old.next);
                if old.is_shadow() {
                    record.set_shadow();
                }
                if old.is_sentry_otlp() {
                    record.set_sentry_otlp();
                }
                if old.is_twin() {
                    record.set_twin();
                }
                self.forget_links(before);
                let at = self.contents.log.append(record, raw);
                self.moved(before, at);
                self.bury(before);
                self.note_links(at);
            }
            None if signal == Signal::SentrySpan => self.append_sentry_span(slot, head.span_id, record, raw),
            None => {
                if let Here::Other(twin) = here {
                    self.contents.log.get_mut(twin).set_twin();
                    record.set_twin();
                }
                self.append_span(slot, record, raw);
                if self.traces[slot].sentry.count > 0 {
                    self.shadow(slot, head.span_id);
                }
            }
        }
        if self.contents.log.needs_own(raw.len()) {
            self.look_at_last(slot, signal);
        }
    }

    /// The span's record that is here already.
    fn find_same(&self, slot: Slot, head: &SpanHead, name: &str, origin: u32, signal: Signal) -> Here {
        if signal == Signal::SentrySpan {
            return self.find_sentry(slot, head.span_id).map_or(Here::Nothing, Here::Same);
        }
        let found = self.find_span(slot, head.span_id, &self.contents.origins.get(origin).service);
        found.map_or(Here::Nothing, |found| self.same_span(slot, found, head, name))
    }

    fn append_span(&mut self, slot: Slot, mut record: Record, raw: &[u8]) {
        let list = self.traces[slot].spans;
        record.previous = list.last;
        let span_id = record.span_id();
        let at = self.contents.log.append(record, raw);
        self.note_links(at);
        self.enlist(slot);
        self.traces[slot].spans = self.appended(list, at);
        let trace = &mut self.traces[slot];
        trace.seen |= span_id.map_or(0, Trace::bit);
        self.totals.spans += 1;
        if let Some(span_id) = span_id.filter(|_| list.count >= MANY) {
            self.index(slot, span_id, at);
        }
    }

    /// A span by a Sentry envelope: a row of its own, unless it is here by OTLP.
    fn append_sentry_span(&mut self, slot: Slot, span_id: SpanId, mut record: Record, raw: &[u8]) {
        let list = self.traces[slot].sentry;
        record.previous = list.last;
        let services = self.services_of(slot, span_id);
        if services.is_empty() {
            self.traces[slot].sentry_only += 1;
            self.totals.spans += 1;
            self.sentry.look_again = true;
        } else {
            record.set_shadow();
            for service in &services {
                self.talks(service);
            }
        }
        let at = self.contents.log.append(record, raw);
        self.note_links(at);
        self.enlist(slot);
        self.traces[slot].sentry = self.appended(list, at);
        let (hasher, log) = (&self.hasher, &self.contents.log);
        let hash = |at: &At| hasher.hash_one(log.get(*at).span_id());
        self.sentry_spans.insert_unique(hash(&at), at, hash);
    }

    /// A span that has come in an envelope before has come by OTLP too.
    fn shadow(&mut self, slot: Slot, span_id: SpanId) {
        let Some(at) = self.find_sentry(slot, span_id) else { return };
        let record = *self.contents.log.get(at);
        for service in self.services_of(slot, span_id) {
            self.talks(&service);
        }
        if record.is_shadow() {
            return;
        }
        self.sentry.look_again = true;
        self.lost(&record);
        let record = self.contents.log.get_mut(at);
        record.set_shadow();
        record.found_by = 0;
        self.traces[slot].sentry_only -= 1;
        self.totals.spans -= 1;
    }

    /// A list with one record more, which has been appended to the log.
    fn appended(&mut self, list: List, at: At) -> List {
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
    fn enlist(&mut self, slot: Slot) {
        let trace = &self.traces[slot];
        if trace.id.is_some() && !trace.is_listed() {
            self.by_arrival.insert(trace.arrival, slot);
        }
    }

    fn add_log(&mut self, head: &LogHead, origin: u32, batch: &Batch, without_trace: &mut Option<(Slot, u64)>) {
        let slot = match head.trace_id {
            Some(trace_id) => self.slot_of(trace_id),
            None => self.slot_without_trace(without_trace),
        };
        self.touch(slot);
        let raw = batch.piece(head.raw);
        if head.is_error_event && self.is_known(slot, raw) {
            return;
        }
        if !self.make_place(raw.len(), slot) {
            self.totals.truncated_logs += 1;
            return;
        }
        let list = self.traces[slot].logs;
        let mut record = Record::of_log(head);
        record.trace = slot;
        let title = if head.is_error_event {
            sentry::title(raw)
        } else {
            String::new()
        };
        record.name = self
            .contents
            .names
            .number(&*title, |name| (name.into(), name.len() + 2 * size_of::<usize>()));
        record.origin = origin;
        record.previous = list.last;
        self.contents.origins.again(origin);
        let at = self.contents.log.append(record, raw);
        self.enlist(slot);
        self.traces[slot].logs = self.appended(list, at);
        self.traces[slot].error_events += u32::from(head.is_error_event);
        self.totals.logs += 1;
        if self.contents.log.needs_own(raw.len()) {
            self.look_at_last(slot, Signal::Log);
        }
    }

    /// Whether an error event is here already: SDKs send to a DSN and to Spotlight, and both may be here.
    fn is_known(&self, slot: Slot, raw: &[u8]) -> bool {
        let trace = &self.traces[slot];
        if !(1..=ERROR_EVENTS).contains(&trace.error_events) {
            return false;
        }
        let log = &self.contents.log;
        let mut records = self.contents.records(trace.logs);
        records.any(|at| log.get(at).is_error_event() && log.raw(at) == raw)
    }

    /// Adds a span to its trace's index, which is made when looking through all of them would take too long.
    fn index(&mut self, slot: Slot, span_id: SpanId, at: At) {
        let hash = |span_id: Option<SpanId>| span_id.map_or(0, |span_id| self.hasher.hash_one(span_id));
        let contents = &self.contents;
        let trace = &mut self.traces[slot];
        let before = trace.rare.as_ref().map_or(0, |rare| rare.bytes());
        let rare = trace.rare.get_or_insert_default();
        let rehash = |at: &At| hash(contents.log.get(*at).span_id());
        if let Some(index) = &mut rare.index {
            index.insert_unique(hash(Some(span_id)), at, rehash);
        } else {
            let mut index = HashTable::with_capacity(2 * MANY as usize);
            for at in contents.records(trace.spans) {
                index.insert_unique(hash(contents.log.get(at).span_id()), at, rehash);
            }
            rare.index = Some(index);
        }
        self.rare_bytes = self.rare_bytes + rare.bytes() - before;
    }

    /// What refers to a record refers to its new place from now on.
    pub(super) fn moved(&mut self, from: At, to: At) {
        self.moved_links(from, to);
        let log = &mut self.contents.log;
        let record = *log.get(to);
        let trace = &mut self.traces[record.trace];
        let list = match record.signal {
            Signal::Span => &mut trace.spans,
            Signal::Log => &mut trace.logs,
            Signal::SentrySpan => &mut trace.sentry,
        };
        match record.previous.get() {
            Some(previous) => log.get_mut(previous).next = to,
            None => list.first = to,
        }
        match record.next.get() {
            Some(next) => log.get_mut(next).previous = to,
            None => list.last = to,
        }
        if record.signal == Signal::SentrySpan
            && let Some(known) = self
                .sentry_spans
                .find_mut(self.hasher.hash_one(record.span_id()), |known| *known == from)
        {
            *known = to;
        }
        let index = trace.rare.as_mut().and_then(|rare| rare.index.as_mut());
        if let (Some(index), Signal::Span, Some(span_id)) = (index, record.signal, record.span_id())
            && let Some(known) = index.find_mut(self.hasher.hash_one(span_id), |known| *known == from)
        {
            *known = to;
        }
    }

    /// Ends a record that nothing refers to any more.
    pub(super) fn bury(&mut self, at: At) {
        let record = *self.contents.log.get(at);
        self.lost(&record);
        self.contents.names.release(record.name);
        self.contents.origins.release(record.origin);
        self.contents.log.kill(at);
    }

    fn intern_origin(&mut self, origin: &Origin) -> u32 {
        self.contents
            .origins
            .number(origin, |origin| (origin.clone().into(), origin.bytes()))
    }

    fn end_run(&mut self, run: &Run, received_unix_nano: u64) {
        if run.origin.is_some() {
            let origin = self.contents.origins.get(run.number);
            let (service, source) = (origin.service.clone(), origin.source);
            self.services.count(&service, run.spans, run.logs, received_unix_nano);
            if matches!(source, Source::Sentry | Source::SentryOtlp) {
                self.hears(&service);
            }
            if source == Source::SentryOtlp && run.spans > 0 {
                self.talks(&service);
            }
            self.contents.origins.release(run.number);
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

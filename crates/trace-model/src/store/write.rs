//! Adds spans and log records.

mod logs;
mod sentry_spans;
mod spans;

use super::Store;
use super::record::{RecordId, Slot};
use super::trace::List;
use crate::{Batch, Source, work};

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

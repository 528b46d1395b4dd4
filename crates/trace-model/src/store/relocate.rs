//! References to records that move.

use super::Store;
use super::hashes::{hash_of_error, hash_of_sentry};
use super::record::{RecordId, RecordKind};

impl Store {
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
}

//! Finding the spans of one trace that a filter matches, in steps.

use hashbrown::HashSet;

use super::Store;
use super::reader::Cursor;
use super::record::RecordKind;
use crate::filter::Memo;
use crate::hash::{self, State};
use crate::work;
use crate::{Filter, SpanKey, TraceId};

/// Tests all spans of a trace. Those that arrive meanwhile may be tested or not.
#[derive(Debug)]
pub struct MatchReader {
    cursor: Cursor,
    filter: Filter,
    memo: Memo,
    found: Matches,
}

/// Spans of one trace that a filter matches.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// Hashes of their keys, which cost nothing to drop.
    keys: HashSet<u64, State>,
}

impl Matches {
    /// Returns true if the filter matches a span.
    #[must_use]
    pub fn has(&self, key: &SpanKey) -> bool {
        !self.keys.is_empty() && self.keys.contains(&hashed(key))
    }

    /// Returns the number of spans that the filter matches.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns true if the filter matches no span.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl MatchReader {
    /// Before the first span.
    #[must_use]
    pub fn new(store: &Store, trace_id: TraceId, filter: Filter) -> Self {
        Self {
            cursor: Cursor::new(store, trace_id, &[RecordKind::Span, RecordKind::SentrySpan]),
            filter,
            memo: Memo::default(),
            found: Matches::default(),
        }
    }

    /// Tests spans until about so much [`work`] is done; returns true once all were tested. Of an evicted trace nothing matches.
    pub fn step(&mut self, store: &Store, work: u64) -> bool {
        let Some(slot) = self.cursor.slot(store) else {
            self.found = Matches::default();
            return true;
        };
        let (trace, contents) = (&store.traces[slot], &store.contents);
        let Self {
            cursor,
            filter,
            memo,
            found,
        } = self;
        cursor.step(store, slot, work::done().saturating_add(work), |at| {
            let record = contents.log.get(at);
            if !record.is_row() {
                return;
            }
            work::add(record.bytes());
            if contents.matches(trace, at, filter, memo)
                && let Some(key) = contents.key(record)
            {
                found.keys.insert(hashed(&key));
            }
        })
    }

    /// Returns what was found so far.
    #[must_use]
    pub const fn found(&self) -> &Matches {
        &self.found
    }

    /// Returns what was found.
    #[must_use]
    pub fn into_found(self) -> Matches {
        self.found
    }
}

fn hashed(key: &SpanKey) -> u64 {
    work::add(key.service.len());
    hash::of(key)
}

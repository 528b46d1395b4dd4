//! Hashes of records, for the tables that find them.

use std::hash::BuildHasher as _;

use super::Contents;
use super::record::{Record, Slot};
use crate::hash::{self, State};
use crate::work;

/// Returns the hash of a span that came in an envelope, by trace and id.
pub(super) fn hash_of_sentry(hasher: &State, record: &Record) -> u64 {
    record.span_id().map_or(0, |span_id| hasher.hash_one((record.trace, span_id)))
}

/// Returns the hash of an error event of a trace, by its bytes.
pub(super) fn hash_of_error(slot: Slot, raw: &[u8]) -> u64 {
    work::add(raw.len());
    hash::of((slot, raw))
}

impl Contents {
    /// Returns the hash of a span in its trace's index.
    pub(super) fn hash_of_span(&self, hasher: &State, record: &Record) -> u64 {
        let Some(span_id) = record.span_id() else { return 0 };
        if record.is_by_service() {
            hasher.hash_one((span_id, self.service_number(record)))
        } else {
            hasher.hash_one(span_id)
        }
    }
}

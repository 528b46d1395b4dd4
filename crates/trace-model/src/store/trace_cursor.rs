//! The traces of a list, one after the other.

use std::vec;

use super::Store;
use super::read::ListPlace;
use crate::TraceId;
use crate::work::{self, VISIT};

/// Traces fetched from the list at once.
const FETCH_TRACES: usize = 64;

/// Traces in order of arrival, the last arrived first. One that arrives after the start is not met.
#[derive(Debug, Default)]
pub struct TraceCursor {
    is_filtered: bool,
    place: ListPlace,
    ahead: vec::IntoIter<TraceId>,
}

impl TraceCursor {
    /// Starts before the first of all traces.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Starts before the first trace that the store's filter finds.
    #[must_use]
    pub fn listed() -> Self {
        Self {
            is_filtered: true,
            ..Self::default()
        }
    }

    /// Returns the next trace; `None` after the last.
    pub fn next(&mut self, store: &Store) -> Option<TraceId> {
        if self.ahead.len() == 0 {
            let (traces, place) = if self.is_filtered {
                store.listed_after(self.place, FETCH_TRACES)
            } else {
                store.arrived_after(self.place, FETCH_TRACES)
            };
            self.place = place;
            self.ahead = traces.into_iter();
            work::add(self.ahead.len() * VISIT);
        }
        self.ahead.next()
    }
}

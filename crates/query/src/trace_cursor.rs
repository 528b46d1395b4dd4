//! The traces of a list, one after the other.

use std::vec;

use trace_model::work::{self, VISIT};
use trace_model::{ListPlace, Store, TraceId};

/// Traces fetched from the list at once.
const FETCH_TRACES: usize = 64;

/// Traces in order of arrival, the last arrived first. One that arrives after the start is not met.
#[derive(Debug, Default)]
pub(crate) struct TraceCursor {
    is_filtered: bool,
    place: ListPlace,
    ahead: vec::IntoIter<TraceId>,
}

impl TraceCursor {
    /// Starts before the first of all traces.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// Starts before the first trace that the store's filter finds.
    pub(crate) fn listed() -> Self {
        Self {
            is_filtered: true,
            ..Self::default()
        }
    }

    pub(crate) fn next(&mut self, store: &Store) -> Option<TraceId> {
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

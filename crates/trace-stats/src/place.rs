//! References to spans across traces.

use trace_model::{SpanKey, TraceId};

/// A reference to a span, for navigation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanPlace {
    /// Id of its trace.
    pub trace_id: TraceId,
    /// Key of the span in its trace.
    pub key: SpanKey,
}

/// The span with the highest rank offered. Ties are broken by trace and key, so the result does not depend on the order of
/// arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Highest(Option<(u64, SpanPlace)>);

impl Highest {
    pub(crate) fn offer(&mut self, rank: u64, trace_id: TraceId, key: &SpanKey) {
        let is_higher = self
            .0
            .as_ref()
            .is_none_or(|(highest, place)| (rank, &trace_id, key) > (*highest, &place.trace_id, &place.key));
        if is_higher {
            let key = key.clone();
            self.0 = Some((rank, SpanPlace { trace_id, key }));
        }
    }

    pub(crate) fn place(self) -> Option<SpanPlace> {
        self.0.map(|(_, place)| place)
    }
}

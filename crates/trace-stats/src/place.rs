//! Which span of which trace.

use trace_model::{SpanKey, TraceId};

/// A span that can be gone to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanPlace {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its row there.
    pub key: SpanKey,
}

/// The span with the highest rank of all that were offered; of two with the same rank the place decides, so that the order in which
/// they come does not.
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

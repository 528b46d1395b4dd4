//! Prefixes of ids.

use crate::filter::keys::{IdField, IdPrefix};
use crate::filter::{Candidate, LogCandidate};

/// Returns true if an id of a span begins with a prefix.
#[inline]
pub(super) fn fits(prefix: &IdPrefix, field: IdField, candidate: &Candidate<'_>) -> bool {
    match field {
        IdField::Trace => prefix.fits(candidate.trace_id.as_bytes()),
        IdField::Span => prefix.fits(candidate.span_id.as_bytes()),
        IdField::Parent => candidate.parent_span_id.is_some_and(|id| prefix.fits(id.as_bytes())),
    }
}

/// Returns true if an id of a log record begins with a prefix.
pub(super) fn fits_log(prefix: &IdPrefix, field: IdField, candidate: &LogCandidate<'_>) -> bool {
    match field {
        IdField::Trace => candidate.trace_id.is_some_and(|id| prefix.fits(id.as_bytes())),
        IdField::Span => candidate.span_id.is_some_and(|id| prefix.fits(id.as_bytes())),
        IdField::Parent => false,
    }
}

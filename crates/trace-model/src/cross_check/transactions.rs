//! Transactions: the spans that other spans are sent with.

use std::collections::HashMap;

use crate::store::{CheckedSpan, SentryFacts};
use crate::work::{self, VISIT};
use crate::{SpanId, SpanKind};

/// A span by its id, and its service by number. Spans that share both are one here: their parent is that of the first.
type Key = (SpanId, u32);

/// The transaction of each span of a trace that was visited: children find that of their parent here, so that the work is linear in
/// the spans, however deep the trace is.
#[derive(Debug, Default)]
pub(super) struct Transactions(HashMap<Key, Option<Key>>);

impl Transactions {
    /// Returns the span that a span is sent with: the transaction above it that arrived, or else the uppermost of its service. A span
    /// below a cycle is sent with none, and neither is one without a parent: it is returned itself.
    pub(super) fn find<'a>(&mut self, trace: SentryFacts<'a>, span: CheckedSpan<'a>) -> CheckedSpan<'a> {
        work::add(VISIT);
        let above = if is_root(span) { None } else { trace.parent_of(span) };
        let transaction = above.and_then(|above| self.at_or_above(trace, above));
        let transaction = transaction.and_then(|(span_id, service)| trace.span_of(span_id, service));
        transaction.unwrap_or(span)
    }

    fn at_or_above<'a>(&mut self, trace: SentryFacts<'a>, span: CheckedSpan<'a>) -> Option<Key> {
        let mut visited = Vec::new();
        let mut here = span;
        let found = loop {
            work::add(VISIT);
            let key = (here.span_id()?, trace.service_number(here));
            if let Some(known) = self.0.get(&key) {
                break *known;
            }
            // Until its own is found: a walk that meets it again is in a cycle.
            self.0.insert(key, None);
            visited.push(key);
            if is_root(here) || arrived(trace, here) {
                break Some(key);
            }
            let Some(above) = trace.parent_of(here) else { break Some(key) };
            here = above;
        };
        self.0.extend(visited.into_iter().map(|key| (key, found)));
        found
    }
}

fn is_root(span: CheckedSpan<'_>) -> bool {
    matches!(span.kind(), SpanKind::Server | SpanKind::Consumer)
}

/// Returns true if a span arrived as a transaction.
pub(super) fn arrived(trace: SentryFacts<'_>, span: CheckedSpan<'_>) -> bool {
    let transactions = trace.evidence().map(|evidence| &evidence.transactions);
    transactions.is_some_and(|known| span.span_id().is_some_and(|id| known.contains_key(&id)))
}

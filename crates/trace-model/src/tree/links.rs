//! Finds the parent of each span.

use hashbrown::{HashMap, HashSet};

use super::shared_ids::ById;
use crate::work::{Visits, strides, visited};
use crate::{SpanId, SpanNode as Span};

/// A span that has not arrived.
pub(super) struct Missing {
    pub(super) id: SpanId,
    pub(super) start: u64,
}

/// Parents by position: positions past the spans are the missing ones.
pub(super) struct Links {
    pub(super) parents: Vec<Option<usize>>,
    pub(super) missing: Vec<Missing>,
    pub(super) cyclic: Vec<bool>,
    /// Spans whose id another span has as well, by position; there are few.
    pub(super) duplicates: HashSet<usize>,
    /// Start of each span.
    pub(super) starts: Vec<u64>,
}

impl Links {
    pub(super) async fn new(spans: &[Span], rows: &[(SpanId, u64)]) -> Self {
        let by_id = ById::new(spans).await;
        let mut links = Self {
            parents: Vec::with_capacity(spans.len()),
            missing: Vec::new(),
            cyclic: vec![false; spans.len()],
            duplicates: HashSet::new(),
            starts: Vec::new(),
        };
        let mut visits = Visits::default();
        for at in by_id.duplicates() {
            links.duplicates.insert(at);
            visits.one().await;
        }
        let mut missing_at: HashMap<SpanId, usize> = HashMap::new();
        for range in strides(spans.len()) {
            visited(range.len()).await;
            for at in range {
                let span = &spans[at];
                let parent = match (by_id.calling_side(span), span.parent_span_id) {
                    (Some(calling), _) => Some(calling),
                    (None, None) => None,
                    (None, Some(id)) if id == span.key.span_id => {
                        links.cyclic[at] = true;
                        None
                    }
                    (None, Some(id)) => Some(by_id.parent(id, span).unwrap_or_else(|| {
                        *missing_at.entry(id).or_insert_with(|| {
                            links.missing.push(Missing { id, start: u64::MAX });
                            spans.len() + links.missing.len() - 1
                        })
                    })),
                };
                links.parents.push(parent);
            }
        }
        for range in strides(rows.len()) {
            visited(range.len()).await;
            for (id, start) in rows[range].iter().filter(|(id, _)| !by_id.contains(*id)) {
                missing_at.entry(*id).or_insert_with(|| {
                    links.missing.push(Missing { id: *id, start: *start });
                    spans.len() + links.missing.len() - 1
                });
            }
        }
        links
    }

    /// Computes the start of each span: one without a start begins with its parent.
    pub(super) async fn find_starts(&mut self, spans: &[Span]) {
        const UNKNOWN: u64 = u64::MAX;
        let known = |span: &Span| (span.start_unix_nano > 0 || span.parent_span_id.is_none()).then_some(span.start_unix_nano);
        let mut starts: Vec<u64> = Vec::with_capacity(spans.len() + self.missing.len());
        for range in strides(spans.len()) {
            visited(range.len()).await;
            starts.extend(spans[range].iter().map(|span| known(span).unwrap_or(UNKNOWN)));
        }
        starts.extend(self.missing.iter().map(|missing| missing.start));
        for range in strides(spans.len()) {
            visited(range.len()).await;
            for at in range {
                if let Some(parent) = self.parents[at].filter(|parent| *parent >= spans.len()) {
                    starts[parent] = starts[parent].min(starts[at]);
                }
            }
        }
        let first = starts.iter().copied().filter(|start| *start != UNKNOWN).min();
        let first = first
            .or_else(|| spans.iter().filter_map(|span| span.end_unix_nano).min())
            .unwrap_or(0);
        let mut above = Vec::new();
        let mut visits = Visits::default();
        for at in 0..spans.len() {
            // `UNKNOWN` is a start that can be sent, too.
            let mut here = Some(at).filter(|at| known(&spans[*at]).is_none() && starts[*at] == UNKNOWN);
            let mut start = first;
            while let Some(unknown) = here {
                above.push(unknown);
                let parent = self.parents[unknown];
                start = parent.map_or(first, |parent| starts[parent]);
                here = parent.filter(|parent| *parent < spans.len() && start == UNKNOWN && known(&spans[*parent]).is_none());
                visits.one().await;
            }
            for unknown in above.drain(..) {
                starts[unknown] = if start == UNKNOWN { first } else { start };
            }
            visits.one().await;
        }
        for missing in &mut starts[spans.len()..] {
            *missing = if *missing == UNKNOWN { first } else { *missing };
        }
        self.starts = starts;
    }

    /// Follows parents from every span; where that leads back, the earliest span of the circle becomes a root.
    pub(super) async fn break_cycles(&mut self, spans: &[Span]) {
        const NEW: usize = 0;
        let mut seen = vec![NEW; spans.len()];
        let mut visits = Visits::default();
        for start in 0..spans.len() {
            // Each walk has its own mark: meeting it again means a cycle.
            let mark = start + 1;
            let mut at = Some(start);
            while let Some(here) = at.filter(|here| *here < spans.len() && seen[*here] == NEW) {
                seen[here] = mark;
                at = self.parents[here];
                visits.one().await;
            }
            if let Some(here) = at.filter(|here| *here < spans.len() && seen[*here] == mark) {
                let first = self.earliest_of_circle(spans, here, &mut visits).await;
                self.parents[first] = None;
                self.cyclic[first] = true;
            }
        }
    }

    async fn earliest_of_circle(&self, spans: &[Span], from: usize, visits: &mut Visits) -> usize {
        let mut earliest = from;
        let mut next = self.parents[from];
        while let Some(here) = next.filter(|here| *here != from) {
            if order(&spans[here], &spans[earliest]).is_lt() {
                earliest = here;
            }
            next = self.parents[here];
            visits.one().await;
        }
        earliest
    }
}

/// Orders by start; the key decides between equals, so that the order of arrival does not.
fn order(one: &Span, other: &Span) -> std::cmp::Ordering {
    (one.start_unix_nano, &one.key).cmp(&(other.start_unix_nano, &other.key))
}

//! A trace aggregated by call path.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use trace_model::work::{Visits, at_once};
use trace_model::{Analysis, SpanKey, SpanKind, SpanTree, StatusCode, Store, TraceId, TraceReader};

use crate::calls::duration;

/// Sums over the spans of a call path; medians in a [median](crate::MedianPass).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Sums {
    /// Number of spans.
    pub spans: u64,
    /// Number of spans with status error.
    pub errors: u64,
    /// Number of spans in flight, which have no duration yet.
    pub in_flight: u64,
    /// Total duration in nanoseconds; parallel spans add up to more than elapsed time.
    pub nano: u64,
    /// Total self time in nanoseconds: without children.
    pub self_nano: u64,
}

/// Spans of the same service, name and kind whose parents share a call path: a loop of a hundred equal calls is one path, as is a
/// request with three tries. Jaeger's trace graph and flame graphs aggregate in the same way.
#[derive(Clone, Debug)]
pub struct CallPath {
    /// `service.name` of the spans; empty without one.
    pub service: Arc<str>,
    /// Name of the spans.
    pub name: Arc<str>,
    /// Kind of the spans.
    pub kind: SpanKind,
    /// Sums over the spans.
    pub sums: Sums,
    /// The first span; `None` in a median.
    pub first: Option<SpanKey>,
    pub(super) children: Vec<usize>,
}

impl CallPath {
    pub(super) fn name(&self) -> Name {
        (self.service.clone(), self.name.clone(), self.kind)
    }
}

pub(super) type Name = (Arc<str>, Arc<str>, SpanKind);

/// Totals of a trace; medians in a [median](crate::MedianPass).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Totals {
    /// Duration of the trace in nanoseconds: from its first start to its last known time.
    pub nano: u64,
    /// Number of spans.
    pub spans: u64,
    /// Number of spans with status error.
    pub errors: u64,
    /// Number of spans in flight.
    pub in_flight: u64,
}

/// A trace by call path. Missing spans are excluded: their children are roots.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Totals of the trace.
    pub totals: Totals,
    pub(super) paths: Vec<CallPath>,
    pub(super) roots: Vec<usize>,
}

impl Profile {
    /// Aggregates a tree with its analysis.
    #[must_use]
    pub fn of(tree: &SpanTree, analysis: &Analysis) -> Self {
        at_once(Self::read(tree, analysis))
    }

    /// Returns a reader that aggregates a trace in steps.
    #[must_use]
    pub fn reader(store: &Store, trace_id: TraceId) -> TraceReader<Self> {
        Analysis::reader(store, trace_id).then(async |(tree, analysis)| Self::read(&tree, &analysis).await)
    }

    async fn read(tree: &SpanTree, analysis: &Analysis) -> Self {
        let mut visits = Visits::default();
        let mut paths = Paths::default();
        // Call path of each node.
        let mut placed: Vec<Option<usize>> = Vec::with_capacity(tree.nodes().len());
        let (mut start, mut end) = (u64::MAX, 0);
        let mut totals = Totals::default();
        for (at, node) in tree.nodes().iter().enumerate() {
            visits.many(4).await;
            let above = node.parent.and_then(|parent| placed[parent]);
            if !node.arrived {
                placed.push(above);
                continue;
            }
            start = start.min(node.start_unix_nano);
            end = end.max(node.end_unix_nano.unwrap_or(0)).max(node.start_unix_nano);
            let place = paths.at(above, (node.key.service.clone(), node.name.clone(), node.kind));
            let path = &mut paths.all[place];
            path.first.get_or_insert_with(|| node.key.clone());
            let failed = u64::from(node.status == StatusCode::Error);
            let sums = &mut path.sums;
            sums.spans += 1;
            sums.errors += failed;
            totals.spans += 1;
            totals.errors += failed;
            if let Some(nano) = duration(node) {
                sums.nano = sums.nano.saturating_add(nano);
                sums.self_nano = sums.self_nano.saturating_add(analysis.self_nano(at));
            } else {
                sums.in_flight += 1;
                totals.in_flight += 1;
            }
            placed.push(Some(place));
        }
        totals.nano = end.saturating_sub(start);
        Self {
            totals,
            paths: paths.all,
            roots: paths.roots,
        }
    }

    /// Returns the number of call paths.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.paths.len()
    }

    /// Returns true without call paths.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    pub(super) fn children(&self, at: Option<usize>) -> &[usize] {
        at.map(|at| self.paths[at].children.as_slice()).unwrap_or_default()
    }
}

/// Call paths in order of discovery, parents first.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) all: Vec<CallPath>,
    pub(super) roots: Vec<usize>,
    known: HashMap<(Option<usize>, Name), usize>,
}

impl Paths {
    /// Returns the index of the path with this name under `above`, inserting it if new.
    pub(super) fn at(&mut self, above: Option<usize>, name: Name) -> usize {
        let new = self.all.len();
        let (service, span, kind) = name.clone();
        match self.known.entry((above, name)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => {
                place.insert(new);
                self.all.push(CallPath {
                    service,
                    name: span,
                    kind,
                    sums: Sums::default(),
                    first: None,
                    children: Vec::new(),
                });
                match above {
                    Some(above) => self.all[above].children.push(new),
                    None => self.roots.push(new),
                }
                new
            }
        }
    }
}

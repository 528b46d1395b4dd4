//! Cost of an arrangement.

use crate::Graph;
use crate::layers::Layers;
use crate::packing::Packing;

/// Cost of a crossing, in trunk cells.
const CROSSING: usize = 6;
/// Cost of a row of the picture, in trunk cells.
const ROW: usize = 2;

/// Cost of an arrangement; lower is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) crossings: usize,
    /// Cells of all trunks.
    length: usize,
    height: usize,
}

impl Cost {
    /// `among`: crossings of trunks with lines of other trunks in the same channel.
    pub(crate) fn new(graph: &Graph, layers: &Layers, packing: &Packing, among: usize) -> Self {
        let mut passing = vec![Vec::new(); layers.count];
        for (at, edge) in graph.edges.iter().enumerate() {
            let (from, to) = (layers.of[edge.from], layers.of[edge.to]);
            // Channels that the edge passes, excluding that of its trunk.
            let channels = if layers.is_backward[at] { to..from } else { from + 1..to };
            channels.for_each(|channel| passing[channel].push(packing.rows[at]));
        }
        let span = |node: usize| {
            let rows = layers.out[node].iter().map(|at| packing.rows[*at]);
            let stub = packing.stubs[node];
            rows.fold((stub, stub), |(first, last), row| (first.min(row), last.max(row)))
        };
        let spans: Vec<_> = (0..graph.nodes.len()).map(span).collect();
        // A straight line has no trunk, but crosses those of others.
        for (node, (first, last)) in spans.iter().enumerate() {
            if first == last && !layers.out[node].is_empty() {
                passing[layers.of[node]].push(*first);
            }
        }
        let (mut crossings, mut length) = (among, 0);
        for (node, (first, last)) in spans.iter().enumerate() {
            length += last - first;
            let passed = passing[layers.of[node]].iter().filter(|row| first < *row && *row < last);
            crossings += passed.count();
        }
        Self {
            crossings,
            length,
            height: packing.height(),
        }
    }

    pub(crate) fn total(self) -> usize {
        self.crossings * CROSSING + self.length + self.height * ROW
    }
}

//! Column of each trunk within its channel.

use crate::Graph;
use crate::layers::Layers;
use crate::packing::Packing;

/// Columns of trunks, counted within their channel.
#[derive(Clone, Debug)]
pub(crate) struct Tracks {
    /// Column of each node's trunk; `None` for nodes whose lines are all in one row.
    pub(crate) of: Vec<Option<usize>>,
    /// Columns of each channel.
    pub(crate) counts: Vec<usize>,
}

/// A vertical line with the horizontal ones that start there.
struct Trunk {
    node: usize,
    first: usize,
    last: usize,
    /// Rows to its left.
    left: Vec<usize>,
    /// Rows to its right.
    right: Vec<usize>,
}

impl Trunk {
    fn new(graph: &Graph, layers: &Layers, packing: &Packing, node: usize) -> Option<Self> {
        let (mut left, mut right) = (vec![packing.stubs[node]], Vec::new());
        for &at in &layers.out[node] {
            let side = if layers.is_backward[at] { &mut left } else { &mut right };
            side.push(packing.rows[at]);
            debug_assert_eq!(graph.edges[at].from, node);
        }
        let rows = || left.iter().chain(&right).copied();
        let (first, last) = (rows().min()?, rows().max()?);
        (first < last).then_some(Self {
            node,
            first,
            last,
            left,
            right,
        })
    }

    fn spans(&self, row: usize) -> bool {
        self.first <= row && row <= self.last
    }

    /// Counts the crossings of two trunks if this one is left of the other.
    fn crossings(&self, other: &Self) -> usize {
        let count = |rows: &[usize], trunk: &Self| rows.iter().filter(|row| trunk.spans(**row)).count();
        count(&self.right, other) + count(&other.left, self)
    }

    /// Returns true if both fit into one column.
    fn is_apart(&self, other: &Self) -> bool {
        self.last + 1 < other.first || other.last + 1 < self.first
    }
}

impl Tracks {
    /// Assigns columns, and counts the crossings among trunks of one channel.
    pub(crate) fn new(graph: &Graph, layers: &Layers, packing: &Packing) -> (Self, usize) {
        let mut tracks = Self {
            of: vec![None; graph.nodes.len()],
            counts: vec![0; layers.count],
        };
        let mut channels: Vec<Vec<Trunk>> = Vec::new();
        channels.resize_with(layers.count, Vec::new);
        for node in 0..graph.nodes.len() {
            if !layers.out[node].is_empty()
                && let Some(trunk) = Trunk::new(graph, layers, packing, node)
            {
                channels[layers.of[node]].push(trunk);
            }
        }
        let mut crossings = 0;
        for (channel, trunks) in channels.iter_mut().enumerate() {
            sort(trunks);
            for (at, trunk) in trunks.iter().enumerate() {
                let before = trunks[..at].iter().filter(|other| !other.is_apart(trunk));
                let column = before
                    .filter_map(|other| tracks.of[other.node])
                    .max()
                    .map_or(0, |column| column + 1);
                tracks.of[trunk.node] = Some(column);
                tracks.counts[channel] = tracks.counts[channel].max(column + 1);
                crossings += trunks[..at].iter().map(|other| other.crossings(trunk)).sum::<usize>();
            }
        }
        (tracks, crossings)
    }
}

/// Swaps neighbors while that removes crossings.
fn sort(trunks: &mut [Trunk]) {
    trunks.sort_by_key(|trunk| (trunk.left[0], trunk.node));
    for _ in 0..trunks.len() {
        let mut is_sorted = true;
        for at in 1..trunks.len() {
            let (left, right) = (&trunks[at - 1], &trunks[at]);
            if right.crossings(left) < left.crossings(right) {
                trunks.swap(at - 1, at);
                is_sorted = false;
            }
        }
        if is_sorted {
            return;
        }
    }
}

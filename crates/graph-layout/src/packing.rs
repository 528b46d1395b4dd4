//! Rows of nodes and edges.

use crate::Graph;
use crate::layers::Layers;

/// Rows of all nodes and edges. A node and the rows of its incoming edges form one shape, a comb; combs are placed one by one at
/// the first position without overlap.
#[derive(Clone, Debug)]
pub(crate) struct Packing {
    /// First row of each node.
    pub(crate) tops: Vec<usize>,
    pub(crate) heights: Vec<usize>,
    /// Row of the stub of each node.
    pub(crate) stubs: Vec<usize>,
    /// Row of each edge.
    pub(crate) rows: Vec<usize>,
    /// Cells visited.
    pub(crate) work: u64,
}

const FREE: usize = 0;
const NODE: usize = 1;

/// Users of the rows of each layer (even indexes) and of the channel after it (odd ones).
struct Grid {
    columns: Vec<Vec<usize>>,
    work: u64,
}

impl Grid {
    fn at(&mut self, column: usize, row: usize) -> usize {
        self.work += 1;
        self.columns[column].get(row).copied().unwrap_or(FREE)
    }

    fn set(&mut self, column: usize, row: usize, user: usize) {
        let rows = &mut self.columns[column];
        if rows.len() <= row {
            rows.resize(row + 1, FREE);
        }
        rows[row] = user;
    }

    fn is_free_for(&mut self, wire: &Wire, row: usize) -> bool {
        (wire.first..=wire.last).all(|column| {
            let user = self.at(column, row);
            user == FREE || user == wire.user
        })
    }
}

/// A horizontal line through some columns of the grid.
struct Wire {
    edge: usize,
    user: usize,
    first: usize,
    last: usize,
}

/// Position of a node's comb.
struct CombPosition {
    top: usize,
    /// Row of the stub below `top`.
    stub: usize,
}

impl Packing {
    /// Places nodes in this order.
    pub(crate) fn new(graph: &Graph, layers: &Layers, order: &[usize]) -> Self {
        let count = graph.nodes.len();
        let mut packing = Self {
            tops: vec![usize::MAX; count],
            heights: vec![0; count],
            stubs: vec![0; count],
            rows: vec![0; graph.edges.len()],
            work: 0,
        };
        let mut grid = Grid {
            columns: vec![Vec::new(); 2 * layers.count],
            work: 0,
        };
        let mut ranks = vec![0; count];
        for (rank, node) in order.iter().enumerate() {
            ranks[*node] = rank;
        }
        for &node in order {
            packing.place(graph, layers, &ranks, node, &mut grid);
        }
        packing.work = grid.work;
        packing
    }

    /// Returns the rows of the picture.
    pub(crate) fn height(&self) -> usize {
        let bottoms = self.tops.iter().zip(&self.heights).map(|(top, height)| top + height);
        bottoms.max().unwrap_or(0)
    }

    fn place(&mut self, graph: &Graph, layers: &Layers, ranks: &[usize], node: usize, grid: &mut Grid) {
        let layer = layers.of[node];
        let (backward, forward): (Vec<usize>, Vec<usize>) = layers.into[node].iter().partition(|at| layers.is_backward[**at]);
        let has_stub = !layers.out[node].is_empty();
        let mut left: Vec<Wire> = (forward.into_iter())
            .map(|edge| {
                let from = graph.edges[edge].from;
                Wire {
                    edge,
                    user: NODE + 1 + from,
                    first: 2 * layers.of[from] + 1,
                    last: 2 * layer - 1,
                }
            })
            .collect();
        // Edges from above enter above those from below; edges of one source keep their order.
        left.sort_by_key(|wire| {
            let from = graph.edges[wire.edge].from;
            (self.tops[from], ranks[from], wire.edge)
        });
        let right: Vec<Wire> = (backward.into_iter())
            .map(|edge| {
                let from = graph.edges[edge].from;
                Wire {
                    edge,
                    // A backward line never joins a forward one.
                    user: NODE + 1 + graph.nodes.len() + from,
                    first: 2 * layer + 1,
                    last: 2 * layers.of[from] + 1,
                }
            })
            .collect();
        let height = graph.nodes[node]
            .height
            .max(1)
            .max(left.len())
            .max(right.len() + usize::from(has_stub));
        let place = self.first_fit(graph, layers, node, height, (&left, &right), grid);
        self.tops[node] = place.top;
        self.heights[node] = height;
        self.stubs[node] = place.top + place.stub;
        (place.top..place.top + height).for_each(|row| grid.set(2 * layer, row, NODE));
        if has_stub {
            grid.set(2 * layer + 1, self.stubs[node], NODE + 1 + node);
        }
        let right = right.iter().zip(right_rows(&place, has_stub));
        for (wire, row) in left.iter().zip(place.top..).chain(right) {
            self.rows[wire.edge] = row;
            (wire.first..=wire.last).for_each(|column| grid.set(column, row, wire.user));
        }
    }

    fn first_fit(
        &self,
        graph: &Graph,
        layers: &Layers,
        node: usize,
        height: usize,
        (left, right): (&[Wire], &[Wire]),
        grid: &mut Grid,
    ) -> CombPosition {
        let (layer, has_stub) = (layers.of[node], !layers.out[node].is_empty());
        let stubs = if has_stub { height } else { 1 };
        // A node with placed targets starts at the first of them.
        let is_placed = |at: &&usize| !layers.is_backward[**at] && self.tops[graph.edges[**at].to] != usize::MAX;
        let targets = layers.out[node].iter().filter(is_placed).map(|at| self.rows[*at]);
        let mut top = targets.min().unwrap_or(0);
        loop {
            // A blank row separates nodes of one layer.
            let taken = (top..top + height).rev().find(|row| grid.at(2 * layer, *row) != FREE);
            let touches = (top > 0 && grid.at(2 * layer, top - 1) == NODE) || grid.at(2 * layer, top + height) == NODE;
            if let Some(row) = taken {
                top = row + 1;
                continue;
            }
            if !touches && left.iter().zip(top..).all(|(wire, row)| grid.is_free_for(wire, row)) {
                for stub in 0..stubs {
                    let place = CombPosition { top, stub };
                    let user = grid.at(2 * layer + 1, top + stub);
                    let is_stub_free = !has_stub || user == FREE || user == NODE + 1 + node;
                    let mut rows = right.iter().zip(right_rows(&place, has_stub));
                    if is_stub_free && rows.all(|(wire, row)| grid.is_free_for(wire, row)) {
                        return place;
                    }
                }
            }
            top += 1;
        }
    }
}

/// Returns the rows at the right side of a node that its stub leaves free.
fn right_rows(place: &CombPosition, has_stub: bool) -> impl Iterator<Item = usize> + use<> {
    let (top, stub) = (place.top, has_stub.then_some(place.top + place.stub));
    (top..).filter(move |row| Some(*row) != stub)
}

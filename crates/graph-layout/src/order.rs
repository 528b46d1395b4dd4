//! Order of placing nodes: a bounded search for few crossings and short lines.

use crate::cost::Cost;
use crate::layers::Layers;
use crate::packing::Packing;
use crate::tracks::Tracks;
use crate::{Graph, WORK_MAX};

/// Passes that put each node near its neighbors.
const SWEEPS: usize = 8;

/// The best arrangement found.
pub(crate) struct Search {
    pub(crate) packing: Packing,
    pub(crate) tracks: Tracks,
    pub(crate) cost: Cost,
    /// Cells visited.
    pub(crate) work: u64,
}

impl Search {
    /// Arranges a graph: depth first, in both directions, then by barycenters, then by moves of single nodes.
    pub(crate) fn run(graph: &Graph, layers: &Layers) -> Self {
        let mut order: Vec<usize> = layers.topological.iter().rev().copied().collect();
        let mut best = Self::of(graph, layers, &order);
        if best.improve(graph, layers, &layers.topological) {
            order.clone_from(&layers.topological);
        }
        let mut sweep = order.clone();
        for pass in 0..SWEEPS {
            if best.work >= WORK_MAX {
                return best;
            }
            sweep.sort_by_cached_key(|node| barycenter(graph, layers, &best.packing, pass, *node));
            if best.improve(graph, layers, &sweep) {
                order.clone_from(&sweep);
            }
        }
        best.move_nodes(graph, layers, &mut order);
        best
    }

    fn of(graph: &Graph, layers: &Layers, order: &[usize]) -> Self {
        let packing = Packing::new(graph, layers, order);
        let (tracks, among) = Tracks::new(graph, layers, &packing);
        let cost = Cost::new(graph, layers, &packing, among);
        let work = packing.work + (graph.nodes.len() + graph.edges.len()) as u64;
        Self {
            packing,
            tracks,
            cost,
            work,
        }
    }

    /// Replaces the arrangement if another order is better; returns true if so.
    fn improve(&mut self, graph: &Graph, layers: &Layers, order: &[usize]) -> bool {
        let other = Self::of(graph, layers, order);
        self.work += other.work;
        let is_better = other.cost.total() < self.cost.total();
        if is_better {
            let work = self.work;
            *self = Self { work, ..other };
        }
        is_better
    }

    /// Moves single nodes within the order while that helps and [`WORK_MAX`] allows.
    fn move_nodes(&mut self, graph: &Graph, layers: &Layers, order: &mut Vec<usize>) {
        let mut distance = order.len();
        loop {
            let mut is_improved = false;
            for at in 0..order.len() {
                for to in [at.checked_sub(distance), Some(at + distance).filter(|to| *to < order.len())] {
                    let Some(to) = to else { continue };
                    if self.work >= WORK_MAX {
                        return;
                    }
                    let node = order.remove(at);
                    order.insert(to, node);
                    if self.improve(graph, layers, order) {
                        is_improved = true;
                        break;
                    }
                    order.remove(to);
                    order.insert(at, node);
                }
            }
            match (is_improved, distance) {
                (false, 0 | 1) => return,
                (false, _) => distance /= 2,
                (true, _) => {}
            }
        }
    }
}

/// Returns the mean row of a node's neighbors: by pass, of predecessors, successors, or both; its own row if it has none.
fn barycenter(graph: &Graph, layers: &Layers, packing: &Packing, pass: usize, node: usize) -> (usize, usize) {
    let before = layers.into[node].iter().map(|at| packing.stubs[graph.edges[*at].from]);
    let after = layers.out[node].iter().map(|at| packing.rows[*at]);
    let rows: Vec<usize> = match pass % 3 {
        0 => before.collect(),
        1 => after.collect(),
        _ => before.chain(after).collect(),
    };
    // In hundredths, so that two means are rarely equal.
    let mean = (rows.iter().sum::<usize>() * 100).checked_div(rows.len());
    (mean.unwrap_or(packing.tops[node] * 100), packing.tops[node])
}

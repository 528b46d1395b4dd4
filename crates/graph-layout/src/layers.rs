//! Backward edges, and the layer of each node.

use crate::Graph;

/// Layers from left to right.
#[derive(Debug)]
pub(crate) struct Layers {
    /// Layer of each node.
    pub(crate) of: Vec<usize>,
    pub(crate) count: usize,
    /// True if the edge closes a cycle; then its target is in an earlier layer, or is its source.
    pub(crate) is_backward: Vec<bool>,
    /// Edges that leave each node.
    pub(crate) out: Vec<Vec<usize>>,
    /// Edges that enter each node.
    pub(crate) into: Vec<Vec<usize>>,
    /// Topological order, ignoring backward edges.
    pub(crate) topological: Vec<usize>,
}

impl Layers {
    pub(crate) fn new(graph: &Graph) -> Self {
        let count = graph.nodes.len();
        let (mut out, mut into) = (vec![Vec::new(); count], vec![Vec::new(); count]);
        for (at, edge) in graph.edges.iter().enumerate() {
            out[edge.from].push(at);
            into[edge.to].push(at);
        }
        let (topological, is_backward) = search(graph, &out, &into);
        let mut layers = Self {
            of: vec![0; count],
            count: 0,
            is_backward,
            out,
            into,
            topological,
        };
        layers.assign(graph);
        layers
    }

    fn assign(&mut self, graph: &Graph) {
        // The longest path from a source.
        for &node in &self.topological {
            for &at in self.out[node].iter().filter(|at| !self.is_backward[**at]) {
                let to = graph.edges[at].to;
                self.of[to] = self.of[to].max(self.of[node] + 1);
            }
        }
        // A node with more outgoing than incoming edges shortens them when further right.
        for &node in self.topological.iter().rev() {
            let forward = |edges: &[usize]| edges.iter().filter(|at| !self.is_backward[**at]).count();
            let targets = self.out[node].iter().filter(|at| !self.is_backward[**at]);
            let nearest = targets.map(|at| self.of[graph.edges[*at].to]).min();
            if let Some(nearest) = nearest.filter(|_| forward(&self.out[node]) > forward(&self.into[node])) {
                self.of[node] = nearest - 1;
            }
        }
        let used = self.of.iter().max().map_or(0, |last| last + 1);
        let mut numbers = vec![None; used];
        for (node, layer) in self.of.iter().enumerate() {
            if !(self.out[node].is_empty() && self.into[node].is_empty()) {
                numbers[*layer] = Some(0);
            }
        }
        for number in numbers.iter_mut().flatten() {
            *number = self.count;
            self.count += 1;
        }
        self.count = self.count.max(usize::from(used > 0));
        // Nodes without edges are spread over all layers.
        let mut alone = 0;
        for node in 0..self.of.len() {
            self.of[node] = numbers[self.of[node]].unwrap_or(0);
            if self.out[node].is_empty() && self.into[node].is_empty() {
                self.of[node] = alone % self.count;
                alone += 1;
            }
        }
    }
}

/// Depth-first search from the sources, then from the rest: an edge to a node on the current path is backward.
/// Also returns a topological order of the other edges.
fn search(graph: &Graph, out: &[Vec<usize>], into: &[Vec<usize>]) -> (Vec<usize>, Vec<bool>) {
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut is_backward = vec![false; graph.edges.len()];
    let mut state = vec![State::New; graph.nodes.len()];
    let mut done = Vec::with_capacity(graph.nodes.len());
    let is_entered = |node: usize| into[node].iter().any(|at| graph.edges[*at].from != node);
    let (rest, sources): (Vec<usize>, Vec<usize>) = (0..graph.nodes.len()).partition(|node| is_entered(*node));
    for first in sources.into_iter().chain(rest) {
        let mut path = vec![(first, 0)];
        while let Some((node, next)) = path.pop() {
            if next == 0 {
                if state[node] != State::New {
                    continue;
                }
                state[node] = State::Open;
            }
            let Some(&at) = out[node].get(next) else {
                state[node] = State::Done;
                done.push(node);
                continue;
            };
            path.push((node, next + 1));
            let to = graph.edges[at].to;
            match state[to] {
                State::New => path.push((to, 0)),
                State::Open => is_backward[at] = true,
                State::Done => {}
            }
        }
    }
    done.reverse();
    (done, is_backward)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Edge, Size};

    fn layers(nodes: usize, edges: &[(usize, usize)]) -> Layers {
        let edge = |&(from, to): &(usize, usize)| Edge {
            from,
            to,
            label: 0,
            is_dashed: false,
        };
        Layers::new(&Graph {
            nodes: vec![Size { width: 1, height: 1 }; nodes],
            edges: edges.iter().map(edge).collect(),
        })
    }

    #[test]
    fn layers_follow_the_longest_path() {
        let layers = layers(5, &[(0, 1), (1, 2), (0, 2), (3, 2), (2, 4)]);
        assert_eq!(layers.of, [0, 1, 2, 1, 3], "3 is next to what it leads to");
        assert!(!layers.is_backward.contains(&true));
    }

    #[test]
    fn cycles_are_broken_where_they_close() {
        let layers = layers(4, &[(1, 2), (2, 3), (3, 1), (0, 1), (2, 2)]);
        assert_eq!(layers.is_backward, [false, false, true, false, true]);
        assert_eq!(layers.of, [0, 1, 2, 3]);
    }

    #[test]
    fn nodes_without_edges_are_spread() {
        assert_eq!(layers(3, &[]).of, [0, 0, 0]);
        assert_eq!(layers(5, &[(1, 3)]).of, [0, 0, 1, 1, 0]);
    }
}

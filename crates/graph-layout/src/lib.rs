//! Layered drawing of a directed graph on a grid of characters.
//!
//! Nodes are rectangles in columns (layers), from left to right. One trunk leaves each node: a stub from its right side, a vertical
//! line in the channel after its layer, and from there one straight branch for each edge, in a row that no other line uses. An edge
//! that closes a cycle leads back and ends at the right side of its target.
//!
//! ```text
//!                      ┌╌╌╌╌╌╌▶▌ queue ╌╌╌▶▌ mailer
//!                      │       ▌           ▌
//! ▌ web ─────▶▌ orders ●──────▶▌ payment ┐
//! ▌           ▌    ◀───┤       ▌         │
//! ▌           ▌    ◀───┼─────────────────┘
//!                      └──────▶▌ stock
//! ```
//!
//! The framework is Sugiyama's (K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System
//! Structures", 1981): cycles are broken, nodes get layers, a search orders them for few crossings, coordinates follow. The
//! position of edges differs. In the usual form a long edge is a chain of dummy nodes, one for each layer, with a bend at each.
//! Here an edge is one row for its whole length, so a node together with the rows of its incoming edges is one shape, and shapes
//! are packed below one another.
//!
//! **Invariants** for every graph: no line passes through a node; horizontal lines of two nodes never share a cell, nor do
//! vertical ones; lines of two nodes meet only where they cross at a right angle. So a picture can be parsed into its graph, and
//! the tests do that. The result is a function of the [`Graph`], and the work is bounded by [`WORK_MAX`] steps after the first
//! arrangement.
//!
//! Alternatives considered: `rust-sugiyama` returns node coordinates only, without the dummy nodes that routing needs;
//! `ascii-dag` routes each edge separately and needs a newer compiler than this workspace.
//!
//! ```
//! use graph_layout::{Canvas, Edge, Graph, Layout, Size};
//!
//! let node = Size { width: 3, height: 2 };
//! let edge = Edge { from: 0, to: 1, label: 0, is_dashed: false };
//! let layout = Layout::new(&Graph { nodes: vec![node; 2], edges: vec![edge] });
//! let canvas = Canvas::new(&layout, |_| false);
//! assert_eq!(canvas.text(), ["   ─▶", ""]);
//! ```

#![warn(missing_docs)]

mod canvas;
mod cost;
mod glyph;
mod layers;
mod order;
mod packing;
mod tracks;

pub use canvas::{Canvas, Stroke};
use layers::Layers;
use order::Search;
use packing::Packing;
use tracks::Tracks;

/// Upper bound on the steps of the search for fewer crossings: cells visited.
pub const WORK_MAX: u64 = 400_000;

/// Columns around a label: a piece of line and a blank before it, a blank and the arrow after it.
const LABEL_MARGIN: usize = 4;
/// Columns of an arrow alone.
const ARROW: usize = 2;

/// A graph to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Sizes of the nodes.
    pub nodes: Vec<Size>,
    /// Edges between them. Several may have the same ends.
    pub edges: Vec<Edge>,
}

/// Size of a node in cells; a node with many edges may become higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// An edge between two nodes, or from a node to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Index of its source in [`Graph::nodes`].
    pub from: usize,
    /// Index of its target.
    pub to: usize,
    /// Columns reserved for a label; 0 for none.
    pub label: usize,
    /// True for a dashed line.
    pub is_dashed: bool,
}

/// A rectangle of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Its left column.
    pub x: usize,
    /// Its upper row.
    pub y: usize,
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// Position of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index of its source.
    pub from: usize,
    /// Index of its target.
    pub to: usize,
    /// Column of the source's right side, where its stub starts.
    pub stub_x: usize,
    /// Row of the stub.
    pub stub_y: usize,
    /// Column of the source's trunk; `None` if the edge is one straight line.
    pub trunk_x: Option<usize>,
    /// Row of the branch, the label and the arrow.
    pub y: usize,
    /// Column of the arrow's head.
    pub head_x: usize,
    /// Area of the label, of the requested width.
    pub label: Area,
    /// True if it leads to an earlier layer or to its own source.
    pub is_backward: bool,
    /// True for a dashed line.
    pub is_dashed: bool,
    /// True if the trunk, which all edges of its source share, is dashed.
    pub is_trunk_dashed: bool,
}

/// Positions of a graph's nodes and edges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Areas of the nodes.
    pub nodes: Vec<Area>,
    /// Layer of each node.
    pub layers: Vec<usize>,
    /// Routes of the edges.
    pub edges: Vec<Route>,
    /// Number of crossings of two lines.
    pub crossings: usize,
    /// Steps taken by the layout.
    pub work: u64,
}

impl Layout {
    /// Computes the layout of a graph.
    ///
    /// # Panics
    /// An edge names a node that does not exist.
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        let layers = Layers::new(graph);
        let Search {
            packing,
            tracks,
            cost,
            work,
        } = Search::run(graph, &layers);
        let columns = Columns::new(graph, &layers, &tracks);
        let nodes: Vec<Area> = (graph.nodes.iter().enumerate())
            .map(|(at, size)| Area {
                x: columns.layers[layers.of[at]],
                y: packing.tops[at],
                width: size.width,
                height: packing.heights[at],
            })
            .collect();
        let edges = (0..graph.edges.len()).map(|at| columns.route(graph, &layers, &packing, &tracks, at));
        Self {
            width: columns.width,
            height: packing.height(),
            edges: edges.collect(),
            nodes,
            crossings: cost.crossings,
            layers: layers.of,
            work,
        }
    }

    /// Returns the node at a cell.
    #[must_use]
    pub fn node_at(&self, x: usize, y: usize) -> Option<usize> {
        let holds = |area: &Area| (area.x..area.x + area.width).contains(&x) && (area.y..area.y + area.height).contains(&y);
        self.nodes.iter().position(holds)
    }
}

/// Columns of the picture.
struct Columns {
    /// Start of each layer.
    layers: Vec<usize>,
    /// End of each layer's nodes.
    ends: Vec<usize>,
    /// Column of the first trunk in the channel after each layer.
    trunks: Vec<usize>,
    width: usize,
}

impl Columns {
    fn new(graph: &Graph, layers: &Layers, tracks: &Tracks) -> Self {
        let label = |edge: &Edge| if edge.label == 0 { ARROW } else { edge.label + LABEL_MARGIN };
        let (mut before, mut after) = (vec![0; layers.count + 1], vec![0; layers.count + 1]);
        for (at, edge) in graph.edges.iter().enumerate() {
            let layer = layers.of[edge.to];
            let zone = if layers.is_backward[at] {
                &mut after[layer]
            } else {
                &mut before[layer]
            };
            *zone = label(edge).max(*zone);
        }
        let mut columns = Self {
            layers: Vec::new(),
            ends: Vec::new(),
            trunks: Vec::new(),
            width: 0,
        };
        for layer in 0..layers.count {
            let widths = graph.nodes.iter().zip(&layers.of).filter(|(_, of)| **of == layer);
            let end = columns.width + widths.map(|(size, _)| size.width).max().unwrap_or(0);
            let first = end + after[layer] + 1;
            columns.layers.push(columns.width);
            columns.ends.push(end);
            columns.trunks.push(first);
            columns.width = match (tracks.counts[layer], before[layer + 1]) {
                (0, 0) => end + after[layer],
                (0, zone) => end + after[layer] + zone,
                (count, zone) => first + 2 * count - 1 + zone,
            };
        }
        columns
    }

    fn route(&self, graph: &Graph, layers: &Layers, packing: &Packing, tracks: &Tracks, at: usize) -> Route {
        let edge = &graph.edges[at];
        let (from, to) = (layers.of[edge.from], layers.of[edge.to]);
        let is_backward = layers.is_backward[at];
        let y = packing.rows[at];
        // For nodes narrower than their layer, lines start and end at the node's own sides.
        let (head_x, label_x) = if is_backward {
            (self.layers[to] + graph.nodes[edge.to].width, self.ends[to] + 3)
        } else {
            (self.layers[to] - 1, (self.layers[to] - 1).saturating_sub(edge.label + 1))
        };
        Route {
            from: edge.from,
            to: edge.to,
            stub_x: self.layers[from] + graph.nodes[edge.from].width,
            stub_y: packing.stubs[edge.from],
            trunk_x: tracks.of[edge.from].map(|track| self.trunks[from] + 2 * track),
            y,
            head_x,
            label: Area {
                x: label_x,
                y,
                width: edge.label,
                height: usize::from(edge.label > 0),
            },
            is_backward,
            is_dashed: edge.is_dashed,
            is_trunk_dashed: layers.out[edge.from].iter().all(|at| graph.edges[*at].is_dashed),
        }
    }
}

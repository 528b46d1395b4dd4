//! The service map as a picture: which node is selected, which part of the picture is in view.

use std::sync::Arc;

use graph_layout::{Area, Canvas, Edge as DrawnEdge, Graph, Layout, Size};
use trace_stats::{Callee, Counted, GraphEdge, Party, Queue, QueueAction, ServiceGraph, Survey};

use super::PictureParts;
use super::calls::{CallRow, Calls};
use crate::format::service_name;
use crate::table::{SortOrder, TableState};
use crate::text::clusters;
use crate::{Action, List, ListFilter, window};

/// Columns of the figures on an edge: calls, median, errors. They never depend on the figures, so that nothing moves when these change.
pub const CALLS_COLUMNS: usize = 4;
/// See [`CALLS_COLUMNS`].
pub const LATENCY_COLUMNS: usize = 7;
/// See [`CALLS_COLUMNS`].
pub const ERRORS_COLUMNS: usize = 5;
const LABEL_COLUMNS: usize = CALLS_COLUMNS + 1 + LATENCY_COLUMNS + 1 + ERRORS_COLUMNS;

/// Columns of a node without its name: its border, the cursor, and the mark of a peer.
pub const MARK_COLUMNS: usize = 2;
/// Columns of a node, so that its own figures fit.
const NODE_COLUMNS: std::ops::RangeInclusive<usize> = 12..=26;
/// Rows of a node: name and figures.
const NODE_ROWS: usize = 2;

/// A picture of more nodes or edges says less than the tree.
const NODES_MAX: usize = 300;
const EDGES_MAX: usize = 1_000;

/// Key of a row of the list below the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKey {
    Edge(Arc<str>, Callee, bool, Option<Queue>),
    Use(Arc<str>, Queue, QueueAction),
}

/// The picture's state.
#[derive(Debug)]
pub struct MapPicture {
    graph: ServiceGraph,
    drawn: Graph,
    layout: Layout,
    canvas: Canvas,
    /// Number of layouts computed.
    layouts: u64,
    selected: Option<Party>,
    /// Its index.
    position: usize,
    /// Column and row of the picture at the upper left corner of its pane.
    first: (usize, usize),
    /// Empty until they are made.
    rows: Vec<Counted>,
    table: TableState<RowKey>,
    /// True if keys move in the list below.
    is_in_list: bool,
}

impl Default for MapPicture {
    fn default() -> Self {
        Self {
            graph: ServiceGraph::default(),
            drawn: Graph::default(),
            layout: Layout::default(),
            canvas: Canvas::default(),
            layouts: 0,
            selected: None,
            position: 0,
            first: (0, 0),
            rows: Vec::new(),
            table: TableState::sorted::<Calls>(),
            is_in_list: false,
        }
    }
}

impl MapPicture {
    /// Nodes and edges, in the order of [`MapPicture::layout`].
    #[must_use]
    pub const fn graph(&self) -> &ServiceGraph {
        &self.graph
    }

    /// Returns the layout.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The lines; those of the selected node are strong.
    #[must_use]
    pub const fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    /// Index of the selected node; `None` without nodes.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        (self.position < self.graph.parties.len()).then_some(self.position)
    }

    /// Column and row of the picture at the upper left corner of its pane.
    #[must_use]
    pub const fn first(&self) -> (usize, usize) {
        self.first
    }

    /// Returns true if keys move in the list below instead of the picture.
    #[must_use]
    pub const fn is_in_list(&self) -> bool {
        self.is_in_list
    }

    /// Returns the number of layouts computed so far.
    #[must_use]
    pub const fn layouts(&self) -> u64 {
        self.layouts
    }

    /// The list below: its rows' keys, and the cursor.
    #[must_use]
    pub const fn table(&self) -> &TableState<RowKey> {
        &self.table
    }

    /// Returns the calls under the cursor: one row of the list, or all of them.
    pub(super) fn selected(&self, survey: &Survey) -> Vec<Counted> {
        let at = self.table.position();
        match (&self.selected, self.rows.get(at)) {
            (_, Some(row)) if self.is_in_list => vec![*row],
            // Its rows may not be made yet.
            (Some(party), _) => ServiceGraph::details(survey, party),
            (None, _) => Vec::new(),
        }
    }

    /// Returns true if the graph is small enough for a picture.
    pub(super) fn is_drawn(&self) -> bool {
        self.layout.nodes.len() == self.graph.parties.len()
    }

    /// Takes the graph of a new survey; a layout is made only if it is another graph.
    pub(super) fn take(&mut self, graph: ServiceGraph) {
        let can_draw = graph.parties.len() <= NODES_MAX && graph.edges.len() <= EDGES_MAX;
        let drawn = if can_draw { drawn(&graph) } else { Graph::default() };
        if drawn != self.drawn {
            self.layout = Layout::new(&drawn);
            self.layouts += 1;
            self.drawn = drawn;
        }
        self.graph = graph;
        let at = match &self.selected {
            Some(selected) => self.graph.parties.iter().position(|party| party == selected),
            None => self.neighbor(Action::First),
        };
        self.select(at.unwrap_or(self.position));
    }

    /// Selects a node. Its rows follow in [`MapPicture::fit`].
    pub(super) fn select(&mut self, position: usize) {
        self.position = position.min(self.graph.parties.len().saturating_sub(1));
        let party = self.graph.parties.get(self.position);
        if self.selected.as_ref() != party {
            self.selected = party.cloned();
            self.table.set_keys(Vec::new());
            self.table.restart();
            self.is_in_list = false;
        }
        self.rows.clear();
        let (edges, at) = (&self.graph.edges, self.position);
        let is_strong = |edge: &GraphEdge| edge.from == at || edge.to == at;
        self.canvas = Canvas::new(&self.layout, |at| edges.get(at).is_some_and(is_strong));
    }

    /// Lists what the selected node takes part in, and brings both cursors into view.
    pub(super) fn fit(&mut self, survey: &Survey, order: SortOrder, parts: PictureParts) {
        if let Some(party) = &self.selected
            && (self.rows.is_empty() || self.table.order() != order)
        {
            self.rows = ServiceGraph::details(survey, party);
            self.rows.sort_by_key(|row| other(survey, *row, party));
            order.sort::<Calls, _>(&mut self.rows, |row| CallRow::side(survey, *row, party, 0));
            self.table.set_order(order);
            self.table
                .set_keys(self.rows.iter().filter_map(|row| key(survey, *row)).collect());
        }
        self.lay_out(survey, parts);
        let Some(node) = self.layout.nodes.get(self.position) else {
            return;
        };
        let shown = |first: usize, at: usize, size: usize, room: u16, whole: usize| {
            let room = usize::from(room).max(1);
            // Its end first: of a node that is larger than the pane the beginning is in view.
            let first = window(window(first, at + size - 1, room), at, room);
            first.min(whole.saturating_sub(room))
        };
        self.first = (
            shown(self.first.0, node.x, node.width, parts.picture.width, self.layout.width),
            shown(self.first.1, node.y, node.height, parts.picture.height, self.layout.height),
        );
    }

    fn lay_out(&mut self, survey: &Survey, parts: PictureParts) {
        let Some(node) = &self.selected else { return };
        self.table.fit(parts.rows.height.into());
        let visible = self.table.visible().filter_map(|(at, _)| self.rows.get(at)?.figures(survey));
        let most = visible.map(|figures| figures.calls).max().unwrap_or(1);
        let rows = &self.rows;
        self.table.lay_out::<Calls>(parts.title, parts.rows, |at| {
            CallRow::side(survey, *rows.get(at)?, node, most)
        });
    }

    /// Moves in the picture or in the list below it.
    pub(super) fn update(&mut self, action: Action) {
        if self.is_in_list {
            self.table.move_by(action);
            return;
        }
        if let Some(next) = self.neighbor(action) {
            self.select(next);
        }
    }

    /// Goes to the list below, or back.
    pub(super) fn switch(&mut self) {
        self.is_in_list = !self.is_in_list && !self.rows.is_empty();
    }

    /// The node at a cell of the pane.
    pub(super) fn node_at(&self, x: usize, y: usize) -> Option<usize> {
        self.layout.node_at(self.first.0 + x, self.first.1 + y)
    }

    /// Puts the cursor on a row of the list in view; whether it was there already.
    pub(super) fn select_row(&mut self, row: usize) -> Option<bool> {
        let was_in_list = self.is_in_list;
        let again = self.table.select_row(row)?;
        self.is_in_list = true;
        Some(again && was_in_list)
    }

    /// The next node of the same layer, or the nearest one of another.
    fn neighbor(&self, action: Action) -> Option<usize> {
        let (nodes, layers) = (&self.layout.nodes, &self.layout.layers);
        let corner = |at: &usize| (nodes[*at].x, nodes[*at].y);
        match action {
            Action::First => return (0..nodes.len()).min_by_key(corner),
            Action::Last => return (0..nodes.len()).max_by_key(corner),
            _ => {}
        }
        let (node, layer) = (nodes.get(self.position)?, layers[self.position]);
        let of_layer = |wanted: usize| (0..nodes.len()).filter(move |at| layers[*at] == wanted);
        let middle = |area: &Area| 2 * area.y + area.height;
        let nearest = |at: &usize| (middle(&nodes[*at]).abs_diff(middle(node)), nodes[*at].y);
        match action {
            Action::Up => of_layer(layer)
                .filter(|at| nodes[*at].y < node.y)
                .max_by_key(|at| nodes[*at].y),
            Action::Down => of_layer(layer)
                .filter(|at| nodes[*at].y > node.y)
                .min_by_key(|at| nodes[*at].y),
            Action::PageUp => of_layer(layer).min_by_key(|at| nodes[*at].y),
            Action::PageDown => of_layer(layer).max_by_key(|at| nodes[*at].y),
            Action::Left => of_layer(layer.checked_sub(1)?).min_by_key(nearest),
            Action::Right => of_layer(layer + 1).min_by_key(nearest),
            _ => None,
        }
    }
}

/// The graph of a survey, with what words keep of it.
pub(super) fn graph(survey: &Survey, narrow: &ListFilter) -> ServiceGraph {
    ServiceGraph::new(survey, |names| narrow.keeps(names))
}

fn drawn(graph: &ServiceGraph) -> Graph {
    // No text is looked at beyond what is shown of it.
    let columns = |text: &str| {
        let widths = clusters(text).take(*NODE_COLUMNS.end()).map(|cluster| cluster.width);
        widths.sum::<usize>()
    };
    let size = |party: &Party| {
        let text = match party {
            Party::Service(name) => columns(&service_name(name)),
            Party::Queue(queue) => columns(&queue.name).max(columns(&queue.system) + " queue".len()),
            Party::Peer(name) => (columns(name) + "◇ ".chars().count()).max("uninstrumented".len()),
        };
        Size {
            width: (text + MARK_COLUMNS).clamp(*NODE_COLUMNS.start(), *NODE_COLUMNS.end()),
            height: NODE_ROWS,
        }
    };
    let edge = |of: &GraphEdge| DrawnEdge {
        from: of.from,
        to: of.to,
        label: LABEL_COLUMNS,
        is_dashed: of.is_message,
    };
    Graph {
        nodes: graph.parties.iter().map(size).collect(),
        edges: graph.edges.iter().map(edge).collect(),
    }
}

/// The name of the other side.
fn other<'a>(survey: &'a Survey, row: Counted, party: &Party) -> &'a str {
    match row {
        Counted::Edge(at) => survey.edges.get(at).map_or("", |edge| {
            let calls = matches!(party, Party::Service(name) if *name == edge.caller);
            if calls { edge.callee.name() } else { &edge.caller }
        }),
        Counted::Use(at) => survey.queue_uses.get(at).map_or("", |uses| match party {
            Party::Queue(_) => &uses.service,
            _ => &uses.queue.name,
        }),
    }
}

fn key(survey: &Survey, row: Counted) -> Option<RowKey> {
    Some(match row {
        Counted::Edge(at) => {
            let edge = survey.edges.get(at)?;
            RowKey::Edge(edge.caller.clone(), edge.callee.clone(), edge.messaging, edge.queue.clone())
        }
        Counted::Use(at) => {
            let uses = survey.queue_uses.get(at)?;
            RowKey::Use(uses.service.clone(), uses.queue.clone(), uses.action)
        }
    })
}

//! Properties of every graph: its picture can be parsed.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

use std::collections::HashSet;

use graph_layout::{Area, Canvas, Edge, Graph, Layout, Size, WORK_MAX};
use proptest::prelude::*;

fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
    let edge = |&(from, to): &(usize, usize)| Edge {
        from,
        to,
        label: 4,
        is_dashed: false,
    };
    Graph {
        nodes: vec![Size { width: 6, height: 2 }; nodes],
        edges: edges.iter().map(edge).collect(),
    }
}

fn graphs() -> impl Strategy<Value = Graph> {
    (1..14_usize).prop_flat_map(|count| {
        let node = (3..9_usize, 1..4_usize).prop_map(|(width, height)| Size { width, height });
        let edge = (0..count, 0..count, 0..9_usize, any::<bool>()).prop_map(|(from, to, label, is_dashed)| Edge {
            from,
            to,
            label,
            is_dashed,
        });
        let edges = prop::collection::vec(edge, 0..24);
        (prop::collection::vec(node, count), edges).prop_map(|(nodes, edges)| Graph { nodes, edges })
    })
}

/// Parser of a picture: characters of lines, and areas of the nodes.
struct Reader<'a> {
    rows: Vec<Vec<char>>,
    nodes: &'a [Area],
}

/// Arms of a character: left, right, up, down.
fn arms(glyph: char) -> [bool; 4] {
    let arms = match glyph {
        '─' | '╌' | '━' | '╍' => "1100",
        '│' | '╎' | '┃' | '╏' => "0011",
        '┌' | '┏' => "0101",
        '┐' | '┓' => "1001",
        '└' | '┗' => "0110",
        '┘' | '┛' => "1010",
        '├' | '┣' => "0111",
        '┤' | '┫' => "1011",
        '┬' | '┳' => "1101",
        '┴' | '┻' => "1110",
        '┼' | '┿' | '╂' | '╋' | '●' => "1111",
        other => panic!("{other:?} is not a line"),
    };
    let mut all = arms.chars().map(|arm| arm == '1');
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

impl Reader<'_> {
    fn at(&self, x: usize, y: usize) -> char {
        *self.rows.get(y).and_then(|row| row.get(x)).unwrap_or(&' ')
    }

    fn node_with(&self, is_it: impl Fn(&Area) -> bool) -> usize {
        self.nodes.iter().position(is_it).expect("an arrow points to a node")
    }

    /// Returns all edges, parsed from the characters alone.
    fn edges(&self) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        for (from, node) in self.nodes.iter().enumerate() {
            let x = node.x + node.width;
            let stubs: Vec<usize> = (node.y..node.y + node.height)
                .filter(|y| !" ◀".contains(self.at(x, *y)))
                .collect();
            assert!(stubs.len() <= 1, "one trunk leaves a node");
            for y in stubs {
                edges.extend(self.follow(x, y).into_iter().map(|to| (from, to)));
            }
        }
        edges.sort_unstable();
        edges
    }

    /// Returns the targets of the line that starts at a cell to the right of a node.
    fn follow(&self, x: usize, y: usize) -> Vec<usize> {
        const LEFT: usize = 0;
        const RIGHT: usize = 1;
        let mut targets = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![(x, y, RIGHT)];
        while let Some((x, y, direction)) = open.pop() {
            if !seen.insert((x, y, direction)) {
                continue;
            }
            let is_row_of = |node: &Area| (node.y..node.y + node.height).contains(&y);
            let glyph = self.at(x, y);
            match glyph {
                '▶' => targets.push(self.node_with(|node| node.x == x + 1 && is_row_of(node))),
                '◀' => targets.push(self.node_with(|node| node.x + node.width == x && is_row_of(node))),
                _ => {
                    let opposite = direction ^ 1;
                    // The first cell of a stub may be a joint; then its node is its left arm.
                    let is_entered = arms(glyph)[opposite] || (x, y, direction) == (open_at(self.nodes, x, y), y, RIGHT);
                    assert!(is_entered, "{glyph} at {x}, {y} leads back to where it was entered from");
                    let is_crossing = "┼┿╂╋".contains(glyph);
                    for (next, leads) in arms(glyph).into_iter().enumerate() {
                        if leads && next != opposite && (!is_crossing || next == direction) {
                            let (x, y) = match next {
                                LEFT => (x - 1, y),
                                RIGHT => (x + 1, y),
                                2 => (x, y - 1),
                                _ => (x, y + 1),
                            };
                            open.push((x, y, next));
                        }
                    }
                }
            }
        }
        targets
    }
}

/// Returns `x` if a node ends just before this cell.
fn open_at(nodes: &[Area], x: usize, y: usize) -> usize {
    let ends = |node: &&Area| node.x + node.width == x && (node.y..node.y + node.height).contains(&y);
    nodes.iter().find(ends).map_or(usize::MAX, |_| x)
}

fn check(graph: &Graph) -> Layout {
    let layout = Layout::new(graph);
    let canvas = Canvas::new(&layout, |at| at % 3 == 0);
    let rows: Vec<Vec<char>> = canvas.text().iter().map(|row| row.chars().collect()).collect();
    let picture = || canvas.text().join("\n");

    let mut wanted: Vec<_> = graph.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    wanted.sort_unstable();
    let reader = Reader {
        rows,
        nodes: &layout.nodes,
    };
    assert_eq!(reader.edges(), wanted, "{graph:?}\n{}", picture());

    let crossings = canvas.text().concat().chars().filter(|glyph| "┼┿╂╋".contains(*glyph)).count();
    assert_eq!(layout.crossings, crossings, "{}", picture());
    let mut taken = HashSet::new();
    for (node, size) in layout.nodes.iter().zip(&graph.nodes) {
        assert!(node.width == size.width && node.height >= size.height);
        for (x, y) in cells(node) {
            assert!(x < layout.width && y < layout.height);
            assert_eq!(canvas.stroke(x, y), None, "a line passes through a node\n{}", picture());
            assert!(taken.insert((x, y)), "nodes overlap\n{}", picture());
        }
    }
    for (at, route) in layout.edges.iter().enumerate() {
        let label = route.label;
        assert_eq!((label.width, label.y), (graph.edges[at].label, route.y));
        for (x, y) in cells(&label) {
            let glyph = canvas.stroke(x, y).expect("a label is on a line").glyph;
            assert!("─╌━╍".contains(glyph), "a label covers {glyph}\n{}", picture());
            assert!(taken.insert((x, y)), "labels overlap\n{}", picture());
        }
        assert_eq!(route.is_backward, layout.layers[route.to] <= layout.layers[route.from]);
    }
    layout
}

fn cells(area: &Area) -> impl Iterator<Item = (usize, usize)> + use<> {
    let Area { x, y, width, height } = *area;
    (y..y + height).flat_map(move |y| (x..x + width).map(move |x| (x, y)))
}

proptest! {
    #[test]
    fn picture_reads_back_as_its_graph(graph in graphs()) {
        check(&graph);
    }

    #[test]
    fn layout_depends_on_the_graph_alone(graph in graphs()) {
        prop_assert_eq!(Layout::new(&graph), Layout::new(&graph.clone()));
    }
}

#[test]
fn picture_of_small_graphs_reads_back() {
    for (nodes, edges) in [
        (0, vec![]),
        (1, vec![]),
        (1, vec![(0, 0), (0, 0)]),
        (2, vec![(0, 1), (1, 0)]),
        (2, vec![(0, 1), (0, 1), (1, 0), (1, 1)]),
        (3, vec![(0, 1), (1, 2), (2, 0), (0, 2)]),
    ] {
        check(&graph(nodes, &edges));
    }
}

/// Ten services that all call one another and themselves.
#[test]
fn picture_of_a_complete_graph_reads_back() {
    let edges: Vec<_> = (0..10).flat_map(|from| (0..10).map(move |to| (from, to))).collect();
    check(&graph(10, &edges));
}

#[test]
fn work_is_bounded_for_large_graphs() {
    for (nodes, of) in [(60, 120), (300, 900)] {
        let edges: Vec<_> = (0..of).map(|at| ((at * 7 + 3) % nodes, (at * at + 5 * at) % nodes)).collect();
        let layout = check(&graph(nodes, &edges));
        // The last try may exceed the bound.
        assert!(layout.work < 3 * WORK_MAX, "{nodes} nodes: {} steps", layout.work);
    }
}

#[test]
fn planar_graphs_are_drawn_without_crossings() {
    // A tree, and the graph of a shop: a front end that calls all services, a checkout that calls most.
    let tree: Vec<_> = (1..40).map(|at| ((at - 1) / 3, at)).collect();
    let layout = check(&graph(40, &tree));
    assert_eq!(layout.crossings, 0, "{}", Canvas::new(&layout, |_| false).text().join("\n"));
    let shop = [
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 4),
        (0, 5),
        (0, 6),
        (1, 4),
        (2, 4),
        (2, 5),
        (2, 6),
        (2, 7),
        (2, 8),
    ];
    let layout = check(&graph(9, &shop));
    assert!(layout.crossings <= 2, "{}", Canvas::new(&layout, |_| false).text().join("\n"));
}

//! A layout's lines as characters.

use crate::glyph::{self, Arms};
use crate::{Layout, Route};

/// A cell with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stroke {
    /// Its character.
    pub glyph: char,
    /// True if a strong edge passes through the cell.
    pub is_strong: bool,
}

/// Lines in one direction through a cell. In a channel, lines of different nodes never share one.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    /// The node that the line belongs to.
    owner: Option<usize>,
    is_dashed: bool,
    is_strong: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    arms: Arms,
    horizontal: Line,
    vertical: Line,
    head: Option<char>,
}

/// All lines of a layout, without nodes and labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Canvas {
    width: usize,
    strokes: Vec<Option<Stroke>>,
}

impl Canvas {
    /// Draws the lines; edges accepted by `is_strong` are strong.
    #[must_use]
    pub fn new(layout: &Layout, is_strong: impl Fn(usize) -> bool) -> Self {
        let mut pen = Pen {
            width: layout.width,
            cells: vec![Cell::default(); layout.width * layout.height],
        };
        for (at, route) in layout.edges.iter().enumerate() {
            pen.draw(route, is_strong(at));
        }
        Self {
            width: layout.width,
            strokes: pen.cells.iter().map(Cell::stroke).collect(),
        }
    }

    /// Returns the line in a cell.
    #[must_use]
    pub fn stroke(&self, x: usize, y: usize) -> Option<Stroke> {
        if x >= self.width {
            return None;
        }
        self.strokes.get(y * self.width + x).copied().flatten()
    }

    /// Returns the lines as text, without trailing blanks.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let glyph = |stroke: &Option<Stroke>| stroke.map_or(' ', |stroke| stroke.glyph);
        let rows = self.strokes.chunks(self.width.max(1));
        rows.map(|row| row.iter().map(glyph).collect::<String>().trim_end().to_owned())
            .collect()
    }
}

impl Cell {
    fn stroke(&self) -> Option<Stroke> {
        let (horizontal, vertical) = (self.horizontal, self.vertical);
        let is_strong = horizontal.is_strong || vertical.is_strong;
        let glyph = if let Some(head) = self.head {
            head
        } else {
            match (horizontal.owner, vertical.owner) {
                (None, None) => return None,
                (Some(one), Some(other)) if one != other => glyph::crossing(horizontal.is_strong, vertical.is_strong),
                (_, None) => glyph::line(self.arms, is_strong, horizontal.is_dashed),
                (_, Some(_)) => glyph::line(self.arms, is_strong, vertical.is_dashed),
            }
        };
        Some(Stroke { glyph, is_strong })
    }
}

struct Pen {
    width: usize,
    cells: Vec<Cell>,
}

impl Pen {
    fn draw(&mut self, route: &Route, is_strong: bool) {
        let line = |is_dashed| Line {
            owner: Some(route.from),
            is_dashed,
            is_strong,
        };
        let (trunk, branch) = (line(route.is_trunk_dashed), line(route.is_dashed));
        match route.trunk_x {
            None => self.horizontal(route.stub_x, route.head_x, route.y, branch),
            Some(x) => {
                self.horizontal(route.stub_x, x, route.stub_y, trunk);
                self.vertical(x, route.stub_y.min(route.y), route.stub_y.max(route.y), trunk);
                self.horizontal(x.min(route.head_x), x.max(route.head_x), route.y, branch);
            }
        }
        self.cells[route.y * self.width + route.head_x].head = Some(if route.is_backward { '◀' } else { '▶' });
    }

    fn horizontal(&mut self, from: usize, to: usize, y: usize, line: Line) {
        for x in from..=to {
            let cell = &mut self.cells[y * self.width + x];
            // A cell with no neighbor on either side is a whole line.
            cell.arms.left |= x > from;
            cell.arms.right |= x < to;
            cell.horizontal = line.over(cell.horizontal);
        }
    }

    fn vertical(&mut self, x: usize, from: usize, to: usize, line: Line) {
        for y in from..=to {
            let cell = &mut self.cells[y * self.width + x];
            cell.arms.up |= y > from;
            cell.arms.down |= y < to;
            cell.vertical = line.over(cell.vertical);
        }
    }
}

impl Line {
    /// Returns the combined line: strong and solid lines win over others of the same node.
    fn over(self, other: Self) -> Self {
        Self {
            owner: self.owner,
            is_dashed: self.is_dashed && (other.owner.is_none() || other.is_dashed),
            is_strong: self.is_strong || other.is_strong,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Canvas, Edge, Graph, Layout, Size};

    fn text(nodes: usize, edges: &[(usize, usize, bool)]) -> String {
        let edge = |&(from, to, is_dashed): &(usize, usize, bool)| Edge {
            from,
            to,
            label: 0,
            is_dashed,
        };
        let layout = Layout::new(&Graph {
            nodes: vec![Size { width: 2, height: 2 }; nodes],
            edges: edges.iter().map(edge).collect(),
        });
        Canvas::new(&layout, |at| at == 0).text().join("\n")
    }

    #[test]
    fn dashed_edges_and_strong_edges_have_their_own_lines() {
        let picture = text(3, &[(0, 1, false), (0, 2, true), (2, 2, true)]);
        assert_eq!(picture, "  ━┳━▶\n   │\n   │\n   └╌▶  ╌╌╌┐\n        ◀╌╌┘");
    }
}

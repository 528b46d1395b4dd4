//! Text as it is, in lines of a bounded length.

use crate::line::{Content, Line, Scan, line_end};

#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The line that names it, if one does.
    pub(crate) parent: Option<usize>,
    /// Nesting depth.
    pub(crate) level: u32,
    is_continued: bool,
}

impl Scan for Text {
    fn scan(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize {
        let (end, after, is_cut) = line_end(text, at);
        let mut line = Line::new(at..end, self.level, Content::Text);
        line.parent = self.parent;
        line.is_continued = std::mem::replace(&mut self.is_continued, is_cut);
        lines.push(line);
        after
    }
}

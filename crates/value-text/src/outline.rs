//! Which lines are folded away.

use std::collections::HashSet;

use crate::line::{Content, Line};

/// Folds: whole levels, and lines by hand.
#[derive(Clone, Debug)]
pub struct Outline {
    /// Below this level everything nested is folded.
    level: u32,
    /// True if library frames and named values are unfolded, too.
    is_all: bool,
    /// Lines that are not as their level says.
    toggled: HashSet<usize>,
}

impl Default for Outline {
    /// Only what is folded by nature is: frames of libraries, and what is named before it is shown.
    fn default() -> Self {
        Self {
            level: u32::MAX,
            is_all: false,
            toggled: HashSet::new(),
        }
    }
}

impl Outline {
    /// Shows so many levels.
    pub fn show_levels(&mut self, levels: u32) {
        self.level = levels;
        self.is_all = false;
        self.toggled.clear();
    }

    /// Shows one level less or more than now, of those that there are among the lines read. The last level has what is folded by nature.
    pub fn change_levels(&mut self, lines: &[Line], more: bool) {
        let folds = lines.iter().filter(|line| line.is_fold);
        let deepest = folds.map(|line| line.level).max().map_or(0, |deepest| deepest + 1);
        let level = self.level.min(deepest);
        let is_last = level == deepest && lines.iter().any(is_folded_by_nature);
        if is_last && (more || self.is_all) {
            self.show_levels(level);
            self.is_all = more;
        } else {
            self.show_levels(if more {
                (level + 1).min(deepest)
            } else {
                level.saturating_sub(1)
            });
        }
    }

    /// Returns true if the lines below a line are folded.
    #[must_use]
    pub fn is_folded(&self, lines: &[Line], at: usize) -> bool {
        let Some(line) = lines.get(at).filter(|line| line.is_fold) else {
            return false;
        };
        self.is_folded_at_first(line) != self.toggled.contains(&at)
    }

    const fn is_folded_at_first(&self, line: &Line) -> bool {
        if is_folded_by_nature(line) {
            !self.is_all
        } else {
            line.level >= self.level
        }
    }

    /// Folds the lines below a line, or unfolds them. Returns whether there are any.
    pub fn toggle(&mut self, lines: &[Line], at: usize) -> bool {
        let is_fold = lines.get(at).is_some_and(|line| line.is_fold);
        if is_fold && !self.toggled.remove(&at) {
            self.toggled.insert(at);
        }
        is_fold
    }

    /// Unfolds what a line stands below.
    pub fn reveal(&mut self, lines: &[Line], at: usize) {
        let mut above = lines.get(at).and_then(|line| line.parent);
        while let Some(parent) = above {
            if self.is_folded(lines, parent) {
                self.toggle(lines, parent);
            }
            above = lines.get(parent).and_then(|line| line.parent);
        }
    }

    /// The line that is seen where a line is: itself, or the outermost one that it is folded away below.
    #[must_use]
    pub fn seen(&self, lines: &[Line], at: usize) -> usize {
        let (mut seen, mut above) = (at, lines.get(at).and_then(|line| line.parent));
        while let Some(parent) = above {
            if self.is_folded(lines, parent) {
                seen = parent;
            }
            above = lines.get(parent).and_then(|line| line.parent);
        }
        seen
    }

    /// The next line that is seen; `None` after the last one that has been read.
    #[must_use]
    pub fn next(&self, lines: &[Line], at: usize) -> Option<usize> {
        let next = if self.is_folded(lines, at) {
            lines.get(at)?.end?
        } else {
            at + 1
        };
        (next < lines.len()).then_some(next)
    }

    /// The line that is seen before one that is.
    #[must_use]
    pub fn previous(&self, lines: &[Line], at: usize) -> Option<usize> {
        Some(self.seen(lines, at.checked_sub(1)?))
    }

    /// All lines that are seen, from the first one on.
    pub fn visible<'a>(&'a self, lines: &'a [Line]) -> impl Iterator<Item = usize> + 'a {
        let first = (!lines.is_empty()).then_some(0);
        std::iter::successors(first, |at| self.next(lines, *at))
    }
}

/// Returns true for library frames, and for what is named before it is shown.
const fn is_folded_by_nature(line: &Line) -> bool {
    matches!(line.content, Content::Libraries | Content::Named(_))
}

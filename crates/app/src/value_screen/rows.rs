//! Lines of a document on rows of the screen.

use value_text::{Fragment as Part, Role as PartRole};

use super::{RowPosition, ValueScreen};
use crate::content::{Line, Means, Piece, Role};
use crate::text::clusters;

/// Columns before the text: marks of what was found and of own frames.
const GUTTER: usize = 3;
/// So many columns are left for the text at least, however deep it is nested.
const TEXT: usize = 16;

impl ValueScreen {
    /// The rows of a line.
    pub(super) fn rows_of(&self, at: usize) -> Vec<Line> {
        let Some(line) = self.document.lines().get(at) else {
            return Vec::new();
        };
        let width = self.size.0;
        let level = usize::try_from(line.level).unwrap_or(usize::MAX);
        let deepest = width.saturating_sub(GUTTER + 2 + TEXT);
        let indent = GUTTER + level.saturating_mul(2).min(deepest);
        let fold = match (line.is_fold, self.outline.is_folded(self.document.lines(), at)) {
            (true, true) => "▸ ",
            (true, false) => "▾ ",
            (false, _) => "  ",
        };
        let parts = self.document.pieces(at, &self.outline);
        let is_own = parts.iter().any(|part| part.role == PartRole::Own);
        let room = width.saturating_sub(indent + 2).max(1);
        let rows = wrapped(&parts, room).into_iter().enumerate();
        rows.map(|(row, pieces)| {
            let own = if is_own && row == 0 { "●" } else { " " };
            let mark: Piece = " ".means(Role::Accent);
            let mut line = Line::from(vec![mark, own.means(Role::Accent), " ".repeat(indent - 2).into()]);
            line.push(if row == 0 { fold } else { "  " }.means(Role::Dim));
            line.pieces.extend(pieces);
            line
        })
        .collect()
    }

    /// A place so many rows below or above another one.
    pub(super) fn moved(&self, mut place: RowPosition, mut rows: usize, is_down: bool) -> RowPosition {
        while rows > 0 {
            if is_down {
                let last = self.rows_of(place.line).len().saturating_sub(1);
                let step = last.saturating_sub(place.row).min(rows);
                (place.row, rows) = (place.row + step, rows - step);
                if rows == 0 {
                    break;
                }
                let Some(next) = self.outline.next(self.document.lines(), place.line) else {
                    break;
                };
                place = RowPosition { line: next, row: 0 };
            } else {
                let step = place.row.min(rows);
                (place.row, rows) = (place.row - step, rows - step);
                if rows == 0 {
                    break;
                }
                let Some(line) = self.outline.previous(self.document.lines(), place.line) else {
                    break;
                };
                let row = self.rows_of(line).len().saturating_sub(1);
                place = RowPosition { line, row };
            }
            rows -= 1;
        }
        place
    }

    /// Keeps the cursor on a row that there is, and in view.
    pub(super) fn settle(&mut self) {
        let last = self.document.lines().len().saturating_sub(1);
        for place in [self.cursor, self.first]
            .map(|place| self.settled(place, last))
            .into_iter()
            .enumerate()
        {
            match place {
                (0, place) => self.cursor = place,
                (_, place) => self.first = place,
            }
        }
        if self.cursor < self.first {
            self.first = self.cursor;
        }
        // The view ends with the cursor, or with the last line.
        let highest = self.moved(self.cursor, self.size.1 - 1, false);
        if self.first < highest {
            self.first = highest;
        }
    }

    fn settled(&self, place: RowPosition, last: usize) -> RowPosition {
        let line = self.outline.seen(self.document.lines(), place.line.min(last));
        let row = if line == place.line { place.row } else { 0 };
        RowPosition {
            line,
            row: row.min(self.rows_of(line).len().saturating_sub(1)),
        }
    }
}

/// Pieces on rows of so many columns, cleaned: broken where a string has a line break, between words, or anywhere in a word that is longer
/// than a row.
fn wrapped(parts: &[Part<'_>], width: usize) -> Vec<Vec<Piece>> {
    let (mut rows, mut used) = (vec![Vec::new()], 0);
    for (part, is_new, word) in parts.iter().flat_map(words) {
        let (role, is_strong) = role(part);
        let shown: Vec<(&str, usize)> = clusters(word)
            .map(|cluster| match cluster.shown {
                "␉" => ("    ", 4),
                shown => (shown, cluster.width),
            })
            .collect();
        let columns: usize = shown.iter().map(|(_, width)| width).sum();
        let columns = columns - usize::from(word.ends_with(' '));
        if is_new || used > width / 3 && used + columns > width && columns <= width {
            rows.push(Vec::new());
            used = 0;
        }
        let mut text = String::new();
        for (shown, columns) in shown {
            if used > 0 && used + columns > width && shown != " " {
                push(&mut rows, std::mem::take(&mut text), role, is_strong);
                rows.push(Vec::new());
                used = 0;
            }
            text.push_str(shown);
            used += columns;
        }
        push(&mut rows, text, role, is_strong);
    }
    rows
}

/// Returns the words of a part with its role, and whether each begins a new row.
fn words<'a>(part: &'a Part<'_>) -> impl Iterator<Item = (PartRole, bool, &'a str)> {
    let lines = match part.role {
        PartRole::String => at_written_breaks(&part.text),
        _ => vec![&*part.text],
    };
    lines.into_iter().enumerate().flat_map(move |(line, text)| {
        let words = text.split_inclusive(' ').enumerate();
        words.map(move |(word, text)| (part.role, line > 0 && word == 0, text))
    })
}

/// Cuts a text in quotes after each line break that is written as `\n`, but for one at its end.
fn at_written_breaks(text: &str) -> Vec<&str> {
    let (mut lines, mut from) = (Vec::new(), 0);
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        let is_break = byte == b'\\' && bytes.next().is_some_and(|(_, escaped)| escaped == b'n');
        if is_break && !matches!(&text[at + 2..], "" | "\"") {
            lines.push(&text[from..at + 2]);
            from = at + 2;
        }
    }
    lines.push(&text[from..]);
    lines
}

fn push(rows: &mut [Vec<Piece>], text: String, role: Role, is_strong: bool) {
    let Some(row) = rows.last_mut().filter(|_| !text.is_empty()) else {
        return;
    };
    match row.last_mut() {
        Some(last) if last.role == role && last.is_strong == is_strong => last.text.to_mut().push_str(&text),
        _ => row.push(Piece {
            is_strong,
            ..text.means(role)
        }),
    }
}

/// Returns the screen's role for a role of the document, and true if it is emphasized.
const fn role(role: PartRole) -> (Role, bool) {
    match role {
        PartRole::Plain | PartRole::String => (Role::Plain, false),
        PartRole::Dim => (Role::Dim, false),
        PartRole::Key => (Role::Accent, false),
        PartRole::Keyword => (Role::Accent, true),
        PartRole::Literal | PartRole::Own => (Role::Plain, true),
        PartRole::Error => (Role::Error, false),
    }
}

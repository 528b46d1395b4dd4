//! What is wrong with a file, and where.

use std::fmt;

use otlp_wire::json::JsonError;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In bytes, counted from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Self {
            line: before.split(|byte| *byte == b'\n').count(),
            column: 1 + before.len() - line_start,
        }
    }

    /// The place that a reader of a part of the text means, the part beginning here.
    const fn within(self, line: usize, column: usize) -> Self {
        if line <= 1 {
            Self {
                line: self.line,
                column: (self.column + column).saturating_sub(1),
            }
        } else {
            Self {
                line: self.line + line - 1,
                column,
            }
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Something in a file that could not be read; the rest was. Displays with its place, and quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{position}: {what}")]
pub struct Problem {
    /// Where it is.
    pub position: Position,
    /// What is wrong, and what was expected.
    pub what: String,
}

impl Problem {
    pub(crate) fn at(text: &str, offset: usize, what: impl Into<String>) -> Self {
        Self {
            position: Position::of(text, offset),
            what: what.into(),
        }
    }

    /// What serde found in the part of the text that begins at an offset.
    pub(crate) fn in_json(text: &str, offset: usize, error: &serde_json::Error) -> Self {
        Self::relative(text, offset, &error.to_string(), (error.line(), error.column()))
    }

    /// What OTLP's reader found in the part of the text that begins at an offset.
    pub(crate) fn in_otlp(text: &str, offset: usize, error: &JsonError) -> Self {
        Self::relative(text, offset, &error.to_string(), (error.line(), error.column()))
    }

    fn relative(text: &str, offset: usize, said: &str, (line, column): (usize, usize)) -> Self {
        // Its own place is relative to the part.
        let place = format!(" at line {line} column {column}");
        Self {
            position: Position::of(text, offset).within(line, column),
            what: said.strip_suffix(&place).unwrap_or(said).to_owned(),
        }
    }
}

/// How many of a file's problems are told one by one.
const TOLD: usize = 10;

/// What of a file could not be read: the first ones one by one, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Problems {
    /// The first ones, at most ten.
    pub first: Vec<Problem>,
    /// How many there are in all: spans, log records, or whole documents.
    pub count: u64,
}

impl Problems {
    /// Adds what is told only if few are; the place of a problem in a long text takes a while to find.
    pub(crate) fn add(&mut self, problem: impl FnOnce() -> Problem) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(problem());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one_in_lines_and_bytes() {
        let text = "{\n  \"é\": [1,\n2]}";
        let place = |offset| {
            let Position { line, column } = Position::of(text, offset);
            (line, column)
        };
        assert_eq!((place(0), place(1), place(2), place(10)), ((1, 1), (1, 2), (2, 1), (2, 9)));
        assert_eq!(place(usize::MAX), (3, 4));
    }

    #[test]
    fn a_place_in_a_part_is_one_in_the_whole() {
        let text = "[\n  [1, x],\n  [1,\n   y]]";
        for (offset, expected) in [
            (4, "line 2, column 7: expected value"),
            (14, "line 4, column 4: expected value"),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(&text[offset..]).unwrap_err();
            assert_eq!(Problem::in_json(text, offset, &error).to_string(), expected);
        }
    }

    #[test]
    fn of_many_problems_the_first_are_told_and_all_are_counted() {
        let mut problems = Problems::default();
        for number in 0..25 {
            problems.add(|| Problem::at("text", number, "bad"));
        }
        assert_eq!((problems.first.len(), problems.count), (TOLD, 25));
    }
}

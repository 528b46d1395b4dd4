//! Problems of a file with their positions.

use std::fmt;

use otlp_wire::json::JsonError;
use trace_model::work;

/// A position in a file, after decompression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Message number, from 1, in a file of messages; 0 in any other file.
    pub message: u64,
    /// Line number, from 1; 0 in a binary file or message.
    pub line: usize,
    /// Column in bytes, from 1; the offset in a binary file or message.
    pub column: usize,
}

impl Position {
    /// Start of a text.
    pub(crate) const TEXT: Self = Self {
        message: 0,
        line: 1,
        column: 1,
    };

    /// Start of a binary file.
    pub(crate) const BINARY: Self = Self {
        message: 0,
        line: 0,
        column: 0,
    };

    /// Returns the position after some bytes that start here.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        work::add(bytes.len());
        if self.line == 0 {
            return self.advanced(bytes.len());
        }
        let Some(newline) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            return self.advanced(bytes.len());
        };
        #[expect(clippy::naive_bytecount, reason = "it is vectorized, and no part of what takes long")]
        let lines = bytes[..=newline].iter().filter(|byte| **byte == b'\n').count();
        Self {
            line: self.line + lines,
            column: bytes.len() - newline,
            ..self
        }
    }

    const fn advanced(self, bytes: usize) -> Self {
        Self {
            column: self.column + bytes,
            ..self
        }
    }

    /// Converts a position relative to a part of the text that starts here.
    const fn within(self, line: usize, column: usize) -> Self {
        if line <= 1 {
            Self {
                column: (self.column + column).saturating_sub(1),
                ..self
            }
        } else {
            Self {
                line: self.line + line - 1,
                column,
                ..self
            }
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message > 0 {
            write!(f, "message {}, ", self.message)?;
        }
        match self.line {
            0 => write!(f, "byte {}", self.column),
            line => write!(f, "line {line}, column {}", self.column),
        }
    }
}

/// A position that is computed on demand: the cost is proportional to the preceding text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LazyPosition<'a> {
    start: Position,
    before: &'a [u8],
}

impl<'a> LazyPosition<'a> {
    /// Creates the position after some bytes from `start`.
    pub(crate) const fn new(start: Position, before: &'a [u8]) -> Self {
        Self { start, before }
    }

    pub(crate) fn position(self) -> Position {
        self.start.after(self.before)
    }
}

impl From<Position> for LazyPosition<'_> {
    fn from(start: Position) -> Self {
        Self { start, before: &[] }
    }
}

/// A part of a file that could not be read. Displays with its position, without quoting the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place_of(*position))]
pub struct Problem {
    /// Position; `None` for several.
    pub position: Option<Position>,
    /// Cause, and the expected input.
    pub what: String,
}

fn place_of(position: Option<Position>) -> String {
    position.map_or_else(String::new, |position| format!("{position}: "))
}

impl Problem {
    /// Creates a problem without a single position.
    pub(crate) const fn of_all(what: String) -> Self {
        Self { position: None, what }
    }

    pub(crate) fn at(position: Position, what: impl Into<String>) -> Self {
        Self {
            position: Some(position),
            what: what.into(),
        }
    }

    /// Converts an error of serde in a text that starts at a position.
    pub(crate) fn in_json(position: Position, error: &serde_json::Error) -> Self {
        Self::relative(position, &error.to_string(), (error.line(), error.column()))
    }

    /// Converts an error of the OTLP parser in a text that starts at a position.
    pub(crate) fn in_otlp(position: Position, error: &JsonError) -> Self {
        Self::relative(position, &error.to_string(), (error.line(), error.column()))
    }

    fn relative(position: Position, said: &str, (line, column): (usize, usize)) -> Self {
        // Its own position is relative to the part.
        let place = format!(" at line {line} column {column}");
        Self {
            position: Some(position.within(line, column)),
            what: said.strip_suffix(&place).unwrap_or(said).to_owned(),
        }
    }
}

/// Maximum number of problems listed per file.
const LISTED_MAX: usize = 10;

/// Problems of a file: the first ones, and their number.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Problems {
    /// The first ones, at most ten.
    pub first: Vec<Problem>,
    /// Total number of affected spans, log records or whole documents.
    pub count: u64,
}

impl Problems {
    /// Adds a problem; it is computed only if listed, since finding a position in a long text takes time.
    pub(crate) fn add(&mut self, problem: impl FnOnce() -> Problem) {
        self.count += 1;
        if self.first.len() < LISTED_MAX {
            self.first.push(problem());
        }
    }
}

impl Problems {
    /// Adds the problems of another part.
    pub(crate) fn extend(&mut self, other: Self) {
        self.count += other.count;
        let room = LISTED_MAX - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
    }

    /// Returns the problems with their positions, if known, followed by the number of unlisted ones.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Option<String>, String)> {
        let reason = |problem: &Problem| (problem.position.map(|position| position.to_string()), problem.what.clone());
        let more = self.count - self.first.len() as u64;
        let more = (more > 0).then(|| (None, format!("{} more problems", printable::grouped(more))));
        self.first.iter().map(reason).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, offset: usize) -> Position {
        Position::TEXT.after(&text.as_bytes()[..offset])
    }

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let text = "{\n  \"é\": [1,\n2]}";
        let place = |offset| (place(text, offset).line, place(text, offset).column);
        assert_eq!((place(0), place(1), place(2), place(10)), ((1, 1), (1, 2), (2, 1), (2, 9)));
        assert_eq!(place(text.len()), (3, 4));
        let binary = Position::BINARY.after(b"\n\n1");
        assert_eq!(Position { message: 2, ..binary }.to_string(), "message 2, byte 3");
    }

    #[test]
    fn position_in_a_part_is_converted_to_the_whole() {
        let text = "[\n  [1, x],\n  [1,\n   y]]";
        for (offset, expected) in [
            (4, "line 2, column 7: expected value"),
            (14, "line 4, column 4: expected value"),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(&text[offset..]).unwrap_err();
            assert_eq!(Problem::in_json(place(text, offset), &error).to_string(), expected);
        }
    }

    #[test]
    fn problems_list_the_first_and_count_all() {
        let mut problems = Problems::default();
        for _ in 0..25 {
            problems.add(|| Problem::at(Position::TEXT, "bad"));
        }
        assert_eq!((problems.first.len(), problems.count), (LISTED_MAX, 25));
    }
}

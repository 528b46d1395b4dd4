//! What is wrong with a file, and where.

use std::fmt;

use otlp_wire::json::JsonError;
use trace_model::work;

/// A place in a file, after decompression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The message, counted from 1, of a file that consists of messages; 0 for any other file.
    pub message: u64,
    /// Counted from 1; 0 in a binary file or message.
    pub line: usize,
    /// In bytes, counted from 1; the offset in a binary file or message.
    pub column: usize,
}

impl Position {
    /// The beginning of a text.
    pub(crate) const TEXT: Self = Self {
        message: 0,
        line: 1,
        column: 1,
    };

    /// The beginning of a binary file.
    pub(crate) const BINARY: Self = Self {
        message: 0,
        line: 0,
        column: 0,
    };

    /// The place behind some bytes that begin here.
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

    /// The place that a reader of a part of the text means, the part beginning here.
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

/// A place that is worked out when somebody wants to know: that takes as long as what stands before it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    start: Position,
    before: &'a [u8],
}

impl<'a> Place<'a> {
    /// The place behind some bytes that begin at a position.
    pub(crate) const fn new(start: Position, before: &'a [u8]) -> Self {
        Self { start, before }
    }

    pub(crate) fn position(self) -> Position {
        self.start.after(self.before)
    }
}

impl From<Position> for Place<'_> {
    fn from(start: Position) -> Self {
        Self { start, before: &[] }
    }
}

/// Something in a file that could not be read; the rest was. Displays with its place, and quotes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{what}", place_of(*position))]
pub struct Problem {
    /// Where it is; `None` for what concerns no single place.
    pub position: Option<Position>,
    /// What is wrong, and what was expected.
    pub what: String,
}

fn place_of(position: Option<Position>) -> String {
    position.map_or_else(String::new, |position| format!("{position}: "))
}

impl Problem {
    /// What concerns no single place.
    pub(crate) const fn of_all(what: String) -> Self {
        Self { position: None, what }
    }

    pub(crate) fn at(position: Position, what: impl Into<String>) -> Self {
        Self {
            position: Some(position),
            what: what.into(),
        }
    }

    /// What serde found in a text that begins at a place.
    pub(crate) fn in_json(position: Position, error: &serde_json::Error) -> Self {
        Self::relative(position, &error.to_string(), (error.line(), error.column()))
    }

    /// What OTLP's reader found in a text that begins at a place.
    pub(crate) fn in_otlp(position: Position, error: &JsonError) -> Self {
        Self::relative(position, &error.to_string(), (error.line(), error.column()))
    }

    fn relative(position: Position, said: &str, (line, column): (usize, usize)) -> Self {
        // Its own place is relative to the part.
        let place = format!(" at line {line} column {column}");
        Self {
            position: Some(position.within(line, column)),
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

impl Problems {
    /// Adds those of another part.
    pub(crate) fn extend(&mut self, other: Self) {
        self.count += other.count;
        let room = TOLD - self.first.len();
        self.first.extend(other.first.into_iter().take(room));
    }

    /// Where each is, if that is known, and what it is; at last how many more there are.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Option<String>, String)> {
        let reason = |problem: &Problem| (problem.position.map(|position| position.to_string()), problem.what.clone());
        let more = self.count - self.first.len() as u64;
        let more = (more > 0).then(|| (None, format!("{more} more could not be read")));
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
    fn places_are_counted_from_one_in_lines_and_bytes() {
        let text = "{\n  \"é\": [1,\n2]}";
        let place = |offset| (place(text, offset).line, place(text, offset).column);
        assert_eq!((place(0), place(1), place(2), place(10)), ((1, 1), (1, 2), (2, 1), (2, 9)));
        assert_eq!(place(text.len()), (3, 4));
        let binary = Position::BINARY.after(b"\n\n1");
        assert_eq!(Position { message: 2, ..binary }.to_string(), "message 2, byte 3");
    }

    #[test]
    fn a_place_in_a_part_is_one_in_the_whole() {
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
    fn of_many_problems_the_first_are_told_and_all_are_counted() {
        let mut problems = Problems::default();
        for _ in 0..25 {
            problems.add(|| Problem::at(Position::TEXT, "bad"));
        }
        assert_eq!((problems.first.len(), problems.count), (TOLD, 25));
    }
}

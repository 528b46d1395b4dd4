//! Comparison of values with a pattern.

mod needle;

pub(super) use needle::{Needle, fold};

use super::syntax::Pattern;
use crate::number::Number;
use crate::wire::Leaf;

/// A [`Pattern`], ready to be compared with values.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    shape: Shape,
    /// Its value as a number, if it is one.
    number: Option<Number>,
    /// Its value as `true` or `false`, if it is one.
    boolean: Option<bool>,
}

#[derive(Clone, Debug)]
enum Shape {
    Part(Needle),
    Whole(Needle),
    Wildcard {
        first: Needle,
        between: Vec<Needle>,
        last: Needle,
    },
}

impl Matcher {
    pub(super) fn new(pattern: &Pattern, whole: bool) -> Self {
        match pattern.0.as_slice() {
            [first, between @ .., last] => Self {
                shape: Shape::Wildcard {
                    first: Needle::new(first),
                    between: between.iter().map(|piece| Needle::new(piece)).collect(),
                    last: Needle::new(last),
                },
                number: None,
                boolean: None,
            },
            pieces => {
                let text = pieces.first().map_or("", String::as_str);
                let needle = Needle::new(text);
                Self {
                    shape: if whole { Shape::Whole(needle) } else { Shape::Part(needle) },
                    number: Number::parse(text.as_bytes()),
                    boolean: [true, false]
                        .into_iter()
                        .find(|value| text.eq_ignore_ascii_case(written(*value))),
                }
            }
        }
    }

    /// Returns true if a text matches.
    #[inline]
    pub(super) fn text(&self, text: &[u8]) -> bool {
        match &self.shape {
            Shape::Part(needle) => needle.find(text).is_some(),
            Shape::Whole(needle) => needle.prefix(text) == Some(text.len()),
            Shape::Wildcard { first, between, last } => wildcard(text, first, between, last).is_some(),
        }
    }

    /// Returns true if a value matches: text as text, other types by value, or by their text with a wildcard.
    #[inline]
    pub(super) fn leaf(&self, leaf: Leaf<'_>) -> bool {
        match leaf {
            Leaf::Text(text) => self.text(text),
            Leaf::Bool(value) => match self.shape {
                Shape::Wildcard { .. } => self.text(written(value).as_bytes()),
                _ => self.boolean == Some(value),
            },
            Leaf::Number(value) => match (&self.shape, value) {
                (Shape::Wildcard { .. }, Number::Double(double)) if !double.is_finite() => false,
                (Shape::Wildcard { .. }, _) => Digits::of(value).is_some_and(|digits| self.text(digits.as_bytes())),
                _ => self
                    .number
                    .and_then(|number| number.compare(value))
                    .is_some_and(std::cmp::Ordering::is_eq),
            },
            Leaf::Bytes(_) | Leaf::Other => false,
        }
    }

    /// An ASCII text without which no text matches, if there is one.
    pub(super) fn required(&self) -> Option<Needle> {
        let runs = self
            .pieces()
            .flat_map(|piece| piece.as_str().split(|character: char| !character.is_ascii()));
        let longest = runs.max_by_key(|run| run.len())?;
        (!longest.is_empty()).then(|| Needle::new(longest))
    }

    /// Returns true if a value other than text may match.
    pub(super) fn is_of_values(&self) -> bool {
        let of_numbers = |piece: &Needle| piece.as_str().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
        match self.shape {
            Shape::Part(_) | Shape::Whole(_) => self.number.is_some() || self.boolean.is_some(),
            Shape::Wildcard { .. } => {
                self.pieces().all(of_numbers) || [true, false].iter().any(|value| self.leaf(Leaf::Bool(*value)))
            }
        }
    }

    fn pieces(&self) -> impl Iterator<Item = &Needle> {
        let (first, between, last) = match &self.shape {
            Shape::Part(needle) | Shape::Whole(needle) => (needle, [].as_slice(), None),
            Shape::Wildcard { first, between, last } => (first, between.as_slice(), Some(last)),
        };
        [first].into_iter().chain(between).chain(last)
    }
}

const fn written(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Matches leftmost first: if the parts fit at all, they fit so. Each byte is read a bounded number of times.
fn wildcard(text: &[u8], first: &Needle, between: &[Needle], last: &Needle) -> Option<()> {
    let start = first.prefix(text)?;
    let rest = text.get(start..)?;
    let mut rest = rest.get(..last.suffix(rest)?)?;
    for piece in between {
        rest = rest.get(piece.find(rest)?.end..)?;
    }
    Some(())
}

/// A number as it is written, without an allocation.
struct Digits {
    /// The longest float has a sign, a point and about 1,075 digits at most; `f64` writes the shortest that are exact: under 330.
    bytes: [u8; 352],
    length: usize,
}

impl Digits {
    fn of(number: Number) -> Option<Self> {
        use std::fmt::Write as _;
        let mut digits = Self {
            bytes: [0; 352],
            length: 0,
        };
        let written = match number {
            Number::Int(int) => write!(digits, "{int}"),
            Number::Double(double) => write!(digits, "{double}"),
        };
        written.is_ok().then_some(digits)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl std::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let free = self
            .bytes
            .get_mut(self.length..self.length + text.len())
            .ok_or(std::fmt::Error)?;
        free.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcard_matches_the_whole_text() {
        let fits = |pattern: &[&str], text: &str| {
            let pattern = Pattern(pattern.iter().map(ToString::to_string).collect());
            Matcher::new(&pattern, false).text(text.as_bytes())
        };
        assert!(fits(&["GET ", ""], "get /users"));
        assert!(!fits(&["GET ", ""], "FORGET /users"));
        assert!(fits(&["a", "b", "c"], "aXbXbXc"));
        assert!(!fits(&["ab", "ba"], "aba"));
        assert!(fits(&["ä", "Ö"], "Ä—ö"));
        assert!(fits(&["", "b", ""], "abc"));
        assert!(fits(&["", ""], ""));
    }
}

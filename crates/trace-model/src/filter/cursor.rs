//! A cursor that reads words with their positions.

use std::ops::Range;

use super::FilterError;
use super::syntax::Pattern;

/// A plain or quoted text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) pattern: Pattern,
    pub(super) quoted: bool,
    pub(super) at: Range<usize>,
}

/// Characters that end a word, in addition to whitespace and a closing parenthesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordEnd {
    /// A colon, followed by a value.
    Term,
    /// Nothing more.
    Value,
    /// A comma or a closing bracket.
    List,
}

/// A position in the text. Positions are counted in characters, as errors are.
#[derive(Debug)]
pub(super) struct Cursor {
    text: Vec<char>,
    pub(super) at: usize,
}

impl Cursor {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.chars().collect(),
            at: 0,
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn starts_with(&self, expected: &str) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        expected
            .chars()
            .enumerate()
            .all(|(at, character)| rest.get(at) == Some(&character))
    }

    /// Goes past `expected`, if it is there.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let found = self.starts_with(expected);
        if found {
            self.at += expected.chars().count();
        }
        found
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Returns true at the end of a term.
    pub(super) fn at_gap(&self) -> bool {
        self.peek().is_none_or(|next| next.is_whitespace() || next == ')')
    }

    /// Returns the position of `AND` or `OR` at the cursor, if there is one.
    pub(super) fn keyword(&self, keyword: &str) -> Option<Range<usize>> {
        let end = self.at + keyword.len();
        let ends = self
            .text
            .get(end)
            .is_none_or(|next| next.is_whitespace() || "()".contains(*next));
        (self.starts_with(keyword) && ends).then_some(self.at..end)
    }

    /// Returns true at a colon that separates a key from its value: not at those of `a::b` and `http://`.
    pub(super) fn at_colon(&self) -> bool {
        self.starts_with(":") && !self.starts_with("::") && !self.starts_with("://")
    }

    /// Reads a plain or quoted text at the cursor; empty if it does not start a word.
    ///
    /// # Errors
    /// Quotes that are not closed, or characters that need them.
    pub(super) fn word(&mut self, place: WordEnd) -> Result<Word, FilterError> {
        let start = self.at;
        if !self.take("\"") {
            let pattern = self.bare(place)?;
            return Ok(Word {
                pattern,
                quoted: false,
                at: start..self.at,
            });
        }
        let mut pieces = Pieces::default();
        while !self.take("\"") {
            if self.at == self.text.len() {
                return Err(FilterError::new(
                    start..self.at,
                    "the quotes are not closed: add \" at the end",
                ));
            }
            self.character(&mut pieces);
        }
        if !self.at_gap() && !self.ends(place) {
            let at = self.at..self.at + 1;
            return Err(FilterError::new(
                at,
                "a space is missing after the quotes; a quote within them is written \\\"",
            ));
        }
        Ok(Word {
            pattern: pieces.into_pattern(),
            quoted: true,
            at: start..self.at,
        })
    }

    fn bare(&mut self, place: WordEnd) -> Result<Pattern, FilterError> {
        let mut pieces = Pieces::default();
        while !self.at_gap() && !self.ends(place) {
            if let Some(special @ ('(' | '"')) = self.peek() {
                let at = self.at..self.at + 1;
                let message = format!("text with {special} in it is written in quotes: \"…\" (a quote in them is \\\")");
                return Err(FilterError::new(at, message));
            }
            // The second colon of two begins no value either.
            if self.starts_with("::") {
                self.character(&mut pieces);
            }
            self.character(&mut pieces);
        }
        Ok(pieces.into_pattern())
    }

    fn ends(&self, place: WordEnd) -> bool {
        match place {
            WordEnd::Term => self.at_colon(),
            WordEnd::Value => false,
            WordEnd::List => self.starts_with(",") || self.starts_with("]"),
        }
    }

    /// Takes one character, or an escaped one.
    fn character(&mut self, pieces: &mut Pieces) {
        let escaped = ["\\\"", "\\\\", "\\*"].iter().any(|escape| self.starts_with(escape));
        self.at += usize::from(escaped);
        if let Some(character) = self.peek() {
            self.at += 1;
            pieces.add(character, escaped);
        }
    }
}

/// A [`Pattern`] that is being read.
#[derive(Default)]
struct Pieces {
    before: Vec<String>,
    last: String,
}

impl Pieces {
    fn add(&mut self, character: char, escaped: bool) {
        if character != '*' || escaped {
            self.last.push(character);
        } else if !self.last.is_empty() || self.before.is_empty() {
            // Else it follows another asterisk, which already is any text.
            self.before.push(std::mem::take(&mut self.last));
        }
    }

    fn into_pattern(mut self) -> Pattern {
        self.before.push(self.last);
        Pattern(self.before)
    }
}

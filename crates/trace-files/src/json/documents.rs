//! Splitting of JSON text, pushed in chunks, into values.
//!
//! Outer arrays are transparent: their elements are values. A damaged value ends where the damage is detected, and parsing
//! resumes at the next line that starts with a bracket: no byte is scanned twice, whatever the damage.

use trace_model::work;

use super::scan::{Scanned, Scanner};
use crate::problem::Position;

/// Maximum number of transparent outer arrays.
const OUTER_ARRAYS_MAX: usize = 4;

/// Maximum depth of a skipped value; deeper ones are not scanned for their end.
const SKIPPED_DEPTH_MAX: usize = 1 << 20;

/// An item of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    /// A value, from its first byte to its last.
    Document(&'a [u8]),
    /// The start of a damaged value, and the same with the invalid byte, unless it is the end of the text.
    Damaged(&'a [u8], &'a [u8]),
    /// The start of a value over the size limit.
    TooLong(&'a [u8]),
    /// Another error at this position.
    Wrong(&'static str),
}

#[derive(Clone, Debug)]
enum State {
    /// Between values.
    Between,
    Within(Scanner),
    /// Skips a value over the size limit.
    Passing(Scanner),
    /// Skips to a place to resume after damage.
    Seeking,
}

/// State of splitting a text.
#[derive(Debug)]
pub(crate) struct Documents {
    buffer: Vec<u8>,
    /// Start of the unprocessed part of the buffer.
    start: usize,
    /// End of the scanned part of the buffer.
    scanned: usize,
    state: State,
    /// Position of `start` in the file.
    position: Position,
    /// Number of open transparent arrays.
    arrays: usize,
    /// True if a comma or the end of the array must precede the next value.
    separate: bool,
    /// True after damage: then misplaced separators are not reported.
    damaged: bool,
    is_blank: bool,
    limit: usize,
}

impl Documents {
    pub(crate) fn new(position: Position, limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            state: State::Between,
            position,
            arrays: 0,
            separate: false,
            damaged: false,
            is_blank: true,
            limit,
        }
    }

    /// Returns the start of the next value or, at the end, the end of the text.
    pub(crate) const fn position(&self) -> Position {
        self.position
    }

    /// Returns true if there was only white space.
    pub(crate) const fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Appends the next chunk and reports complete values.
    pub(crate) fn push(&mut self, piece: &[u8], see: &mut dyn FnMut(Position, Found<'_>)) {
        work::add(self.buffer.len() - self.start + piece.len());
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(piece);
        while self.step(see) {}
        if matches!(self.state, State::Passing(_) | State::Seeking) {
            self.advance(self.scanned);
        }
    }

    /// Reports the rest at the end of the text.
    pub(crate) fn finish(&mut self, see: &mut dyn FnMut(Position, Found<'_>)) {
        match &self.state {
            State::Within(scanner) if scanner.is_scalar() => self.scalar(self.buffer.len(), see),
            State::Within(_) => {
                let text = &self.buffer[self.start..];
                see(self.position, Found::Damaged(text, text));
            }
            _ if self.arrays > 0 && !self.damaged => {
                self.advance(self.buffer.len());
                see(self.position, Found::Wrong("EOF while parsing a list"));
            }
            _ => {}
        }
        self.state = State::Between;
        self.advance(self.buffer.len());
    }

    /// Continues to the next item; returns false if more text is needed.
    fn step(&mut self, see: &mut dyn FnMut(Position, Found<'_>)) -> bool {
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between => self.between(see),
            State::Within(scanner) => self.within(scanner, see),
            State::Passing(scanner) => self.passing(scanner),
            State::Seeking => self.seek(),
        }
    }

    fn between(&mut self, see: &mut dyn FnMut(Position, Found<'_>)) -> bool {
        let blank = self.buffer[self.start..]
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        self.scanned = self.start + blank;
        self.advance(self.scanned);
        let Some(&byte) = self.buffer.get(self.start) else {
            return false;
        };
        self.is_blank = false;
        match byte {
            b',' if self.arrays > 0 && self.separate => self.separate = false,
            b']' if self.arrays > 0 => (self.arrays, self.separate) = (self.arrays - 1, true),
            b'[' if self.arrays < OUTER_ARRAYS_MAX && !self.must_separate() => {
                (self.arrays, self.separate) = (self.arrays + 1, false);
            }
            b',' | b']' | b'}' if self.damaged => {}
            b',' | b']' | b'}' | b':' => {
                see(self.position, Found::Wrong("expected value"));
                return self.damage(self.start + 1);
            }
            _ => {
                if self.must_separate() && !self.damaged {
                    see(self.position, Found::Wrong("expected `,` or `]`"));
                }
                self.state = State::Within(Scanner::default());
                return true;
            }
        }
        self.scanned = self.start + 1;
        self.advance(self.start + 1);
        true
    }

    const fn must_separate(&self) -> bool {
        self.arrays > 0 && self.separate
    }

    fn within(&mut self, mut scanner: Scanner, see: &mut dyn FnMut(Position, Found<'_>)) -> bool {
        match scanner.scan(&self.buffer, self.scanned) {
            Scanned::Ends(end) => {
                self.separate = true;
                if matches!(self.buffer[self.start], b'{' | b'[' | b'"') {
                    see(self.position, Found::Document(&self.buffer[self.start..end]));
                    self.advance(end);
                    self.scanned = end;
                } else {
                    self.scalar(end, see);
                }
                true
            }
            Scanned::Broken(at) => {
                let found = Found::Damaged(&self.buffer[self.start..at], &self.buffer[self.start..=at]);
                see(self.position, found);
                self.damage(at)
            }
            Scanned::More if self.buffer.len() - self.start > self.limit => {
                self.scanned = self.buffer.len();
                see(self.position, Found::TooLong(&self.buffer[self.start..]));
                self.advance(self.buffer.len());
                self.state = State::Passing(scanner);
                false
            }
            Scanned::More => {
                self.scanned = self.buffer.len();
                self.state = State::Within(scanner);
                false
            }
        }
    }

    /// Reports a number or a word, possibly invalid.
    fn scalar(&mut self, end: usize, see: &mut dyn FnMut(Position, Found<'_>)) {
        let text = &self.buffer[self.start..end];
        if serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok() {
            see(self.position, Found::Document(text));
            self.scanned = end;
            self.advance(end);
        } else {
            see(self.position, Found::Damaged(&[], text));
            self.damage(end);
        }
    }

    /// Closes everything open; the next value may start at `at`.
    fn damage(&mut self, at: usize) -> bool {
        (self.damaged, self.arrays, self.separate) = (true, 0, false);
        self.advance(at);
        self.scanned = at;
        self.state = State::Seeking;
        true
    }

    fn passing(&mut self, mut scanner: Scanner) -> bool {
        match scanner.scan(&self.buffer, self.scanned) {
            Scanned::Ends(end) => {
                self.separate = true;
                self.scanned = end;
                self.advance(end);
                true
            }
            Scanned::Broken(at) => self.damage(at),
            Scanned::More if scanner.depth() > SKIPPED_DEPTH_MAX => self.damage(self.buffer.len()),
            Scanned::More => {
                self.scanned = self.buffer.len();
                self.state = State::Passing(scanner);
                false
            }
        }
    }

    /// Skips to a line that starts with a bracket.
    fn seek(&mut self) -> bool {
        for at in self.scanned..self.buffer.len() {
            let begins_line = if at == self.start {
                self.position.column == 1
            } else {
                self.buffer[at - 1] == b'\n'
            };
            if begins_line && matches!(self.buffer[at], b'{' | b'[') {
                self.scanned = at;
                self.advance(at);
                return true;
            }
        }
        self.scanned = self.buffer.len();
        self.state = State::Seeking;
        false
    }

    /// Drops everything before a byte of the buffer.
    fn advance(&mut self, to: usize) {
        work::add(to - self.start);
        self.position = self.position.after(&self.buffer[self.start..to]);
        self.start = to;
    }
}

/// Returns the parts of a damaged value that may be values: each starts a line with a bracket, except the first.
pub(crate) fn parts(damaged: &str) -> impl Iterator<Item = &str> {
    let mut rest = (!damaged.is_empty()).then_some(damaged);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let begins = |at: usize| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'['));
        let Some((newline, _)) = text.match_indices('\n').find(|(at, _)| begins(*at)) else {
            return Some(text);
        };
        let (part, after) = text.split_at(newline + 1);
        rest = Some(after);
        Some(part)
    })
}

//! Scanner for the end of a JSON value, byte by byte: it checks brackets, strings and separators, but not numbers and words.
//!
//! Each byte is visited once, however the text is chunked, and nothing recurses.

use trace_model::work;

/// Result of scanning a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// The value continues after the piece.
    More,
    /// The value ends before this byte.
    Ends(usize),
    /// This byte is invalid here.
    Broken(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Expected {
    #[default]
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    Text,
    Escape,
    /// A number or a word.
    Scalar,
}

/// A value being scanned.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scanner {
    expected: Expected,
    inside: Inside,
    is_key: bool,
    open: Open,
}

impl Scanner {
    /// Continues at a position of a text; everything before it was scanned.
    pub(crate) fn scan(&mut self, text: &[u8], from: usize) -> Scanned {
        let scanned = self.run(text, from);
        work::add(match scanned {
            Scanned::More => text.len() - from,
            Scanned::Ends(at) | Scanned::Broken(at) => at - from,
        });
        scanned
    }

    fn run(&mut self, text: &[u8], from: usize) -> Scanned {
        let mut at = from;
        while let Some(&byte) = text.get(at) {
            match self.inside {
                Inside::Text => match plain_until(&text[at..]) {
                    None => return Scanned::More,
                    Some(found) => {
                        at += found;
                        match text[at] {
                            b'"' if self.is_key => (self.inside, self.expected) = (Inside::Nothing, Expected::Colon),
                            b'"' if self.ended() => return Scanned::Ends(at + 1),
                            b'"' => {}
                            b'\\' => self.inside = Inside::Escape,
                            _ => return Scanned::Broken(at),
                        }
                    }
                },
                Inside::Escape => self.inside = Inside::Text,
                Inside::Scalar => {
                    if is_scalar(byte) {
                        at += 1;
                        continue;
                    }
                    if self.ended() {
                        return Scanned::Ends(at);
                    }
                    continue;
                }
                Inside::Nothing if byte.is_ascii_whitespace() => {}
                Inside::Nothing => match self.token(byte) {
                    Token::Good => {}
                    Token::Last => return Scanned::Ends(at + 1),
                    Token::Bad => return Scanned::Broken(at),
                },
            }
            at += 1;
        }
        Scanned::More
    }

    /// Returns the number of open objects and arrays.
    pub(crate) const fn depth(&self) -> usize {
        self.open.depth
    }

    /// Returns true if only a number or word is open, which the end of the text also ends.
    pub(crate) fn is_scalar(&self) -> bool {
        self.open.depth == 0 && self.inside == Inside::Scalar
    }

    fn token(&mut self, byte: u8) -> Token {
        use Expected::{Colon, CommaOrEnd, Key, KeyOrEnd, Value, ValueOrEnd};
        match (byte, self.expected) {
            (b'{', Value | ValueOrEnd) => {
                self.open.push(true);
                self.expected = KeyOrEnd;
            }
            (b'[', Value | ValueOrEnd) => {
                self.open.push(false);
                self.expected = ValueOrEnd;
            }
            (b'"', Key | KeyOrEnd) => (self.inside, self.is_key) = (Inside::Text, true),
            (b'"', Value | ValueOrEnd) => (self.inside, self.is_key) = (Inside::Text, false),
            (b':', Colon) => self.expected = Value,
            (b',', CommaOrEnd) => self.expected = if self.open.is_object() { Key } else { Value },
            (b'}', KeyOrEnd | CommaOrEnd) if self.open.is_object() => return self.close(),
            (b']', ValueOrEnd | CommaOrEnd) if !self.open.is_object() => return self.close(),
            (_, Value | ValueOrEnd) if is_scalar(byte) => self.inside = Inside::Scalar,
            _ => return Token::Bad,
        }
        Token::Good
    }

    fn close(&mut self) -> Token {
        self.open.pop();
        if self.ended() { Token::Last } else { Token::Good }
    }

    /// Ends a value; returns true if it was the outermost.
    fn ended(&mut self) -> bool {
        (self.inside, self.expected) = (Inside::Nothing, Expected::CommaOrEnd);
        self.open.depth == 0
    }
}

enum Token {
    Good,
    Last,
    Bad,
}

/// Returns true for bytes of numbers and words, also invalid ones.
const fn is_scalar(byte: u8) -> bool {
    !(byte.is_ascii_whitespace() || matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"'))
}

/// Finds the end of a string's plain text: a quote, a backslash, or a control character, which is invalid there.
///
/// Eight bytes at a time, as in `serde_json`, with Mycroft's test for a zero byte: bytes after the first match may match wrongly,
/// so only the first match is used.
fn plain_until(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let below = |bytes: u64, limit: u8| bytes.wrapping_sub(ONES * u64::from(limit)) & !bytes;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH;
        if found != 0 {
            return Some(at * 8 + (found.trailing_zeros() / 8) as usize);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    Some(words.len() * 8 + found)
}

/// One bit per open object or array, the innermost one lowest: the depth is bounded only by the length of the text.
#[derive(Clone, Debug, Default)]
struct Open {
    depth: usize,
    inner: u64,
    outer: Vec<u64>,
}

impl Open {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.outer.push(self.inner);
        }
        self.inner = self.inner << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth -= 1;
        self.inner >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.inner = self.outer.pop().unwrap_or_default();
        }
    }

    const fn is_object(&self) -> bool {
        self.depth > 0 && self.inner & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scan(text: &str) -> Scanned {
        Scanner::default().scan(text.as_bytes(), 0)
    }

    #[test]
    fn scanner_finds_the_end_of_values() {
        for (text, rest) in [
            ("{} x", 2),
            ("[1, {\"a\\\"]\": [true, null]}] ]", 27),
            ("\"a\" 1", 3),
            ("12,", 2),
            ("nonsense\n", 8),
        ] {
            assert_eq!(scan(text), Scanned::Ends(rest), "{text}");
        }
        for text in ["{", "[[", "\"a", "12", "{\"a\": [1,"] {
            assert_eq!(scan(text), Scanned::More, "{text}");
        }
        for (text, at) in [
            ("{1", 1),
            ("[}", 1),
            ("{\"a\" 1", 5),
            ("[1 2", 3),
            ("\"a\nb\"", 2),
            ("{\"a\": 1,}", 8),
            ("]", 0),
        ] {
            assert_eq!(scan(text), Scanned::Broken(at), "{text}");
        }
        let deep = "[{\"a\":".repeat(1_000) + "1" + &"}]".repeat(1_000);
        assert_eq!(scan(&deep), Scanned::Ends(deep.len()));
    }

    proptest! {
        #[test]
        fn plain_text_ends_at_the_first_special_byte(text in prop::collection::vec(prop_oneof![8 => any::<u8>(), 1 => Just(b'"')], 0..40)) {
            let first = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20));
            prop_assert_eq!(plain_until(&text), first);
        }

        #[test]
        fn scanner_does_not_depend_on_chunks(text in "[\\[\\]{},:\"\\\\ 1a\n]{0,24}", cut in 0_usize..25) {
            let cut = cut.min(text.len());
            let mut scanner = Scanner::default();
            let in_pieces = match scanner.scan(&text.as_bytes()[..cut], 0) {
                Scanned::More => scanner.scan(text.as_bytes(), cut),
                scanned => scanned,
            };
            prop_assert_eq!(in_pieces, scan(&text));
        }
    }
}

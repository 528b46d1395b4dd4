//! Finding text without regard to case.
//!
//! Case is folded character by character (Unicode's simple folding, as the standard library's tables have it), and never from
//! outside of ASCII into it. So an ASCII text is only ever equal to ASCII bytes, which need not be read as UTF-8 to be found.

use std::ops::Range;

/// Returns the character for all that differ from it in case alone.
pub(in crate::filter) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let upper = one(character.to_uppercase()).unwrap_or(character);
    let lower = one(upper.to_lowercase()).unwrap_or(upper);
    // The Kelvin sign is not a k here, nor a dotless i an i.
    if lower.is_ascii() { character } else { lower }
}

fn one(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    if characters.next().is_none() { first } else { None }
}

/// A text to search.
#[derive(Clone, Debug)]
pub(in crate::filter) struct Needle {
    folded: Box<str>,
    ascii: bool,
    /// Two of its rare bytes, which find candidate positions; only of an ASCII text that is not empty.
    rare: [(usize, Byte); 2],
}

/// A byte in either case.
#[derive(Clone, Copy, Debug, Default)]
struct Byte {
    /// The bit in which a letter's two cases differ; 0 for other bytes.
    case: u8,
    lower: u8,
}

impl Byte {
    const fn new(lower: u8) -> Self {
        let case = if lower.is_ascii_lowercase() { 0x20 } else { 0 };
        Self { case, lower }
    }

    /// 0 if it is this byte.
    #[inline]
    const fn differs(self, byte: u8) -> u8 {
        (byte | self.case) ^ self.lower
    }
}

/// Positions compared together, in long texts and in short ones; compilers make vector instructions of it.
const LANES: usize = 32;
const SHORT_LANES: usize = 8;

/// Common bytes in names and values of attributes, the most common first.
const COMMON: &[u8] = b"etraosincp.ld/umh-_01v2g3b4856y7f9";

/// Returns the rank of a byte; 0 if it is rare.
fn commonness(byte: u8) -> usize {
    COMMON
        .iter()
        .position(|common| *common == byte)
        .map_or(0, |at| COMMON.len() - at)
}

impl Needle {
    pub(in crate::filter) fn new(text: &str) -> Self {
        let folded: Box<str> = text.chars().map(fold).collect();
        let mut bytes: Vec<(usize, u8)> = folded.bytes().enumerate().collect();
        bytes.sort_by_key(|(_, byte)| commonness(*byte));
        let rare = |at: usize| {
            bytes
                .get(at)
                .or(bytes.first())
                .map_or_else(Default::default, |(at, byte)| (*at, Byte::new(*byte)))
        };
        Self {
            ascii: folded.is_ascii(),
            rare: [rare(0), rare(1)],
            folded,
        }
    }

    pub(in crate::filter) fn as_str(&self) -> &str {
        &self.folded
    }

    /// Returns its first occurrence.
    #[inline]
    pub(in crate::filter) fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        if self.ascii {
            let start = self.find_ascii(text)?;
            return Some(start..start + self.folded.len());
        }
        let text = folding(text)?;
        let at = |(start, _)| Some(start..start + self.prefix_of(text.get(start..)?)?);
        text.char_indices().find_map(at)
    }

    /// The end of it at the text's beginning.
    pub(in crate::filter) fn prefix(&self, text: &[u8]) -> Option<usize> {
        if self.ascii {
            let head = text.get(..self.folded.len())?;
            return head.eq_ignore_ascii_case(self.folded.as_bytes()).then_some(head.len());
        }
        self.prefix_of(folding(text)?)
    }

    /// The beginning of it at the text's end.
    pub(in crate::filter) fn suffix(&self, text: &[u8]) -> Option<usize> {
        if self.ascii {
            let start = text.len().checked_sub(self.folded.len())?;
            return text[start..].eq_ignore_ascii_case(self.folded.as_bytes()).then_some(start);
        }
        let mut left = folding(text)?.chars();
        let fits = self
            .folded
            .chars()
            .rev()
            .all(|wanted| left.next_back().map(fold) == Some(wanted));
        fits.then_some(left.as_str().len())
    }

    fn prefix_of(&self, text: &str) -> Option<usize> {
        let mut left = text.chars();
        let fits = self.folded.chars().all(|wanted| left.next().map(fold) == Some(wanted));
        fits.then_some(text.len() - left.as_str().len())
    }

    /// Looks for two of its bytes at many positions at once, and compares the rest where both are there.
    #[inline]
    fn find_ascii(&self, text: &[u8]) -> Option<usize> {
        let starts = text.len().checked_sub(self.folded.len())? + 1;
        if self.folded.is_empty() {
            return Some(0);
        }
        if starts >= LANES {
            self.find_in_blocks::<LANES>(text, starts)
        } else if starts >= SHORT_LANES {
            self.find_in_blocks::<SHORT_LANES>(text, starts)
        } else {
            (0..starts).find(|start| self.stands_at(text, *start))
        }
    }

    /// Searches in blocks. `starts`, the number of candidate positions, is at least `N`.
    #[inline]
    fn find_in_blocks<const N: usize>(&self, text: &[u8], starts: usize) -> Option<usize> {
        let [a, b] = self.rare.map(|(offset, byte)| (&text[offset..offset + starts], byte));
        let mut at = 0;
        while let (Some(block_a), Some(block_b)) = (a.0[at..].first_chunk::<N>(), b.0[at..].first_chunk::<N>()) {
            let differ: [u8; N] = std::array::from_fn(|at| a.1.differs(block_a[at]) | b.1.differs(block_b[at]));
            // Every position is compared, because only such a loop becomes vector instructions.
            if differ.iter().fold(0, |hit, differ| hit | u8::from(*differ == 0)) != 0 {
                let mut starts = differ
                    .iter()
                    .zip(at..)
                    .filter(|(differ, _)| **differ == 0)
                    .map(|(_, start)| start);
                if let Some(found) = starts.find(|start| self.stands_at(text, *start)) {
                    return Some(found);
                }
            }
            at += N;
            // The last block reaches back over positions already seen rather than have a slow end.
            if at < starts && at + N > starts {
                at = starts - N;
            }
        }
        None
    }

    fn stands_at(&self, text: &[u8], start: usize) -> bool {
        text[start..start + self.folded.len()].eq_ignore_ascii_case(self.folded.as_bytes())
    }
}

/// The text in which something beyond ASCII may be found.
fn folding(text: &[u8]) -> Option<&str> {
    if text.is_ascii() {
        return None;
    }
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needle: &str, text: &str) -> bool {
        Needle::new(needle).find(text.as_bytes()).is_some()
    }

    #[test]
    fn folding_twice_is_folding_once_and_stays_out_of_ascii() {
        for character in '\0'..=char::MAX {
            assert_eq!(fold(fold(character)), fold(character), "{character:?}");
            assert_eq!(fold(character).is_ascii(), character.is_ascii(), "{character:?}");
        }
    }

    #[test]
    fn case_does_not_matter_beyond_ascii_either() {
        assert!(found("straẞe", "Die STRAßE"));
        assert!(found("ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ"));
        assert!(found("müll", "MÜLL"));
        assert!(!found("k", "\u{212a}"));
        assert!(!found("müll", "mull"));
    }

    #[test]
    fn needle_is_found_at_every_position_of_texts_of_any_length() {
        for length in 0..200 {
            for start in 0..length {
                let mut text = vec![b'.'; length];
                text[start] = b'X';
                assert_eq!(Needle::new("x").find(&text), Some(start..start + 1), "{start} of {length}");
                if start + 3 <= length {
                    text[start..start + 3].copy_from_slice(b"xYz");
                    assert_eq!(Needle::new("XyZ").find(&text), Some(start..start + 3), "{start} of {length}");
                }
                assert_eq!(Needle::new("x?z").find(&text), None, "{start} of {length}");
            }
        }
    }

    #[test]
    fn bytes_that_differ_in_the_bit_of_case_but_are_no_letters_differ() {
        assert!(!found("@", "`"));
        assert!(!found("[", "{"));
        assert!(!found("0", "\u{10}"));
    }
}

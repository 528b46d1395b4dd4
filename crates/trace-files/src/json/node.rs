//! Unparsed values of JSON text, with their positions.
//!
//! The text may be damaged or truncated: then the values around the damage are incomplete, and the parts before it can still be
//! read.

use std::borrow::Cow;

use super::scan::{Scanned, Scanner};

/// A value as a slice of the document's text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    text: &'a str,
    /// True if the end of the value is present.
    pub(crate) is_whole: bool,
}

/// A name with its value.
pub(crate) type Member<'a> = (Cow<'a, str>, Node<'a>);

impl<'a> Node<'a> {
    /// Returns the value at the start of a text; `None` without one.
    pub(crate) fn first(text: &'a str) -> Option<Self> {
        let mut scanner = Scanner::default();
        match scanner.scan(text.as_bytes(), 0) {
            Scanned::Ends(end) => Some(Self {
                text: &text[..end],
                is_whole: true,
            }),
            Scanned::Broken(0) => None,
            Scanned::Broken(at) => Some(Self {
                text: &text[..at],
                is_whole: false,
            }),
            Scanned::More if text.is_empty() => None,
            Scanned::More => Some(Self {
                text,
                is_whole: scanner.is_scalar(),
            }),
        }
    }

    pub(crate) const fn json(self) -> &'a str {
        self.text
    }

    /// Returns the offset in the text that contains it, in bytes.
    pub(crate) fn offset(self, text: &str) -> usize {
        self.text.as_ptr().addr().saturating_sub(text.as_ptr().addr())
    }

    pub(crate) fn is_null(self) -> bool {
        self.text == "null"
    }

    pub(crate) fn is_object(self) -> bool {
        self.text.starts_with('{')
    }

    pub(crate) fn is_array(self) -> bool {
        self.text.starts_with('[')
    }

    /// Returns an object's members in order, including duplicates; none of another value.
    pub(crate) fn members(self) -> impl Iterator<Item = Member<'a>> {
        let mut rest = self.text.strip_prefix('{');
        std::iter::from_fn(move || {
            let key = Self::first(separated(rest.take()?, ',')).filter(|key| key.text.starts_with('"'))?;
            let name = serde_json::from_str::<Name<'_>>(key.text).ok()?;
            let value = Self::first(separated(rest_of(self.text, key), ':'))?;
            rest = value.is_whole.then(|| rest_of(self.text, value));
            Some((name.0, value))
        })
    }

    /// Returns an array's elements; none of another value.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        let mut rest = self.text.strip_prefix('[');
        std::iter::from_fn(move || {
            let element = Self::first(separated(rest.take()?, ','))?;
            rest = element.is_whole.then(|| rest_of(self.text, element));
            Some(element)
        })
    }
}

/// Returns the text after a part of it.
fn rest_of<'a>(text: &'a str, part: Node<'a>) -> &'a str {
    &text[part.offset(text) + part.text.len()..]
}

/// Returns the text without a leading separator.
fn separated(text: &str, separator: char) -> &str {
    let text = text.trim_ascii_start();
    text.strip_prefix(separator).map_or(text, str::trim_ascii_start)
}

/// Borrowed if it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

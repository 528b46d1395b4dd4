//! Which characters may be printed: the one table behind every output of the workspace.
//!
//! Text from others may hold anything: escape sequences that clear the screen, a line feed that forges a second line, overrides that
//! print what follows backwards, characters that take no room and so make two names look the same. Screens, plain lines, JSON, error
//! messages, logs and the reasons of refusals all ask [`is_printable`], so what one of them replaces no other lets through.
//!
//! The table has no dependencies and the fast path is a comparison: a reason in a server and a cell on a screen can both afford it.

mod table;
mod writer;

use std::borrow::Cow;
use std::fmt::Write as _;

pub use self::writer::LineWriter;
use crate::table::UNPRINTABLE;

/// Whether a character simply prints: it does not command the terminal, break the line, reorder its neighbors, hide, or mean
/// something else on every machine (private use).
///
/// Joiners and variation selectors hide as well. Emoji sequences come apart, which is better than two names that look alike:
/// each of their visible characters still prints, in the width it has alone.
///
/// ```
/// assert!(printable::is_printable('é') && !printable::is_printable('\u{202e}'));
/// ```
#[must_use]
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let after = UNPRINTABLE.partition_point(|(first, _)| *first <= c);
    // The last range that begins at or before the character.
    after.checked_sub(1).is_none_or(|at| UNPRINTABLE[at].1 < c)
}

/// Returns the replacement for a character that does not print: its control picture (U+2400 and following) for C0 controls and DEL, else `·`.
///
/// Each is one column wide.
#[must_use]
pub fn picture(c: char) -> &'static str {
    /// In the order of the characters, three bytes each.
    const PICTURES: &str = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡";
    let at = match c {
        '\0'..='\x1f' => c as usize,
        '\x7f' => 0x20,
        _ => return "·",
    };
    PICTURES.get(at * 3..at * 3 + 3).unwrap_or("·")
}

/// Replaces each character that does not print by its [`picture`]. Clean text is not copied.
///
/// ```
/// assert_eq!(printable::clean("GET /\x1b[2J\n"), "GET /␛[2J␊");
/// ```
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(|c| !is_printable(c)) else {
        return Cow::Borrowed(text);
    };
    let (before, rest) = text.split_at(first);
    let mut cleaned = String::with_capacity(text.len() + rest.len());
    cleaned.push_str(before);
    push_clean(&mut cleaned, rest);
    Cow::Owned(cleaned)
}

/// As [`clean`], cut after `max` characters. However long the text is, no more of it is looked at.
#[must_use]
pub fn clean_prefix(text: &str, max: usize) -> String {
    let end = text.char_indices().nth(max).map_or(text.len(), |(at, _)| at);
    clean(&text[..end]).into_owned()
}

/// Escapes each character of a JSON text that does not print, as `\u….`: a parser reads the same as before, and a terminal shows it.
///
/// ```
/// assert_eq!(printable::escape_json("\"a\u{202e}b\""), r#""a\u202eb""#);
/// ```
#[must_use]
pub fn escape_json(json: &str) -> Cow<'_, str> {
    if json.chars().all(is_printable) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() * 2);
    for c in json.chars() {
        if is_printable(c) {
            escaped.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // A string takes everything.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    Cow::Owned(escaped)
}

fn push_clean(cleaned: &mut String, text: &str) {
    for c in text.chars() {
        if is_printable(c) {
            cleaned.push(c);
        } else {
            cleaned.push_str(picture(c));
        }
    }
}

#[cfg(test)]
mod tests;

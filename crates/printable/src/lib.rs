//! The table of printable characters behind every output of the workspace.
//!
//! **Invariant:** every output uses this table, and no other.
//!
//! Untrusted text may contain escape sequences that clear the screen, a line feed that forges a second line, overrides that
//! reverse the following text, zero-width characters that make two names look the same. Screens, plain lines, JSON, error
//! messages, logs and rejection reasons all use [`is_printable`], so they replace the same characters.
//!
//! The crate has no dependencies and the fast path is one comparison, so that servers and screens can use it.

#![warn(missing_docs)]

mod table;
mod writer;

use std::borrow::Cow;
use std::fmt::Write as _;

pub use self::writer::LineWriter;
use crate::table::UNPRINTABLE;

/// Returns `true` if a character is safe to print: it does not control the terminal, break the line, reorder its neighbors, hide, or mean
/// something else on every machine (private use).
///
/// Joiners and variation selectors are hidden, too. Emoji sequences are split, which is better than two names that look alike:
/// each of their visible characters is still printed, in its own width.
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
    // The last range that starts at or before the character.
    after.checked_sub(1).is_none_or(|at| UNPRINTABLE[at].1 < c)
}

/// Returns the replacement for a character that does not print: its control picture (U+2400 and following) for C0 controls and DEL, else `·`.
///
/// Each is one column wide.
#[must_use]
pub fn picture(c: char) -> &'static str {
    /// The pictures in the order of the characters, three bytes each.
    const PICTURES: &str = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡";
    let at = match c {
        '\0'..='\x1f' => c as usize,
        '\x7f' => 0x20,
        _ => return "·",
    };
    PICTURES.get(at * 3..at * 3 + 3).unwrap_or("·")
}

/// Replaces each unprintable character by its [`picture`]. Clean text is not copied.
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

/// Cleans and truncates to `max` characters. Does not read the text beyond them.
#[must_use]
pub fn clean_prefix(text: &str, max: usize) -> String {
    let end = text.char_indices().nth(max).map_or(text.len(), |(at, _)| at);
    clean(&text[..end]).into_owned()
}

/// Returns bytes in their unit, with three digits or so.
///
/// ```
/// assert_eq!(printable::bytes(1_536), "1.50 KiB");
/// ```
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..0x400 => return format!("{bytes} B"),
        0x400..0x10_0000 => (1 << 10, "KiB"),
        0x10_0000..0x4000_0000 => (1 << 20, "MiB"),
        _ => (1 << 30, "GiB"),
    };
    let whole = bytes / unit;
    let hundredths = bytes % unit * 100 / unit;
    match whole {
        _ if hundredths == 0 => format!("{} {name}", grouped(whole)),
        0..10 => format!("{whole}.{hundredths:02} {name}"),
        10..100 => format!("{whole}.{} {name}", hundredths / 10),
        _ => format!("{} {name}", grouped(whole)),
    }
}

/// Returns a number in groups of three digits.
///
/// ```
/// assert_eq!(printable::grouped(2_143), "2,143");
/// ```
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Escapes each unprintable character of a JSON text as `\u…`: the parsed value is unchanged, and the text is safe for terminals.
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
                // Writing to a string cannot fail.
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

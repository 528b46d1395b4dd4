//! Masking of a message: parts that vary by their form become variables.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Bytes of a message that are looked at.
pub const TEXT_BYTES_MAX: usize = 1_024;
/// Tokens of a message that are kept.
pub const TOKENS_MAX: usize = 64;

/// Hexadecimal digits from which on a word of them is an id, if it has digits and letters.
const HEX_ID_LENGTH_MIN: usize = 8;
/// Letters after digits that are kept: units, and the `T` and `Z` of a timestamp.
const UNIT_LENGTH_MAX: usize = 4;
/// Digits at the end of a word from which on they are a number of their own: `order12345`, but `sha256`.
const SUFFIX_LENGTH_MIN: usize = 4;
/// Characters of a UUID.
const UUID_LENGTH: usize = 36;
/// Characters of an address of IPv6 at most.
const IPV6_LENGTH_MAX: usize = 45;
/// Ends what was cut.
const CUT: &str = "…";

/// Returns a message with its variable parts masked: its first line, or all of it where that is JSON, up to [`TEXT_BYTES_MAX`] bytes and
/// [`TOKENS_MAX`] tokens.
#[must_use]
pub fn masked(message: &str) -> String {
    let mut out = String::new();
    mask(message, &mut out);
    out
}

/// Appends a masked message.
pub(super) fn mask(message: &str, out: &mut String) {
    let (text, is_cut) = looked_at(message);
    let mut masking = Masking {
        text,
        at: 0,
        tokens: 0,
        local: out.len(),
        unclosed: [false; 3],
        out,
    };
    let is_whole = masking.run();
    let kept = out.trim_end().len();
    out.truncate(kept);
    if is_cut || !is_whole {
        out.push(' ');
        out.push_str(CUT);
    }
}

/// Returns the part of a message that is looked at, and whether more follows in its line.
fn looked_at(message: &str) -> (&str, bool) {
    let limit = TEXT_BYTES_MAX.min(message.len());
    let end = (0..=limit).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
    let (start, is_cut) = (message[..end].trim_start(), end < message.len());
    if start.starts_with(['{', '[']) {
        return (start, is_cut);
    }
    match start.split_once(['\n', '\r']) {
        Some((line, _)) => (line, false),
        None => (start, is_cut),
    }
}

struct Masking<'a, 'o> {
    text: &'a str,
    at: usize,
    tokens: usize,
    out: &'o mut String,
    /// Position in the output at which the local part of a mail address would begin.
    local: usize,
    /// Quotes that are not closed in the rest of the text, so that they are not searched again.
    unclosed: [bool; 3],
}

impl Masking<'_, '_> {
    /// Returns false if the message has too many tokens.
    fn run(&mut self) -> bool {
        while let Some(byte) = self.byte(self.at) {
            match byte {
                byte if byte.is_ascii_whitespace() => {
                    if !self.space() {
                        return false;
                    }
                }
                b'"' | b'\'' | b'`' => self.quote(byte),
                b'@' => self.at_sign(),
                b'-' | b'+' if self.is_sign() => {
                    self.at += 1;
                    self.word();
                }
                b':' if self.byte(self.at + 1) == Some(b':') && !self.is_after_word() => {
                    if !self.ipv6() {
                        self.copy(self.at + 1);
                    }
                }
                byte if is_word(byte) => self.word(),
                _ => self.copy(self.at + 1),
            }
        }
        true
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn is_after_word(&self) -> bool {
        self.at.checked_sub(1).and_then(|at| self.byte(at)).is_some_and(is_word)
    }

    /// Returns true if a sign belongs to the number after it.
    fn is_sign(&self) -> bool {
        let is_number = self.byte(self.at + 1).is_some_and(|byte| byte.is_ascii_digit());
        let before = self.at.checked_sub(1).and_then(|at| self.byte(at));
        is_number && before.is_none_or(|byte| byte.is_ascii_whitespace() || b"=([,".contains(&byte))
    }

    /// Copies a character, or a word up to `end`.
    fn copy(&mut self, end: usize) {
        let text = &self.text[self.at..end];
        self.out.push_str(text);
        self.at = end;
        let ends_local = |c: char| !c.is_alphanumeric() && !"._%+-".contains(c);
        if text.ends_with(ends_local) {
            self.local = self.out.len();
        }
    }

    fn variable(&mut self, name: &str, end: usize) {
        self.out.push_str(name);
        self.at = end;
    }

    /// Ends a token. Returns false if it was the last one to read.
    fn space(&mut self) -> bool {
        self.at += 1;
        if !self.out.is_empty() && !self.out.ends_with(' ') {
            self.tokens += 1;
            if self.tokens == TOKENS_MAX - 1 {
                return false;
            }
            self.out.push(' ');
        }
        self.local = self.out.len();
        true
    }

    /// Reads a quoted part. Of single quotes those within a word are apostrophes.
    fn quote(&mut self, quote: u8) {
        let kind = match quote {
            b'"' => 0,
            b'\'' => 1,
            _ => 2,
        };
        let is_apostrophe = quote == b'\'' && self.is_after_word();
        let closed = (!is_apostrophe && !self.unclosed[kind])
            .then(|| self.closing(quote))
            .flatten();
        let Some(end) = closed else {
            self.unclosed[kind] |= !is_apostrophe;
            return self.copy(self.at + 1);
        };
        if quote == b'"' && self.text[end..].trim_start_matches(' ').starts_with(':') {
            self.copy_key(end);
        } else {
            self.variable("<str>", end);
        }
        self.local = self.out.len();
    }

    /// Copies a key of JSON without making tokens of it.
    fn copy_key(&mut self, end: usize) {
        let key = self.text[self.at..end].chars();
        self.out.extend(key.map(|c| if c.is_whitespace() { '_' } else { c }));
        self.at = end;
    }

    /// Returns the end of the quoted part that begins here.
    fn closing(&self, quote: u8) -> Option<usize> {
        let mut at = self.at + 1;
        loop {
            match self.byte(at)? {
                b'\\' => at += 2,
                byte if byte == quote && (quote != b'\'' || !self.byte(at + 1).is_some_and(is_word)) => return Some(at + 1),
                _ => at += 1,
            }
        }
    }

    /// Replaces a mail address whose local part has been written.
    fn at_sign(&mut self) {
        let domain = &self.text.as_bytes()[self.at + 1..];
        let length = domain
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b".-".contains(byte))
            .count();
        let is_address = self.out.len() > self.local && domain[..length].contains(&b'.');
        if is_address {
            self.out.truncate(self.local);
            self.variable("<email>", self.at + 1 + length);
        } else {
            self.copy(self.at + 1);
        }
    }

    fn word(&mut self) {
        if self.uuid() || self.ipv6() || self.ipv4() {
            return;
        }
        let end = self.end_of(self.at, is_word);
        let word = &self.text[self.at..end];
        if !word.bytes().any(|byte| byte.is_ascii_digit()) || !word.is_ascii() {
            self.copy(end);
        } else if is_id(word) {
            self.variable("<id>", end);
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            self.number(end);
        } else {
            let digits = word.bytes().rev().take_while(u8::is_ascii_digit).count();
            if digits >= SUFFIX_LENGTH_MIN {
                self.copy(end - digits);
                self.variable("<num>", end);
            } else {
                self.copy(end);
            }
        }
    }

    /// Reads a number with its fraction and exponent, and the letters and numbers up to the end of its word.
    fn number(&mut self, end: usize) {
        let mut at = self.end_of(self.at, is_digit);
        while self.byte(at).is_some_and(|byte| b".,".contains(&byte)) && self.byte(at + 1).is_some_and(is_digit) {
            at = self.end_of(at + 1, is_digit);
        }
        if self.byte(at).is_some_and(|byte| b"eE".contains(&byte)) {
            let sign = usize::from(self.byte(at + 1).is_some_and(|byte| b"+-".contains(&byte)));
            let exponent = self.end_of(at + 1 + sign, is_digit);
            if exponent > at + 1 + sign && !self.byte(exponent).is_some_and(is_word) {
                at = exponent;
            }
        }
        self.variable("<num>", at);
        let end = end.max(self.end_of(at, is_word));
        while self.at < end {
            let unit = self.end_of(self.at, |byte| is_word(byte) && !is_digit(byte));
            if unit - self.at > UNIT_LENGTH_MAX {
                return self.copy(end);
            }
            self.copy(unit);
            let digits = self.end_of(self.at, is_digit);
            if digits > self.at {
                self.variable("<num>", digits);
            }
        }
    }

    fn end_of(&self, at: usize, is_part: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| is_part(**byte)).count()
    }

    fn uuid(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let end = self.at + UUID_LENGTH;
        let Some(uuid) = bytes.get(self.at..end) else { return false };
        let is_uuid = uuid.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        let is_it = is_uuid && !self.byte(end).is_some_and(is_word);
        if is_it {
            self.variable("<id>", end);
        }
        is_it
    }

    fn ipv4(&mut self) -> bool {
        if !self.byte(self.at).is_some_and(is_digit) {
            return false;
        }
        let end = self.at
            + self.text[self.at..]
                .bytes()
                .take(16)
                .take_while(|byte| is_digit(*byte) || *byte == b'.')
                .count();
        let address = self.text[self.at..end].trim_end_matches('.');
        let end = self.at + address.len();
        let is_it = address.parse::<Ipv4Addr>().is_ok() && !self.byte(end).is_some_and(is_word);
        if is_it {
            self.variable("<ip>", end);
        }
        is_it
    }

    fn ipv6(&mut self) -> bool {
        let first = self.end_of(self.at, |byte| byte.is_ascii_hexdigit());
        if first - self.at > 4 || self.byte(first) != Some(b':') {
            return false;
        }
        let part = |byte: &u8| byte.is_ascii_hexdigit() || b":.".contains(byte);
        let length = self.text[self.at..].bytes().take(IPV6_LENGTH_MAX).take_while(part).count();
        let address = &self.text[self.at..self.at + length];
        // A sentence may end with it.
        let address = address.strip_suffix(['.', ':']).unwrap_or(address);
        let end = self.at + address.len();
        let has_digit = address.bytes().any(is_digit);
        let is_it = has_digit && address.parse::<Ipv6Addr>().is_ok() && !self.byte(end).is_some_and(is_word);
        if is_it {
            self.variable("<ip>", end);
        }
        is_it
    }
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Returns true for hexadecimal digits, and for letters and digits that alternate.
fn is_id(word: &str) -> bool {
    let is_hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if word
        .strip_prefix("0x")
        .is_some_and(|digits| !digits.is_empty() && is_hex(digits))
    {
        return true;
    }
    let has_letter = word.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !has_letter || word.len() < HEX_ID_LENGTH_MIN {
        return false;
    }
    let changes = word
        .as_bytes()
        .windows(2)
        .filter(|pair| is_digit(pair[0]) != is_digit(pair[1]));
    is_hex(word) || changes.count() >= 3
}

//! Text without its literals: quoted strings, numbers, ids, and lists of them.

/// Writes text with `?` for each literal or list of literals, and with single spaces. One pass, and nothing is copied.
pub(crate) fn mask(text: &[u8], mut put: impl FnMut(u8)) {
    let mut rest = text;
    let mut last = b' ';
    let mut is_spaced = true;
    // Of a list of literals, as in `IN (1, 2, 3)`, the first stands for all; their separator is written once something else follows.
    let mut after_literal = None;
    while let [byte, after @ ..] = rest {
        let literal = literal(rest, last);
        if literal > 0 {
            if after_literal.is_none() {
                put(b'?');
            }
            after_literal = Some(Separator::default());
            // Text directly after a literal is not part of another one: `:name` in `user:17:name`.
            (last, is_spaced) = (b'_', false);
            rest = &rest[literal..];
            continue;
        }
        let is_space = byte.is_ascii_whitespace();
        match &mut after_literal {
            Some(separator) if is_space => separator.space = true,
            Some(separator) if *byte == b',' => separator.comma = true,
            _ => {
                if let Some(separator) = after_literal.take() {
                    separator.put(&mut put);
                }
                if !is_space {
                    put(*byte);
                } else if !is_spaced {
                    put(b' ');
                }
                is_spaced = is_space;
            }
        }
        last = *byte;
        rest = after;
    }
}

/// Text after a literal.
#[derive(Clone, Copy, Default)]
struct Separator {
    comma: bool,
    space: bool,
}

impl Separator {
    fn put(self, put: &mut impl FnMut(u8)) {
        if self.comma {
            put(b',');
        }
        if self.space {
            put(b' ');
        }
    }
}

/// The length of the literal that text begins with, after the byte `before`; 0 where it begins with none.
fn literal(text: &[u8], before: u8) -> usize {
    match text {
        [quote @ b'\'', rest @ ..] => {
            let end = rest.iter().position(|byte| byte == quote).map_or(rest.len(), |at| at + 1);
            1 + end
        }
        // Placeholders of prepared statements: `?`, `$1`, `:name`, `%s`.
        [b'?', ..] => 1,
        [b'$' | b':', next, ..] if next.is_ascii_alphanumeric() && before != b':' && !is_word(before) => 1 + word(&text[1..]),
        [b'%', b's' | b'd', ..] => 2,
        [first, ..] if !is_word(before) => {
            let length = if first.is_ascii_hexdigit() { word(text) } else { 0 };
            let first_part = text[..length].iter().take_while(|byte| is_word(**byte)).count();
            if is_id(&text[..first_part]) { length } else { 0 }
        }
        _ => 0,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of the word that text begins with; of a number or an id, with the dots, dashes and colons in it.
fn word(text: &[u8]) -> usize {
    let part = |text: &[u8]| text.iter().take_while(|byte| is_word(**byte)).count();
    let mut length = part(text);
    if is_id(&text[..length]) {
        while let [b'.' | b'-' | b':', rest @ ..] = &text[length..] {
            let more = part(rest);
            if more == 0 || !rest[..more].iter().all(u8::is_ascii_hexdigit) {
                break;
            }
            length += 1 + more;
        }
    }
    length
}

/// Returns true if a word is a number, or begins an id: hexadecimal, as long as the first part of a UUID.
fn is_id(word: &[u8]) -> bool {
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    digits > 0 && (digits == word.len() || (word.len() >= 8 && word.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_replaces_literals() {
        for (text, expected) in [
            ("SELECT * FROM t WHERE id = 1 AND x", "SELECT * FROM t WHERE id = ? AND x"),
            ("SELECT *\n\t FROM t", "SELECT * FROM t"),
            ("IN (1, 'a',  3) AND b", "IN (?) AND b"),
            ("VALUES (1, x, 'y')", "VALUES (?, x, ?)"),
            ("LIMIT 10 ", "LIMIT ?"),
            ("GET user:17:name", "GET user:?:name"),
            ("/users/17/posts", "/users/?/posts"),
            ("name = 'never closed", "name = ?"),
            ("größe = 5", "größe = ?"),
            ("", ""),
        ] {
            let mut masked = Vec::new();
            mask(text.as_bytes(), |byte| masked.push(byte));
            assert_eq!(String::from_utf8(masked).expect("text"), expected, "{text}");
        }
    }
}

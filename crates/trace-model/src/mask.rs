//! Text without its literals: quoted strings, numbers, ids, and lists of them.

use std::borrow::Cow;

/// Meaning of text in double quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quotes {
    /// A name, as in standard SQL.
    Names,
    /// A literal, as in `MySQL`; before a colon a member's name, as in JSON.
    Values,
}

/// Writes text with `?` for each literal or list of literals, and with single spaces. One pass, and nothing is copied.
pub(crate) fn mask(text: &[u8], put: impl FnMut(u8)) {
    mask_with(text, Quotes::Names, put);
}

/// The same for text whose double quotes have another meaning.
pub(crate) fn mask_with(text: &[u8], quotes: Quotes, mut put: impl FnMut(u8)) {
    let mut rest = text;
    let mut last = b' ';
    let mut is_spaced = true;
    // Of a list of literals, as in `IN (1, 2, 3)`, only the first is kept; their separator is written once something else follows.
    let mut after_literal = None;
    while let [byte, after @ ..] = rest {
        let literal = literal(rest, last, quotes);
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
                let name = member(rest, quotes);
                if name > 0 {
                    rest[..name].iter().for_each(|byte| put(*byte));
                    (last, is_spaced) = (b'"', false);
                    rest = &rest[name..];
                    continue;
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

/// Returns a path, or a name like one, with `?` for each id and without spaces.
pub(crate) fn mask_path(path: &str) -> Cow<'_, str> {
    if !path.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'@' | b'%')) {
        return path.into();
    }
    let mut masked = Vec::with_capacity(path.len());
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            masked.push(b'/');
        }
        if segment.starts_with(':') || segment.contains(['{', '<', '*', '$']) {
            masked.extend_from_slice(segment.as_bytes());
        } else if segment.contains(['@', '%']) || segment.split('.').any(is_token) {
            masked.push(b'?');
        } else {
            mask(segment.as_bytes(), |byte| masked.push(byte));
        }
    }
    String::from_utf8_lossy(&masked).into_owned().into()
}

/// Returns true for a random id: a word of letters with digits in three places.
fn is_token(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphabetic();
    let bytes = text.as_bytes();
    let groups = bytes.chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit());
    let mut start = 0_usize;
    let inside = groups.filter(|group| {
        let (before, after) = (start.checked_sub(1), start + group.len());
        start = after;
        let touches = before.is_some_and(|at| word(bytes[at])) || bytes.get(after).is_some_and(|byte| word(*byte));
        group[0].is_ascii_digit() && touches
    });
    text.len() >= 10 && inside.count() >= 3
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

/// Returns the length of a quoted text, with its quotes; it may have no end.
fn quoted(text: &[u8], quotes: Quotes) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' if quotes == Quotes::Values => at += 1,
            byte if *byte == text[0] => return at,
            _ => {}
        }
    }
    text.len()
}

/// Returns the length of the member's name that text begins with; 0 if it begins with none.
fn member(text: &[u8], quotes: Quotes) -> usize {
    if quotes != Quotes::Values || text[0] != b'"' {
        return 0;
    }
    let end = quoted(text, quotes);
    let after = text[end..].iter().find(|byte| !byte.is_ascii_whitespace());
    if after == Some(&b':') { end } else { 0 }
}

/// The length of the literal that text begins with, after the byte `before`; 0 where it begins with none.
fn literal(text: &[u8], before: u8, quotes: Quotes) -> usize {
    match text {
        [b'\'', ..] => quoted(text, quotes),
        [b'"', ..] if quotes == Quotes::Values && member(text, quotes) == 0 => quoted(text, quotes),
        // Placeholders of prepared statements: `?`, `$1`, `:name`, `%s`.
        [b'?', ..] => 1,
        [b'$' | b':', next, ..] if next.is_ascii_alphanumeric() && !matches!(before, b':' | b'"') && !is_word(before) => {
            1 + word(&text[1..])
        }
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
    let is_hexadecimal = || word.iter().all(u8::is_ascii_hexdigit);
    let is_number = || match word {
        [b'0', b'x' | b'X', rest @ ..] => rest.iter().all(u8::is_ascii_hexdigit),
        // `1e5`
        [first, .., last] => first.is_ascii_digit() && last.is_ascii_digit() && digits + 1 == word.len() && word.contains(&b'e'),
        _ => false,
    };
    digits > 0 && (digits == word.len() || (word.len() >= 8 && is_hexadecimal()) || is_number())
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

    #[test]
    fn double_quotes_are_names_or_literals() {
        for (text, quotes, expected) in [
            (
                r#"SELECT "id" FROM "t" WHERE "a" = 1"#,
                Quotes::Names,
                r#"SELECT "id" FROM "t" WHERE "a" = ?"#,
            ),
            (
                r#"SELECT * FROM t WHERE a = "x\"y" AND b = 'it\'s'"#,
                Quotes::Values,
                "SELECT * FROM t WHERE a = ? AND b = ?",
            ),
            (
                r#"{"find": "users", "filter": {"id": {"$gt": 17}}}"#,
                Quotes::Values,
                r#"{"find": ?, "filter": {"id": {"$gt": ?}}}"#,
            ),
            (r#"{"id":17}"#, Quotes::Values, r#"{"id":?}"#),
            (r#"["a", "b", "never closed"#, Quotes::Values, "[?"),
            (r#"a = ""#, Quotes::Values, "a = ?"),
            ("a = 0x1F AND b = 1e5", Quotes::Names, "a = ? AND b = ?"),
        ] {
            let mut masked = Vec::new();
            mask_with(text.as_bytes(), quotes, |byte| masked.push(byte));
            assert_eq!(String::from_utf8(masked).expect("text"), expected, "{text}");
        }
    }

    #[test]
    fn mask_path_replaces_ids() {
        for (path, expected) in [
            ("/posts/17", "/posts/?"),
            ("/users/a@b.de/mails", "/users/?/mails"),
            ("/files/hello%20world.txt", "/files/?"),
            ("/v1/charges/ch_3MtwBwLkdIwHu7ix28a3tqPA", "/v1/charges/?"),
            ("/u/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/u/?"),
            ("/o/6f1ed002-ab5c-4b7e-9f00-0123456789ab/items", "/o/?/items"),
            ("/app.3f2a1b9c.js", "/app.?.js"),
            ("payments-eu-west-1-parked", "payments-eu-west-?-parked"),
            ("/api/v2/oauth2/2fa", "/api/v2/oauth2/2fa"),
            ("/posts/{id2}/:part1/<int:n1>", "/posts/{id2}/:part1/<int:n1>"),
            ("", ""),
        ] {
            assert_eq!(mask_path(path), expected, "{path}");
        }
    }
}

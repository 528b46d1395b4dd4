//! SQL, with a line for each clause.

use crate::LINE_BYTES_MAX;
use crate::line::{Content, Fragment, Line, Role, Scan};

/// Keywords that begin a statement.
const STATEMENTS: [&str; 19] = [
    "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "REPLACE", "CREATE", "ALTER", "DROP", "TRUNCATE", "EXPLAIN", "CALL",
    "BEGIN", "COMMIT", "ROLLBACK", "SET", "UPSERT", "VALUES",
];
/// Keywords that begin a line.
const CLAUSES: [&str; 28] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "VALUES",
    "SET",
    "RETURNING",
    "JOIN",
    "LEFT",
    "RIGHT",
    "INNER",
    "OUTER",
    "FULL",
    "CROSS",
    "NATURAL",
    "ON",
    "WINDOW",
    "FETCH",
    "FOR",
    "AND",
    "OR",
];
/// Keywords that follow another one in its line.
const JOINED: [(&str, &[&str]); 5] = [
    ("JOIN", &["LEFT", "RIGHT", "INNER", "OUTER", "FULL", "CROSS", "NATURAL"]),
    ("OUTER", &["LEFT", "RIGHT", "FULL"]),
    ("SELECT", &["ALL", "UNION", "EXCEPT", "INTERSECT", "EXPLAIN"]),
    ("FROM", &["DELETE", "DISTINCT"]),
    ("SET", &["CHARACTER"]),
];
/// Other keywords.
const OTHERS: [&str; 31] = [
    "INTO",
    "BY",
    "AS",
    "IN",
    "IS",
    "NOT",
    "NULL",
    "LIKE",
    "ILIKE",
    "BETWEEN",
    "EXISTS",
    "DISTINCT",
    "ALL",
    "ANY",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "ASC",
    "DESC",
    "TABLE",
    "INDEX",
    "CONFLICT",
    "DO",
    "NOTHING",
    "USING",
    "OVER",
    "PARTITION",
    "TRUE",
    "FALSE",
];

fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    &text[..end]
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Returns true if an attribute of a statement holds SQL.
pub(crate) fn is_statement(start: &str) -> bool {
    is_one_of(first_word(start), &STATEMENTS)
}

/// Returns true if a text without a hint is SQL.
pub(crate) fn is_sql(start: &str) -> bool {
    let first = first_word(start);
    let companions: &[&str] = match first.to_ascii_uppercase().as_str() {
        "SELECT" | "DELETE" => &["FROM"],
        "INSERT" | "REPLACE" | "MERGE" => &["INTO"],
        "UPDATE" => &["SET"],
        "WITH" => &["SELECT"],
        _ => return false,
    };
    let mut words = start.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.any(|word| is_one_of(word, companions))
}

#[derive(Debug, Default)]
pub(crate) struct Sql {
    depth: u32,
    /// Token that is open at the end of the previous line.
    within: Option<Token>,
    /// The last word, in upper case.
    last: String,
    is_continued: bool,
    /// `BETWEEN` has an `AND` of its own.
    is_between: bool,
}

/// A token of SQL that may be long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Quoted(u8),
    LineComment,
    BlockComment,
    Word,
    Space,
    Other(u8),
}

impl Scan for Sql {
    fn scan(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize {
        let until = crate::floor(text, at + LINE_BYTES_MAX);
        let level = self.depth;
        let (mut here, mut has_words, mut level_of_line) = (at, false, level);
        let mut end = None;
        while here < until {
            let (token, after, is_over) = match self.within.take() {
                Some(token) => rest_of(token, text, here, until),
                None => token(text, here, until),
            };
            let is_long = matches!(token, Token::Quoted(_) | Token::BlockComment | Token::LineComment);
            if !is_over && is_long && after == until {
                self.within = Some(token);
            }
            let word = if token == Token::Word { &text[here..after] } else { "" };
            if has_words && self.begins_line(word) {
                end = Some(here);
                break;
            }
            if !has_words && is_one_of(word, &["AND", "OR", "ON"]) {
                level_of_line += 1;
            }
            self.see(token, word);
            has_words |= token != Token::Space;
            here = after;
            if token == Token::LineComment && is_over {
                break;
            }
        }
        let end = end.unwrap_or(here);
        if has_words {
            let mut line = Line::new(at..end, level_of_line, Content::Sql);
            line.is_continued = self.is_continued;
            lines.push(line);
        }
        self.is_continued = end == until && end < text.len();
        end
    }
}

impl Sql {
    fn begins_line(&self, word: &str) -> bool {
        if !is_one_of(word, &CLAUSES) {
            return false;
        }
        let is_joined = JOINED
            .iter()
            .any(|(name, after)| name.eq_ignore_ascii_case(word) && after.contains(&&*self.last));
        let is_for_between = self.is_between && word.eq_ignore_ascii_case("AND");
        // `ON CONFLICT` and `ON` of a join both begin one; names of functions such as `LEFT(` look the same, which costs a line.
        !is_joined && !is_for_between
    }

    fn see(&mut self, token: Token, word: &str) {
        match token {
            Token::Other(b'(') => self.depth = self.depth.saturating_add(1),
            Token::Other(b')') => self.depth = self.depth.saturating_sub(1),
            Token::Word => {
                self.is_between = word.eq_ignore_ascii_case("BETWEEN") || self.is_between && !word.eq_ignore_ascii_case("AND");
                self.last = crate::start(word, 16).to_ascii_uppercase();
            }
            _ => {}
        }
    }
}

/// A token that begins at a place: what it is, the place after, and whether it is over there.
fn token(text: &str, at: usize, until: usize) -> (Token, usize, bool) {
    let bytes = &text.as_bytes()[at..until];
    let run = |is_in: fn(&u8) -> bool| at + bytes.iter().position(|byte| !is_in(byte)).unwrap_or(bytes.len());
    match bytes {
        [quote @ (b'\'' | b'"' | b'`'), ..] => rest_of(Token::Quoted(*quote), text, at + 1, until),
        [b'-', b'-', ..] => rest_of(Token::LineComment, text, at, until),
        [b'/', b'*', ..] => rest_of(Token::BlockComment, text, at + 2, until),
        [byte, ..] if byte.is_ascii_whitespace() => (Token::Space, run(u8::is_ascii_whitespace), true),
        [byte, ..] if is_word(*byte) => (Token::Word, run(|byte| is_word(*byte)), true),
        [byte, ..] => (Token::Other(*byte), at + 1, true),
        [] => (Token::Space, at, true),
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'@' | b':') || !byte.is_ascii()
}

/// Reads the rest of a token.
fn rest_of(token: Token, text: &str, at: usize, until: usize) -> (Token, usize, bool) {
    let bytes = &text.as_bytes()[at.min(until)..until];
    let found = match token {
        Token::Quoted(quote) => bytes.iter().position(|byte| *byte == quote).map(|end| end + 1),
        Token::LineComment => bytes.iter().position(|byte| *byte == b'\n').map(|end| end + 1),
        Token::BlockComment => bytes.windows(2).position(|pair| pair == b"*/").map(|end| end + 2),
        Token::Word | Token::Space | Token::Other(_) => Some(0),
    };
    found.map_or((token, until, false), |end| (token, at + end, true))
}

/// Returns the parts of a line: keywords, literals and comments, separated by one space.
pub(crate) fn pieces(text: &str) -> Vec<Fragment<'_>> {
    let mut pieces: Vec<Fragment<'_>> = Vec::new();
    let mut at = 0;
    let text = text.trim();
    while at < text.len() {
        let (token, after, _) = token(text, at, text.len());
        let after = after.max(at + 1).min(text.len());
        let after = (after..=text.len())
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(text.len());
        let part = &text[at..after];
        at = after;
        let role = match token {
            Token::Space => {
                pieces.push(Fragment::new(" ", Role::Plain));
                continue;
            }
            Token::Quoted(b'\'') => Role::String,
            Token::LineComment | Token::BlockComment => Role::Dim,
            Token::Word if part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => Role::Literal,
            Token::Word if is_one_of(part, &CLAUSES) || is_one_of(part, &OTHERS) || is_one_of(part, &STATEMENTS) => Role::Keyword,
            _ => Role::Plain,
        };
        match pieces.last_mut() {
            Some(last) if last.role == role && role == Role::Plain => last.text.to_mut().push_str(part),
            _ => pieces.push(Fragment::new(part.trim_end(), role)),
        }
    }
    pieces
}

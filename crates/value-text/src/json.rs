//! JSON, one member or element a line.

use crate::LINE_BYTES_MAX;
use crate::line::{Content, Fragment, Line, Role, Scan};
use crate::text::Text;

/// Returns true if a text begins like JSON that is worth laying out.
pub(crate) fn is_json(start: &str) -> bool {
    let start = start.trim_start();
    if !start.starts_with(['{', '[']) {
        return false;
    }
    let (mut json, mut at, mut lines) = (Json::default(), 0, Vec::new());
    while at < start.len() && json.failed.is_none() {
        at = json.scan(start, at, &mut lines);
    }
    // One that is cut is JSON as well; a timestamp in brackets is not.
    json.failed.is_none_or(|at| at == start.len()) && lines.len() > 1
}

/// The expected next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Next {
    /// A value, or a member where the innermost bracket is `{`.
    #[default]
    Item,
    /// The same or the end of what is open.
    ItemOrEnd,
    /// A comma, or the end of what is open.
    AfterItem,
    /// The rest of a text that began in a line before.
    Rest,
}

/// An open container.
#[derive(Debug)]
struct Open {
    line: usize,
    is_object: bool,
}

/// Nesting depth of JSON, at most: deeper parts are shown as sent.
const DEPTH_MAX: usize = 2_000;

#[derive(Debug, Default)]
pub(crate) struct Json {
    open: Vec<Open>,
    next: Next,
    /// Start of the part that is not JSON.
    failed: Option<usize>,
    rest: Text,
}

impl Scan for Json {
    fn scan(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize {
        if self.failed.is_some() {
            return self.rest.scan(text, at, lines);
        }
        if self.next == Next::Rest {
            return self.rest_of_text(text, at, lines);
        }
        let at = skip_space(text, at);
        let Some(byte) = text.as_bytes().get(at).copied() else {
            return at;
        };
        if byte.is_ascii_whitespace() {
            return at;
        }
        let is_end = matches!(byte, b'}' | b']');
        let after = match self.next {
            Next::AfterItem if byte == b',' && !self.open.is_empty() => {
                if let Some(Content::Json { comma }) = lines.last_mut().map(|line| &mut line.content) {
                    *comma = true;
                }
                self.next = Next::Item;
                Some(at + 1)
            }
            // Documents one after the other.
            Next::AfterItem if self.open.is_empty() && matches!(byte, b'{' | b'[') => self.item(text, at, lines),
            Next::AfterItem | Next::ItemOrEnd if is_end => self.close(byte, at, lines),
            Next::AfterItem => None,
            _ => self.item(text, at, lines),
        };
        after.unwrap_or_else(|| {
            self.failed = Some(at);
            self.rest.scan(text, at, lines)
        })
    }
}

impl Json {
    fn push(&self, mut line: Line, lines: &mut Vec<Line>) {
        line.parent = self.open.last().map(|open| open.line);
        if let Some(parent) = line.parent.and_then(|parent| lines.get_mut(parent)) {
            parent.children += 1;
        }
        lines.push(line);
    }

    fn level(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }

    /// A value with its name, or the start of one. `None` without one.
    fn item(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut value = at;
        if self.open.last().is_some_and(|open| open.is_object) {
            let key = string_end(text, at)?.ok()?;
            let colon = skip_space(text, key);
            if bytes.get(colon) != Some(&b':') {
                // Cut after the name.
                return (colon == text.len()).then(|| self.scalar(at..key, lines));
            }
            value = skip_space(text, colon + 1);
        }
        let level = self.level();
        let line = |end: usize| Line::new(at..end, level, Content::Json { comma: false });
        match bytes.get(value)? {
            b'{' | b'[' if self.open.len() >= DEPTH_MAX => None,
            open @ (b'{' | b'[') => {
                let is_object = *open == b'{';
                let inner = skip_space(text, value + 1);
                if bytes.get(inner) == Some(if is_object { &b'}' } else { &b']' }) {
                    return Some(self.scalar(at..inner + 1, lines));
                }
                let mut opener = line(value + 1);
                opener.is_fold = true;
                self.push(opener, lines);
                self.open.push(Open {
                    line: lines.len() - 1,
                    is_object,
                });
                self.next = Next::ItemOrEnd;
                Some(value + 1)
            }
            b'"' => match string_end(text, value)? {
                Ok(end) => Some(self.scalar(at..end, lines)),
                Err(end) => {
                    self.scalar(at..end, lines);
                    self.next = Next::Rest;
                    Some(end)
                }
            },
            _ => {
                let rest = &text[value..crate::floor(text, value + 64)];
                let end = rest.find([',', '}', ']', ' ', '\t', '\r', '\n']);
                let word = &rest[..end.unwrap_or(rest.len())];
                let is_cut = value + word.len() == text.len();
                let is_word = ["true", "false", "null"]
                    .iter()
                    .any(|known| *known == word || is_cut && known.starts_with(word));
                let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                    && word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
                (is_word || is_number).then(|| self.scalar(at..value + word.len(), lines))
            }
        }
    }

    fn scalar(&mut self, range: std::ops::Range<usize>, lines: &mut Vec<Line>) -> usize {
        let end = range.end;
        self.push(Line::new(range, self.level(), Content::Json { comma: false }), lines);
        self.next = Next::AfterItem;
        end
    }

    fn close(&mut self, byte: u8, at: usize, lines: &mut Vec<Line>) -> Option<usize> {
        let is_object = byte == b'}';
        let open = self.open.pop_if(|open| open.is_object == is_object)?;
        let mut line = Line::new(at..at + 1, self.level(), Content::Json { comma: false });
        line.parent = Some(open.line);
        lines.push(line);
        let end = lines.len();
        if let Some(opener) = lines.get_mut(open.line) {
            opener.end = Some(end);
        }
        self.next = Next::AfterItem;
        Some(at + 1)
    }

    /// Reads the rest of a string that is longer than a line.
    fn rest_of_text(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize {
        let (end, is_over) = match quote_end(text, at) {
            Ok(end) => (end, true),
            Err(end) => (end, false),
        };
        let mut line = Line::new(at..end, self.level(), Content::Json { comma: false });
        line.is_continued = true;
        line.parent = self.open.last().map(|open| open.line);
        lines.push(line);
        if is_over {
            self.next = Next::AfterItem;
        }
        end
    }
}

/// The place after white space, as far as a line goes.
fn skip_space(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let end = (at + LINE_BYTES_MAX).min(bytes.len());
    let spaces = bytes[at.min(end)..end].iter().position(|byte| !byte.is_ascii_whitespace());
    spaces.map_or(end, |spaces| at + spaces)
}

/// The place after a text within quotes that begins here; `Err` with how far a line goes where it does not end before, `None` where none begins.
fn string_end(text: &str, at: usize) -> Option<Result<usize, usize>> {
    (text.as_bytes().get(at) == Some(&b'"')).then(|| quote_end(text, at + 1))
}

/// The same from within the quotes.
fn quote_end(text: &str, at: usize) -> Result<usize, usize> {
    let until = crate::floor(text, at + LINE_BYTES_MAX);
    let bytes = &text.as_bytes()[..until];
    let mut here = at;
    while let Some(byte) = bytes.get(here) {
        match byte {
            b'"' => return Ok(here + 1),
            // What is escaped stays with its sign, also where the line ends between them.
            b'\\' if here + 1 >= until && until < text.len() => return Err(if here > at { here } else { here + 2 }),
            b'\\' => here += 2,
            _ => here += 1,
        }
    }
    Err(crate::floor(text, here.min(text.len())))
}

/// Returns the parts of a line.
pub(crate) fn pieces<'a>(text: &'a str, comma: bool, line: &Line, is_folded: bool, comma_after: bool) -> Vec<Fragment<'a>> {
    let mut pieces = Vec::new();
    let mut value = text;
    let key_end = string_end(text, 0).and_then(Result::ok).filter(|_| !line.is_continued);
    if let Some(end) = key_end
        && let Some(after) = text[end..].trim_start().strip_prefix(':')
    {
        pieces.push(Fragment::new(&text[..end], Role::Key));
        pieces.push(Fragment::new(": ", Role::Dim));
        value = after.trim_start();
    }
    let role = match value.as_bytes().first() {
        _ if line.is_continued => Role::String,
        Some(b'"') => Role::String,
        Some(b'{' | b'[' | b'}' | b']') => Role::Dim,
        _ => Role::Literal,
    };
    let value = if role == Role::Dim && value.len() > 1 {
        // Nothing is within.
        value.chars().filter(|c| !c.is_whitespace()).collect::<String>().into()
    } else {
        std::borrow::Cow::Borrowed(value)
    };
    let close = if value == "{" { "}" } else { "]" };
    pieces.push(Fragment::new(value, role));
    if is_folded {
        pieces.push(Fragment::new(format!(" … {} {close}", line.children), Role::Dim));
    }
    if comma || is_folded && comma_after {
        pieces.push(Fragment::new(",", Role::Dim));
    }
    pieces
}

//! Lines of a text, and the trait of the scanners that make them, one for each form.

use std::borrow::Cow;
use std::ops::Range;

use crate::LINE_BYTES_MAX;

/// Role of a part of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    Plain,
    /// Matters less: punctuation, frames of libraries, what a fold hides.
    Dim,
    /// A name: of a member, of a part of a URL.
    Key,
    /// A keyword.
    Keyword,
    /// A text within quotes.
    String,
    /// A number, `true`, `false` or `null`.
    Literal,
    /// A frame of the program's own code.
    Own,
    /// Name of an exception.
    Error,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// The text; as it was sent, so it is to be cleaned before it is shown.
    pub text: Cow<'a, str>,
    /// Role of the text.
    pub role: Role,
}

impl<'a> Fragment<'a> {
    pub(crate) fn new(text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

/// Kind of a line of a stack trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StackLine {
    /// The exception, or a heading.
    Title,
    /// A frame of the program's own code.
    Own,
    /// A frame of a library, or of the language itself.
    Library,
    /// It belongs to the frame before it: its place, or the line of its source.
    Detail,
}

/// Content of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A part of the text as it is.
    Text,
    /// A member or an element of JSON, or the end of one; with a comma where another one follows.
    Json {
        comma: bool,
    },
    Sql,
    /// A line of a stack trace.
    Stack(StackLine),
    /// The first line of library frames that stand below it.
    Libraries,
    /// A name for what stands below it.
    Named(Box<str>),
    /// A part with its name.
    Part(&'static str, Box<str>),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which part of the text it covers.
    pub range: Range<usize>,
    /// Nesting depth.
    pub level: u32,
    /// It continues the line before, which was too long.
    pub is_continued: bool,
    /// True if lines below it can be folded.
    pub is_fold: bool,
    pub(crate) content: Content,
    /// The line below which it stands.
    pub(crate) parent: Option<usize>,
    /// The line after the last one that stands below it, once that is known.
    pub(crate) end: Option<usize>,
    /// Lines directly below it.
    pub(crate) children: usize,
}

impl Line {
    /// The line below which it stands, if it stands below one.
    #[must_use]
    pub const fn parent(&self) -> Option<usize> {
        self.parent
    }

    pub(crate) const fn new(range: Range<usize>, level: u32, content: Content) -> Self {
        Self {
            range,
            level,
            is_continued: false,
            is_fold: false,
            content,
            parent: None,
            end: None,
            children: 0,
        }
    }
}

/// Reads a text, one line or a part of one after the other.
pub(crate) trait Scan {
    /// Continues from a place in the text, adds the lines that end there, and returns the place after; the text's length at its end. A call
    /// looks at [`LINE_BYTES_MAX`] bytes or so.
    fn scan(&mut self, text: &str, at: usize, lines: &mut Vec<Line>) -> usize;
}

/// The end of a line that begins at a place: where the text has its line break, or where it is cut because it is too long. Returns the end, the
/// place after, and whether it was cut.
pub(crate) fn line_end(text: &str, at: usize) -> (usize, usize, bool) {
    let until = crate::floor(text, at + LINE_BYTES_MAX);
    let chunk = &text[at..until];
    if let Some(end) = chunk.bytes().position(|byte| byte == b'\n') {
        let line = chunk[..end].strip_suffix('\r').unwrap_or(&chunk[..end]);
        return (at + line.len(), at + end + 1, false);
    }
    if until == text.len() {
        return (until, until, false);
    }
    (until, until, true)
}

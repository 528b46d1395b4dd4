//! A text as lines, read step by step.

use crate::json::Json;
use crate::line::{Content, Fragment, Line, Role, Scan};
use crate::outline::Outline;
use crate::sql::Sql;
use crate::stack::Stack;
use crate::text::Text;
use crate::{Form, Hint, base64, json, sql, stack, url};

#[derive(Debug)]
enum Scanner {
    Text(Text),
    Json(Json),
    Sql(Sql),
    Stack(Stack),
}

/// A text of more bytes is named before it is shown.
const LONG: usize = 1 << 20;

/// A text with the lines that have been read of it.
#[derive(Debug)]
pub struct Document {
    text: Box<str>,
    form: Form,
    lines: Vec<Line>,
    scanner: Scanner,
    at: usize,
    is_complete: bool,
}

impl Document {
    /// Recognizes a text and reads none of it yet.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>, hint: Option<Hint>) -> Self {
        let text = text.into();
        let form = Form::of(&text, hint);
        let scanner = match form {
            Form::Json => Scanner::Json(Json::default()),
            Form::Sql => Scanner::Sql(Sql::default()),
            Form::StackTrace => Scanner::Stack(Stack::default()),
            Form::Text | Form::Base64 | Form::Url => Scanner::Text(Text::default()),
        };
        let mut document = Self {
            form,
            lines: Vec::new(),
            scanner,
            at: 0,
            is_complete: text.is_empty(),
            text,
        };
        document.name();
        document
    }

    /// Adds the line above the text itself.
    fn name(&mut self) {
        let name = match self.form {
            Form::Url => {
                self.lines = url::parts(&self.text);
                self.at = self.text.len();
                self.is_complete = true;
                return;
            }
            Form::Base64 => base64::name(&self.text),
            Form::Text if self.text.len() > LONG => printable::bytes(self.text.len() as u64),
            _ => return,
        };
        let mut line = Line::new(0..0, 0, Content::Named(name.into()));
        line.is_fold = true;
        self.lines.push(line);
        if let Scanner::Text(text) = &mut self.scanner {
            text.parent = Some(0);
        }
    }

    /// Returns the recognized form.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The whole text.
    #[must_use]
    pub const fn text(&self) -> &str {
        &self.text
    }

    /// Returns true once all of it has been read.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the number of bytes read.
    #[must_use]
    pub const fn read(&self) -> usize {
        self.at
    }

    /// The lines that have been read.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Continues reading until about this many bytes are read.
    pub fn step(&mut self, bytes: usize) {
        let until = self.at.saturating_add(bytes);
        while self.at < until && !self.is_complete {
            let text = &*self.text;
            let scan: &mut dyn Scan = match &mut self.scanner {
                Scanner::Text(text) => text,
                Scanner::Json(json) => json,
                Scanner::Sql(sql) => sql,
                Scanner::Stack(stack) => stack,
            };
            self.at = scan.scan(text, self.at, &mut self.lines);
            if self.at >= text.len() {
                self.is_complete = true;
                let end = self.lines.len();
                for line in self.lines.iter_mut().filter(|line| line.is_fold) {
                    line.end.get_or_insert(end);
                }
            }
        }
    }

    /// Returns the parts of a line, without its indentation.
    #[must_use]
    pub fn pieces(&self, at: usize, outline: &Outline) -> Vec<Fragment<'_>> {
        let Some(line) = self.lines.get(at) else {
            return Vec::new();
        };
        let text = &self.text[line.range.clone()];
        let is_folded = outline.is_folded(&self.lines, at);
        match &line.content {
            Content::Text => vec![Fragment::new(text, Role::Plain)],
            Content::Json { comma } => json::pieces(text, *comma, line, is_folded, self.is_closed_with_comma(line)),
            Content::Sql => sql::pieces(text),
            Content::Stack(kind) => stack::pieces(text, *kind),
            Content::Libraries => {
                let more = if line.end.is_some() { "" } else { "+" };
                let plural = if line.children == 1 { "" } else { "s" };
                vec![Fragment::new(
                    format!("{}{more} library frame{plural}", line.children),
                    Role::Dim,
                )]
            }
            Content::Named(name) => vec![Fragment::new(&**name, Role::Dim)],
            Content::Part(name, value) => vec![
                Fragment::new(format!("{name:<9} "), Role::Key),
                Fragment::new(&**value, Role::Plain),
            ],
        }
    }

    /// Returns true if a comma follows the end of the value that begins in this line.
    fn is_closed_with_comma(&self, line: &Line) -> bool {
        let last = line.end.and_then(|end| self.lines.get(end.checked_sub(1)?));
        matches!(last.map(|last| &last.content), Some(Content::Json { comma: true }))
    }

    /// The text of a line with its indentation.
    #[must_use]
    pub fn text_of(&self, at: usize, outline: &Outline) -> String {
        let level = self.lines.get(at).map_or(0, |line| line.level);
        let pieces = self.pieces(at, outline);
        let indent = "  ".repeat(usize::try_from(level).unwrap_or(0));
        pieces.into_iter().fold(indent, |text, piece| text + &piece.text)
    }
}

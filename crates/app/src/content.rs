//! Text with its meaning: what a screen says, before it has colors. Scrolling needs to know how many lines there are, so they are made here.

use std::borrow::Cow;
use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::text::ascii_columns;

/// Meaning of a piece of text. A view decides its look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Nothing in particular.
    #[default]
    Plain,
    /// Matters less.
    Dim,
    /// Only divides.
    Rule,
    /// Keys, links, what is new.
    Accent,
    /// Went well.
    Good,
    /// Is on its way, or wants a look.
    Warning,
    /// Failed.
    Error,
    /// Is what was looked for.
    Found,
    /// Is on the critical path.
    Critical,
    /// Has not arrived.
    Absent,
    /// A span that did not reach Sentry.
    Missing,
    /// A span that is different there.
    Different,
    /// The name of a service, by its [`service_number`].
    Service(u32),
}

impl Role {
    /// The role of a service's name.
    #[must_use]
    pub fn service(name: &str) -> Self {
        if name.is_empty() {
            return Self::Dim;
        }
        Self::Service(service_number(name))
    }

    /// The role of a mark of the cross-check.
    #[must_use]
    pub const fn verdict(mark: char) -> Self {
        match mark {
            '✓' => Self::Good,
            '…' => Self::Warning,
            '✗' => Self::Missing,
            '≠' => Self::Different,
            _ => Self::Dim,
        }
    }
}

/// Which service, in 24 bits: the same in every run and on every machine, since it comes from the name alone.
#[must_use]
pub fn service_number(name: &str) -> u32 {
    // FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): the standard library's hash may change between releases.
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    // The lowest bits of this hash mix least.
    hash >> 8
}

/// A text with one meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// The text, clean.
    pub text: Cow<'static, str>,
    /// Meaning of the text.
    pub role: Role,
    /// True if it is emphasized.
    pub is_strong: bool,
}

impl Piece {
    /// Columns that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        ascii_columns(&self.text).unwrap_or_else(|| self.text.width())
    }

    /// The same with a role if it has none.
    #[must_use]
    pub(crate) fn or_means(self, role: Role) -> Self {
        if self.role == Role::Plain {
            Self { role, ..self }
        } else {
            self
        }
    }

    /// The same role for another text.
    #[must_use]
    pub(crate) fn with_text(&self, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            ..*self
        }
    }
}

impl From<&'static str> for Piece {
    fn from(text: &'static str) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

impl From<String> for Piece {
    fn from(text: String) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

/// Gives a text its meaning.
pub(crate) trait Means: Into<Piece> {
    fn means(self, role: Role) -> Piece {
        Piece { role, ..self.into() }
    }

    fn strong(self) -> Piece {
        Piece {
            is_strong: true,
            ..self.into()
        }
    }
}

impl<T: Into<Piece>> Means for T {}

/// A line of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// From left to right.
    pub pieces: Vec<Piece>,
}

impl Line {
    /// Columns that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.pieces.iter().map(Piece::width).sum()
    }

    pub(crate) fn push(&mut self, piece: impl Into<Piece>) {
        self.pieces.push(piece.into());
    }
}

impl fmt::Display for Line {
    /// The text alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| f.write_str(&piece.text))
    }
}

impl<T: Into<Piece>> From<T> for Line {
    fn from(piece: T) -> Self {
        Self {
            pieces: vec![piece.into()],
        }
    }
}

impl From<Vec<Piece>> for Line {
    fn from(pieces: Vec<Piece>) -> Self {
        Self { pieces }
    }
}

impl FromIterator<Piece> for Line {
    fn from_iter<T: IntoIterator<Item = Piece>>(pieces: T) -> Self {
        Self {
            pieces: pieces.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_their_pieces() {
        let line = Line::from(vec!["日本 ".into(), "api".means(Role::service("api")), "!".strong()]);
        assert_eq!(line.width(), 9);
        assert_eq!((Role::service(""), line.pieces[2].role), (Role::Dim, Role::Plain));
    }
}

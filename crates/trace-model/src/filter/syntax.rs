//! A filter as it was written, and how it is written back.

use std::fmt::{self, Display};

use super::Records;
use super::keys::{self, Field, IdField, IdPrefix, Known, State};
use super::quantity::{Comparison, DurationTest};
use super::times::{At, Since};
use crate::number::Number;
use crate::{Severity, SpanKind, StatusCode};

/// A condition. Groups have two or more members, none of them a group of the same sort; only the outermost one may be empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Term(Term),
}

/// One term.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// Anywhere in the span.
    Anywhere(Pattern),
    Text {
        field: Field,
        test: TextTest,
    },
    Kind(Vec<SpanKind>),
    Status(Vec<StatusCode>),
    Is(Vec<State>),
    Duration(Vec<DurationTest>),
    Severity(Comparison, Vec<Severity>),
    Since(Since),
    At(Vec<At>),
    Id {
        field: IdField,
        prefixes: Vec<IdPrefix>,
    },
    Attribute {
        name: String,
        test: AttributeTest,
    },
    Has(Vec<Subject>),
}

impl Term {
    fn has_field_of(&self, records: Records) -> bool {
        let field = match self {
            Self::Text { field, .. } => Known::Text(*field),
            Self::Id { field, .. } => Known::Id(*field),
            Self::Kind(_) => Known::Kind,
            Self::Status(_) => Known::Status,
            Self::Is(_) => Known::Is,
            Self::Duration(_) => Known::Duration,
            Self::Severity(..) => Known::Severity,
            Self::Has(subjects) => {
                let is_theirs = |subject: &Subject| matches!(subject, Subject::Known(known) if known.only_of() == Some(records));
                return subjects.iter().any(is_theirs);
            }
            Self::Anywhere(_) | Self::Attribute { .. } | Self::Since(_) | Self::At(_) => return false,
        };
        field.only_of() == Some(records)
    }
}

/// A test of an attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum AttributeTest {
    Number(Comparison, Number),
    Text(TextTest),
}

/// One of several texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TextTest {
    /// `=`: the whole value, not a part of it.
    pub(super) whole: bool,
    pub(super) any_of: Vec<Pattern>,
}

/// Argument of `has:`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Subject {
    Known(Known),
    Attribute(String),
}

/// A text, split at its asterisks: one part without, two or more with. None between the first and the last is empty.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(pub(super) Vec<String>);

impl Pattern {
    /// Returns the text, if it has no asterisk.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [text] => Some(text),
            _ => None,
        }
    }
}

impl Default for Expr {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Expr {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::All(members) if members.is_empty())
    }

    /// Returns true if a term has a field that these records alone have.
    pub(super) fn has_field_of(&self, records: Records) -> bool {
        match self {
            Self::All(members) | Self::Any(members) => members.iter().any(|member| member.has_field_of(records)),
            Self::Not(inner) => inner.has_field_of(records),
            Self::Term(term) => term.has_field_of(records),
        }
    }

    pub(super) fn all(members: Vec<Self>) -> Self {
        let flat = members.into_iter().flat_map(|member| match member {
            Self::All(inner) => inner,
            other => vec![other],
        });
        single(flat.collect()).unwrap_or_else(Self::All)
    }

    pub(super) fn any(members: Vec<Self>) -> Self {
        let flat = members.into_iter().flat_map(|member| match member {
            Self::Any(inner) => inner,
            other => vec![other],
        });
        single(flat.collect()).unwrap_or_else(Self::Any)
    }

    pub(super) fn negate(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }
}

fn single(mut members: Vec<Expr>) -> Result<Expr, Vec<Expr>> {
    match (members.len(), members.pop()) {
        (1, Some(only)) => Ok(only),
        (_, last) => {
            members.extend(last);
            Err(members)
        }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(members) => {
                for (at, member) in members.iter().enumerate() {
                    let space = if at > 0 { " " } else { "" };
                    match member {
                        Self::Any(_) => write!(f, "{space}({member})")?,
                        _ => write!(f, "{space}{member}")?,
                    }
                }
                Ok(())
            }
            Self::Any(members) => joined(f, members, " OR "),
            Self::Not(inner) => match **inner {
                Self::All(_) | Self::Any(_) => write!(f, "!({inner})"),
                _ => write!(f, "!{inner}"),
            },
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anywhere(pattern) => pattern.fmt(f),
            Self::Text { field, test } => write!(f, "{}:{test}", field.name()),
            Self::Kind(kinds) => values(f, "kind:", kinds.iter().map(|kind| kind.name())),
            Self::Status(codes) => values(f, "status:", codes.iter().map(|code| code.name())),
            Self::Is(states) => values(f, "is:", states.iter().map(|state| state.name())),
            Self::Duration(tests) => values(f, "duration:", tests),
            Self::Severity(comparison, severities) => {
                let written = match comparison {
                    Comparison::Equal => String::new(),
                    other => other.to_string(),
                };
                values(
                    f,
                    &format!("severity:{written}"),
                    severities.iter().map(|severity| severity.name()),
                )
            }
            Self::Since(since) => write!(f, "since:{since}"),
            Self::At(times) => values(f, "at:", times),
            Self::Id { field, prefixes } => {
                let equal = if prefixes.first().is_some_and(|prefix| prefix.whole) {
                    "="
                } else {
                    ""
                };
                write!(f, "{}:{equal}", field.name())?;
                values(f, "", prefixes)
            }
            Self::Attribute { name, test } => {
                write_attribute(f, name)?;
                match test {
                    AttributeTest::Number(comparison, number) => write!(f, ":{comparison}{number}"),
                    AttributeTest::Text(test) => write!(f, ":{test}"),
                }
            }
            Self::Has(subjects) => values(f, "has:", subjects),
        }
    }
}

impl Display for TextTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        values(f, if self.whole { "=" } else { "" }, &self.any_of)
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(known) => f.write_str(known.name()),
            Self::Attribute(name) => write_attribute(f, name),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.iter().any(|piece| needs_quotes(piece)) || self.plain().is_some_and(str::is_empty) {
            "\""
        } else {
            ""
        };
        f.write_str(quote)?;
        for (at, piece) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("*")?;
            }
            write_escaped(f, piece)?;
        }
        f.write_str(quote)
    }
}

/// An attribute's name; in quotes also where it would be taken for something else.
fn write_attribute(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let quote = if name.is_empty() || needs_quotes(name) || keys::is_known(name) {
        "\""
    } else {
        ""
    };
    f.write_str(quote)?;
    write_escaped(f, name)?;
    f.write_str(quote)
}

/// Returns true if a text would be split or have a meaning without quotes.
fn needs_quotes(text: &str) -> bool {
    let special = |character: char| character.is_whitespace() || "\"():[],".contains(character);
    // A colon before two slashes is one of a URL.
    text.contains(special) || text.starts_with(['!', '>', '<', '=']) || text.starts_with("//") || matches!(text, "AND" | "OR")
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|character| match character {
        '"' | '\\' | '*' => write!(f, "\\{character}"),
        other => write!(f, "{other}"),
    })
}

/// Writes one value plain, several in brackets.
fn values<T: Display>(f: &mut fmt::Formatter<'_>, before: &str, values: impl IntoIterator<Item = T>) -> fmt::Result {
    let values: Vec<T> = values.into_iter().collect();
    f.write_str(before)?;
    match values.as_slice() {
        [value] => value.fmt(f),
        several => {
            f.write_str("[")?;
            joined(f, several, ", ")?;
            f.write_str("]")
        }
    }
}

fn joined<T: Display>(f: &mut fmt::Formatter<'_>, values: &[T], between: &str) -> fmt::Result {
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        value.fmt(f)?;
    }
    Ok(())
}

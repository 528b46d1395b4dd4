//! Keys that are not attributes, and their values.

use std::fmt;

use super::Records;
use crate::{Severity, SpanId, SpanKind, StatusCode, TraceId};

/// A key with a fixed meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Text(Field),
    Id(IdField),
    Kind,
    Status,
    Duration,
    Is,
    Has,
    Severity,
    /// Times of this long ago and later.
    Since,
    /// A range of times.
    At,
}

/// A key whose value is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Service,
    Scope,
    Message,
    Event,
    Body,
}

/// A key whose value is an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdField {
    Trace,
    Span,
    Parent,
}

/// A value of `is:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Root,
    Running,
    Error,
}

/// Names of the keys; the first of several for the same key is the one that is displayed.
const NAMES: [(&str, Known); 26] = [
    ("name", Known::Text(Field::Name)),
    ("service", Known::Text(Field::Service)),
    ("scope", Known::Text(Field::Scope)),
    ("message", Known::Text(Field::Message)),
    ("event", Known::Text(Field::Event)),
    ("trace", Known::Id(IdField::Trace)),
    ("trace_id", Known::Id(IdField::Trace)),
    ("trace.id", Known::Id(IdField::Trace)),
    ("id", Known::Id(IdField::Span)),
    ("span", Known::Id(IdField::Span)),
    ("span_id", Known::Id(IdField::Span)),
    ("span.id", Known::Id(IdField::Span)),
    ("parent", Known::Id(IdField::Parent)),
    ("parent_id", Known::Id(IdField::Parent)),
    ("parent.id", Known::Id(IdField::Parent)),
    ("parent_span_id", Known::Id(IdField::Parent)),
    ("parent_span.id", Known::Id(IdField::Parent)),
    ("kind", Known::Kind),
    ("status", Known::Status),
    ("duration", Known::Duration),
    ("is", Known::Is),
    ("has", Known::Has),
    ("severity", Known::Severity),
    ("body", Known::Text(Field::Body)),
    ("since", Known::Since),
    ("at", Known::At),
];

impl Known {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, key)| *key)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, key)| *key == self).map_or("", |(name, _)| name)
    }

    /// Returns the only records that have it; `None` if all have.
    pub(super) const fn only_of(self) -> Option<Records> {
        match self {
            Self::Text(Field::Name | Field::Message)
            | Self::Id(IdField::Parent)
            | Self::Kind
            | Self::Status
            | Self::Duration
            | Self::Is => Some(Records::Spans),
            Self::Text(Field::Body) | Self::Severity => Some(Records::Logs),
            Self::Text(Field::Service | Field::Scope | Field::Event)
            | Self::Id(IdField::Trace | IdField::Span)
            | Self::Has
            | Self::Since
            | Self::At => None,
        }
    }
}

/// Returns true if a name would not be parsed as an attribute's.
pub(super) fn is_known(name: &str) -> bool {
    Known::parse(name).is_some()
}

impl Field {
    pub(super) fn name(self) -> &'static str {
        Known::Text(self).name()
    }
}

impl IdField {
    pub(super) fn name(self) -> &'static str {
        Known::Id(self).name()
    }

    const fn digits(self) -> usize {
        match self {
            Self::Trace => 2 * TraceId::BYTES,
            Self::Span | Self::Parent => 2 * SpanId::BYTES,
        }
    }
}

impl State {
    pub(super) const ALL: [Self; 3] = [Self::Root, Self::Running, Self::Error];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Running => "running",
            Self::Error => "error",
        }
    }
}

pub(super) const KINDS: [SpanKind; 6] = [
    SpanKind::Unspecified,
    SpanKind::Internal,
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
];

pub(super) const STATUSES: [StatusCode; 3] = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];

/// Reads a severity: one of OTLP's ranges, or another common name of it.
///
/// # Errors
///
/// The value is unknown; the error lists the known ones.
pub(super) fn severity(text: &str) -> Result<Severity, String> {
    match Severity::from_text(text) {
        Severity::Unspecified => choose("severity", text, &Severity::ALL, Severity::name),
        severity => Ok(severity),
    }
}

/// The one of `all` that is called `text`.
///
/// # Errors
///
/// The value is unknown; the error lists the known ones.
pub(super) fn choose<T: Copy>(key: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    all.iter()
        .copied()
        .find(|value| name(*value).eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|value| name(*value)).collect();
            format!("unknown {key} `{text}`: use {}", names.join(", "))
        })
}

/// The first digits of an id, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IdPrefix {
    /// Value of each digit, at most as many as the longest id has; beyond `length` all 0.
    digits: [u8; 2 * TraceId::BYTES],
    length: usize,
    /// True after `=`; it then has all digits.
    pub(super) whole: bool,
}

impl IdPrefix {
    /// Reads hexadecimal digits of either case.
    ///
    /// # Errors
    ///
    /// The digits are invalid.
    pub(super) fn parse(text: &str, field: IdField, whole: bool) -> Result<Self, String> {
        let most = field.digits();
        let Some(prefix) = Self::hex(text, whole) else {
            return Err(format!(
                "an id has up to {most} hexadecimal digits, 0-9 and a-f; the first few are enough"
            ));
        };
        if prefix.length > most || (whole && prefix.length < most) {
            let found = prefix.length;
            return Err(format!(
                "a whole id here has {most} digits, not {found}; without `=` the first few are enough"
            ));
        }
        Ok(prefix)
    }

    /// Reads what may be the beginning of an id.
    pub(super) fn hex(text: &str, whole: bool) -> Option<Self> {
        let mut digits = [0; 2 * TraceId::BYTES];
        for (digit, character) in digits.iter_mut().zip(text.chars()) {
            *digit = u8::try_from(character.to_digit(16)?).ok()?;
        }
        let length = text.chars().count();
        let fits = (1..=digits.len()).contains(&length);
        fits.then_some(Self { digits, length, whole })
    }

    pub(super) const fn length(&self) -> usize {
        self.length
    }

    /// Returns true if an id of these bytes has this prefix.
    pub(super) fn fits(&self, id: &[u8]) -> bool {
        let mut found = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        self.digits.iter().take(self.length).all(|digit| found.next() == Some(*digit))
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits
            .iter()
            .take(self.length)
            .try_for_each(|digit| write!(f, "{digit:x}"))
    }
}

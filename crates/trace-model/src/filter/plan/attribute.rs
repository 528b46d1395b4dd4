//! Looking an attribute up by its name.

use crate::filter::Candidate;
use crate::filter::quantity::Comparison;
use crate::filter::text::{Matcher, Needle, fold};
use crate::number::Number;
use crate::wire::{self, AnyValue, KeyValue, Leaf, number};

/// Nesting depth of values: deeper than [`otlp_wire::validate`] accepts.
pub(super) const DEPTH: u32 = otlp_wire::DEPTH;

/// An attribute's name in whatever case.
#[derive(Clone, Debug)]
pub(super) struct Name {
    folded: Box<str>,
    /// Part of the name after its last dot: a message without it has no such attribute, in maps neither.
    required: Option<Needle>,
}

/// A test of the attributes with one name.
#[derive(Clone, Debug)]
pub(super) struct Lookup {
    pub(super) name: Name,
    pub(super) test: ValueTest,
}

#[derive(Clone, Debug)]
pub(super) enum ValueTest {
    Present,
    Number(Comparison, Number),
    Text(Vec<Matcher>),
}

impl Name {
    pub(super) fn new(name: &str) -> Self {
        let last = name.rsplit('.').next().filter(|last| last.is_ascii() && !last.is_empty());
        Self {
            folded: name.chars().map(fold).collect(),
            required: last.map(Needle::new),
        }
    }
}

/// The relation of a name to a key.
enum Step<'a> {
    Equal,
    /// The key is a map's, and this is the name in it.
    Into(&'a str),
    Other,
}

/// Compares a folded name with a key.
#[inline]
fn step<'a>(name: &'a str, key: &[u8]) -> Step<'a> {
    // Most keys are ASCII, and differ in their length.
    let rest = match name.as_bytes().get(key.len()) {
        None if name.len() == key.len() && name.as_bytes().eq_ignore_ascii_case(key) => return Step::Equal,
        Some(b'.') if name.as_bytes()[..key.len()].eq_ignore_ascii_case(key) => name.get(key.len()..),
        _ if name.is_ascii() || key.is_ascii() => None,
        _ => after_folded(name, key),
    };
    match rest {
        Some("") => Step::Equal,
        Some(rest) => rest.strip_prefix('.').map_or(Step::Other, Step::Into),
        None => Step::Other,
    }
}

/// Returns the rest of the name after the key.
fn after_folded<'a>(name: &'a str, key: &[u8]) -> Option<&'a str> {
    let key = std::str::from_utf8(key).ok()?;
    let mut left = name.chars();
    let fits = key.chars().all(|character| left.next() == Some(fold(character)));
    fits.then_some(left.as_str())
}

impl Lookup {
    /// Asks the attributes of the span, its events and links, until one fits.
    #[inline]
    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        self.may_be_in(candidate.raw) && self.in_span(candidate.raw)
    }

    /// The same of a log record.
    #[inline]
    pub(super) fn matches_log(&self, log: &[u8]) -> bool {
        self.may_be_in(log) && self.among(log, number::LOG_ATTRIBUTES)
    }

    pub(super) fn is_in_resource(&self, resource: &[u8]) -> bool {
        self.may_be_in(resource) && self.among(resource, number::RESOURCE_ATTRIBUTES)
    }

    pub(super) fn is_in_scope(&self, scope: &[u8]) -> bool {
        self.may_be_in(scope) && self.among(scope, number::SCOPE_ATTRIBUTES)
    }

    #[inline]
    fn may_be_in(&self, message: &[u8]) -> bool {
        self.name
            .required
            .as_ref()
            .is_none_or(|needle| needle.find(message).is_some())
    }

    fn in_span(&self, span: &[u8]) -> bool {
        wire::delimited(span).any(|(number, bytes)| match number {
            number::SPAN_ATTRIBUTES => self.fits(&self.name.folded, bytes, DEPTH),
            number::SPAN_EVENTS => self.among(bytes, number::EVENT_ATTRIBUTES),
            number::SPAN_LINKS => self.among(bytes, number::LINK_ATTRIBUTES),
            _ => false,
        })
    }

    fn among(&self, message: &[u8], number: u32) -> bool {
        wire::parts(message, number).any(|attribute| self.fits(&self.name.folded, attribute, DEPTH))
    }

    #[inline]
    fn fits(&self, name: &str, attribute: &[u8], depth: u32) -> bool {
        let attribute = KeyValue::read(attribute);
        match step(name, attribute.key) {
            Step::Equal => matches!(self.test, ValueTest::Present) || self.value_fits(&attribute.value, depth),
            Step::Into(rest) => self.fits_within(rest, &attribute.value, depth),
            Step::Other => false,
        }
    }

    /// Looks for the rest of a dotted name in a map, or in the maps of an array.
    fn fits_within(&self, name: &str, value: &[u8], depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match AnyValue::read(value) {
            AnyValue::Leaf(_) => false,
            AnyValue::Array(elements) => elements.iter().any(|element| self.fits_within(name, element, depth)),
            AnyValue::Map(entries) => entries.iter().any(|entry| self.fits(name, entry, depth)),
        }
    }

    fn value_fits(&self, value: &[u8], depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match AnyValue::read(value) {
            AnyValue::Leaf(leaf) => self.leaf_fits(leaf),
            AnyValue::Array(elements) => elements.iter().any(|element| self.value_fits(element, depth)),
            AnyValue::Map(_) => false,
        }
    }

    fn leaf_fits(&self, leaf: Leaf<'_>) -> bool {
        match (&self.test, leaf) {
            (ValueTest::Present, _) => true,
            (ValueTest::Text(any_of), leaf) => any_of.iter().any(|matcher| matcher.leaf(leaf)),
            (ValueTest::Number(comparison, limit), leaf) => {
                let number = match leaf {
                    Leaf::Number(number) => Some(number),
                    Leaf::Text(text) => Number::parse(text),
                    Leaf::Bool(_) | Leaf::Bytes(_) | Leaf::Other => None,
                };
                number
                    .and_then(|number| number.compare(*limit))
                    .is_some_and(|order| comparison.holds(order))
            }
        }
    }
}

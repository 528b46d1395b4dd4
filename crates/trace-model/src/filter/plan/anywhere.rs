//! Free text: matches anywhere in a span.

use super::attribute::DEPTH;
use super::ids::{fits, fits_log};
use crate::filter::keys::{IdField, IdPrefix};
use crate::filter::syntax::Pattern;
use crate::filter::text::{Matcher, Needle};
use crate::filter::{Candidate, LogCandidate};
use crate::wire::{self, AnyValue, KeyValue, Leaf, number};

/// Digits from which on a free text may be the prefix of an id: fewer would match by chance.
const ID_DIGITS: usize = 6;

/// A text to match anywhere.
#[derive(Clone, Debug)]
pub(super) struct Anywhere {
    matcher: Matcher,
    /// Without these bytes no text matches: they are searched in all bytes at once.
    required: Option<Needle>,
    /// True if values other than text may match.
    values: bool,
    id: Option<IdPrefix>,
}

impl Anywhere {
    pub(super) fn new(pattern: &Pattern) -> Self {
        let matcher = Matcher::new(pattern, false);
        let id = pattern.plain().and_then(|text| IdPrefix::hex(text, false));
        Self {
            required: matcher.required(),
            values: matcher.is_of_values(),
            id: id.filter(|prefix| prefix.length() >= ID_DIGITS),
            matcher,
        }
    }

    pub(super) const fn cost(&self) -> u32 {
        if self.values || self.required.is_none() { 500 } else { 60 }
    }

    /// Returns true if it is in the span itself.
    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let ids = [IdField::Trace, IdField::Span, IdField::Parent];
        let is_id = |prefix: &IdPrefix| ids.iter().any(|field| fits(prefix, *field, candidate));
        self.matcher.text(candidate.name.as_bytes())
            || self.matcher.text(candidate.service.as_bytes())
            || self.id.as_ref().is_some_and(is_id)
            || self.scan(candidate.raw).is_some_and(|scan| scan.span(candidate.raw))
    }

    /// Returns true if it is in the log record itself.
    pub(super) fn matches_log(&self, candidate: &LogCandidate<'_>) -> bool {
        let ids = [IdField::Trace, IdField::Span];
        let is_id = |prefix: &IdPrefix| ids.iter().any(|field| fits_log(prefix, *field, candidate));
        self.matcher.text(candidate.service.as_bytes())
            || self.id.as_ref().is_some_and(is_id)
            || self.scan(candidate.raw).is_some_and(|scan| scan.log(candidate.raw))
    }

    pub(super) fn is_in_resource(&self, resource: &[u8]) -> bool {
        let scan = self.scan(resource);
        scan.is_some_and(|scan| scan.attributes(resource, number::RESOURCE_ATTRIBUTES))
    }

    pub(super) fn is_in_scope(&self, scope: &[u8]) -> bool {
        self.scan(scope).is_some_and(|scan| scan.scope(scope))
    }

    /// Returns the values of a message worth comparing; `None` if nothing in it can match.
    #[inline]
    fn scan(&self, message: &[u8]) -> Option<Scan<'_>> {
        let texts = self.required.as_ref().is_none_or(|needle| needle.find(message).is_some());
        let matcher = &self.matcher;
        (texts || self.values).then_some(Scan { matcher, texts })
    }
}

/// Looks at a message field by field.
#[derive(Clone, Copy)]
pub(super) struct Scan<'a> {
    pub(super) matcher: &'a Matcher,
    /// True if texts are worth comparing.
    pub(super) texts: bool,
}

impl Scan<'_> {
    fn span(self, span: &[u8]) -> bool {
        let (mut trace_state, mut message) = (&[][..], &[][..]);
        for (number, bytes) in wire::delimited(span) {
            let found = match number {
                number::SPAN_ATTRIBUTES => self.attribute(bytes, DEPTH),
                number::SPAN_EVENTS => self.field(bytes, number::EVENT_NAME) || self.attributes(bytes, number::EVENT_ATTRIBUTES),
                number::SPAN_LINKS => {
                    self.field(bytes, number::LINK_TRACE_STATE) || self.attributes(bytes, number::LINK_ATTRIBUTES)
                }
                number::SPAN_TRACE_STATE => {
                    trace_state = bytes;
                    false
                }
                number::SPAN_STATUS => {
                    message = wire::parts(bytes, number::STATUS_MESSAGE).last().unwrap_or(message);
                    false
                }
                _ => false,
            };
            if found {
                return true;
            }
        }
        self.text(message) || self.text(trace_state)
    }

    fn log(self, log: &[u8]) -> bool {
        let mut event_name = &[][..];
        for (number, bytes) in wire::delimited(log) {
            let found = match number {
                number::LOG_ATTRIBUTES => self.attribute(bytes, DEPTH),
                number::LOG_EVENT_NAME => {
                    event_name = bytes;
                    false
                }
                _ => false,
            };
            if found {
                return true;
            }
        }
        self.value(&wire::message(log, number::LOG_BODY), DEPTH) || self.text(event_name)
    }

    fn scope(self, scope: &[u8]) -> bool {
        self.field(scope, number::SCOPE_NAME)
            || self.field(scope, number::SCOPE_VERSION)
            || self.attributes(scope, number::SCOPE_ATTRIBUTES)
    }

    fn field(self, message: &[u8], number: u32) -> bool {
        self.texts && self.matcher.text(wire::text(message, number))
    }

    fn text(self, text: &[u8]) -> bool {
        self.texts && self.matcher.text(text)
    }

    fn attributes(self, message: &[u8], number: u32) -> bool {
        wire::parts(message, number).any(|attribute| self.attribute(attribute, DEPTH))
    }

    fn attribute(self, attribute: &[u8], depth: u32) -> bool {
        let attribute = KeyValue::read(attribute);
        self.text(attribute.key) || self.value(&attribute.value, depth)
    }

    pub(super) fn value(self, value: &[u8], depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        match AnyValue::read(value) {
            AnyValue::Leaf(Leaf::Text(text)) => self.text(text),
            AnyValue::Leaf(leaf) => self.matcher.leaf(leaf),
            AnyValue::Array(elements) => elements.iter().any(|element| self.value(element, depth)),
            AnyValue::Map(entries) => entries.iter().any(|entry| self.attribute(entry, depth)),
        }
    }
}

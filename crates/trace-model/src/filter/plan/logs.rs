//! Terms of log records.

use super::anywhere::Scan;
use super::attribute::DEPTH;
use super::ids::fits_log;
use super::terms::{HasTest, Test, is_within};
use crate::Severity;
use crate::filter::LogCandidate;
use crate::filter::keys::{Field, IdField, Known};
use crate::filter::quantity::Comparison;
use crate::filter::text::Matcher;
use crate::wire::{self, number};

impl Test {
    /// Returns true if the log record itself matches. Terms of spans match none.
    #[inline]
    pub(super) fn matches_log(&self, candidate: &LogCandidate<'_>) -> bool {
        match self {
            Self::Severity(comparison, severities) => severities
                .iter()
                .any(|limit| compare(*comparison, candidate.severity, *limit)),
            Self::Time(times) => is_within(times, candidate.time_unix_nano),
            Self::Id { field, prefixes } => prefixes.iter().any(|prefix| fits_log(prefix, *field, candidate)),
            Self::Text { field, any_of } => any_of.iter().any(|matcher| text(*field, candidate, matcher)),
            Self::Attribute(lookup) => lookup.matches_log(candidate.raw),
            Self::Has(tests) => tests.iter().any(|test| has(test, candidate)),
            Self::Anywhere(anywhere) => anywhere.matches_log(candidate),
            Self::Kind(_) | Self::Status(_) | Self::Is(_) | Self::Duration(_) => false,
        }
    }
}

/// A record without a severity is neither more nor less severe than another.
fn compare(comparison: Comparison, severity: Severity, limit: Severity) -> bool {
    let is_known = comparison == Comparison::Equal || severity != Severity::Unspecified;
    is_known && comparison.holds(severity.cmp(&limit))
}

fn text(field: Field, candidate: &LogCandidate<'_>, matcher: &Matcher) -> bool {
    match field {
        Field::Service => matcher.text(candidate.service.as_bytes()),
        Field::Scope => matcher.text(wire::text(candidate.scope, number::SCOPE_NAME)),
        Field::Event => matcher.text(wire::text(candidate.raw, number::LOG_EVENT_NAME)),
        Field::Body => {
            let body = wire::message(candidate.raw, number::LOG_BODY);
            let scan = Scan { matcher, texts: true };
            scan.value(&body, DEPTH)
        }
        Field::Name | Field::Message => false,
    }
}

fn has(test: &HasTest, candidate: &LogCandidate<'_>) -> bool {
    let known = match test {
        HasTest::Attribute(lookup) => return lookup.matches_log(candidate.raw),
        HasTest::Known(known) => *known,
    };
    match known {
        Known::Severity => candidate.severity != Severity::Unspecified,
        Known::Id(IdField::Trace) => candidate.trace_id.is_some(),
        Known::Id(IdField::Span) => candidate.span_id.is_some(),
        Known::Text(Field::Service) => !candidate.service.is_empty(),
        Known::Text(Field::Scope) => !wire::text(candidate.scope, number::SCOPE_NAME).is_empty(),
        Known::Text(Field::Event) => !wire::text(candidate.raw, number::LOG_EVENT_NAME).is_empty(),
        Known::Text(Field::Body) => !wire::message(candidate.raw, number::LOG_BODY).is_empty(),
        Known::Since | Known::At => true,
        Known::Text(Field::Name | Field::Message)
        | Known::Id(IdField::Parent)
        | Known::Kind
        | Known::Status
        | Known::Duration
        | Known::Is
        | Known::Has => false,
    }
}

//! One compiled term.

use crate::filter::Candidate;
use crate::filter::keys::{Field, IdField, IdPrefix, Known, State};
use crate::filter::quantity::{Comparison, DurationTest};
use crate::filter::syntax::{AttributeTest, Subject, Term, TextTest};
use crate::filter::text::Matcher;
use crate::filter::times::At;
use crate::wire::{self, number};

use super::anywhere::Anywhere;
use super::attribute::{Lookup, Name, ValueTest};
use super::ids::fits;
use crate::{Severity, SpanKind, StatusCode};
use std::ops::RangeInclusive;

#[derive(Clone, Debug)]
pub(super) enum Test {
    Kind(Vec<SpanKind>),
    Status(Vec<StatusCode>),
    Is(Vec<State>),
    Duration(Vec<DurationTest>),
    Id { field: IdField, prefixes: Vec<IdPrefix> },
    Text { field: Field, any_of: Vec<Matcher> },
    Attribute(Lookup),
    Has(Vec<HasTest>),
    Anywhere(Anywhere),
    Severity(Comparison, Vec<Severity>),
    Time(Vec<RangeInclusive<u64>>),
}

#[derive(Clone, Debug)]
pub(super) enum HasTest {
    Known(Known),
    Attribute(Lookup),
}

impl Test {
    pub(super) fn new(term: &Term) -> Self {
        match term {
            Term::Kind(kinds) => Self::Kind(kinds.clone()),
            Term::Status(codes) => Self::Status(codes.clone()),
            Term::Is(states) => Self::Is(states.clone()),
            Term::Duration(tests) => Self::Duration(tests.clone()),
            Term::Id { field, prefixes } => Self::Id {
                field: *field,
                prefixes: prefixes.clone(),
            },
            Term::Text { field, test } => Self::Text {
                field: *field,
                any_of: matchers(test),
            },
            Term::Attribute { name, test } => Self::Attribute(Lookup {
                name: Name::new(name),
                test: match test {
                    AttributeTest::Number(comparison, number) => ValueTest::Number(*comparison, *number),
                    AttributeTest::Text(test) => ValueTest::Text(matchers(test)),
                },
            }),
            Term::Has(subjects) => Self::Has(subjects.iter().map(HasTest::new).collect()),
            Term::Anywhere(pattern) => Self::Anywhere(Anywhere::new(pattern)),
            Term::Severity(comparison, severities) => Self::Severity(*comparison, severities.clone()),
            Term::Since(since) => Self::Time(vec![since.times()]),
            Term::At(times) => Self::Time(times.iter().map(At::times).collect()),
        }
    }

    /// Returns true if a test may match by the resource or the scope alone: then those are tested in addition to the span.
    pub(super) fn is_of_shared(&self) -> bool {
        match self {
            Self::Attribute(_) | Self::Anywhere(_) => true,
            Self::Has(tests) => tests.iter().any(|test| matches!(test, HasTest::Attribute(_))),
            _ => false,
        }
    }

    pub(super) fn is_in_resource(&self, resource: &[u8]) -> bool {
        match self {
            Self::Attribute(lookup) => lookup.is_in_resource(resource),
            Self::Anywhere(anywhere) => anywhere.is_in_resource(resource),
            Self::Has(tests) => HasTest::lookups(tests).any(|lookup| lookup.is_in_resource(resource)),
            _ => false,
        }
    }

    pub(super) fn is_in_scope(&self, scope: &[u8]) -> bool {
        match self {
            Self::Attribute(lookup) => lookup.is_in_scope(scope),
            Self::Anywhere(anywhere) => anywhere.is_in_scope(scope),
            Self::Has(tests) => HasTest::lookups(tests).any(|lookup| lookup.is_in_scope(scope)),
            _ => false,
        }
    }

    /// Returns true if the span itself matches.
    #[inline]
    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Kind(kinds) => kinds.contains(&candidate.kind),
            Self::Status(codes) => codes.contains(&candidate.status),
            Self::Is(states) => states.iter().any(|state| is(*state, candidate)),
            Self::Duration(tests) => duration(candidate).is_some_and(|nanos| tests.iter().any(|test| test.holds(nanos))),
            Self::Id { field, prefixes } => prefixes.iter().any(|prefix| fits(prefix, *field, candidate)),
            Self::Text { field, any_of } => text(*field, candidate, |text| any_of.iter().any(|matcher| matcher.text(text))),
            Self::Attribute(lookup) => lookup.matches(candidate),
            Self::Has(tests) => tests.iter().any(|test| test.matches(candidate)),
            Self::Anywhere(anywhere) => anywhere.matches(candidate),
            Self::Time(times) => is_within(times, candidate.start_unix_nano),
            Self::Severity(..) => false,
        }
    }

    /// About how many nanoseconds it takes for a span of usual size.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Self::Kind(_)
            | Self::Status(_)
            | Self::Is(_)
            | Self::Duration(_)
            | Self::Id { .. }
            | Self::Severity(..)
            | Self::Time(_) => 1,
            Self::Text { field, .. } => field_cost(*field),
            Self::Attribute(_) => ATTRIBUTE_COST,
            Self::Has(tests) => tests.iter().map(HasTest::cost).sum(),
            Self::Anywhere(anywhere) => anywhere.cost(),
        }
    }
}

const ATTRIBUTE_COST: u32 = 200;

const fn field_cost(field: Field) -> u32 {
    match field {
        Field::Name | Field::Service => 10,
        Field::Scope => 15,
        Field::Message | Field::Event | Field::Body => 60,
    }
}

impl HasTest {
    fn new(subject: &Subject) -> Self {
        match subject {
            Subject::Known(known) => Self::Known(*known),
            Subject::Attribute(name) => Self::Attribute(Lookup {
                name: Name::new(name),
                test: ValueTest::Present,
            }),
        }
    }

    fn lookups(tests: &[Self]) -> impl Iterator<Item = &Lookup> {
        tests.iter().filter_map(|test| match test {
            Self::Attribute(lookup) => Some(lookup),
            Self::Known(_) => None,
        })
    }

    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let known = match self {
            Self::Attribute(lookup) => return lookup.matches(candidate),
            Self::Known(known) => *known,
        };
        match known {
            Known::Text(field) => text(field, candidate, |text| !text.is_empty()),
            Known::Id(IdField::Parent) => candidate.parent_span_id.is_some(),
            Known::Kind => candidate.kind != SpanKind::Unspecified,
            Known::Status => candidate.status != StatusCode::Unset,
            Known::Duration => duration(candidate).is_some(),
            Known::Id(_) | Known::Is | Known::Has | Known::Since | Known::At => true,
            Known::Severity => false,
        }
    }

    const fn cost(&self) -> u32 {
        match self {
            Self::Attribute(_) => ATTRIBUTE_COST,
            Self::Known(Known::Text(field)) => field_cost(*field),
            Self::Known(_) => 1,
        }
    }
}

fn matchers(test: &TextTest) -> Vec<Matcher> {
    test.any_of.iter().map(|pattern| Matcher::new(pattern, test.whole)).collect()
}

pub(super) fn is_within(times: &[RangeInclusive<u64>], unix_nano: u64) -> bool {
    times.iter().any(|times| times.contains(&unix_nano))
}

fn is(state: State, candidate: &Candidate<'_>) -> bool {
    match state {
        State::Root => candidate.parent_span_id.is_none(),
        State::Running => candidate.end_unix_nano == 0,
        State::Error => candidate.status == StatusCode::Error,
    }
}

/// Returns nanoseconds; `None` while the span is running, 0 if it ended before it began.
fn duration(candidate: &Candidate<'_>) -> Option<u64> {
    let ended = candidate.end_unix_nano != 0;
    ended.then(|| candidate.end_unix_nano.saturating_sub(candidate.start_unix_nano))
}

#[inline]
fn text(field: Field, candidate: &Candidate<'_>, test: impl Fn(&[u8]) -> bool) -> bool {
    match field {
        Field::Name => test(candidate.name.as_bytes()),
        Field::Service => test(candidate.service.as_bytes()),
        Field::Scope => test(wire::text(candidate.scope, number::SCOPE_NAME)),
        Field::Message => test(message(candidate.raw)),
        Field::Body => false,
        Field::Event => wire::parts(candidate.raw, number::SPAN_EVENTS).any(|event| test(wire::text(event, number::EVENT_NAME))),
    }
}

fn message(span: &[u8]) -> &[u8] {
    let statuses = wire::parts(span, number::SPAN_STATUS);
    let messages = statuses.flat_map(|status| wire::parts(status, number::STATUS_MESSAGE));
    messages.last().unwrap_or_default()
}

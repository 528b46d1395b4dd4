//! Matching compared with a slow reference, which decodes everything with prost and tests all of it.

use std::fmt::Write as _;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use prost::Message;

use crate::support::{Sample, array, map};

/// Few words, so that filters find something: some within others, some that differ in case, some that are numbers.
const WORDS: &[&str] = &[
    "api",
    "API",
    "mapi",
    "reset",
    "Müll",
    "mÜLL",
    "ÉÖ",
    "éö",
    "5",
    "500",
    "1500",
    "2.5",
    "-1",
    "true",
    "a b",
    "x*y",
    "xzy",
    "q\"\\",
    "",
    "a.b",
    "aaaa",
    "abababab and a long tail of text",
];
const KEYS: &[&str] = &["a", "A", "b", "a.b", "b.a", "a.b.c", "Ö", "name", "status.code", ""];

/// One condition of the reference.
#[derive(Clone, Debug)]
enum Term {
    Anywhere(Pattern),
    Name(bool, Vec<Pattern>),
    Service(bool, Vec<Pattern>),
    Scope(bool, Vec<Pattern>),
    Message(bool, Vec<Pattern>),
    Event(bool, Vec<Pattern>),
    Kind(i32),
    Status(i32),
    Root,
    Running,
    Longer(u64),
    Trace(usize),
    Parent(usize),
    Attribute(&'static str, bool, Vec<Pattern>),
    Above(&'static str, f64),
    AtMost(&'static str, f64),
    Has(&'static str),
    Not(Box<Term>),
    All(Vec<Term>),
    Any(Vec<Term>),
}

/// Texts with any text between them.
#[derive(Clone, Debug)]
struct Pattern(Vec<&'static str>);

impl Pattern {
    fn written(&self) -> String {
        let escape = |text: &&str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('*', "\\*");
        let pieces: Vec<_> = self.0.iter().map(escape).collect();
        format!("\"{}\"", pieces.join("*"))
    }

    fn fits(&self, whole: bool, text: &str) -> bool {
        let text = text.to_lowercase();
        let pieces: Vec<_> = self.0.iter().map(|piece| piece.to_lowercase()).collect();
        match pieces.as_slice() {
            [only] if whole => text == *only,
            [only] => text.contains(only.as_str()),
            pieces => wildcard(pieces, &text),
        }
    }

    fn fits_value(&self, whole: bool, value: &Value) -> bool {
        let wild = self.0.len() > 1;
        match value {
            Value::StringValue(text) => self.fits(whole, text),
            Value::BoolValue(value) => self.fits(true, &value.to_string()),
            Value::IntValue(int) if wild => self.fits(true, &int.to_string()),
            Value::DoubleValue(double) if wild => double.is_finite() && self.fits(true, &double.to_string()),
            other => match (number(other), self.0[0].parse::<f64>()) {
                (Some(found), Ok(wanted)) => equal(found, wanted),
                _ => false,
            },
        }
    }
}

#[expect(clippy::float_cmp, reason = "the numbers are small, and meant to be the same")]
fn equal(a: f64, b: f64) -> bool {
    a == b
}

/// Tries every length for every asterisk.
fn wildcard(pieces: &[String], text: &str) -> bool {
    match pieces {
        [] => text.is_empty(),
        [last] => text == last,
        [first, rest @ ..] => text.strip_prefix(first.as_str()).is_some_and(|left| {
            let mut cuts = left.char_indices().map(|(at, _)| at).chain([left.len()]);
            cuts.any(|at| wildcard(rest, &left[at..]))
        }),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::IntValue(int) => Some(*int as f64),
        Value::DoubleValue(double) => Some(*double),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes all");
        text
    })
}

/// A span, decoded.
struct Decoded<'a> {
    sample: &'a Sample,
    resource: &'a Resource,
    scope: &'a InstrumentationScope,
}

impl Decoded<'_> {
    fn attributes(&self) -> impl Iterator<Item = &KeyValue> {
        let span = &self.sample.span;
        let events = span.events.iter().flat_map(|event| &event.attributes);
        let links = span.links.iter().flat_map(|link| &link.attributes);
        let own = span.attributes.iter().chain(events).chain(links);
        own.chain(&self.resource.attributes).chain(&self.scope.attributes)
    }

    fn message(&self) -> &str {
        self.sample.span.status.as_ref().map_or("", |status| &status.message)
    }

    fn anywhere(&self, pattern: &Pattern) -> bool {
        let span = &self.sample.span;
        let mut texts: Vec<&str> = vec![&span.name, &self.sample.service, &span.trace_state, self.message()];
        texts.extend([self.scope.name.as_str(), self.scope.version.as_str()]);
        texts.extend(span.events.iter().map(|event| event.name.as_str()));
        texts.extend(span.links.iter().map(|link| link.trace_state.as_str()));
        let mut values = Vec::new();
        for attribute in self.attributes() {
            everything(attribute, &mut texts, &mut values);
        }
        texts.iter().any(|text| pattern.fits(false, text)) || values.iter().any(|value| pattern.fits_value(false, value))
    }

    /// Returns all values under a name, dotted or not.
    fn values(&self, name: &str) -> Vec<&AnyValue> {
        let mut found = Vec::new();
        for attribute in self.attributes() {
            lookup(attribute, &name.to_lowercase(), &mut found);
        }
        found
    }

    fn any_leaf(&self, name: &str, fits: impl Fn(&Value) -> bool) -> bool {
        let mut leaves = Vec::new();
        for value in self.values(name) {
            elements(value, &mut leaves);
        }
        leaves.into_iter().any(fits)
    }

    fn matches(&self, term: &Term) -> bool {
        let span = &self.sample.span;
        let any = |whole: &bool, patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.fits(*whole, text));
        match term {
            Term::Anywhere(pattern) => self.anywhere(pattern),
            Term::Name(whole, patterns) => any(whole, patterns, &span.name),
            Term::Service(whole, patterns) => any(whole, patterns, &self.sample.service),
            Term::Scope(whole, patterns) => any(whole, patterns, &self.scope.name),
            Term::Message(whole, patterns) => any(whole, patterns, self.message()),
            Term::Event(whole, patterns) => span.events.iter().any(|event| any(whole, patterns, &event.name)),
            Term::Kind(kind) => span.kind == *kind,
            Term::Status(code) => span.status.as_ref().map_or(0, |status| status.code) == *code,
            Term::Root => span.parent_span_id.is_empty(),
            Term::Running => span.end_time_unix_nano == 0,
            Term::Longer(nanos) => {
                span.end_time_unix_nano != 0 && span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) > *nanos
            }
            Term::Trace(digits) => hex(&span.trace_id).starts_with(&hex(&[7; 16])[..*digits]),
            Term::Parent(digits) => hex(&span.parent_span_id).starts_with(&hex(&[9; 8])[..*digits]),
            Term::Attribute(name, whole, patterns) => {
                self.any_leaf(name, |value| patterns.iter().any(|pattern| pattern.fits_value(*whole, value)))
            }
            Term::Above(name, limit) => self.any_leaf(name, |value| as_number(value).is_some_and(|number| number > *limit)),
            Term::AtMost(name, limit) => self.any_leaf(name, |value| as_number(value).is_some_and(|number| number <= *limit)),
            Term::Has(name) => !self.values(name).is_empty(),
            Term::Not(inner) => !self.matches(inner),
            Term::All(terms) => terms.iter().all(|term| self.matches(term)),
            Term::Any(terms) => terms.iter().any(|term| self.matches(term)),
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::StringValue(text) => text.parse().ok(),
        other => number(other),
    }
}

fn everything<'a>(attribute: &'a KeyValue, texts: &mut Vec<&'a str>, values: &mut Vec<&'a Value>) {
    fn value<'a>(any: &'a AnyValue, texts: &mut Vec<&'a str>, values: &mut Vec<&'a Value>) {
        match &any.value {
            Some(Value::ArrayValue(array)) => array.values.iter().for_each(|element| value(element, texts, values)),
            Some(Value::KvlistValue(list)) => list.values.iter().for_each(|entry| everything(entry, texts, values)),
            Some(leaf) => values.push(leaf),
            None => {}
        }
    }
    texts.push(&attribute.key);
    if let Some(any) = &attribute.value {
        value(any, texts, values);
    }
}

static NOTHING: AnyValue = AnyValue { value: None };

fn lookup<'a>(attribute: &'a KeyValue, name: &str, found: &mut Vec<&'a AnyValue>) {
    fn within<'a>(value: &'a AnyValue, name: &str, found: &mut Vec<&'a AnyValue>) {
        match &value.value {
            Some(Value::ArrayValue(array)) => array.values.iter().for_each(|element| within(element, name, found)),
            Some(Value::KvlistValue(list)) => list.values.iter().for_each(|entry| lookup(entry, name, found)),
            _ => {}
        }
    }
    let value = attribute.value.as_ref().unwrap_or(&NOTHING);
    let key = attribute.key.to_lowercase();
    if key == name {
        found.push(value);
    } else if let Some(rest) = name.strip_prefix(&format!("{key}.")) {
        within(value, rest, found);
    }
}

fn elements<'a>(value: &'a AnyValue, leaves: &mut Vec<&'a Value>) {
    match &value.value {
        Some(Value::ArrayValue(array)) => array.values.iter().for_each(|element| elements(element, leaves)),
        Some(leaf) => leaves.push(leaf),
        None => {}
    }
}

impl Term {
    fn written(&self) -> String {
        let text = |key: &str, whole: &bool, patterns: &[Pattern]| {
            let equal = if *whole { "=" } else { "" };
            let values: Vec<_> = patterns.iter().map(Pattern::written).collect();
            format!("{key}:{equal}[{}]", values.join(","))
        };
        let joined = |terms: &[Self], between: &str| terms.iter().map(Self::written).collect::<Vec<_>>().join(between);
        match self {
            Self::Anywhere(pattern) => pattern.written(),
            Self::Name(whole, patterns) => text("name", whole, patterns),
            Self::Service(whole, patterns) => text("service", whole, patterns),
            Self::Scope(whole, patterns) => text("scope", whole, patterns),
            Self::Message(whole, patterns) => text("message", whole, patterns),
            Self::Event(whole, patterns) => text("event", whole, patterns),
            Self::Kind(kind) => {
                let names = ["unspecified", "internal", "server", "client", "producer", "consumer"];
                format!("kind:{}", names[usize::try_from(*kind).expect("small")])
            }
            Self::Status(code) => format!("status:{}", ["unset", "ok", "error"][usize::try_from(*code).expect("small")]),
            Self::Root => "is:root".into(),
            Self::Running => "is:running".into(),
            Self::Longer(nanos) => format!("duration:>{nanos}ns"),
            Self::Trace(digits) => format!("trace:{}", &hex(&[7; 16])[..*digits]),
            Self::Parent(digits) => format!("parent:{}", &hex(&[9; 8])[..*digits]),
            Self::Attribute(name, whole, patterns) => text(&format!("\"{name}\""), whole, patterns),
            Self::Above(name, limit) => format!("\"{name}\":>{limit}"),
            Self::AtMost(name, limit) => format!("\"{name}\":<={limit}"),
            Self::Has(name) => format!("has:\"{name}\""),
            Self::Not(inner) => format!("!({})", inner.written()),
            Self::All(terms) => format!("({})", joined(terms, " ")),
            Self::Any(terms) => format!("({})", joined(terms, " OR ")),
        }
    }
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let plain = select(WORDS)
        .prop_filter("a text", |word| !word.is_empty())
        .prop_map(|word| vec![word]);
    let wild = vec(select(WORDS), 2..4).prop_map(|mut pieces| {
        let ends = pieces.len() - 1;
        let mut at = 0;
        pieces.retain(|piece| {
            at += 1;
            at == 1 || at == ends + 1 || !piece.is_empty()
        });
        pieces
    });
    prop_oneof![3 => plain, 1 => wild].prop_map(Pattern)
}

fn term() -> impl Strategy<Value = Term> {
    let texts = || (any::<bool>(), vec(pattern(), 1..3));
    let limit = || select(vec![-1.0, 2.5, 5.0, 500.0]);
    let leaf = prop_oneof![
        4 => pattern().prop_map(Term::Anywhere),
        1 => texts().prop_map(|(whole, patterns)| Term::Name(whole, patterns)),
        1 => texts().prop_map(|(whole, patterns)| Term::Service(whole, patterns)),
        1 => texts().prop_map(|(whole, patterns)| Term::Scope(whole, patterns)),
        1 => texts().prop_map(|(whole, patterns)| Term::Message(whole, patterns)),
        1 => texts().prop_map(|(whole, patterns)| Term::Event(whole, patterns)),
        1 => (0..6).prop_map(Term::Kind),
        1 => (0..3).prop_map(Term::Status),
        1 => Just(Term::Root),
        1 => Just(Term::Running),
        1 => (0_u64..20).prop_map(Term::Longer),
        1 => (1_usize..=32).prop_map(Term::Trace),
        1 => (1_usize..=16).prop_map(Term::Parent),
        6 => (select(KEYS), texts()).prop_map(|(name, (whole, patterns))| Term::Attribute(name, whole, patterns)),
        2 => (select(KEYS), limit()).prop_map(|(name, limit)| Term::Above(name, limit)),
        2 => (select(KEYS), limit()).prop_map(|(name, limit)| Term::AtMost(name, limit)),
        2 => select(KEYS).prop_map(Term::Has),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|term| Term::Not(Box::new(term))),
            vec(inner.clone(), 1..3).prop_map(Term::All),
            vec(inner, 1..3).prop_map(Term::Any),
        ]
    })
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => select(WORDS).prop_map(str::to_owned), 1 => vec(select(WORDS), 0..20).prop_map(|words| words.concat())]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::StringValue),
        1 => any::<bool>().prop_map(Value::BoolValue),
        2 => select(vec![5, 500, 1500, -1, 0, i64::MAX, i64::MIN]).prop_map(Value::IntValue),
        2 => select(vec![2.5, 5.0, 500.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE]).prop_map(Value::DoubleValue),
        1 => word().prop_map(|text| Value::BytesValue(text.into_bytes())),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let entry = (select(KEYS), inner.clone()).prop_map(|(key, value)| crate::support::attribute(key, value));
        prop_oneof![vec(inner, 0..3).prop_map(array), vec(entry, 0..3).prop_map(map)]
    })
}

fn attribute() -> impl Strategy<Value = KeyValue> {
    (select(KEYS), prop::option::weighted(0.9, value())).prop_map(|(key, value)| KeyValue {
        key: key.into(),
        value: value.map(|value| AnyValue { value: Some(value) }),
        ..KeyValue::default()
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    vec(attribute(), 0..3)
}

fn span() -> impl Strategy<Value = Span> {
    let events = vec((word(), attributes()), 0..2).prop_map(|events| {
        let event = |(name, attributes)| Event {
            name,
            attributes,
            ..Event::default()
        };
        events.into_iter().map(event).collect()
    });
    let links = vec((word(), attributes()), 0..2).prop_map(|links| {
        let link = |(trace_state, attributes)| Link {
            trace_state,
            attributes,
            ..Link::default()
        };
        links.into_iter().map(link).collect()
    });
    let status = prop::option::of((0..3, word()).prop_map(|(code, message)| Status { code, message }));
    let parent = prop_oneof![Just(Vec::new()), Just(vec![9; 8]), Just(vec![8; 8])];
    let times = (0_u64..10, 0_u64..20);
    (parent, word(), word(), 0..6, times, attributes(), events, links, status).prop_map(
        |(parent_span_id, name, trace_state, kind, (start, end), attributes, events, links, status)| Span {
            trace_id: vec![7; 16],
            span_id: vec![6; 8],
            parent_span_id,
            name,
            trace_state,
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes,
            events,
            links,
            status,
            ..Span::default()
        },
    )
}

/// The bytes of a span as a sender may also write it: in two pieces, with attributes in several pieces each.
fn in_pieces(span: &Span, more: &Span, pieces: &[Vec<KeyValue>]) -> Vec<u8> {
    let mut raw = span.encode_to_vec();
    for attribute in pieces {
        let bytes: Vec<u8> = attribute.iter().flat_map(Message::encode_to_vec).collect();
        prost::encoding::bytes::encode(9, &bytes, &mut raw);
        // The same within one value: its last one counts.
        let values = attribute.iter().filter_map(|piece| piece.value.as_ref());
        let mut entry = KeyValue {
            key: "a".into(),
            ..KeyValue::default()
        }
        .encode_to_vec();
        prost::encoding::bytes::encode(2, &values.flat_map(Message::encode_to_vec).collect::<Vec<u8>>(), &mut entry);
        prost::encoding::bytes::encode(9, &entry, &mut raw);
    }
    more.encode(&mut raw).expect("room");
    raw
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn matching_bytes_finds_what_decoding_finds(
        span in span(),
        more in prop::option::weighted(0.2, (span(), vec(vec(attribute(), 1..4), 0..3))),
        (service, mut resource_attributes) in (prop::option::of(word()), attributes()),
        (scope_name, scope_version, scope_attributes) in (word(), word(), attributes()),
        terms in vec(term(), 8),
    ) {
        resource_attributes.extend(service.map(|service| crate::support::text("service.name", &service)));
        let resource = Resource { attributes: resource_attributes, ..Resource::default() };
        let scope = InstrumentationScope {
            name: scope_name,
            version: scope_version,
            attributes: scope_attributes,
            ..InstrumentationScope::default()
        };
        let sample = match more {
            None => Sample::new(&span, &resource, &scope),
            Some((more, pieces)) => Sample::of_bytes(in_pieces(&span, &more, &pieces), &resource, &scope),
        };
        let decoded = Decoded { sample: &sample, resource: &resource, scope: &scope };
        for term in terms {
            prop_assert_eq!(sample.matches(&term.written()), decoded.matches(&term), "{}", term.written());
        }
    }
}

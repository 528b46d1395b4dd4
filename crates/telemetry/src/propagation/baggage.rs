//! The `baggage` header: members are forwarded unchanged, within the standard's bounds.
//!
//! Members are forwarded byte for byte, never decoded and re-encoded: `sentry-*` members are frozen by the root of the
//! trace, and others are opaque.

use opentelemetry::propagation::Extractor;

/// The number of members that W3C Baggage requires to propagate; further members are dropped.
const MEMBERS_MAX: usize = 64;
/// The size that W3C Baggage requires to propagate, in bytes, commas included.
const BYTES_MAX: usize = 8192;
const SENTRY: &str = "sentry-";

/// The value of one outgoing `baggage` header, bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    text: String,
    count: usize,
}

impl Members {
    /// Collects the well-formed received members in order; several headers count as one.
    pub(super) fn extracted(extractor: &dyn Extractor) -> Self {
        let mut members = Self::default();
        for member in extractor
            .get_all("baggage")
            .iter()
            .flatten()
            .flat_map(|header| header.split(','))
        {
            members.push(member.trim());
        }
        members
    }

    /// Adds a member, unless it is malformed or does not fit.
    pub(super) fn push(&mut self, member: &str) {
        let printable = member.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        let named = member.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty());
        let separator = usize::from(self.count > 0);
        let fits = self.count < MEMBERS_MAX && self.text.len() + separator + member.len() <= BYTES_MAX;
        if !(printable && named && fits) {
            return;
        }
        if separator == 1 {
            self.text.push(',');
        }
        self.text.push_str(member);
        self.count += 1;
    }

    /// Adds `sentry-<key>=<value>`, the value percent-encoded.
    pub(super) fn push_sentry(&mut self, key: &str, value: &str) {
        self.push(&format!("{SENTRY}{key}={}", encoded(value)));
    }

    /// Adds the members of another header that are not Sentry's.
    pub(super) fn push_foreign(&mut self, other: &Self) {
        for member in other.iter().filter(|member| !member.starts_with(SENTRY)) {
            self.push(member);
        }
    }

    /// Iterates over Sentry's members: names and decoded values.
    pub(super) fn sentry(&self) -> impl Iterator<Item = (String, String)> {
        self.iter().filter_map(|member| {
            let (key, value) = member.strip_prefix(SENTRY)?.split_once('=')?;
            // Properties follow a semicolon.
            let value = value.split(';').next().unwrap_or_default();
            Some((key.trim().to_owned(), decoded(value.trim())))
        })
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(',').filter(|member| !member.is_empty())
    }

    /// Returns the header's value; `None` without members.
    pub(super) fn header(&self) -> Option<&str> {
        (!self.text.is_empty()).then_some(self.text.as_str())
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    text
}

/// Percent-decodes; invalid sequences stay unchanged.
fn decoded(value: &str) -> String {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = value.as_bytes();
    let mut text = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let encoded = (*byte == b'%')
            .then(|| Some(digit(bytes.get(at + 1))? << 4 | digit(bytes.get(at + 2))?))
            .flatten();
        text.push(encoded.unwrap_or(*byte));
        at += if encoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn hex_digit(digit: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(digit)])
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn extracted(header: &str) -> Members {
        Members::extracted(&HashMap::from([("baggage".to_owned(), header.to_owned())]))
    }

    #[test]
    fn members_are_unchanged_and_malformed_ones_dropped() {
        let members = extracted("a=1;meta=%20, sentry-trace_id=abc ,, =x,novalue,b=,c=\u{7}");
        assert_eq!(members.header(), Some("a=1;meta=%20,sentry-trace_id=abc,b="));
    }

    #[test]
    fn empty_baggage_sends_no_header() {
        assert_eq!(extracted(" , ").header(), None);
    }

    #[test]
    fn member_value_is_escaped() {
        let mut members = Members::default();
        members.push_sentry("environment", "a b,c=d;é");
        assert_eq!(members.header(), Some("sentry-environment=a%20b%2Cc%3Dd%3B%C3%A9"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn baggage_header_is_bounded_and_stable(header in proptest::collection::vec("[a-z]{0,9}=?[ -~]{0,300}\\PC?", 0..100)) {
            let members = extracted(&header.join(","));
            let text = members.header().unwrap_or_default();
            prop_assert!(text.len() <= BYTES_MAX);
            prop_assert!(members.iter().count() <= MEMBERS_MAX);
            prop_assert_eq!(extracted(text), members);
        }
    }
}

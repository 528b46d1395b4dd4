//! Identity of the call that a span makes, to detect repetitions.
//!
//! Two calls are the same when service, name and target are, where the target is a statement's template, a route, a method, a queue or
//! a peer: whatever names the work without its parameters. Attribute names are those of
//! [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/), of either generation, and Sentry's `sentry.op`.

use std::hash::{BuildHasher, Hash, Hasher};

use crate::SpanKind;
use crate::hash::State;
use crate::mask::mask;
use crate::wire::{AnyValue, KeyValue, Leaf, number, parts};

/// Identifies a call among the children of one span: equal for calls of the same kind, without their parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallId(u64);

/// Limits from which on equal calls are repeated ("N+1"): either suffices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedLimits {
    /// Number of calls, however short.
    pub count: usize,
    /// Their total duration in nanoseconds, of [`RepeatedLimits::FEWEST`] calls or more.
    pub nano: u64,
}

impl RepeatedLimits {
    /// Fewer calls are never repeated.
    pub const FEWEST: usize = 5;
}

/// 10 calls, or 50 ms.
impl Default for RepeatedLimits {
    fn default() -> Self {
        Self {
            count: 10,
            nano: 50_000_000,
        }
    }
}

/// Attributes that make an internal span a call.
const CALL_PREFIXES: [&[u8]; 3] = [b"db.", b"http.", b"rpc."];
/// Sentry's operations that are calls.
const CALL_OPS: [&[u8]; 6] = [b"db", b"http.client", b"cache", b"grpc", b"rpc", b"queue.publish"];

/// Attributes that identify a call's target.
#[derive(Default)]
struct Target<'a> {
    statement: Option<&'a [u8]>,
    route: Option<&'a [u8]>,
    url: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    plain: [Option<&'a [u8]>; PLAIN.len()],
}

/// Attributes that are compared as they are, with their older names.
const PLAIN: [&[&[u8]]; 7] = [
    &[b"http.request.method", b"http.method"],
    &[b"server.address", b"net.peer.name", b"http.host"],
    &[b"server.port", b"net.peer.port"],
    &[b"db.collection.name", b"db.sql.table", b"db.mongodb.collection"],
    &[b"rpc.service"],
    &[b"rpc.method"],
    &[b"messaging.destination.name", b"messaging.destination"],
];

/// Returns the identity of a span's call; `None` if the span is not a call.
pub(crate) fn call_id(hasher: &State, service: &str, name: &str, kind: SpanKind, raw: &[u8]) -> Option<CallId> {
    if kind.receives() {
        return None;
    }
    let attributes = || parts(raw, number::SPAN_ATTRIBUTES);
    if !kind.sends() && !attributes().any(is_of_call) {
        return None;
    }
    let mut target = Target::default();
    attributes().for_each(|attribute| target.see(attribute));
    let mut hash = hasher.build_hasher();
    service.hash(&mut hash);
    hash_masked(name.as_bytes(), &mut hash);
    match (target.statement, target.route, target.url.or(target.path)) {
        (Some(statement), ..) => hash_masked(statement, &mut hash),
        (None, Some(route), _) => route.hash(&mut hash),
        (None, None, Some(url)) => hash_masked(without_query(url), &mut hash),
        (None, None, None) => {}
    }
    target.plain.hash(&mut hash);
    Some(CallId(hash.finish()))
}

/// Returns true for an attribute that makes an internal span a call.
#[inline]
fn is_of_call(attribute: &[u8]) -> bool {
    let Some((key, value)) = KeyValue::borrowed(attribute) else {
        return false;
    };
    if key != b"sentry.op" {
        return CALL_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
    }
    match AnyValue::read(value) {
        AnyValue::Leaf(Leaf::Text(text)) => CALL_OPS.iter().any(|op| text.starts_with(op)),
        _ => false,
    }
}

impl<'a> Target<'a> {
    fn see(&mut self, attribute: &'a [u8]) {
        let Some((key, value)) = KeyValue::borrowed(attribute) else {
            return;
        };
        let AnyValue::Leaf(Leaf::Text(text)) = AnyValue::read(value) else {
            return;
        };
        match key {
            b"db.query.text" | b"db.statement" => self.statement = Some(text),
            b"http.route" | b"url.template" => self.route = Some(text),
            b"url.full" | b"http.url" => self.url = Some(text),
            b"url.path" | b"http.target" => self.path = Some(text),
            _ => {
                if let Some(at) = PLAIN.iter().position(|names| names.contains(&key)) {
                    self.plain[at] = Some(text);
                }
            }
        }
    }
}

fn without_query(url: &[u8]) -> &[u8] {
    let end = url.iter().position(|byte| matches!(byte, b'?' | b'#'));
    &url[..end.unwrap_or(url.len())]
}

/// Hashes text without its literals, and without regard to white space and case.
fn hash_masked(text: &[u8], hash: &mut impl Hasher) {
    mask(text, |byte| hash.write_u8(byte.to_ascii_lowercase()));
    hash.write_u8(0xff);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let hasher = State::default();
        let hash = |text: &str| {
            let mut hash = hasher.build_hasher();
            hash_masked(text.as_bytes(), &mut hash);
            hash.finish()
        };
        hash(one) == hash(other)
    }

    #[test]
    fn mask_ignores_parameters() {
        for (one, other) in [
            ("SELECT * FROM t WHERE id = 1", "select *  from t\nwhere id = 23"),
            ("SELECT * FROM t WHERE name = 'a'", "SELECT * FROM t WHERE name = 'b, c'"),
            ("SELECT 1 FROM t WHERE id IN (1, 2, 3)", "SELECT 1 FROM t WHERE id IN (4)"),
            ("SELECT * FROM t WHERE id = $1", "SELECT * FROM t WHERE id = ?"),
            ("GET /users/1/posts", "GET /users/27/posts"),
            (
                "/users/0b2e7a6c-0d0e-4c2c-9d1d-1c6a53dc8b0f",
                "/users/7f1ac3d2-1111-4222-8333-94b5c6d7e8f9",
            ),
            ("/at/2026-11-28", "/at/2025-01-02"),
        ] {
            assert!(same(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn mask_keeps_what_is_called() {
        for (one, other) in [
            ("SELECT * FROM users", "SELECT * FROM orders"),
            ("SELECT a FROM t1", "SELECT a FROM t2"),
            ("/users/1", "/users/1/posts"),
            ("GET /users", "POST /users"),
            ("ab", "a b"),
            ("SELECT ''", "SELECT"),
        ] {
            assert!(!same(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn mask_ends_at_an_unclosed_quote() {
        assert!(same("name = 'never closed", "name = 'another one"));
    }
}

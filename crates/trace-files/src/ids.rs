//! Ids of files: shorter than specified, or not hexadecimal.
//!
//! | text | result |
//! |---|---|
//! | up to 32 (span: 16) hexadecimal digits of either case | these digits, left-padded with zeros |
//! | base64 of exactly 16 (8) bytes with `=` at the end | these bytes, as written by generic protobuf mappers |
//! | any other text | the 128-bit (64-bit) [FNV-1a] hash of its UTF-8 |
//!
//! So equal texts are equal ids: in a span, as a parent, in a link, in a log record, and in another file.
//!
//! [FNV-1a]: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use trace_model::{SpanId, TraceId};

/// Parses a trace id; `None` for an empty text.
pub(crate) fn trace_id(text: &str) -> Option<TraceId> {
    let of = |number: u128| TraceId::from_bytes(number.to_be_bytes()).ok();
    let digits = hexadecimal(text, 32).and_then(of);
    let encoded = || TraceId::try_from(base64(text)?.as_slice()).ok();
    let hashed = || (!text.is_empty()).then(|| of(fnv_128(text).max(1)))?;
    digits.or_else(encoded).or_else(hashed)
}

/// Returns true if both ids identify one trace: equal, or one is the lower half of the other.
pub(crate) fn are_one(one: TraceId, other: TraceId) -> bool {
    let [one, other] = [one, other].map(|id| u128::from_be_bytes(*id.as_bytes()));
    let (short, long) = (one.min(other), one.max(other));
    one == other || short == long & u128::from(u64::MAX)
}

/// Parses a span id; `None` for an empty text.
pub(crate) fn span_id(text: &str) -> Option<SpanId> {
    let of = |number: u64| SpanId::from_bytes(number.to_be_bytes()).ok();
    let digits = hexadecimal(text, 16).and_then(|number| of(u64::try_from(number).ok()?));
    let encoded = || SpanId::try_from(base64(text)?.as_slice()).ok();
    let hashed = || (!text.is_empty()).then(|| of(fnv_64(text).max(1)))?;
    digits.or_else(encoded).or_else(hashed)
}

/// Parses a parent's id; `None` for an empty text and for zeros, which some senders use for a root.
pub(crate) fn parent_id(text: &str) -> Option<SpanId> {
    span_id(text).filter(|_| !text.bytes().all(|digit| digit == b'0'))
}

/// Parses an id of OTLP/JSON by its field name. Every text is valid; an empty one stays empty.
#[expect(clippy::unnecessary_wraps, reason = "the function type allows invalid ids")]
pub(crate) fn of_field(field: &'static str, text: &str) -> Option<Vec<u8>> {
    let span = |id: Option<SpanId>| id.map(|id| id.as_bytes().to_vec());
    let bytes = match field {
        "trace_id" => trace_id(text).map(|id| id.as_bytes().to_vec()),
        "parent_span_id" => span(parent_id(text)),
        _ => span(span_id(text)),
    };
    Some(bytes.unwrap_or_default())
}

fn hexadecimal(text: &str, most: usize) -> Option<u128> {
    let is_id = (1..=most).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_id.then(|| u128::from_str_radix(text, 16).ok())?
}

fn base64(text: &str) -> Option<Vec<u8>> {
    text.ends_with('=').then(|| BASE64_STANDARD.decode(text).ok())?
}

fn fnv_64(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn fnv_128(text: &str) -> u128 {
    text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_id_is_left_padded() {
        for (text, expected) in [
            ("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319c"),
            ("0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd8448eb211c80319c"),
            ("0562809467078eab", "00000000000000000562809467078eab"),
            ("A", "0000000000000000000000000000000a"),
            ("CvdlGRbNQ92ESOshHIAxnA==", "0af7651916cd43dd8448eb211c80319c"),
        ] {
            assert_eq!(trace_id(text).unwrap().to_string(), expected, "{text}");
        }
        for (text, expected) in [
            ("EEE19B7EC3C1B174", "eee19b7ec3c1b174"),
            ("b", "000000000000000b"),
            ("AAAAAAAAAAo=", "000000000000000a"),
        ] {
            assert_eq!(span_id(text).unwrap().to_string(), expected, "{text}");
        }
    }

    /// The first three are test vectors of the specification.
    #[test]
    fn other_id_is_hashed() {
        for (text, expected) in [
            ("foobar", "85944171f73967e8"),
            ("abcd1234efgh5678", &format!("{:016x}", fnv_64("abcd1234efgh5678"))),
            ("0123456789abcdef0", &format!("{:016x}", fnv_64("0123456789abcdef0"))),
        ] {
            assert_eq!(span_id(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(trace_id("foobar not hexadecimal").map(|id| id.to_string().len()), Some(32));
        assert_eq!(fnv_128("foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn zeros_are_an_id_but_not_a_parent() {
        assert_eq!((trace_id(""), span_id(""), parent_id("")), (None, None, None));
        assert!(span_id("0000000000000000").is_some() && trace_id("0").is_some());
        assert_eq!((parent_id("0000000000000000"), parent_id("0")), (None, None));
        assert!(parent_id("00a").is_some());
    }
}

//! Validation agrees with prost's decoder.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use otlp_wire::schema::{LOGS_REQUEST, METRICS_REQUEST, Message, SPAN, TRACES_REQUEST};
use otlp_wire::{Malformed, validate};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::damage::{Damage, damage};
use crate::messages::{logs_request, metrics_request, span, traces_request};

/// Validates the bytes, and compares the result with prost.
fn agreed<T: prost::Message + Default>(bytes: &[u8], schema: &'static Message) -> Result<(), Malformed> {
    let (ours, theirs) = (validate(bytes, schema), T::decode(bytes));
    assert_eq!(
        ours.is_ok(),
        theirs.is_ok(),
        "{ours:?}, prost: {:?}, bytes: {bytes:x?}",
        theirs.err()
    );
    ours
}

fn both<T: prost::Message + Default>(message: &T, schema: &'static Message, damages: &[Damage]) {
    let mut bytes = message.encode_to_vec();
    agreed::<T>(&bytes, schema).unwrap();
    for damage in damages {
        damage.apply(&mut bytes);
        let _either = agreed::<T>(&bytes, schema);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn traces_are_valid_iff_prost_decodes_them(message in traces_request(), damages in damage()) {
        both(&message, &TRACES_REQUEST, &damages);
    }

    #[test]
    fn logs_are_valid_iff_prost_decodes_them(message in logs_request(), damages in damage()) {
        both(&message, &LOGS_REQUEST, &damages);
    }

    #[test]
    fn metrics_are_valid_iff_prost_decodes_them(message in metrics_request(), damages in damage()) {
        both(&message, &METRICS_REQUEST, &damages);
    }

    #[test]
    fn spans_are_valid_iff_prost_decodes_them(message in span(), damages in damage()) {
        both(&message, &SPAN, &damages);
    }

    /// Random bytes from the range of keys and lengths.
    #[test]
    fn noise_is_valid_iff_prost_decodes_it(noise in vec(prop_oneof![any::<u8>(), 0..40_u8], 0..24)) {
        let _either = agreed::<Span>(&noise, &SPAN);
        let _either = agreed::<ExportTraceServiceRequest>(&noise, &TRACES_REQUEST);
        let _either = agreed::<ExportLogsServiceRequest>(&noise, &LOGS_REQUEST);
        let _either = agreed::<ExportMetricsServiceRequest>(&noise, &METRICS_REQUEST);
    }
}

#[test]
fn corner_cases_agree_with_prost() {
    let wrong_type = |field| Malformed::WireType { message: "Span", field };
    let cases: [(&str, &[u8], Result<(), Malformed>); 33] = [
        ("nothing", b"", Ok(())),
        ("a key alone", b"\x2a", Err(Malformed::Truncated)),
        ("a length beyond the end", b"\x2a\x02a", Err(Malformed::Truncated)),
        (
            "a length beyond all memory",
            b"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            Err(Malformed::Truncated),
        ),
        ("a name twice", b"\x2a\x01a\x2a\x01b", Ok(())),
        ("a status twice", b"\x7a\x02\x18\x01\x7a\x02\x18\x02", Ok(())),
        (
            "invalid UTF-8",
            b"\x2a\x01\xff",
            Err(Malformed::Utf8 {
                message: "Span",
                field: "name",
            }),
        ),
        (
            "half a character",
            b"\x2a\x01\xc3",
            Err(Malformed::Utf8 {
                message: "Span",
                field: "name",
            }),
        ),
        ("bytes that are not UTF-8", b"\x0a\x01\xff", Ok(())),
        ("key 0", b"\x00", Err(Malformed::Key)),
        ("field 0", b"\x05\x00\x00\x00\x00", Err(Malformed::Key)),
        ("wire type 6", b"\x2e", Err(Malformed::Key)),
        ("wire type 7", b"\x2f", Err(Malformed::Key)),
        ("the largest field", b"\xf8\xff\xff\xff\x0f\x01", Ok(())),
        ("a field beyond that", b"\xf8\xff\xff\xff\x1f\x01", Err(Malformed::Key)),
        ("a key in more bytes than it needs", b"\xaa\x80\x80\x00\x01a", Ok(())),
        ("a length in more bytes than it needs", b"\x2a\x81\x80\x00a", Ok(())),
        ("the largest number", b"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", Ok(())),
        (
            "a number beyond",
            b"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            Err(Malformed::Varint),
        ),
        (
            "a number of eleven bytes",
            b"\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
            Err(Malformed::Varint),
        ),
        ("a number that does not end", b"\x30\x80\x80", Err(Malformed::Truncated)),
        (
            "a time of seven bytes",
            b"\x39\x01\x02\x03\x04\x05\x06\x07",
            Err(Malformed::Truncated),
        ),
        ("a name that is a number", b"\x28\x01", Err(wrong_type("name"))),
        ("a kind that is text", b"\x32\x01a", Err(wrong_type("kind"))),
        (
            "a time that is a varint",
            b"\x38\x01",
            Err(wrong_type("start_time_unix_nano")),
        ),
        (
            "an unknown number, text, message and fixed",
            b"\xf8\x01\x07\xfa\x01\x01a\xf9\x0112345678\xfd\x011234",
            Ok(()),
        ),
        ("an empty group", b"\xfb\x01\xfc\x01", Ok(())),
        ("a group with contents", b"\xfb\x01\x08\x01\x12\x01a\x1b\x1c\xfc\x01", Ok(())),
        ("a group that does not end", b"\xfb\x01\x08\x01", Err(Malformed::Truncated)),
        ("a group that ends as another", b"\xfb\x01\xf4\x01", Err(Malformed::Group)),
        ("the end of a group", b"\xfc\x01", Err(Malformed::Group)),
        ("a group for a known field", b"\x2b\x2c", Err(wrong_type("name"))),
        ("a group for a known message", b"\x7b\x7c", Err(wrong_type("status"))),
    ];
    for (what, bytes, expected) in cases {
        assert_eq!(agreed::<Span>(bytes, &SPAN), expected, "{what}");
    }
}

/// `bucket_counts` of a histogram's point as fixed 64 bits, and of an exponential one's as varints.
#[test]
fn packed_and_unpacked_numbers_are_valid() {
    let fixed = |contents: &[u8]| wrap(&[1, 2, 2, 9, 1], contents);
    let varints = |contents: &[u8]| wrap(&[1, 2, 2, 10, 1, 8], contents);
    let one = [1, 0, 0, 0, 0, 0, 0, 0];
    let cases = [
        (fixed(&[&[0x32, 16][..], &one, &one].concat()), true),
        (fixed(&[&[0x31][..], &one].concat()), true),
        (fixed(&[&[0x32, 8][..], &one, &[0x31], &one].concat()), true),
        (fixed(&[0x32, 0]), true),
        (fixed(&[&[0x32, 15][..], &one, &one[..7]].concat()), false),
        (fixed(&[0x30, 1]), false),
        (varints(&[0x12, 3, 1, 0x80, 1]), true),
        (varints(&[0x10, 1, 0x10, 2]), true),
        (varints(&[0x12, 0]), true),
        (varints(&[0x12, 2, 1, 0x80]), false),
        (varints(&[&[0x11][..], &one].concat()), false),
    ];
    for (bytes, valid) in cases {
        assert_eq!(
            agreed::<ExportMetricsServiceRequest>(&bytes, &METRICS_REQUEST).is_ok(),
            valid,
            "{bytes:x?}"
        );
    }
}

/// Nests messages by their field numbers, outermost first.
fn wrap(numbers: &[u8], contents: &[u8]) -> Vec<u8> {
    numbers.iter().rev().fold(contents.to_vec(), |inner, number| {
        let mut outer = vec![number << 3 | 2];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    })
}

#[test]
fn nesting_limit_agrees_with_prost() {
    // From a span, field 9 is an attribute, 2 its value; in a value 5 is an array, in that 1 is a value, 6 a list of attributes.
    let within = |levels: usize, by: &[u8]| -> Vec<u8> { [9, 2].iter().chain(by.iter().cycle()).take(levels).copied().collect() };
    let innermost: [&[u8]; 6] = [
        b"",
        b"\xf8\x01\x07",
        b"\xfa\x01\x01a",
        b"\xfb\x01\xfc\x01",
        b"\xfb\x01\x08\x01\xfc\x01",
        b"\x08",
    ];
    let mut deepest = [0; 2];
    for levels in 90..110 {
        for (by, deepest) in [&[5, 1][..], &[6, 1, 2]].into_iter().zip(&mut deepest) {
            for contents in innermost {
                let bytes = wrap(&within(levels, by), contents);
                match agreed::<Span>(&bytes, &SPAN) {
                    Ok(()) => *deepest = levels,
                    Err(Malformed::Depth) => assert!(levels >= 98, "{levels}"),
                    Err(_) => {}
                }
            }
        }
    }
    assert_eq!(deepest, [100, 100]);

    // Groups count as well, and are skipped without recursion.
    for levels in (90..110).chain([100_000]) {
        let groups = [[0xfb, 0x01].repeat(levels), [0xfc, 0x01].repeat(levels)].concat();
        if levels < 1000 {
            assert_eq!(agreed::<Span>(&groups, &SPAN).is_ok(), levels <= 100, "{levels}");
        }
        assert_eq!(validate(&groups, &SPAN).is_ok(), levels <= 100, "{levels}");
    }
}

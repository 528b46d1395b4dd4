use std::fmt::Write;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> Envelope {
    Envelope::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn items(envelope: &Envelope) -> Vec<(&str, &str)> {
    let items = envelope.items.iter();
    items
        .map(|item| (item.item_type.as_str(), std::str::from_utf8(&item.payload).unwrap()))
        .collect()
}

#[test]
fn length_and_last_line_feed_are_optional() {
    for text in [
        "{}\n{\"type\":\"a\",\"length\":3}\nabc\n{\"type\":\"b\"}\nd\n",
        "{}\n{\"type\":\"a\",\"length\":3}\nabc\n{\"type\":\"b\",\"length\":1}\nd",
        "{}\n{\"type\":\"a\"}\nabc\n\n{\"type\":\"b\",\"length\":null}\nd",
    ] {
        let envelope = parse(text);
        assert_eq!(items(&envelope), [("a", "abc"), ("b", "d")], "{text:?}");
        assert_eq!(envelope.bad_items, [], "{text:?}");
    }
}

#[test]
fn payload_may_be_empty_or_contain_line_feeds() {
    let envelope = parse(
        "{}\n{\"type\":\"a\",\"length\":0}\n\n{\"type\":\"b\"}\n\n{\"type\":\"c\",\"length\":2}\n\n\n\n{\"type\":\"d\",\"length\":0}",
    );
    assert_eq!(items(&envelope), [("a", ""), ("b", ""), ("c", "\n\n"), ("d", "")]);
    assert_eq!(envelope.bad_items, []);
}

#[test]
fn bad_item_costs_only_itself() {
    let length = |item_type: &str| ItemError::Length {
        item_type: item_type.to_owned(),
    };
    for (bad, why) in [
        ("{\"type\":\"x\",\"length\":2}\nabc", length("x")),
        ("{\"type\":\"x\",\"length\":99999}\nabc", length("x")),
        ("{\"type\":\"x\",\"length\":-1}\nabc", length("x")),
        ("{\"type\":\"x\",\"length\":\"3\"}\nabc", length("x")),
        ("{\"type\":\"x\",\"length\":18446744073709551615}\nabc", length("x")),
        ("{\"length\":3}\nabc", ItemError::NoType),
        ("{\"type\":7}\nabc", ItemError::NoType),
        ("[\"type\"]", ItemError::Header),
        ("not json at all", ItemError::Header),
    ] {
        let envelope = parse(&format!("{{}}\n{{\"type\":\"a\"}}\n1\n{bad}\n{{\"type\":\"b\"}}\n2\n"));
        assert_eq!(items(&envelope), [("a", "1"), ("b", "2")], "{bad:?}");
        assert_eq!(envelope.bad_items.first(), Some(&why), "{bad:?}");
    }
}

#[test]
fn damaged_item_counts_once_however_many_lines_it_has() {
    let length = ItemError::Length {
        item_type: "attachment".to_owned(),
    };
    let lines = "some bytes\n{\"no\":\"type\"}\n\u{89}PNG\n".repeat(300);
    let cut_off = format!("{{}}\n{{\"type\":\"event\"}}\n1\n{{\"type\":\"attachment\",\"length\":100000}}\n{lines}");
    let envelope = parse(&cut_off);
    assert_eq!(items(&envelope), [("event", "1")]);
    assert_eq!(envelope.bad_items, std::slice::from_ref(&length));
    // Items after it are read, and the next damaged one counts again.
    let envelope = parse(&format!("{cut_off}{{\"type\":\"log\"}}\n2\njunk\njunk\n"));
    assert_eq!(items(&envelope), [("event", "1"), ("log", "2")]);
    assert_eq!(envelope.bad_items, [length, ItemError::Header]);
}

#[test]
fn damaged_item_of_json_does_not_take_the_next_one_along() {
    let long = format!(
        "{{\"type\":\"transaction\",\"contexts\":{{}},\"release\":\"{}\"}}",
        "x".repeat(ITEM_HEADER_MAX)
    );
    for payload in ["{\"message\":\"hello\"}", "{\"type\":\"transaction\",\"contexts\":{}}", &long] {
        for length in ["3", "100000", "-1", "\"20\"", "20.5"] {
            let envelope = parse(&format!(
                "{{}}\n{{\"type\":\"event\",\"length\":{length}}}\n{payload}\n{{\"type\":\"log\"}}\n2\n"
            ));
            assert_eq!(items(&envelope), [("log", "2")], "{length} {payload:.40}");
            assert_eq!(envelope.bad_items.len(), 1, "{length} {payload:.40}");
        }
    }
}

#[test]
fn envelope_without_a_readable_header_is_an_error() {
    for text in ["", "\n", " \n"] {
        assert!(matches!(Envelope::parse(text.into()), Err(EnvelopeError::Empty)), "{text:?}");
    }
    for text in [
        "nonsense",
        "[]\n",
        "\n{}\n",
        "null",
        "{\"event_id\":",
        &"[".repeat(HEADER_MAX),
    ] {
        let error = Envelope::parse(Bytes::copy_from_slice(text.as_bytes()));
        assert!(matches!(error, Err(EnvelopeError::Header(_))), "{text:.20}");
    }
}

#[test]
fn items_are_bounded() {
    let envelope = parse(&format!("{{}}\n{}", "{\"type\":\"a\"}\n\n".repeat(5000)));
    assert_eq!(envelope.items.len(), ITEMS);
    assert_eq!(envelope.bad_items, [ItemError::TooMany]);
    let damaged = "{\"type\":\"a\",\"length\":-1}\njunk\n";
    let envelope = parse(&format!("{{}}\n{}", damaged.repeat(5000)));
    assert_eq!(envelope.bad_items.len(), ITEMS + 1);
}

/// Envelopes of real SDKs: each file with its items, by type and length of payload.
#[test]
fn real_envelopes() {
    let Ok(fixtures) = std::env::var("SPANFALL_FIXTURES") else {
        eprintln!("SKIPPED: SPANFALL_FIXTURES is not set");
        return;
    };
    let expected: [(&str, &[&str]); 10] = [
        ("Capture.Message.in.a.transaction.txt", &["event"]),
        ("envelope_binary.bin", &["attachment", "event"]),
        ("envelope_empty.txt", &[]),
        ("envelope_empty_payload.txt", &["attachment", "attachment"]),
        ("envelope_java.txt", &["transaction"]),
        ("envelope_javascript.txt", &["event"]),
        ("envelope_no_len_w_eof.txt", &["attachment"]),
        ("envelope_php.txt", &["transaction"]),
        ("envelope_with_ansi_logs.txt", &["log"]),
        ("log_envelope.txt", &["log"]),
    ];
    let folder = std::path::Path::new(&fixtures).join("sentry");
    assert_eq!(
        std::fs::read_dir(&folder).unwrap().count(),
        expected.len(),
        "a file without an expectation"
    );
    for (file, types) in expected {
        let envelope = Envelope::parse(std::fs::read(folder.join(file)).unwrap().into()).unwrap();
        let found: Vec<_> = envelope.items.iter().map(|item| &*item.item_type).collect();
        assert_eq!(found, types, "{file}");
        assert_eq!(envelope.bad_items, [], "{file}");
        for item in &envelope.items {
            // All but attachments are JSON, so this holds only if they were cut at the right places.
            let is_json = serde_json::from_slice::<Value>(&item.payload).is_ok();
            assert_eq!(is_json, item.item_type != "attachment", "{file}");
        }
    }
    let binary = Envelope::parse(std::fs::read(folder.join("envelope_binary.bin")).unwrap().into()).unwrap();
    assert_eq!(&*binary.items[0].payload, b"\xef\xbb\xbfHello\r\n");
}

fn any_item() -> impl Strategy<Value = (String, Vec<u8>, bool)> {
    ("[a-z_]{1,12}", proptest::collection::vec(any::<u8>(), 0..40), any::<bool>())
}

proptest! {
    #[test]
    fn written_envelopes_are_read_back(written in proptest::collection::vec(any_item(), 0..8), last_line_feed: bool) {
        let mut bytes = b"{\"event_id\":\"x\"}".to_vec();
        for (item_type, payload, with_length) in &written {
            let mut header = json!({ "type": item_type });
            if *with_length || payload.contains(&b'\n') {
                header["length"] = json!(payload.len());
            }
            bytes.extend(format!("\n{header}\n").into_bytes());
            bytes.extend(payload);
        }
        if last_line_feed {
            bytes.push(b'\n');
        }
        let envelope = Envelope::parse(bytes.into()).unwrap();
        prop_assert_eq!(envelope.bad_items, []);
        let read: Vec<_> = envelope.items.iter().map(|item| (&*item.item_type, &*item.payload)).collect();
        let written: Vec<_> = written.iter().map(|(item_type, payload, _)| (&**item_type, &**payload)).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn parser_never_panics(
        lines in proptest::collection::vec(
            prop_oneof![
                Just("{}".to_owned()),
                "[ -~]{0,20}",
                (any::<i64>(), "[a-z]{0,3}").prop_map(|(length, name)| format!("{{\"type\":\"{name}\",\"length\":{length}}}")),
                (0..30u8, "[a-z]{0,3}").prop_map(|(length, name)| format!("{{\"type\":\"{name}\",\"length\":{length}}}")),
            ],
            0..12,
        ),
        tail in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        let mut text = String::from("{}\n");
        for line in &lines {
            let _ = writeln!(text, "{line}");
        }
        let mut bytes = text.into_bytes();
        bytes.extend(&tail);
        let _ = Envelope::parse(tail.into());
        prop_assert!(Envelope::parse(bytes.into()).is_ok());
    }
}

#[test]
fn headers_have_a_bound_because_reading_multiplies_them() {
    let members = |bytes: usize| {
        let members: Vec<_> = (0..bytes / 10).map(|at| format!("\"{at:06}\":0")).collect();
        members.join(",")
    };
    let long = format!("{{{}}}", members(HEADER_MAX + 10));
    assert!(matches!(Envelope::parse(long.into()), Err(EnvelopeError::LongHeader)));
    let long = members(ITEM_HEADER_MAX + 10);
    let envelope = format!("{{}}\n{{\"type\":\"event\",{long}}}\n{{\"type\":\"event\"}}\n{{}}");
    let envelope = Envelope::parse(envelope.into()).expect("an envelope");
    assert_eq!((envelope.items.len(), envelope.bad_items), (1, vec![ItemError::LongHeader]));
}

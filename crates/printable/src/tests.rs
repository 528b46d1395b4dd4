use std::io::Write as _;

use regex_syntax::hir::{Class, HirKind};

use super::*;

/// The Unicode properties of the table.
const PROPERTIES: &str = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]";

#[test]
fn table_matches_unicode_properties() {
    let HirKind::Class(Class::Unicode(class)) = regex_syntax::parse(PROPERTIES).unwrap().into_kind() else {
        panic!("a class of characters");
    };
    let expected: Vec<_> = class.ranges().iter().map(|range| (range.start(), range.end())).collect();
    let lines: Vec<_> = expected
        .iter()
        .map(|(first, last)| format!("('\\u{{{:04x}}}', '\\u{{{:04x}}}'),", *first as u32, *last as u32))
        .collect();
    assert!(
        UNPRINTABLE[..] == expected[..],
        "Unicode has changed; the table is now\n{}",
        lines.join("\n")
    );
}

#[test]
fn clean_text_is_not_copied() {
    for text in ["", "GET /users/{id}", "naïve ¡olé! 東京 🚀", "a·b", "हिन्दी", "e\u{301}"] {
        assert!(matches!(clean(text), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[test]
fn clean_replaces_each_character_that_does_not_print() {
    for (text, shown) in [
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("\u{9b}2J", "·2J"),
        ("a\r\nb\tc\0\x1f\x7f", "a␍␊b␉c␀␟␡"),
        ("user\u{202e}nimda", "user·nimda"),
        ("\u{2066}x\u{2069}", "·x·"),
        ("pay\u{200b}pal\u{feff}\u{2028}", "pay·pal··"),
        ("\u{e0041}\u{e000}\u{fdd0}", "···"),
        (
            "so\u{ad}ft \u{34f}\u{115f}\u{1160}\u{17b4}\u{180e}\u{61c}\u{fff0}",
            "so·ft ·······",
        ),
        ("👩\u{200d}🚀 ❤\u{fe0f}", "👩·🚀 ❤·"),
    ] {
        assert_eq!(clean(text), shown, "{text:?}");
    }
}

#[test]
fn clean_keeps_every_character_of_unicode_countable() {
    let everything: String = ('\0'..=char::MAX).collect();
    let cleaned = clean(&everything);
    assert!(cleaned.chars().all(is_printable));
    assert_eq!(cleaned.chars().count(), everything.chars().count());
}

#[test]
fn escaped_json_is_printable_and_whole() {
    let everything: String = ('\u{20}'..=char::MAX).filter(|c| !matches!(c, '"' | '\\')).collect();
    let json = format!("\"{everything}\"");
    let escaped = escape_json(&json);
    assert!(escaped.chars().all(is_printable));
    assert!(escaped.contains(r"\u007f") && escaped.contains(r"\udb40\udc41"));
    assert!(matches!(escape_json("\"é\""), Cow::Borrowed(_)));
}

#[test]
fn clean_prefix_is_cut_by_characters() {
    assert_eq!(clean_prefix("é\n日本", 3), "é␊日");
    assert_eq!(clean_prefix("é", 3), "é");
    assert_eq!(clean_prefix("é", 0), "");
}

#[test]
fn line_writer_keeps_a_record_on_one_line() {
    let mut out = Vec::new();
    LineWriter(&mut out).write_all(b"one\ntwo \x1b[2J \xff\n").unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "one␊two ␛[2J \u{fffd}\n");
}

#[test]
fn bytes_have_their_unit() {
    for (number, text) in [
        (1_023, "1023 B"),
        (1_536, "1.50 KiB"),
        (256 << 20, "256 MiB"),
        ((12 << 20) + (1 << 19), "12.5 MiB"),
        (u64::MAX, "17,179,869,183 GiB"),
    ] {
        assert_eq!(bytes(number), text);
    }
}

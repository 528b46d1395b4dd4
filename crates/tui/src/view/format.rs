//! Numbers and text as a person reads them, in a given width.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::Now;

/// A duration with three digits or so: `812 ns`, `5.90 ms`, `118 ms`, `2.30 s`, `3m 20s`, `2h 05m`.
pub(super) fn duration(nano: u64) -> String {
    const MICRO: u64 = 1_000;
    const MILLI: u64 = 1_000_000;
    const SECOND: u64 = 1_000_000_000;
    match nano {
        0..MICRO => format!("{nano} ns"),
        MICRO..MILLI => scaled(nano, MICRO, "µs"),
        MILLI..SECOND => scaled(nano, MILLI, "ms"),
        _ if nano < 60 * SECOND => scaled(nano, SECOND, "s"),
        _ if nano < 3_600 * SECOND => format!("{}m {:02}s", nano / SECOND / 60, nano / SECOND % 60),
        _ => format!("{}h {:02}m", nano / SECOND / 3_600, nano / SECOND / 60 % 60),
    }
}

fn scaled(nano: u64, unit: u64, name: &str) -> String {
    let hundredths = nano * 100 / unit;
    match hundredths {
        0..1_000 => format!("{}.{:02} {name}", hundredths / 100, hundredths % 100),
        1_000..10_000 => format!("{}.{} {name}", hundredths / 100, hundredths / 10 % 10),
        _ => format!("{} {name}", hundredths / 100),
    }
}

/// Bytes, in MiB with one digit below ten.
pub(super) fn mebibytes(bytes: usize) -> String {
    let tenths = bytes * 10 / (1 << 20);
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        (tenths / 10).to_string()
    }
}

/// A count with its noun: `1 span`, `12 spans`, `1 200 000 spans`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with thin groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The time of day of a moment, in the viewer's zone: `12:04:31`.
pub(super) fn time_of_day(unix_nano: u64, now: &Now) -> String {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(unix_nano));
    moment.map_or_else(
        |_| "--:--:--".to_owned(),
        |moment| moment.to_zoned(now.zone.clone()).strftime("%H:%M:%S").to_string(),
    )
}

/// Exactly `width` columns: cut with an ellipsis, or filled with spaces.
pub(super) fn exactly(text: &str, width: usize) -> String {
    let mut text = at_most(text, width);
    text.extend(std::iter::repeat_n(' ', width - text.width()));
    text
}

/// At most `width` columns, cut with an ellipsis between two graphemes.
pub(super) fn at_most(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for grapheme in text.graphemes(true) {
        // One column is for the ellipsis.
        if kept.width() + grapheme.width() + 1 > width {
            break;
        }
        kept.push_str(grapheme);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Text in pieces of at most `width` columns (at least one grapheme each), none of it lost.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used > 0 && used + wide > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(grapheme);
        }
        used += wide;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits_at_every_scale() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (5_905_000, "5.90 ms"),
            (45_670_000, "45.6 ms"),
            (182_100_000, "182 ms"),
            (59_999_999_999, "59.9 s"),
            (200_000_000_000, "3m 20s"),
            (7_500_000_000_000, "2h 05m"),
            (u64::MAX, "5124095h 34m"),
        ];
        for (nano, text) in cases {
            assert_eq!(duration(nano), text);
        }
    }

    #[test]
    fn wide_and_combining_characters_keep_the_columns() {
        assert_eq!(exactly("日本語", 5), "日本…");
        assert_eq!(exactly("日本語", 4), "日… ");
        assert_eq!(exactly("e\u{301}a", 3), "e\u{301}a ");
        assert_eq!(exactly("abc", 0), "");
    }

    #[test]
    fn wrapping_loses_nothing() {
        assert_eq!(wrapped("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrapped("日本", 1), ["日", "本"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn numbers_are_grouped_in_threes() {
        assert_eq!(count(1, "span"), "1 span");
        assert_eq!(count(1_234_567, "span"), "1 234 567 spans");
    }
}

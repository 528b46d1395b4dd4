//! Formats of numbers and text, in a given width.

pub use printable::{bytes, grouped};

pub use crate::text::at_most;
use crate::text::{self, CLUSTER_BYTES_MAX, COLUMNS_MAX, ascii_columns, clusters};

/// The time at which a frame is drawn.
#[derive(Clone, Debug)]
pub struct Now {
    /// Nanoseconds since the Unix epoch: where spans in flight have come to.
    pub unix_nano: u64,
    /// In which zone times of day are shown.
    pub zone: jiff::tz::TimeZone,
}

/// A service without what OpenTelemetry's SDKs put before the name of a program that has none: `python` for `unknown_service:python`.
#[must_use]
pub fn service(name: &str) -> &str {
    let program = name.strip_prefix("unknown_service:").filter(|program| !program.is_empty());
    program.unwrap_or(name)
}

/// Columns of [`duration`], at most: every column for durations has as many.
#[cfg(test)]
pub(crate) const DURATION_COLUMNS_MAX: usize = 8;

/// A duration with three digits or so: `812 ns`, `5.90 ms`, `118 ms`, `2.30 s`, `3m 20s`, `2h 05m`, `4d 03h`, `416 d`.
#[must_use]
pub fn duration(nano: u64) -> String {
    const MICRO: u64 = 1_000;
    const MILLI: u64 = 1_000_000;
    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    const HUNDRED_DAYS: u64 = 100 * DAY;
    match nano {
        0..MICRO => format!("{nano} ns"),
        MICRO..MILLI => scaled(nano, MICRO, "µs"),
        MILLI..SECOND => scaled(nano, MILLI, "ms"),
        SECOND..MINUTE => scaled(nano, SECOND, "s"),
        MINUTE..HOUR => format!("{}m {:02}s", nano / MINUTE, nano / SECOND % 60),
        HOUR..DAY => format!("{}h {:02}m", nano / HOUR, nano / MINUTE % 60),
        DAY..HUNDRED_DAYS => format!("{}d {:02}h", nano / DAY, nano / HOUR % 24),
        HUNDRED_DAYS.. => format!("{} d", nano / DAY),
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

/// Returns true if a span without an end counts as running; `longest_run` is [`crate::Mode::longest_run`].
#[must_use]
pub const fn is_running(start_unix_nano: u64, now: &Now, longest_run: u64) -> bool {
    now.unix_nano.saturating_sub(start_unix_nano) < longest_run
}

/// Formats the time since a start, with a spinner: `⠹ 2.3 s`, `⠼ 3m 20s`. A span that is open for longer than the longest run is not
/// running: `no end`.
#[must_use]
pub fn running(start_unix_nano: u64, now: &Now, longest_run: u64) -> String {
    const TURN: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
    /// Nanoseconds.
    const TENTH: u64 = 100_000_000;
    if !is_running(start_unix_nano, now, longest_run) {
        return "no end".to_owned();
    }
    let run = now.unix_nano.saturating_sub(start_unix_nano);
    let tenths = run / TENTH;
    let turn = TURN[usize::try_from(tenths % TURN.len() as u64).unwrap_or(0)];
    if tenths < 600 {
        format!("{turn} {}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{turn} {}", duration(run))
    }
}

/// A count with its noun: `1 span`, `12 spans`, `1,200,000 spans`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Formats the time until a moment: `now`, `15 s`, `3 min`.
#[must_use]
pub fn until(unix_nano: u64, now: &Now) -> String {
    match unix_nano.saturating_sub(now.unix_nano).div_ceil(1_000_000_000) {
        0 => "now".to_owned(),
        seconds @ 1..120 => format!("in {seconds} s"),
        seconds => format!("in {} min", seconds / 60),
    }
}

/// Returns the columns of a text, cleaned; at least [`COLUMNS_MAX`] of one that is too long for any screen.
#[must_use]
pub fn columns(text: &str) -> usize {
    if text.len() <= COLUMNS_MAX
        && let Some(columns) = ascii_columns(text)
    {
        return columns;
    }
    let mut used = 0;
    for cluster in clusters(text) {
        used += cluster.width;
        if used >= COLUMNS_MAX {
            break;
        }
    }
    used
}

/// Exactly `width` columns: cut with an ellipsis, or filled with spaces.
#[must_use]
pub fn exactly(text: &str, width: usize) -> String {
    let mut text = at_most(text, width);
    text.extend(std::iter::repeat_n(' ', width.saturating_sub(columns(&text))));
    text
}

/// The name of a span or a trace in at most so many columns: of a path or a qualified name the end tells most, of words the start.
#[must_use]
pub fn name(text: &str, width: usize) -> String {
    const FEW: usize = 12;
    let start = text::start(text, COLUMNS_MAX);
    let is_path = start.contains(['/', '.']) || start.contains("::");
    if is_path && width >= FEW {
        middle(text, width)
    } else {
        at_most(text, width)
    }
}

/// A text of at most so many columns, cut in its middle: of a long name of an operation the end tells more than the start.
#[must_use]
pub fn middle(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return at_most(text, width);
    }
    let mut middle = at_most(text, width / 3);
    let room = width.saturating_sub(columns(&middle));
    // No more than this can fit.
    let tail = text::end(text, room * CLUSTER_BYTES_MAX);
    let mut left: usize = clusters(tail).map(|cluster| cluster.width).sum();
    for cluster in clusters(tail) {
        if left <= room {
            middle.push_str(cluster.shown);
        }
        left -= cluster.width;
    }
    middle
}

/// Text, cleaned, in pieces of at most `width` columns (at least one cluster each), none of it lost.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for cluster in clusters(text) {
        if used > 0 && used + cluster.width > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(cluster.shown);
        }
        used += cluster.width;
    }
    lines
}

/// As [`wrapped`], but a line ends between two words where it can.
#[must_use]
pub fn wrapped_words(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let Some(line) = lines.last_mut() else { break };
        if columns(line) + columns(word.trim_end()) <= width {
            line.extend(clusters(word).map(|cluster| cluster.shown));
            continue;
        }
        let pieces = wrapped(word, width);
        if line.is_empty() {
            lines.pop();
        }
        lines.extend(pieces);
    }
    lines
}

/// A number in about four characters, cut: `9,999`, `12.3k`, `123k`, `1.23M`.
#[must_use]
pub fn compact(number: u64) -> String {
    let (unit, name) = match number {
        0..10_000 => return grouped(number),
        10_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let whole = number / unit;
    let hundredths = number % unit * 100 / unit;
    match whole {
        0..10 => format!("{whole}.{hundredths:02}{name}"),
        10..100 => format!("{whole}.{}{name}", hundredths / 10),
        _ => format!("{}{name}", grouped(whole)),
    }
}

/// Formats the time since a moment: `now`, `2 s ago`, `3 min ago`, `2 h ago`.
#[must_use]
pub fn ago(unix_nano: u64, now: &Now) -> String {
    match now.unix_nano.saturating_sub(unix_nano) / 1_000_000_000 {
        0 => "now".to_owned(),
        seconds @ 1..120 => format!("{seconds} s ago"),
        seconds @ 120..7_200 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// Columns of a service's name that are shown, at most.
const SERVICE_COLUMNS_MAX: usize = 256;

/// A service's name for the screen.
#[must_use]
pub fn service_name(service: &str) -> String {
    if service.is_empty() {
        "(no service)".to_owned()
    } else {
        at_most(self::service(service), SERVICE_COLUMNS_MAX)
    }
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
            (86_399_999_999_999, "23h 59m"),
            (86_400_000_000_000, "1d 00h"),
            (3_600_000_000_000 * 2_222, "92d 14h"),
            (3_600_000_000_000 * 10_000, "416 d"),
            (u64::MAX, "213503 d"),
        ];
        for (nano, text) in cases {
            assert_eq!(duration(nano), text);
        }
    }

    /// All powers of two and of ten, whole units of the clock and their multiples, and one less than each.
    #[test]
    fn durations_of_every_magnitude_fit_their_columns() {
        let binary = (0..64).map(|bits| 1_u64 << bits);
        let decimal = (0..20).map(|digits| 10_u64.pow(digits));
        let clock = [60, 3_600, 86_400].into_iter().flat_map(|seconds: u64| {
            let units = (0..8).map(move |digits| seconds * 1_000_000_000 * 10_u64.pow(digits));
            units.take_while(|nano| *nano < u64::MAX / 10)
        });
        for nano in binary.chain(decimal).chain(clock).chain([0, u64::MAX]) {
            for nano in [nano, nano.saturating_sub(1), nano.saturating_mul(9)] {
                let text = duration(nano);
                assert!(columns(&text) <= DURATION_COLUMNS_MAX, "{nano}: {text}");
            }
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
    fn fitting_text_is_bounded_in_bytes() {
        let marks = format!("e{}", "\u{301}".repeat(200_000));
        let jamo = "\u{1100}".repeat(200_000);
        let conjuncts = "क\u{94d}".repeat(200_000);
        for text in [marks, jamo, conjuncts] {
            for text in [name(&text, 80), middle(&text, 80), exactly(&text, 80)] {
                assert!(text.len() <= 81 * CLUSTER_BYTES_MAX, "{} bytes", text.len());
                assert!(columns(&text) <= 80 && unicode_width::UnicodeWidthStr::width(&*text) <= 80);
            }
            assert!(columns(&text) < 2 * COLUMNS_MAX);
        }
    }

    #[test]
    fn a_long_name_keeps_its_end() {
        assert_eq!(middle("hipstershop.CurrencyService/Convert", 20), "hipst…ervice/Convert");
        assert_eq!(
            (middle("short", 5), middle("日本日本日本", 7)),
            ("short".into(), "…本日本".into())
        );
        assert_eq!(name("hipstershop.CurrencyService/Convert", 20), "hipst…ervice/Convert");
        assert_eq!(
            (name("handleSentMailMessage", 12), name("GET /users", 8)),
            ("handleSentM…".into(), "GET /us…".into())
        );
        for width in 0..4 {
            assert!(columns(&middle("abcdef", width)) <= width);
        }
    }

    #[test]
    fn wrapping_loses_nothing() {
        assert_eq!(wrapped("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(wrapped("日本", 1), ["日", "本"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped_words("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrapped_words("a verylongword b", 6), ["a ", "verylo", "ngword", " b"]);
        assert_eq!(wrapped_words("", 4), [""]);
        assert_eq!(wrapped_words("日本 語", 3), ["日", "本 ", "語"]);
    }

    #[test]
    fn large_numbers_become_short() {
        for (number, text) in [
            (0, "0"),
            (9_999, "9,999"),
            (10_000, "10.0k"),
            (123_999, "123k"),
            (1_230_000, "1.23M"),
            (4_500_000_000, "4.50G"),
        ] {
            assert_eq!(compact(number), text);
        }
    }

    #[test]
    fn the_past_is_told_in_its_unit() {
        let now = Now {
            unix_nano: 1_000_000_000_000_000,
            zone: jiff::tz::TimeZone::UTC,
        };
        for (seconds, text) in [
            (0, "now"),
            (2, "2 s ago"),
            (119, "119 s ago"),
            (120, "2 min ago"),
            (90_000, "25 h ago"),
        ] {
            assert_eq!(ago(now.unix_nano - seconds * 1_000_000_000, &now), text);
        }
        assert_eq!(ago(u64::MAX, &now), "now", "clocks differ");
    }

    #[test]
    fn numbers_are_grouped_in_threes() {
        assert_eq!(count(1, "span"), "1 span");
        assert_eq!(count(1_234_567, "span"), "1,234,567 spans");
    }
}

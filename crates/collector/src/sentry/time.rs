//! Points in time: seconds since the Unix epoch as a number, or RFC 3339.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::value::RawValue;

use super::json::{self, Object};

const NANOS: u64 = 1_000_000_000;

/// Parses nanoseconds since the Unix epoch, exact to the last digit; `None` for anything but a time after 1970 that fits 64 bits.
pub(super) fn unix_nano(raw: &RawValue) -> Option<u64> {
    let nanos = match json::text(raw) {
        None => seconds(raw.get()),
        Some(text) => seconds(&text).or_else(|| rfc_3339(&text)),
    };
    nanos.filter(|nanos| *nanos > 0)
}

/// Parses a member as a time.
pub(super) fn member(object: &Object<'_>, key: &str) -> Option<u64> {
    object.get(key).and_then(unix_nano)
}

/// Reads the digits themselves: a double would be off by a hundred nanoseconds.
fn seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        // With an exponent it cannot be parsed digit by digit.
        let is_number = text.starts_with(|first: char| first.is_ascii_digit());
        return is_number.then(|| from_double(text.parse().ok()?))?;
    }
    let mut nanos: u64 = 0;
    for at in 0..9 {
        let digit = fraction.as_bytes().get(at).map_or(0, |digit| digit - b'0');
        nanos = nanos * 10 + u64::from(digit);
    }
    whole.parse::<u64>().ok()?.checked_mul(NANOS)?.checked_add(nanos)
}

fn from_double(seconds: f64) -> Option<u64> {
    let since = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    since.as_nanos().try_into().ok()
}

/// Parses a time with an offset, or without one as the oldest SDKs write it, which is UTC.
fn rfc_3339(text: &str) -> Option<u64> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    timestamp.as_nanosecond().try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(source: &str) -> Option<u64> {
        unix_nano(&RawValue::from_string(source.to_owned()).unwrap())
    }

    #[test]
    fn numbers_and_texts_are_exact() {
        assert_eq!(read("1708333062.041582"), Some(1_708_333_062_041_582_000));
        assert_eq!(read("1708333062.041582123"), Some(1_708_333_062_041_582_123));
        assert_eq!(read("1708333062.0415821239"), Some(1_708_333_062_041_582_123));
        assert_eq!(read("1708333062"), Some(1_708_333_062_000_000_000));
        assert_eq!(read("\"1708333062.5\""), Some(1_708_333_062_500_000_000));
        assert_eq!(read("1.5e9"), Some(1_500_000_000_000_000_000));
        assert_eq!(read("\"2024-02-19T08:57:42.041582123Z\""), Some(1_708_333_062_041_582_123));
        assert_eq!(read("\"2024-02-19T09:57:42+01:00\""), Some(1_708_333_062_000_000_000));
        assert_eq!(read("\"2024-02-19T08:57:42\""), Some(1_708_333_062_000_000_000));
    }

    #[test]
    fn invalid_time_is_none() {
        for source in [
            "0",
            "-1",
            "-1.5",
            "0.0",
            "1e300",
            "1e999",
            "99999999999",
            "18446744073709551615",
            "18446744073709551616.5",
            "\"\"",
            "\"NaN\"",
            "\"inf\"",
            "\"now\"",
            "\"1.x\"",
            "\"1969-12-31T23:59:59Z\"",
            "\"9999-12-31T23:59:59Z\"",
            "\"2024-13-01T00:00:00Z\"",
            "true",
            "[]",
            "{}",
        ] {
            assert_eq!(read(source), None, "{source}");
        }
    }

    proptest! {
        #[test]
        fn nanoseconds_are_parsed_exactly(nanos in 1..u64::MAX) {
            let source = format!("{}.{:09}", nanos / NANOS, nanos % NANOS);
            prop_assert_eq!(read(&source), Some(nanos));
        }

        #[test]
        fn arbitrary_text_is_parsed_or_none(text in ".{0,30}") {
            let source = serde_json::to_string(&text).unwrap();
            let _ = read(&source);
        }
    }
}

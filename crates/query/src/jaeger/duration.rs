//! Durations as Go writes them.

/// Parses a duration as Go's `time.ParseDuration` does, without a sign: `100ms`, `1.5s`, `1h2m`. In nanoseconds.
pub(super) fn parse(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let mut rest = text;
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        let nano = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        sum = sum.checked_add(times(number, nano)?)?;
        rest = next;
    }
    (!text.is_empty()).then_some(sum)
}

/// A decimal number times a whole one, without rounding by way of a float.
fn times(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut result = match whole {
        "" => 0,
        whole => whole.parse::<u64>().ok()?.checked_mul(factor)?,
    };
    let mut part = factor;
    for digit in fraction.chars() {
        part /= 10;
        result = result.checked_add(part * u64::from(digit.to_digit(10)?))?;
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_are_those_of_go() {
        for (text, nano) in [
            ("0", 0),
            ("100ms", 100_000_000),
            ("1.5s", 1_500_000_000),
            (".5us", 500),
            ("1h2m3s", 3_723_000_000_000),
            ("2µs", 2_000),
            ("0.1ns", 0),
        ] {
            assert_eq!(parse(text), Some(nano), "{text}");
        }
        for text in ["", "1", "ms", "1.s.", "-1s", "1x", "1 s", ".s", "99999999999999999999h"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}

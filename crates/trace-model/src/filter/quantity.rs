//! Numbers and durations, as they are written and compared.

use std::cmp::Ordering;
use std::fmt;

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Equal,
}

impl Comparison {
    /// Operators as text, the longer ones first.
    pub(super) const WRITTEN: [(&str, Self); 5] = [
        (">=", Self::GreaterOrEqual),
        ("<=", Self::LessOrEqual),
        (">", Self::Greater),
        ("<", Self::Less),
        ("=", Self::Equal),
    ];

    pub(super) fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Self::WRITTEN.iter().find(|(_, comparison)| comparison == self);
        f.write_str(written.map_or("", |(written, _)| written))
    }
}

/// A test of a duration in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DurationTest {
    Compare(Comparison, u64),
    /// Both ends included.
    Between(u64, u64),
}

impl DurationTest {
    pub(super) fn holds(self, nanos: u64) -> bool {
        match self {
            Self::Compare(comparison, limit) => comparison.holds(nanos.cmp(&limit)),
            Self::Between(from, to) => (from..=to).contains(&nanos),
        }
    }
}

impl fmt::Display for DurationTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Compare(Comparison::Equal, limit) => write_duration(f, limit),
            Self::Compare(comparison, limit) => {
                comparison.fmt(f)?;
                write_duration(f, limit)
            }
            Self::Between(from, to) => {
                write_duration(f, from)?;
                f.write_str("..")?;
                write_duration(f, to)
            }
        }
    }
}

/// Units with their nanoseconds, the longest first. `us` is written back, `µs` only read, with either of its two letters.
const UNITS: [(&str, u64); 8] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ns", 1),
];

/// Writes a duration in the longest unit of which it is a whole number.
pub(super) fn write_duration(f: &mut fmt::Formatter<'_>, nanos: u64) -> fmt::Result {
    let whole = UNITS.iter().find(|(_, unit)| nanos > 0 && nanos.is_multiple_of(*unit));
    let (name, unit) = whole.copied().unwrap_or(("ns", 1));
    write!(f, "{}{name}", nanos / unit)
}

/// Reads a number with a unit (`1.5s`) as nanoseconds.
///
/// # Errors
///
/// The text is not a duration; the error is a sentence without its full stop.
pub(super) fn parse_duration(text: &str) -> Result<u64, String> {
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let Ok(value) = number.parse::<f64>() else {
        return Err(format!("`{text}` is not a duration: write a number with a unit, like 50ms"));
    };
    if unit.is_empty() {
        return Err(format!("{number} of what? Add a unit: {number}ms (ns us ms s m h)"));
    }
    let lower = unit.to_lowercase();
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == lower) else {
        return Err(format!("`{unit}` is not a unit: use ns, us, ms, s, m or h, like {number}ms"));
    };
    let exact = number
        .parse::<u64>()
        .map_or_else(|_| scale(value, *nanos), |whole| whole.checked_mul(*nanos));
    exact.ok_or_else(|| format!("`{text}` is longer than any span: the limit is 584 years"))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the product is checked truth the limit, and is not negative"
)]
fn scale(value: f64, unit: u64) -> Option<u64> {
    let nanos = (value * unit as f64).round();
    (nanos < u64::MAX as f64).then_some(nanos as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_every_unit() {
        let nanos = ["7ns", "7us", "7µs", "7μs", "7ms", "7s", "7m", "7h", "1.5s", "0.5US", ".5s"].map(parse_duration);
        let expected = [
            7,
            7_000,
            7_000,
            7_000,
            7_000_000,
            7_000_000_000,
            420_000_000_000,
            25_200_000_000_000,
            1_500_000_000,
            500,
            500_000_000,
        ];
        assert_eq!(nanos, expected.map(Ok));
    }

    #[test]
    fn invalid_duration_is_rejected_with_a_suggestion() {
        assert!(parse_duration("50").expect_err("no unit").contains("50ms"));
        assert!(parse_duration("50days").expect_err("no such unit").contains("`days`"));
        assert!(parse_duration("soon").expect_err("no number").contains("50ms"));
        assert!(parse_duration("1.2.3s").expect_err("no number").contains("50ms"));
        for long in ["9999999h", "18446744073709551616ns", "99999999999999.9h"] {
            assert!(parse_duration(long).expect_err("too long").contains("584 years"), "{long}");
        }
    }
}

//! Numbers of attributes.

use std::cmp::Ordering;
use std::fmt;

/// A number as attributes have them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Double(f64),
}

impl Number {
    /// Parses decimal digits with sign, point and exponent; not the names of values that are not finite.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if !text
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'+' | b'-' | b'e' | b'E'))
        {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        if let Ok(int) = text.parse() {
            return Some(Self::Int(int));
        }
        text.parse().ok().filter(|double: &f64| double.is_finite()).map(Self::Double)
    }

    /// The order of two numbers; `None` with one that is none.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.as_double().partial_cmp(&b.as_double()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "an integer is compared with a float as the float that is nearest"
    )]
    const fn as_double(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Double(double) => double,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => int.fmt(f),
            // With a point or an exponent, so that it is read as a float again.
            Self::Double(double) => write!(f, "{double:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_what_they_are() {
        let number = |text: &str| Number::parse(text.as_bytes());
        assert_eq!(number("9007199254740993"), Some(Number::Int(9_007_199_254_740_993)));
        assert_eq!(
            Number::Int(9_007_199_254_740_993).compare(Number::Int(9_007_199_254_740_992)),
            Some(Ordering::Greater)
        );
        assert_eq!(Number::Int(1).compare(Number::Double(1.5)), Some(Ordering::Less));
        assert_eq!(Number::Double(f64::NAN).compare(Number::Int(0)), None);
        assert_eq!(number("-1.5e3"), Some(Number::Double(-1500.0)));
        for none in ["", "inf", "NaN", "1e999", "0x10", "five", "1 "] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}

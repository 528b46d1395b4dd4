//! Numbers of bytes.

use std::str::FromStr;

/// A number of bytes: `262144`, `256KiB`, `256 MiB`, `1GiB` (powers of 1024; `K`, `KB`, `M`, … mean the same).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: usize = number
            .parse()
            .map_err(|_| "not a size: use a whole number of bytes, KiB, MiB or GiB".to_owned())?;
        let scale: usize = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" | "kib" => 1 << 10,
            "m" | "mb" | "mib" => 1 << 20,
            "g" | "gb" | "gib" => 1 << 30,
            other => return Err(format!("unknown unit {other:?}: use KiB, MiB or GiB")),
        };
        match number.checked_mul(scale) {
            Some(bytes) if bytes >= 1 << 20 => Ok(Self(bytes)),
            Some(_) => Err("too small: use at least 1MiB".to_owned()),
            None => Err("too large for this machine".to_owned()),
        }
    }
}

/// A [`Size`] that a request's body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodySize(pub Size);

impl FromStr for BodySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: Size = text.parse()?;
        if size.0 > collector::BODY_MAX {
            return Err("too large: use at most 1GiB".to_owned());
        }
        Ok(Self(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("1048576", 1 << 20),
            ("256MiB", 256 << 20),
            ("256 mib", 256 << 20),
            ("2g", 2 << 30),
            ("2048K", 2 << 20),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in [
            "",
            "MiB",
            "-1",
            "1.5GiB",
            "12 parsecs",
            "1023KiB",
            "99999999999999999999",
            "17179869184GiB",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}

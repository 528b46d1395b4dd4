//! Numbers with their units.

use crate::format::{bytes, duration, grouped};

/// Returns the unit of an attribute's number, in UCUM's notation, where its name tells; OTLP has no place for it.
#[must_use]
pub fn unit_of(key: &str) -> Option<&'static str> {
    /// Sizes whose names say no unit: of [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/) of either
    /// generation, and of Sentry's span data. A `pool_size` is none of them.
    const SIZES: [&str; 9] = [
        "body.size",
        "envelope.size",
        "request.size",
        "response.size",
        "file.size",
        "content_length",
        "content_length_uncompressed",
        "transfer_size",
        "item_size",
    ];
    if SIZES.iter().any(|size| key.ends_with(size)) {
        return Some("By");
    }
    let word = key.rsplit(['.', '_', '-']).next().unwrap_or(key);
    Some(match word {
        "bytes" => "By",
        "ns" | "nanos" | "nanoseconds" => "ns",
        "us" | "micros" | "microseconds" => "us",
        "ms" | "millis" | "milliseconds" => "ms",
        "s" | "secs" | "seconds" if word.len() < key.len() => "s",
        "percent" => "%",
        "tokens" => "{token}",
        _ if word.ends_with("Ms") || word.ends_with("Millis") => "ms",
        _ if word.ends_with("Bytes") => "By",
        _ => return None,
    })
}

/// Formats a number of a unit in [UCUM](https://ucum.org/ucum)'s notation, as metrics have it: `1.50 KiB`, `12.3 ms`, `3 requests`. `None` for a
/// unit that adds nothing, and for a number that is none of it.
#[must_use]
pub fn quantity(number: f64, unit: &str) -> Option<String> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    if let Some((_, nano)) = TIMES.iter().find(|(name, _)| *name == unit) {
        return Some(duration(whole(number * nano)?));
    }
    if let Some((_, size)) = SIZES.iter().find(|(name, _)| *name == unit) {
        return Some(bytes(whole(number * size)?));
    }
    if let Some(noun) = unit.strip_prefix('{').and_then(|unit| unit.strip_suffix('}')) {
        let count = whole(number).filter(|count| number.fract() == 0.0 && *count < 1 << 53)?;
        let plural = if count == 1 || noun.is_empty() { "" } else { "s" };
        return Some(format!("{} {noun}{plural}", grouped(count)).trim_end().to_owned());
    }
    let name = match unit {
        "%" => return Some(format!("{number}%")),
        "Cel" => "°C",
        "bit" | "Hz" | "V" | "A" | "W" | "J" | "m" => unit,
        _ => return None,
    };
    Some(format!("{number} {name}"))
}

/// Units of time, in nanoseconds.
const TIMES: [(&str, f64); 7] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("min", 6e10),
    ("h", 3.6e12),
    ("d", 8.64e13),
];

/// Units of size, in bytes.
const SIZES: [(&str, f64); 7] = [
    ("By", 1.0),
    ("kBy", 1e3),
    ("MBy", 1e6),
    ("GBy", 1e9),
    ("KiBy", 1_024.0),
    ("MiBy", 1_048_576.0),
    ("GiBy", 1_073_741_824.0),
];

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not negative, and less than what fits"
)]
fn whole(number: f64) -> Option<u64> {
    const TOO_LARGE: f64 = 1e19;
    (number < TOO_LARGE).then_some(number.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_by_name() {
        for (key, unit) in [
            ("http.response.body.size", Some("By")),
            ("http.response_content_length", Some("By")),
            ("process.memory.rss_bytes", Some("By")),
            ("busy_ns", Some("ns")),
            ("after_ms", Some("ms")),
            ("durationMs", Some("ms")),
            ("timeout_seconds", Some("s")),
            ("gen_ai.usage.input_tokens", Some("{token}")),
            ("db.client.connection.pool.size", None),
            ("page_size", None),
            ("server.port", None),
            ("net.dns", None),
            ("s", None),
            ("", None),
        ] {
            assert_eq!(unit_of(key), unit, "{key}");
        }
    }

    #[test]
    fn quantities_are_as_people_read_them() {
        for (number, unit, expected) in [
            (1_536.0, "By", Some("1.50 KiB")),
            (2.0, "MiBy", Some("2 MiB")),
            (1_234_567.0, "ns", Some("1.23 ms")),
            (0.25, "s", Some("250 ms")),
            (90.0, "s", Some("1m 30s")),
            (1_234.0, "{token}", Some("1,234 tokens")),
            (1.0, "{request}", Some("1 request")),
            (12.5, "%", Some("12.5%")),
            (21.0, "Cel", Some("21 °C")),
            (7.0, "1", None),
            (-1.0, "ms", None),
            (f64::NAN, "ms", None),
            (f64::INFINITY, "By", None),
            (1e30, "By", None),
        ] {
            assert_eq!(quantity(number, unit).as_deref(), expected, "{number} {unit}");
        }
    }
}

//! The headers that the mailer sets on a forwarded message. None is named `x-…`: those are the broker's, and RabbitMQ 4
//! drops them when set by clients.

use lapin::types::{AMQPValue, FieldTable};

/// The number of failed attempts, an integer.
pub const ATTEMPTS: &str = "mail-attempts";

/// The error of the latest attempt, a string without the address.
pub const REASON: &str = "mail-error";

/// The SMTP reply code, an integer; absent if there was none.
pub const SMTP_CODE: &str = "mail-smtp-code";

/// Returns the value of [`ATTEMPTS`]; 0 for a message published by the API.
#[must_use]
pub fn attempts(headers: Option<&FieldTable>) -> u32 {
    let value = headers.and_then(|headers| headers.inner().get(ATTEMPTS));
    match value {
        Some(AMQPValue::LongInt(attempts)) => u32::try_from(*attempts).unwrap_or(0),
        Some(AMQPValue::LongLongInt(attempts)) => u32::try_from(*attempts).unwrap_or(0),
        _ => 0,
    }
}

/// Copies the headers for a forwarded message, without those of the broker and without [`ATTEMPTS`], [`REASON`] and
/// [`SMTP_CODE`].
///
/// With the broker's record of earlier deaths it would treat a retry as a dead-letter cycle; `CC` and `BCC` would create
/// copies.
#[must_use]
pub fn passed_on(headers: Option<&FieldTable>) -> FieldTable {
    let mut kept = FieldTable::default();
    for (name, value) in headers.into_iter().flatten() {
        let ours = [ATTEMPTS, REASON, SMTP_CODE].contains(&name.as_str());
        let brokers = name.as_str().starts_with("x-") || ["CC", "BCC"].contains(&name.as_str());
        if !ours && !brokers {
            kept.insert(name.clone(), value.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_broker_and_earlier_attempts_are_not_copied() {
        let mut headers = FieldTable::default();
        for name in [
            "x-death",
            "x-first-death-queue",
            "CC",
            ATTEMPTS,
            REASON,
            SMTP_CODE,
            "traceparent",
        ] {
            headers.insert(name.into(), AMQPValue::LongInt(3));
        }
        assert_eq!(attempts(Some(&headers)), 3);
        let kept = passed_on(Some(&headers));
        assert_eq!(
            kept.inner().keys().map(lapin::types::ShortString::as_str).collect::<Vec<_>>(),
            ["traceparent"]
        );
    }

    #[test]
    fn invalid_attempts_header_counts_as_zero() {
        let mut headers = FieldTable::default();
        for value in [
            AMQPValue::LongInt(-1),
            AMQPValue::LongLongInt(i64::MAX),
            AMQPValue::LongString("3".into()),
        ] {
            headers.insert(ATTEMPTS.into(), value);
            assert_eq!(attempts(Some(&headers)), 0);
        }
        assert_eq!(attempts(None), 0);
    }
}

//! Limits on the size of requests, and the in-flight account that follows from them.

use std::fmt;

use crate::content_encoding::DECODER_MAX;

const MIB: usize = 1024 * 1024;

/// Default bytes of an OTLP request, as sent and after decompression: the [OTLP
/// specification](https://opentelemetry.io/docs/specs/otlp/) recommends receivers to accept them.
pub const BODY_DEFAULT: usize = 64 * MIB;
/// The most that can be configured; positions in a body have 32 bits.
pub const BODY_MAX: usize = 1024 * MIB;

/// Bytes that reading an envelope may take, by an estimate from its text. This bounds the number of spans, records and attributes as
/// well: a thousand spans of a hundred attributes, more than Sentry accepts at once, need half of it.
pub(crate) const ENVELOPE_READING_MAX: usize = 44 * MIB;

/// Limits of one request's body, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BodyLimit {
    /// Bytes as sent, compressed or not.
    pub(crate) sent: usize,
    /// After decompression, and as protobuf.
    pub(crate) whole: usize,
    /// Source of the limit, for the sender.
    pub(crate) source: &'static str,
}

impl BodyLimit {
    /// Sentry's own limits, by [Relay](https://docs.sentry.io/product/relay/options/): `max_api_payload_size` and
    /// `max_envelope_size`. Envelopes that Sentry would reject are rejected here too.
    pub(crate) const ENVELOPE: Self = Self {
        sent: 20 * MIB,
        whole: 100 * MIB,
        source: "Sentry's own limit",
    };

    /// Returns the same limit for a body that is forwarded to Sentry.
    pub(crate) fn at_sentry(self) -> Self {
        Self {
            sent: self.sent.min(Self::ENVELOPE.sent),
            ..self
        }
    }

    pub(crate) fn otlp(max_body: usize) -> Self {
        let max_body = max_body.min(BODY_MAX);
        Self {
            sent: max_body,
            whole: max_body,
            source: "--max-body sets it",
        }
    }
}

/// A number of bytes for reading: `64 MiB` where that is exact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size(pub(crate) usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes.is_multiple_of(MIB) => write!(f, "{} MiB", bytes / MIB),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// The size of the in-flight account, in bytes: the largest request fits in all the forms that it has at once.
///
/// An OTLP request has two: as sent and decompressed, then JSON and protobuf, then protobuf and its records. An envelope has
/// three: as sent (a relay forwards it so), decompressed, and read.
pub(crate) fn account(otlp: BodyLimit) -> usize {
    let BodyLimit { sent, whole, .. } = BodyLimit::ENVELOPE;
    DECODER_MAX + (otlp.sent + otlp.whole).max(sent + whole + ENVELOPE_READING_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_holds_the_largest_request_in_all_its_forms() {
        for max_body in [MIB, BODY_DEFAULT, BODY_MAX, usize::MAX] {
            let otlp = BodyLimit::otlp(max_body);
            assert!(otlp.whole <= BODY_MAX);
            for limit in [otlp, BodyLimit::ENVELOPE] {
                assert!(account(otlp) >= limit.sent + limit.whole + DECODER_MAX);
            }
        }
    }
}

//! Trace and span identifiers, as W3C Trace Context and OTLP define them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An invalid identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Wrong length.
    #[error("has {found} bytes, not {expected}")]
    Length {
        /// Number of bytes.
        found: usize,
        /// Required number of bytes.
        expected: usize,
    },
    /// All bytes are zero, which both specifications call invalid.
    #[error("is all zero")]
    Zero,
    /// Text that is not hexadecimal.
    #[error("is not hexadecimal")]
    NotHex,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// Length in bytes.
            pub const BYTES: usize = $bytes;

            /// The bytes, in network order.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Takes bytes in network order.
            ///
            /// # Errors
            /// [`IdError::Zero`] when all are zero.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Result<Self, IdError> {
                if bytes == [0; $bytes] { Err(IdError::Zero) } else { Ok(Self(bytes)) }
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = IdError;

            fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
                let bytes = bytes.try_into().map_err(|_| IdError::Length { found: bytes.len(), expected: $bytes })?;
                Self::from_bytes(bytes)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads hexadecimal of either case.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let digits = text.as_bytes();
                if digits.len() != 2 * $bytes {
                    return Err(IdError::Length { found: digits.len() / 2, expected: $bytes });
                }
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
                }
                Self::from_bytes(bytes)
            }
        }

        impl fmt::Display for $name {
            /// Lower-case hexadecimal; a precision keeps only that many digits (`{id:.8}`).
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let digits = f.precision().unwrap_or(2 * $bytes);
                for digit in self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(digits) {
                    write!(f, "{digit:x}")?;
                }
                Ok(())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

identifier!(
    /// The 16 bytes that all spans of one trace share; never all zero.
    TraceId,
    16
);
identifier!(
    /// The 8 bytes that name a span within its trace; never all zero.
    SpanId,
    8
);

fn nibble(digit: u8) -> Result<u8, IdError> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
        .ok_or(IdError::NotHex)
}

/// Key of one row of one trace.
///
/// A span id alone does not: in Zipkin's model the client and the server side of a call share one, so two services may each report a span
/// with the same id, and so does one that calls itself; and a program whose random state is seeded or forked uses the same ids in each run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanKey {
    /// The span's own id.
    pub span_id: SpanId,
    /// The service that reported it; empty when it has no `service.name`, and for a span that has not arrived.
    pub service: Arc<str>,
    /// Number that tells apart spans of one service with the same id. 0 for all others.
    pub duplicate: u64,
}

impl SpanKey {
    /// The key of a span whose id is its own.
    #[must_use]
    pub const fn new(span_id: SpanId, service: Arc<str>) -> Self {
        Self {
            span_id,
            service,
            duplicate: 0,
        }
    }
}

/// Returns the id of the row for a trace's error events without a span: an id that no span has, unless it was made on purpose.
#[must_use]
pub fn outside_of_spans(trace_id: TraceId) -> SpanId {
    let [id @ .., _, _, _, _, _, _, _, _] = trace_id.as_bytes();
    // Not a part of the trace's id itself: some senders use that for their root.
    let id = (!u64::from_be_bytes(*id)).max(1);
    SpanId::from_bytes(id.to_be_bytes()).unwrap_or_else(|_| unreachable!("at least 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case_is_the_same_id() {
        let lower: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().expect("valid");
        let upper: TraceId = "0AF7651916CD43DD8448EB211C80319C".parse().expect("valid");
        assert_eq!(lower, upper);
        assert_eq!(upper.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(format!("{upper:.8}"), "0af76519");
    }

    #[test]
    fn invalid_id_is_rejected_with_the_reason() {
        assert_eq!("00".repeat(8).parse::<SpanId>(), Err(IdError::Zero));
        assert_eq!("xy".repeat(8).parse::<SpanId>(), Err(IdError::NotHex));
        assert_eq!("é".repeat(8).parse::<SpanId>(), Err(IdError::NotHex));
        assert_eq!("abc".parse::<SpanId>(), Err(IdError::Length { found: 1, expected: 8 }));
        assert_eq!(
            SpanId::try_from([1; 9].as_slice()),
            Err(IdError::Length { found: 9, expected: 8 })
        );
    }
}

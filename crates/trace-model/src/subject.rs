//! The subject of a span with a generic name, and the status of its call.
//!
//! Instrumentation names spans alike in thousands: `GET`, `SELECT`, `publish`. The difference is in attributes: those of
//! [OpenTelemetry's semantic conventions](https://opentelemetry.io/docs/specs/semconv/), of either generation, which Sentry's
//! span data has as well, and those of libraries with their own. Adding one is a name in the table in `facts.rs`, a word in `generic.rs`, or a
//! source in `identity.rs`.

mod call_status;
mod facts;
mod generic;
mod identity;

pub use call_status::{CallStatus, StatusClass, grpc_status};
use facts::Facts;
use identity::operation_name;

use crate::SpanKind;

/// Attributes read: as many as OpenTelemetry's SDKs keep.
const ATTRIBUTES_MAX: usize = 128;
/// Bytes of the text.
const TEXT_LENGTH_MAX: usize = 200;
/// Bytes of a value that are read: this is done for each row of each frame.
const READ_MAX: usize = 4_096;

/// Subject of a span.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpanSubject {
    /// The subject if the name does not tell it: a route or path, the first words of a statement without literals, a peer, a
    /// queue, an RPC method, a tool or a model; else empty. Parts of the sender's text.
    pub text: Box<str>,
    /// Status of its call, in its protocol's terms.
    pub status: Option<CallStatus>,
}

/// Detail of the texts of one name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// A text for each span.
    Span,
    /// A text for each operation: a route rather than a path, a template rather than a statement.
    Operation,
}

impl SpanSubject {
    /// Reads it from a span's OTLP bytes, as the row of one span shows it.
    pub(crate) fn of_span(name: &str, kind: SpanKind, raw: &[u8]) -> Self {
        let facts = Facts::read(raw);
        Self {
            text: facts.text(name, kind, Detail::Span).into(),
            status: facts.status(),
        }
    }

    /// Returns a name without ids and literals: that of the operation. `None` if it has none.
    pub(crate) fn operation_name(name: &str) -> Option<String> {
        operation_name(name)
    }

    /// Returns true if a span's bytes may add to its name.
    pub(crate) fn may_add_to(name: &str) -> bool {
        generic::may_be_generic(name)
    }

    /// Returns the subject that all spans of an operation share; empty if the name tells it.
    pub(crate) fn of_operation(name: &str, kind: SpanKind, raw: &[u8]) -> Box<str> {
        Facts::read(raw).text(name, kind, Detail::Operation).into()
    }
}

/// Returns the start of a text, as much as is read of it.
fn prefix(bytes: &[u8]) -> Option<&str> {
    let read = bytes.get(..READ_MAX).unwrap_or(bytes);
    let valid = match std::str::from_utf8(read) {
        // The last character is cut.
        Err(error) if error.error_len().is_none() && read.len() < bytes.len() => {
            std::str::from_utf8(&read[..error.valid_up_to()])
        }
        read => read,
    };
    valid.ok()
}

#[cfg(test)]
mod tests;

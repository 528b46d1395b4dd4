//! Gravity of a reported error.

use crate::Severity;
use crate::wire::{AnyValue, KeyValue, Leaf};

/// Gravity of an error event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gravity {
    /// A message or a warning: its severity is below that of an error.
    Mild,
    /// An error that the program reported as handled.
    Handled,
    /// Any other error.
    Error,
}

impl Gravity {
    pub(crate) const fn of(severity: Severity, is_handled: bool) -> Self {
        match (severity.is_mild(), is_handled) {
            (true, _) => Self::Mild,
            (false, true) => Self::Handled,
            (false, false) => Self::Error,
        }
    }

    /// Returns the gravity within a span. An error in a failed span counts as its cause, even if it was reported as handled.
    #[must_use]
    pub const fn in_span(self, has_failed: bool) -> Self {
        match self {
            Self::Handled if has_failed => Self::Error,
            gravity => gravity,
        }
    }
}

/// Key of the attribute with a Sentry event's exceptions.
pub(crate) const EXCEPTIONS: &[u8] = b"sentry.exceptions";

/// Returns true for the attribute with exceptions if the program handled the last one, which the others caused.
pub(crate) fn is_handled(attribute: &[u8]) -> bool {
    let Some((EXCEPTIONS, value)) = KeyValue::borrowed(attribute) else {
        return false;
    };
    let AnyValue::Array(exceptions) = AnyValue::read(value) else {
        return false;
    };
    let Some(AnyValue::Map(members)) = exceptions.iter().last().map(AnyValue::read) else {
        return false;
    };
    let mut members = members.iter().filter_map(KeyValue::borrowed);
    members.any(|(key, value)| key == b"handled" && matches!(AnyValue::read(value), AnyValue::Leaf(Leaf::Bool(true))))
}

//! Reading environment variables.

use crate::Error;

/// Returns the value of a variable; an empty one counts as unset, as OpenTelemetry and Sentry specify.
pub(crate) fn value(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.trim().is_empty())
}

/// Creates the error for an invalid variable.
pub(crate) fn bad(variable: &'static str, problem: impl Into<String>) -> Error {
    Error::Variable {
        variable,
        problem: problem.into(),
    }
}

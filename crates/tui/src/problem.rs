//! Errors at the start, with advice.

/// Something that is wrong outside this program, and what to do about it: two lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  {advice}")]
pub struct Problem {
    /// The error with its cause.
    pub what: String,
    /// Advice, with the name of the flag or variable.
    pub advice: String,
}

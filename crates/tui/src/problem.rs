//! What stands in the way at the start, for the person who can do something about it.

/// Something that is wrong outside this program, and what to do about it: two lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  {advice}")]
pub struct Problem {
    /// What is wrong, with its cause.
    pub what: String,
    /// What to do, naming the flag or variable.
    pub advice: String,
}

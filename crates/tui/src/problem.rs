//! Errors at the start, with advice.

/// An error with an exit status of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Exit {
    /// The exit status.
    pub status: u8,
    /// Description of the problem.
    pub message: String,
}

impl Exit {
    /// The command line cannot be used.
    #[must_use]
    pub const fn usage(message: String) -> Self {
        Self { status: 2, message }
    }

    /// No viewer runs.
    #[must_use]
    pub const fn no_viewer(message: String) -> Self {
        Self { status: 3, message }
    }
}

/// Something that is wrong outside this program, and what to do about it: two lines on standard error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}\n  {advice}")]
pub struct Problem {
    /// The error with its cause.
    pub what: String,
    /// Advice, with the name of the flag or variable.
    pub advice: String,
}

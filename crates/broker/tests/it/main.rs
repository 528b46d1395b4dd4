//! The broker from outside: as a process, by a client's library, and frame by frame.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod conformance;
mod process;
mod wire;

//! What no well-behaved client does, and what none of them shows: said and read frame by frame.

#![expect(clippy::expect_used, reason = "a test that goes wrong says so by panicking")]

mod closing;
mod content;
mod hostile;
mod limits;
mod raw;
mod refused;

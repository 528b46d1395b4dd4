//! The viewer as a person uses it: a real terminal, real keys, real processes.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail by it")]

mod copy;
mod ending;
mod live;
mod redrive;
mod relay;
mod reset;
mod seat;
mod start;

//! Whole screens, from keys to cells, without a terminal.

#![expect(clippy::expect_used, reason = "a test may fail by it")]

mod bounds;
mod filter;
mod health;
mod scene;
mod snapshots;
mod walk;

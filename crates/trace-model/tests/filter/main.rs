//! The search language, and what it finds.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod language;
mod logs;
mod matching;
mod reference;

mod support;

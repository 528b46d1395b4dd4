//! The cross-check with Sentry, read off the screen: every mark, and why.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod api;
mod endpoint;
mod propagator;
mod relay;
mod trace;
